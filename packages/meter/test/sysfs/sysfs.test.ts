import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Duration, Instant, messageOf, Seconds, VirtualClock } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SensorUnreadable, warningKind } from '../../src/drivers/sysfs/errors.ts';
import {
  type Absence,
  createSysfsMeter,
  emptyIntegration,
  integrate,
  isAbsence,
  type Meter,
  type MeterWarning,
  type Sample,
  SensorGarbage,
  SensorMissing,
  SensorUnclear,
  type SysfsMeterOptions,
} from '../../src/index.ts';
import { KernelFiles } from './kernel-files.ts';

/** A whole multiple of the default period. */
const START = Instant(1_700_000_000_000);

const meterOn = (files: KernelFiles, options: Partial<SysfsMeterOptions> = {}) => {
  const warnings: MeterWarning[] = [];
  const clock = new VirtualClock({ start: START });
  const meter = createSysfsMeter({
    name: 'Node 1',
    clock,
    root: files.root,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  return { meter, clock, warnings, kinds: () => warnings.map(({ kind }) => kind) };
};

/**
 * Collects samples for a length of the clock's time, while `acts` are done at seconds after the start. They should not
 * fall on whole seconds: that is when the sensor is read.
 */
const collect = async (
  { meter, clock }: { meter: Meter; clock: VirtualClock },
  length: Duration,
  acts: Readonly<Record<number, () => Promise<void>>> = {},
  absences: Absence[] = [],
): Promise<Sample[]> => {
  const samples: Sample[] = [];
  const stop = new AbortController();
  await Promise.all([
    clock.task(async () => {
      for await (const told of meter.samples(stop.signal))
        if (isAbsence(told)) absences.push(told);
        else samples.push(told);
    }),
    clock.task(async () => {
      await clock.sleep(length);
      stop.abort();
    }),
    ...Object.entries(acts).map(([second, act]) =>
      clock.task(async () => {
        await clock.sleep(Seconds(Number(second)));
        await act();
      }),
    ),
  ]);
  return samples;
};

const secondsOf = (samples: readonly Sample[]) => samples.map(({ at }) => (at - START) / 1000);
const powersOf = (samples: readonly Sample[]) => samples.map(({ power }) => power);

describe('a meter on the sensors of a Pi', () => {
  it('takes the power from the INA219, and the state of charge and the voltage of the cell from the MAX17043', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await files.addGauge();
    await ina.setPower(12.34);
    const { meter } = meterOn(files, { gauge: {} });
    expect(await meter.read?.()).toEqual({ at: START, power: 12.34, stateOfCharge: 87, voltage: 3.98 });
  });

  it('does not read the voltage for the state of charge', async () => {
    await using files = await KernelFiles.create();
    await files.addPower();
    const gauge = await files.addGauge();
    await gauge.set({ capacity: 87, voltage_now: 3_980_000 });
    const sample = await meterOn(files, { gauge: {} }).meter.read?.();
    expect(sample?.stateOfCharge).toBe(87);
    expect(sample?.voltage).toBe(3.98);
  });

  it('reads no gauge that it was not told of', async () => {
    await using files = await KernelFiles.create();
    await files.addPower();
    await files.addGauge();
    const { meter } = meterOn(files);
    expect(await meter.read?.()).toEqual({ at: START, power: 0, voltage: 12 });
  });

  it('finds its sensors by name and address, whatever number the kernel gave them', async () => {
    await using files = await KernelFiles.create();
    await files.addOther('hwmon', 'hwmon0', 'cpu_thermal');
    await files.addOther('power_supply', 'usb', 'usb');
    const one = await files.addPower('hwmon5', { device: '1-0040' });
    const other = await files.addPower('hwmon2', { device: '1-0041' });
    const third = await files.addPower('hwmon3', { device: '4-0041' });
    await one.setPower(1);
    await other.setPower(2);
    await third.setPower(3);
    const read = async (sensor: SysfsMeterOptions['sensor'] & {}) =>
      (await meterOn(files, { sensor }).meter.read?.())?.power;
    expect(await read({ address: 0x40 })).toBe(1);
    expect(await read({ address: 0x41, bus: 1 })).toBe(2);
    expect(await read({ bus: 4 })).toBe(3);
  });

  it('says which sensors there are when it cannot tell which is meant, and when the wanted one is missing', async () => {
    await using files = await KernelFiles.create();
    await files.addPower('hwmon1', { device: '1-0040' });
    await files.addPower('hwmon2', { device: '1-0041' });
    const unclear = meterOn(files).meter.read?.();
    await expect(unclear).rejects.toThrow(SensorUnclear);
    await expect(unclear).rejects.toThrow('ina219 at 0x40 on bus 1, ina219 at 0x41 on bus 1');
    const missing = meterOn(files, { sensor: { address: 0x44 } }).meter.read?.();
    await expect(missing).rejects.toThrow(SensorMissing);
    await expect(missing).rejects.toThrow(
      /No INA219 at 0x44 in .*\/class\/hwmon \(there is ina219 at 0x40 on bus 1, /,
    );
  });

  it('says so on a machine whose kernel lists no sensors at all', async () => {
    await using files = await KernelFiles.create();
    await rm(path.join(files.root, 'class'), { recursive: true });
    await expect(meterOn(files).meter.read?.()).rejects.toThrow(/there is none at all\).*docs\/hardware\.md/);
  });

  it('gives back what current direction the chip saw, and the other way round with invert', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.setPower(-7.5);
    expect((await meterOn(files).meter.read?.())?.power).toBe(-7.5);
    expect((await meterOn(files, { invert: true }).meter.read?.())?.power).toBe(7.5);
    await ina.setPower(0);
    expect(Object.is((await meterOn(files, { invert: true }).meter.read?.())?.power, 0)).toBe(true);
  });

  it('keeps powers under a watt', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.set({ curr1_input: 0, power1_input: 4000 });
    expect((await meterOn(files).meter.read?.())?.power).toBe(0.004);
  });

  it('is right whatever shunt the kernel believes in', async () => {
    await fc.assert(
      fc.asyncProperty(
        // Real shunt and the kernel's in µΩ, and the shunt's voltage in the chip's steps of 10 µV.
        fc.constantFrom(2_000, 10_000, 50_000, 100_000),
        fc.constantFrom(2_000, 10_000, 50_000, 100_000),
        fc.integer({ min: -31_000, max: 31_000 }),
        async (real, believed, steps) => {
          await using files = await KernelFiles.create();
          const ina = await files.addPower();
          // As ina2xx computes: 1 step of current is 10 µV over the shunt, 1 of power is 20 times that.
          const step = 10_000_000 / believed;
          const powerSteps = Math.round((Math.abs(steps) * 3000) / 5000);
          await ina.set({
            shunt_resistor: believed,
            curr1_input: Math.round((steps * step) / 1000),
            power1_input: powerSteps * 20 * step,
          });
          const { meter } = meterOn(files, { shunt: real / 1e6 });
          const truth = ((steps * 10e-6) / (real / 1e6)) * 12;
          const sign = Math.round((steps * step) / 1000) < 0 || steps >= 0 ? 1 : -1;
          const power = (await meter.read?.())?.power ?? Number.NaN;
          expect(Math.abs(power * sign - truth)).toBeLessThanOrEqual((10 * 20 * 10e-6) / (real / 1e6) + 1e-9);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('warns when the current is beyond what the shunt lets it measure', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.set({ curr1_input: 3200, power1_input: 38_400_000 });
    const setup = meterOn(files);
    expect(powersOf(await collect(setup, Seconds(3)))).toEqual([38.4]);
    expect(setup.kinds()).toEqual(['overload']);
    expect(setup.warnings[0]?.message).toContain('more power flows than is counted');
  });
});

describe('the samples of a meter on the sensors of a Pi', () => {
  it('come at once and then at every multiple of the period, each the mean of the readings since the last', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.setPower(8);
    const samples = await collect(meterOn(files), Seconds(17), {
      3.5: () => ina.setPower(16),
      12.5: () => ina.setPower(0),
    });
    expect(secondsOf(samples)).toEqual([0, 8, 16]);
    // Readings at 1, 2, 3 s of 8 W and at 4 to 8 s of 16 W; then four of 16 W and four of 0 W.
    expect(powersOf(samples)).toEqual([8, 13, 8]);
  });

  it('lose no energy: their integral is that of the readings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 38 }), { minLength: 24, maxLength: 24 }),
        fc.constantFrom(2, 4, 8),
        async (powers, period) => {
          await using files = await KernelFiles.create();
          const ina = await files.addPower();
          const setup = meterOn(files, { period: Seconds(period), sign: 'source' });
          const acts = Object.fromEntries(
            powers.map((watts, second) => [second + 0.5, () => ina.setPower(watts)]),
          );
          // Nothing flows at either end, so that half a period at each is nothing too.
          acts[24.5] = () => ina.setPower(0);
          const samples = await collect(setup, Seconds(24 + 2 * period + 0.2), acts);
          let state = emptyIntegration;
          for (const sample of samples)
            state = integrate(state, sample, { sign: 'source', maxGap: Seconds(60) }).state;
          const joules = powers.reduce((sum, watts) => sum + watts, 0);
          expect(Number(state.register)).toBeCloseTo((joules / 3600) * 1e6, -1);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('end with a reading at stop that counts what was read since the last sample', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.setPower(10);
    const setup = meterOn(files);
    expect(secondsOf(await collect(setup, Seconds(10.5)))).toEqual([0, 8]);
    await ina.setPower(40);
    // 10 W at 9 and 10 s, 40 W now.
    expect(await setup.meter.read?.()).toMatchObject({ at: START + 10_500, power: 20 });
    expect(await setup.meter.read?.()).toMatchObject({ power: 40 });
  });

  it('leave out what cannot be read, and go on when the sensor is back under another number', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower('hwmon1');
    await ina.setPower(5);
    const setup = meterOn(files);
    const absences: Absence[] = [];
    const samples = await collect(
      setup,
      Seconds(33),
      {
        4.5: () => ina.unplug(),
        25.5: async () => {
          const back = await files.addPower('hwmon4');
          await back.setPower(7);
        },
      },
      absences,
    );
    expect(absences).toEqual([{ at: START + 4001, absent: 'no reading' }]);
    expect(secondsOf(samples)).toEqual([0, 4, 32]);
    expect(powersOf(samples)).toEqual([5, 5, 7]);
    expect(setup.kinds().slice(0, 2)).toEqual(['lost', 'unreachable']);
    expect(setup.warnings[0]?.message).toMatch(/^Meter Node 1: .* Trying again in 1 s\.$/);
    expect(setup.warnings.length).toBeLessThan(5);
  });

  it.each([
    ['an empty file', ''],
    ['a half-written number', '123'],
    ['no number', 'nan\n'],
    ['two numbers', '12000000\n13000000\n'],
  ])('never hold what %s would make of it', async (_, text) => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.setPower(12);
    const setup = meterOn(files);
    await writeFile(ina.file('power1_input'), text);
    await expect(setup.meter.read?.()).rejects.toThrow(SensorGarbage);
    const samples = await collect(setup, Seconds(9), { 5.5: () => ina.setPower(12) });
    expect(powersOf(samples)).toEqual([12]);
    expect(secondsOf(samples)).toEqual([8]);
    expect(setup.kinds()).toEqual(['garbage']);
  });

  it('never hold more power than the chip can measure', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.set({ curr1_input: -1, power1_input: 131_070_000 });
    const setup = meterOn(files);
    expect(await collect(setup, Seconds(3))).toEqual([]);
    expect(setup.warnings[0]?.message).toContain(
      'holds "131.07 W": expected at most 91.4 W. Trying again in 1 s.',
    );
  });

  it('never divide by a shunt of nothing', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.set({ shunt_resistor: 0 });
    const setup = meterOn(files);
    expect(await collect(setup, Seconds(3))).toEqual([]);
    expect(setup.kinds()).toEqual(['garbage']);
  });

  it('come without a state of charge while the gauge does not answer, and with it afterwards', async () => {
    await using files = await KernelFiles.create();
    await files.addPower();
    const gauge = await files.addGauge();
    const setup = meterOn(files, { gauge: {} });
    const samples = await collect(setup, Seconds(33), {
      4.5: () => gauge.fail('voltage_now'),
      20.5: async () => {
        await rm(gauge.file('voltage_now'), { recursive: true });
        await gauge.set({ voltage_now: 3_900_000, capacity: 60 });
      },
    });
    expect(samples.map(({ stateOfCharge }) => stateOfCharge)).toEqual([87, undefined, undefined, 60, 60]);
    expect(samples.map(({ voltage }) => voltage)).toEqual([3.98, undefined, undefined, 3.9, 3.9]);
    expect(setup.kinds()).toEqual(['lost', 'unreachable']);
    expect(setup.warnings[0]?.message).toMatch(/^Meter Node 1, fuel gauge: .*voltage_now cannot be read/);
  });

  it.each([
    ['what its driver shows when the bus fails', 255, 5_110_000],
    ['a gauge without a cell', 0, 0],
    ['a state of charge below nothing', -6, 3_900_000],
    ['a state of charge beyond the register', 16_777_215, 3_900_000],
  ])('take no state of charge from %s', async (_, capacity, voltage) => {
    await using files = await KernelFiles.create();
    await files.addPower();
    const gauge = await files.addGauge();
    await gauge.set({ capacity, voltage_now: voltage });
    const setup = meterOn(files, { gauge: {} });
    const [sample] = await collect(setup, Seconds(1.5));
    expect(sample).toEqual({ at: START, power: 0 });
    expect(setup.kinds()).toEqual(['garbage']);
  });

  it('show a full cell as 100 % when the gauge shows a little more', async () => {
    await using files = await KernelFiles.create();
    await files.addPower();
    const gauge = await files.addGauge('battery', { chip: 'max17044' });
    await gauge.set({ capacity: 104, voltage_now: 8_400_000 });
    expect(await meterOn(files, { gauge: {} }).meter.read?.()).toMatchObject({
      stateOfCharge: 100,
      voltage: 8.4,
    });
  });

  it('do not take the battery of a laptop for the gauge', async () => {
    await using files = await KernelFiles.create();
    await files.addPower();
    await files.addGauge('BAT0', { chip: 'sbs-battery', device: '0-000b' });
    const setup = meterOn(files, { gauge: {} });
    const [sample] = await collect(setup, Seconds(1.5));
    expect(sample?.stateOfCharge).toBeUndefined();
    expect(setup.warnings[0]?.message).toMatch(/No MAX17043 in .* \(there is sbs-battery at 0x0b on bus 0\)/);
  });

  it('follow a clock that was set back', async () => {
    await using files = await KernelFiles.create();
    const ina = await files.addPower();
    await ina.setPower(3);
    const setup = meterOn(files);
    let back = 0;
    const clock: SysfsMeterOptions['clock'] = {
      now: () => Instant(setup.clock.now() - back),
      sleep: (duration, signal) => setup.clock.sleep(duration, signal),
      task: (work) => setup.clock.task(work),
      aside: (wait) => setup.clock.aside(wait),
    };
    const meter = createSysfsMeter({ name: 'Node 1', clock, root: files.root });
    const samples = await collect({ meter, clock: setup.clock }, Seconds(18), {
      9.5: async () => {
        back = 3_600_000;
      },
    });
    expect(secondsOf(samples)).toEqual([0, 8, -3590, -3584]);
  });
});

describe('what a warning about a sensor is called', () => {
  const unreadable = (errno: string) =>
    new SensorUnreadable('/sys/class/hwmon/hwmon1/power1_input', errno, undefined);

  it('tells a right that is wanting from a chip that does not answer', () => {
    expect(warningKind(unreadable('EACCES'), true)).toBe('refused');
    expect(messageOf(unreadable('EACCES'))).toContain('this user may not read it');
    for (const errno of ['EIO', 'EREMOTEIO', 'ENODATA', 'ENXIO', 'ETIMEDOUT', 'ENOENT']) {
      expect(warningKind(unreadable(errno), true)).toBe('lost');
      expect(warningKind(unreadable(errno), false)).toBe('unreachable');
    }
  });
});
