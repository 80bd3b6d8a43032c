/** Finding and reading devices that describe themselves by SunSpec. */
import {
  type DeviceReading,
  identityOf,
  isSunSpec,
  Registers,
  readModel,
  SUNSPEC_BASES,
  SUNSPEC_MODELS,
  type SunSpecIdentity,
  type SunSpecModel,
  walkModels,
} from '@daisee/formats';
import { ModbusRefused, ModbusTimeout, SunSpecMissing } from './errors.ts';
import type { ModbusClient } from './modbus-client.ts';

export interface SunSpecDevice {
  readonly unit: number;
  readonly base: number;
  readonly identity: SunSpecIdentity | undefined;
  readonly models: readonly SunSpecModel[];
}

/** Most registers of one request; models are longer. */
const AT_ONCE = 125;

const readAll = async (
  client: ModbusClient,
  unit: number,
  address: number,
  count: number,
  signal: AbortSignal,
): Promise<Registers> => {
  const values = new Uint16Array(count);
  for (let at = 0; at < count; at += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - at);
    const part = await client.read({ unit, function: 3, address: address + at, count: size }, signal);
    for (let index = 0; index < size; index++) values[at + index] = part.uint16(address + at + index) ?? 0;
  }
  return new Registers(address, values);
};

/**
 * Looks for the mark at each of its places and walks the models behind it.
 * @throws SunSpecMissing, ModbusUnreachable, ModbusTimeout when the device answers nowhere
 */
export const discoverSunSpec = async (
  client: ModbusClient,
  unit: number,
  signal: AbortSignal,
): Promise<SunSpecDevice> => {
  let silent: ModbusTimeout | undefined;
  for (const base of SUNSPEC_BASES) {
    try {
      const mark = await client.read({ unit, function: 3, address: base, count: 2 }, signal);
      if (!isSunSpec(mark, base)) continue;
    } catch (error) {
      // A place without registers is refused by most devices and left unanswered by some.
      if (error instanceof ModbusTimeout) silent = error;
      else if (!(error instanceof ModbusRefused)) throw error;
      continue;
    }
    const walk = walkModels(base);
    let step = walk.next(new Registers(0, new Uint16Array(0)));
    while (!step.done) {
      const address = step.value;
      let head = new Registers(address, new Uint16Array(0));
      try {
        head = await client.read({ unit, function: 3, address, count: 2 }, signal);
      } catch (error) {
        // Some chains end without their end mark.
        if (!(error instanceof ModbusRefused)) throw error;
      }
      step = walk.next(head);
    }
    const models = step.value;
    const [first] = models;
    const identity =
      first?.id === 1
        ? identityOf(await readAll(client, unit, first.address, first.length + 2, signal), first)
        : undefined;
    return { unit, base, identity, models };
  }
  throw silent ?? new SunSpecMissing(client.place, unit);
};

/** Reads the models of a device that have power or energy, each with its id. */
export const readSunSpec = async (
  client: ModbusClient,
  device: SunSpecDevice,
  signal: AbortSignal,
): Promise<readonly (DeviceReading & { readonly model: number })[]> => {
  const readings: (DeviceReading & { readonly model: number })[] = [];
  for (const model of device.models) {
    if (!SUNSPEC_MODELS.includes(model.id)) continue;
    const registers = await readAll(client, device.unit, model.address, model.length + 2, signal);
    const reading = readModel(registers, model, device.identity?.maker);
    if (reading) readings.push({ ...reading, model: model.id });
  }
  return readings;
};
