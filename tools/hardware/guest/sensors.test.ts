/**
 * The meter on the kernel's own drivers of INA219 and MAX17043 (ina2xx, max17040), with i2c-stub in the place of the
 * chips: it answers with the registers that were put into it, so what is shown is that the driver finds, scales and
 * signs what the kernel makes of them. What a real chip measures, and how fast, is not.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';
import { createSysfsMeter, isAbsence, type MeterWarning } from '../../../packages/meter/src/index.ts';
import { Seconds, systemClock } from '../../../packages/units/src/index.ts';
import { it, until } from './support/relay.ts';

const INA219 = 0x40;
const MAX17043 = 0x36;
const busybox = process.env['hw_busybox'] ?? 'busybox';
let bus = -1;

const busDirectory = (): string => `/sys/bus/i2c/devices/i2c-${bus}`;
const attach = (chip: string, address: number): void =>
  writeFileSync(join(busDirectory(), 'new_device'), `${chip} 0x${address.toString(16)}\n`);
const detach = (address: number): void =>
  writeFileSync(join(busDirectory(), 'delete_device'), `0x${address.toString(16)}\n`);

/** Puts 16 bits into a register of a chip; SMBus sends the low byte first, both chips the high one. */
const put = (address: number, register: number, value: number): void => {
  const word = ((value & 0xff) << 8) | ((value >> 8) & 0xff);
  const args = [bus, `0x${address.toString(16)}`, `0x${register.toString(16)}`, `0x${word.toString(16)}`];
  execFileSync(busybox, ['i2cset', '-f', '-y', ...args.map(String), 'w']);
};

/** Volts, and amperes through 100 mΩ, as an INA219 holds them (SBOS448G, 8.6.3; calibration 4096 as ina2xx sets it). */
const putPower = (volts: number, amperes: number): void => {
  const current = Math.round((amperes * 0.1) / 10e-6);
  const voltage = Math.round(volts / 0.004);
  put(INA219, 0x01, current & 0xffff);
  put(INA219, 0x02, (voltage << 3) | 2);
  put(INA219, 0x03, Math.floor((Math.abs(current) * voltage) / 5000));
  put(INA219, 0x04, current & 0xffff);
};

/** 1.25 mV and 1/256 % each (MAX17043 data sheet, "VCELL" and "SOC"). */
const putGauge = (volts: number, percent: number): void => {
  put(MAX17043, 0x02, Math.round(volts / 0.00125) << 4);
  put(MAX17043, 0x04, Math.round(percent * 256));
};

const meter = (options: Partial<Parameters<typeof createSysfsMeter>[0]> = {}) =>
  createSysfsMeter({
    name: 'Node 1',
    clock: systemClock,
    sensor: { address: INA219 },
    gauge: {},
    ...options,
  });

const near = (value: number | undefined, expected: number, within: number): void =>
  assert.ok(
    value !== undefined && Math.abs(value - expected) <= within,
    `${value} is not ${expected} ± ${within}`,
  );

before(() => {
  execFileSync(busybox, [
    'insmod',
    join(process.env['hw_kernel'] ?? '', 'i2c-stub.ko'),
    'chip_addr=0x40,0x41,0x36',
  ]);
  const adapters = readdirSync('/sys/bus/i2c/devices').filter((name) => /^i2c-\d+$/.test(name));
  const stub = adapters.find((name) =>
    /stub/.test(readFileSync(`/sys/bus/i2c/devices/${name}/name`, 'utf8')),
  );
  if (stub === undefined) throw new Error('i2c-stub made no bus: none of these tests can run.');
  bus = Number(stub.slice(4));
  putGauge(3.98, 87.5);
  for (const [chip, address, driver] of [
    ['ina219', INA219, 'ina2xx'],
    ['max17043', MAX17043, 'max17040'],
  ] as const) {
    attach(chip, address);
    if (!existsSync(`${busDirectory()}/${bus}-00${address.toString(16)}/driver`))
      throw new Error(`This kernel has no driver ${driver} for ${chip}: none of these tests can run.`);
  }
});

it('the kernel serves both sensors, and the meter finds them', async () => {
  putPower(12, 1);
  const sample = await meter().read?.();
  near(sample?.power, 12, 0.02);
  assert.equal(sample?.stateOfCharge, 87);
  near(sample?.voltage, 3.98, 0.00125);
});

it('current the other way is negative power', async () => {
  putPower(5, -0.4);
  near((await meter().read?.())?.power, -2, 0.02);
  near((await meter({ invert: true }).read?.())?.power, 2, 0.02);
});

it('the power is right whether the kernel knows the shunt or not', async () => {
  putPower(12, 0.5);
  const [hwmon = ''] = readdirSync(`${busDirectory()}/${bus}-0040/hwmon`);
  const shunt = `${busDirectory()}/${bus}-0040/hwmon/${hwmon}/shunt_resistor`;
  assert.equal(readFileSync(shunt, 'utf8'), '10000\n', 'the kernel takes 10 mΩ where nothing else is said');
  near((await meter().read?.())?.power, 6, 0.02);
  writeFileSync(shunt, '100000');
  near((await meter().read?.())?.power, 6, 0.02);
  near((await meter({ shunt: 0.05 }).read?.())?.power, 12, 0.04);
});

it('a current beyond the range of the shunt is reported', async () => {
  putPower(12, 3.2);
  const warnings: MeterWarning[] = [];
  await meter({ onWarning: (warning) => warnings.push(warning) }).read?.();
  assert.deepEqual(
    warnings.map(({ kind }) => kind),
    ['overload'],
  );
});

it('of two sensors the one with the address counts', async () => {
  putPower(12, 1);
  attach('ina219', 0x41);
  await assert.rejects(async () => await meter({ sensor: {} }).read?.(), /More than one INA219/);
  near((await meter().read?.())?.power, 12, 0.02);
  near((await meter({ sensor: { address: 0x41 } }).read?.())?.power, 0, 0);
  detach(0x41);
});

it('a sensor that goes away is missed, looked for, and found again; the gauge as well', async () => {
  putPower(12, 1);
  const warnings: MeterWarning[] = [];
  const stop = new AbortController();
  const quick = {
    period: Seconds(0.2),
    every: Seconds(0.1),
    onWarning: (one: MeterWarning) => warnings.push(one),
  };
  const powers: number[] = [];
  const charges: (number | undefined)[] = [];
  const ended = (async () => {
    for await (const sample of meter(quick).samples(stop.signal)) {
      if (isAbsence(sample)) continue;
      powers.push(sample.power);
      charges.push(sample.stateOfCharge);
    }
  })();
  try {
    await until('samples come', () => powers.length > 1);
    detach(MAX17043);
    await until('the gauge is missed', () => charges.at(-1) === undefined);
    detach(INA219);
    await until('the sensor is missed', () => warnings.some(({ message }) => message.includes('No INA219')));
    const missed = powers.length;
    attach('max17043', MAX17043);
    attach('ina219', INA219);
    putPower(12, 2);
    await until('both are back', () => powers.length > missed + 1 && charges.at(-1) === 87);
  } finally {
    stop.abort();
    await ended;
  }
  assert.ok(powers.every((power) => power > 11.9 && power < 24.1));
});
