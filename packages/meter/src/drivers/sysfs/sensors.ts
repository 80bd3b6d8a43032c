/**
 * Sensors that the kernel serves as files: found by what they are and where they sit on the I²C bus, never by a number
 * like `hwmon2`, which depends on the order in which drivers were loaded.
 *
 * Sources: Documentation/hwmon/ina2xx and Documentation/hwmon/sysfs-interface (units), drivers/hwmon/ina2xx.c (ranges),
 * Documentation/ABI/testing/sysfs-class-power and drivers/power/supply/max17040_battery.c of Linux 6.1 to 6.18.
 */
import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { SensorGarbage, SensorMissing, SensorUnclear, SensorUnreadable } from './errors.ts';

/** Where a chip sits; what is left out is not compared. */
export interface I2cPlace {
  /** The bus: 1 for the one on the header of a Raspberry Pi. */
  readonly bus?: number;
  /** The address on it, like 0x40. */
  readonly address?: number;
}

/** A kind of sensor: under which class the kernel lists it, and which chips it may be. */
export interface SensorKind {
  readonly title: string;
  readonly class: 'hwmon' | 'power_supply';
  /** The file in its class directory that holds the chip's name. */
  readonly nameFile: string;
  readonly chips: readonly string[];
}

export const POWER_SENSOR: SensorKind = {
  title: 'INA219',
  class: 'hwmon',
  nameFile: 'name',
  chips: ['ina219', 'ina220', 'ina226', 'ina230', 'ina231'],
};

/** Its own name under the class is `battery` whatever the chip: the name of its I²C device tells. */
export const FUEL_GAUGE: SensorKind = {
  title: 'MAX17043',
  class: 'power_supply',
  nameFile: 'device/name',
  chips: [
    'max17040',
    'max17041',
    'max17043',
    'max17044',
    'max17048',
    'max17049',
    'max17058',
    'max17059',
    'max77836-battery',
  ],
};

/** A sensor that is there. */
export interface Sensor {
  readonly chip: string;
  /** Its directory, with the bus and the address in it: it ends to exist when the chip or its driver goes. */
  readonly directory: string;
  readonly place: I2cPlace;
}

const errnoOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';

/** What is read, or undefined for what went away between being listed and being read, or never was there. */
const ifThere = async <T>(read: Promise<T>): Promise<T | undefined> => {
  try {
    return await read;
  } catch (error) {
    if (/^E(?:NOENT|NODEV|NOTDIR|ACCES)$/.test(errnoOf(error))) return undefined;
    throw error;
  }
};

const hex = (address: number): string => `0x${address.toString(16).padStart(2, '0')}`;

const placeText = ({ bus, address }: I2cPlace): string =>
  [
    ...(address === undefined ? [] : [`at ${hex(address)}`]),
    ...(bus === undefined ? [] : [`on bus ${bus}`]),
  ].join(' ');

/** `1-0040` is the device at address 0x40 of bus 1 (Documentation/i2c). */
const placeOf = (device: string | undefined): I2cPlace => {
  const [, bus, address] = /^(\d+)-([0-9a-f]{4})$/.exec(path.basename(device ?? '')) ?? [];
  return bus === undefined || address === undefined
    ? {}
    : { bus: Number(bus), address: Number.parseInt(address, 16) };
};

const sensorIn = async (entry: string, kind: SensorKind): Promise<Sensor | undefined> => {
  const chip = (await ifThere(readFile(path.join(entry, kind.nameFile), 'utf8')))?.trim();
  const directory = await ifThere(realpath(entry));
  if (chip === undefined || directory === undefined) return undefined;
  return { chip, directory, place: placeOf(await ifThere(realpath(path.join(entry, 'device')))) };
};

/**
 * Finds the sensor of a kind, below `root` (`/sys`).
 * @throws SensorMissing when there is none at that place
 * @throws SensorUnclear when there are several
 */
export const findSensor = async (root: string, kind: SensorKind, wanted: I2cPlace): Promise<Sensor> => {
  const directory = path.join(root, 'class', kind.class);
  const names = (await ifThere(readdir(directory))) ?? [];
  const listed = await Promise.all(
    names.toSorted().map((name) => sensorIn(path.join(directory, name), kind)),
  );
  const there = listed.filter((sensor) => sensor !== undefined);
  const fits = ({ chip, place }: Sensor): boolean =>
    kind.chips.includes(chip) &&
    (wanted.bus === undefined || place.bus === wanted.bus) &&
    (wanted.address === undefined || place.address === wanted.address);
  const [sensor, ...more] = there.filter(fits);
  const title = [kind.title, placeText(wanted)].filter((part) => part !== '').join(' ');
  const seen = ({ chip, place }: Sensor): string =>
    [chip, placeText(place)].filter((part) => part !== '').join(' ');
  if (!sensor) throw new SensorMissing(title, directory, there.map(seen));
  if (more.length > 0) throw new SensorUnclear(title, directory, [sensor, ...more].map(seen));
  return sensor;
};

/**
 * Reads one attribute: a whole number and a line feed, as the kernel writes it. Anything else (an empty file, a number
 * that lost its end) is no reading.
 * @throws SensorUnreadable, SensorGarbage
 */
const readNumber = async (sensor: Sensor, attribute: string): Promise<number> => {
  const file = path.join(sensor.directory, attribute);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new SensorUnreadable(file, errnoOf(error), error);
  }
  const [, digits] = /^(-?\d{1,15})\n$/.exec(text) ?? [];
  if (digits === undefined) throw new SensorGarbage(file, text, 'a whole number and a line feed');
  return Number(digits);
};

/** What an INA219 shows. */
export interface PowerReading {
  /** Watts, positive while current flows from IN+ to IN-. */
  readonly power: number;
  /** Volts between IN- and ground. */
  readonly busVoltage: number;
  /** The current is at the end of the chip's range or beyond: the power is at least this. */
  readonly overload: boolean;
}

/**
 * What the chips can measure: volts over the shunt, with the gain that ina2xx sets (320 mV on an INA219: SBOS448G,
 * table 5; 81.92 mV on an INA226: SBOS547A), less half a step of what the kernel shows; and volts of the line.
 */
const rangeOf = (chip: string): { readonly shunt: number; readonly line: number } =>
  chip === 'ina219' || chip === 'ina220' ? { shunt: 0.3195, line: 26 } : { shunt: 0.0819, line: 36 };

/**
 * Reads a power sensor whose shunt has `shunt` ohms.
 *
 * The kernel computes with the shunt in `shunt_resistor` (µΩ), 10 mΩ unless its overlay says otherwise, while most
 * boards carry 100 mΩ: taken as it is, the power would be ten times too high. Current and power are proportional to
 * it, so the reading is scaled to the true one. Nothing is written: that would need root, and would change what others
 * read.
 *
 * The power register counts in finer steps (2 mW at 100 mΩ) than the product of `curr1_input` and `in1_input` (1 mA),
 * but has no sign: that of the current is put to it.
 * @throws SensorUnreadable, SensorGarbage
 */
export const readPower = async (sensor: Sensor, shunt: number): Promise<PowerReading> => {
  const kernelShunt = (await readNumber(sensor, 'shunt_resistor')) / 1e6;
  if (!(kernelShunt > 0))
    throw new SensorGarbage(
      path.join(sensor.directory, 'shunt_resistor'),
      String(kernelShunt),
      'more than 0 µΩ',
    );
  const current = (await readNumber(sensor, 'curr1_input')) / 1e3;
  const power = Math.abs((await readNumber(sensor, 'power1_input')) / 1e6);
  const busVoltage = (await readNumber(sensor, 'in1_input')) / 1e3;
  const range = rangeOf(sensor.chip);
  // A register that wrapped round, or bits that the bus lost.
  const most = 1.1 * range.line * (range.shunt / kernelShunt);
  if (power > most)
    throw new SensorGarbage(
      path.join(sensor.directory, 'power1_input'),
      `${power} W`,
      `at most ${most.toFixed(1)} W`,
    );
  return {
    power: (current < 0 ? -power : power) * (kernelShunt / shunt),
    busVoltage,
    overload: Math.abs(current) * kernelShunt >= range.shunt,
  };
};

/** What a MAX17043 shows. */
export interface GaugeReading {
  /** Percent; a full cell commonly reads a little over 100. */
  readonly stateOfCharge: number;
  /** Volts of the cell (of two in series for the chips that have two). */
  readonly voltage: number;
}

/** The gauges of two cells in series. */
const TWO_CELLS: readonly string[] = ['max17041', 'max17044', 'max17049', 'max17059'];

/**
 * Reads a fuel gauge. Many versions of its driver drop the errors of the bus and show what is left in the place of a
 * value: before regmap 255 % at 5.11 V, later whatever was there. So a voltage that no lithium cell has makes the
 * reading garbage; a wrong reading with a likely voltage cannot be told from a right one.
 * @throws SensorUnreadable, SensorGarbage
 */
export const readGauge = async (sensor: Sensor): Promise<GaugeReading> => {
  const voltage = (await readNumber(sensor, 'voltage_now')) / 1e6;
  const cells = TWO_CELLS.includes(sensor.chip) ? 2 : 1;
  if (!(voltage >= cells && voltage <= 5 * cells))
    throw new SensorGarbage(
      path.join(sensor.directory, 'voltage_now'),
      `${voltage} V`,
      `${cells} to ${5 * cells} V`,
    );
  const stateOfCharge = await readNumber(sensor, 'capacity');
  if (!(stateOfCharge >= 0 && stateOfCharge <= 255))
    throw new SensorGarbage(path.join(sensor.directory, 'capacity'), `${stateOfCharge} %`, '0 to 255 %');
  return { stateOfCharge, voltage };
};
