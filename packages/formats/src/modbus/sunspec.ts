/**
 * SunSpec: a device describes itself as a chain of models in its holding registers (SunSpec Device Information Model
 * Specification V1.2; models as in github.com/sunspec/models). Offsets count from a model's ID register. What a device
 * does not have says so by a value of its own for each type; of an accumulator that value is 0.
 */
import { Energy } from '@daisee/units';
import { scaled } from '../decimal.ts';
import type { PhaseReading } from '../reading.ts';
import type { DeviceReading } from './device-reading.ts';
import { microOfFloat, type Registers } from './registers.ts';

/** Where the mark "SunS" may be, in the order in which the specification has them looked for. */
export const SUNSPEC_BASES: readonly number[] = [40_000, 0, 50_000];
const MARK = 0x5375_6e53;
const END = 0xffff;
const COMMON = 1;
/** More models than any device has. */
const MOST_MODELS = 64;

/** Whether two registers are the mark. */
export const isSunSpec = (registers: Registers, base: number): boolean => registers.uint32(base) === MARK;

/** A model where a device has it. */
export interface SunSpecModel {
  readonly id: number;
  /** Address of its ID register. */
  readonly address: number;
  /** Registers after ID and length. */
  readonly length: number;
}

/**
 * Walks the chain of models. Yields the address whose two registers (ID and length) it needs next, and is given them;
 * returns the models when it has come to the end mark. A driver asks the device, a test gives what it likes.
 */
export const walkModels = function* (base: number): Generator<number, readonly SunSpecModel[], Registers> {
  const models: SunSpecModel[] = [];
  let address = base + 2;
  while (models.length < MOST_MODELS && address <= 0xffff - 2) {
    const head: Registers = yield address;
    const id = head.uint16(address);
    const length = head.uint16(address + 1);
    // Some devices end with an ID of 0, or with nothing.
    if (id === undefined || length === undefined || id === END || (id === 0 && length === 0)) break;
    models.push({ id, address, length });
    address += 2 + length;
  }
  return models;
};

/** Identity of a device (model 1). */
export interface SunSpecIdentity {
  readonly maker: string | undefined;
  readonly model: string | undefined;
  readonly serial: string | undefined;
}

export const identityOf = (
  registers: Registers,
  { id, address }: SunSpecModel,
): SunSpecIdentity | undefined =>
  id === COMMON
    ? {
        maker: registers.text(address + 2, 16),
        model: registers.text(address + 18, 16),
        serial: registers.text(address + 50, 16),
      }
    : undefined;

const NOT_INT16 = -0x8000;
const NOT_UINT16 = 0xffff;
/** Scale factors are powers of ten from -10 to 10. */
const LARGEST_SCALE = 10;

/** Readers of one model's points, by their offset. */
class Points {
  readonly #registers: Registers;
  readonly #address: number;

  constructor(registers: Registers, address: number) {
    this.#registers = registers;
    this.#address = address;
  }

  scale(offset: number): number | undefined {
    const value = this.#registers.int16(this.#address + offset);
    return value === undefined || Math.abs(value) > LARGEST_SCALE ? undefined : value;
  }

  #scaled(value: number | undefined, scale: number): number | undefined {
    const power = this.scale(scale);
    if (value === undefined || power === undefined) return undefined;
    return power < 0 ? value / 10 ** -power : value * 10 ** power;
  }

  int16(offset: number, scale: number): number | undefined {
    const value = this.#registers.int16(this.#address + offset);
    return value === NOT_INT16 ? undefined : this.#scaled(value, scale);
  }

  uint16(offset: number, scale: number): number | undefined {
    const value = this.#registers.uint16(this.#address + offset);
    return value === NOT_UINT16 ? undefined : this.#scaled(value, scale);
  }

  count(offset: number): number | undefined {
    const value = this.#registers.uint16(this.#address + offset);
    return value === NOT_UINT16 ? undefined : value;
  }

  /** Watt-hours of an accumulator, as µWh. 0 is "not there". */
  acc32(offset: number, scale: number): Energy | undefined {
    const value = this.#registers.uint32(this.#address + offset);
    const power = this.scale(scale);
    return value === undefined || value === 0 || power === undefined
      ? undefined
      : Energy(scaled(BigInt(value), power + 6));
  }

  float32(offset: number): number | undefined {
    return this.#registers.float32(this.#address + offset);
  }

  /** Watt-hours of a float accumulator, as µWh. */
  floatEnergy(offset: number): Energy | undefined {
    const value = this.float32(offset);
    return value === undefined || value <= 0 ? undefined : Energy(microOfFloat(value, 0));
  }
}

const phasesOf = (
  power: (phase: number) => number | undefined,
  voltage: (phase: number) => number | undefined,
  current: (phase: number) => number | undefined,
): readonly PhaseReading[] =>
  ([1, 2, 3] as const)
    .map((phase) => ({ phase, power: power(phase), voltage: voltage(phase), current: current(phase) }))
    .filter((one) => one.power !== undefined || one.voltage !== undefined || one.current !== undefined);

const nothing = (): undefined => undefined;

/**
 * Makers whose meters (models 201 to 214) count export as positive power, against the others. SolarEdge: as its users'
 * settings show (evcc's template solaredge-hybrid turns 203:W round, fronius-gen24 does not).
 */
const EXPORT_POSITIVE = /^solaredge/i;

const negated = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : value === 0 ? 0 : -value;

/** Models that `readModel` knows. */
export const SUNSPEC_MODELS: readonly number[] = [
  101, 102, 103, 111, 112, 113, 160, 201, 202, 203, 204, 211, 212, 213, 214, 802,
];

/** Reads a model; undefined for one that has no power or energy. `maker` decides the sign of meters. */
export const readModel = (
  registers: Registers,
  { id, address, length }: SunSpecModel,
  maker?: string,
): DeviceReading | undefined => {
  const points = new Points(registers, address);
  if (id >= 101 && id <= 103)
    return {
      kind: 'inverter',
      power: points.int16(14, 15),
      exported: points.acc32(24, 26),
      phases: phasesOf(
        nothing,
        (phase) => points.uint16(9 + phase, 13),
        (phase) => points.uint16(2 + phase, 6),
      ),
    };
  if (id >= 111 && id <= 113)
    return {
      kind: 'inverter',
      power: points.float32(22),
      exported: points.floatEnergy(32),
      phases: phasesOf(
        nothing,
        (phase) => points.float32(14 + 2 * phase),
        (phase) => points.float32(2 + 2 * phase),
      ),
    };
  if (id === 160) return readModules(points, length);
  if ((id >= 201 && id <= 204) || (id >= 211 && id <= 214)) {
    const isFloat = id >= 211;
    const sign = EXPORT_POSITIVE.test(maker ?? '') ? negated : (value: number | undefined) => value;
    return {
      kind: 'meter',
      power: sign(isFloat ? points.float32(28) : points.int16(18, 22)),
      // Export stands before import.
      exported: isFloat ? points.floatEnergy(60) : points.acc32(38, 54),
      imported: isFloat ? points.floatEnergy(68) : points.acc32(46, 54),
      phases: phasesOf(
        (phase) => sign(isFloat ? points.float32(28 + 2 * phase) : points.int16(18 + phase, 22)),
        (phase) => (isFloat ? points.float32(10 + 2 * phase) : points.int16(7 + phase, 15)),
        (phase) => (isFloat ? points.float32(2 + 2 * phase) : points.int16(2 + phase, 6)),
      ),
    };
  }
  if (id === 802)
    return {
      kind: 'battery',
      power: points.int16(47, 63),
      stateOfCharge: points.uint16(11, 56),
      phases: [],
    };
  return undefined;
};

const MODULES_FROM = 10;
const MODULE_LENGTH = 20;
const MODULE_POWER = 11;
const MODULE_ENERGY = 12;

/** Model 160: the inputs of an inverter, DC. Its power and energy are their sums, where every input has them. */
const readModules = (points: Points, length: number): DeviceReading => {
  const there = Math.floor((length + 2 - MODULES_FROM) / MODULE_LENGTH);
  const count = Math.min(points.count(8) ?? there, there);
  let power: number | undefined = count > 0 ? 0 : undefined;
  let energy: bigint | undefined = count > 0 ? 0n : undefined;
  for (let module = 0; module < count; module++) {
    const at = MODULES_FROM + module * MODULE_LENGTH;
    const watts = points.uint16(at + MODULE_POWER, 4);
    const wattHours = points.acc32(at + MODULE_ENERGY, 5);
    // An input without anything connected has no power and never had energy.
    if (watts !== undefined && power !== undefined) power += watts;
    if (wattHours !== undefined && energy !== undefined) energy += wattHours;
  }
  return {
    kind: 'inverter',
    power,
    exported: energy === undefined || energy === 0n ? undefined : Energy(energy),
    phases: [],
  };
};
