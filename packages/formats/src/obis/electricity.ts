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

interface RegisterCodes {
  readonly whole: string;
  readonly tariffs: readonly string[];
}
const registerCodes = (quantity: 1 | 2): RegisterCodes => ({
  whole: `${quantity}.8.0`,
  tariffs: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tariff) => `${quantity}.8.${tariff}`),
});
const IMPORT = registerCodes(1);
const EXPORT = registerCodes(2);
const PHASE_CODES = (
  [
    [1, 2],
    [2, 4],
    [3, 6],
  ] as const
).map(([phase, tens]) => ({
  phase,
  net: `${tens + 1}6.7.0`,
  plus: `${tens}1.7.0`,
  minus: `${tens}2.7.0`,
  voltage: `${tens + 1}2.7.0`,
  current: `${tens + 1}1.7.0`,
}));

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
  const total = ({ whole, tariffs }: RegisterCodes): Energy | undefined => {
    let sum: bigint | undefined;
    for (const tariff of tariffs) {
      if (!objects.has(tariff)) continue;
      const one = energy(tariff);
      if (one === undefined) return energy(whole);
      sum = (sum ?? 0n) + one;
    }
    return energy(whole) ?? (sum === undefined ? undefined : Energy(sum));
  };
  const difference = (plus: number | undefined, minus: number | undefined): number | undefined =>
    plus === undefined ? (minus ? -minus : undefined) : plus - (minus ?? 0);

  const phases: PhaseReading[] = [];
  for (const { phase, net, plus, minus, voltage, current } of PHASE_CODES) {
    const one: PhaseReading = {
      phase,
      power: watts(net) ?? difference(watts(plus), watts(minus)),
      voltage: number(voltage, UNIT_VOLT),
      current: number(current, UNIT_AMPERE),
    };
    if (one.power !== undefined || one.voltage !== undefined || one.current !== undefined) phases.push(one);
  }
  const powers = phases.map((one) => one.power).filter((power) => power !== undefined);
  return {
    power:
      watts('16.7.0') ??
      difference(watts('1.7.0'), watts('2.7.0')) ??
      (powers.length === 3 ? rounded(powers.reduce((sum, power) => sum + power, 0)) : undefined),
    imported: total(IMPORT),
    exported: total(EXPORT),
    registers,
    phases,
  };
};

/** Sums of tenths and hundredths, without what floats add. */
const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
