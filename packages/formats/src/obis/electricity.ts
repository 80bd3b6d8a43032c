/**
 * What a meter's OBIS objects (IEC 62056-6-1) say of the connection, for the binary formats: values are integers with a
 * power of ten and a unit of the DLMS list (Blue Book, 4.3.2: 27 W, 28 VA, 30 Wh, 33 A, 35 V).
 */
import { Energy } from '@daisee/units';
import { scaled } from '../decimal.ts';
import type { MeterReading, PhaseReading } from '../reading.ts';

const UNIT_WATT = 27;
const UNIT_WATT_HOUR = 30;
const UNIT_AMPERE = 33;
const UNIT_VOLT = 35;

/** A value of an object: `value · 10^scaler unit`. */
export interface ObisValue {
  readonly value: bigint;
  readonly scaler: number;
  readonly unit: number | undefined;
}

/** Objects by the text of their groups C.D.E, of the medium electricity. */
export type ObisValues = ReadonlyMap<string, ObisValue>;

const numberOf = ({ value, scaler }: ObisValue): number =>
  // A power of ten below one is a division: 1234 / 10 is 123.4, 1234 · 0.1 is not.
  scaler < 0 ? Number(value) / 10 ** -scaler : Number(value) * 10 ** scaler;

type Quantities = Pick<MeterReading, 'power' | 'imported' | 'exported' | 'registers' | 'phases'>;

/** Power, registers and phases of the objects; anything that has another unit than its object's is left out. */
export const quantitiesOf = (objects: ObisValues): Quantities => {
  const number = (code: string, unit: number): number | undefined => {
    const object = objects.get(code);
    return object && object.unit === unit ? numberOf(object) : undefined;
  };
  const watts = (code: string): number | undefined => number(code, UNIT_WATT);
  const registers: Record<string, Energy> = {};
  const energy = (code: string): Energy | undefined => {
    const object = objects.get(code);
    if (!object || object.unit !== UNIT_WATT_HOUR || object.value < 0n) return undefined;
    const micro = Energy(scaled(object.value, object.scaler + 6));
    registers[code] = micro;
    return micro;
  };
  /** The register over all tariffs; else the sum of the tariffs. */
  const total = (quantity: 1 | 2): Energy | undefined => {
    let sum: bigint | undefined;
    for (let tariff = 1; tariff <= 9; tariff++) {
      const one = energy(`${quantity}.8.${tariff}`);
      if (one !== undefined) sum = (sum ?? 0n) + one;
      else if (objects.has(`${quantity}.8.${tariff}`)) return energy(`${quantity}.8.0`);
    }
    return energy(`${quantity}.8.0`) ?? (sum === undefined ? undefined : Energy(sum));
  };
  const difference = (plus: number | undefined, minus: number | undefined): number | undefined =>
    plus === undefined ? (minus ? -minus : undefined) : plus - (minus ?? 0);

  const phases: PhaseReading[] = [];
  for (const [phase, tens] of [
    [1, 2],
    [2, 4],
    [3, 6],
  ] as const) {
    const one: PhaseReading = {
      phase,
      power: watts(`${tens + 1}6.7.0`) ?? difference(watts(`${tens}1.7.0`), watts(`${tens}2.7.0`)),
      voltage: number(`${tens + 1}2.7.0`, UNIT_VOLT),
      current: number(`${tens + 1}1.7.0`, UNIT_AMPERE),
    };
    if (one.power !== undefined || one.voltage !== undefined || one.current !== undefined) phases.push(one);
  }
  const powers = phases.map((one) => one.power).filter((power) => power !== undefined);
  return {
    power:
      watts('16.7.0') ??
      difference(watts('1.7.0'), watts('2.7.0')) ??
      (powers.length === 3 ? rounded(powers.reduce((sum, power) => sum + power, 0)) : undefined),
    imported: total(1),
    exported: total(2),
    registers,
    phases,
  };
};

/** Sums of tenths and hundredths, without what floats add. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
