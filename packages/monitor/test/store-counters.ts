/** What every store must do with the counters of devices, and with sensors that report on change. */
import type { Sample } from '@daisee/meter';
import { type Clock, Duration, Energy, Instant, Seconds, systemClock, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreOptions } from '../src/index.ts';
import type { NewSensor } from '../src/store/store.ts';
import { arrivals, counted, deviceSamples, inBatches, inOrder, kinds, MAX_GAP } from './counted-samples.ts';
import { at } from './samples.ts';
import type { StoreUnderTest } from './store-suite.ts';

const HOUR = 3600;

export const storeCounterSuite = (
  name: string,
  open: (options: Pick<StoreOptions, 'clock' | 'maxGap'>) => Promise<StoreUnderTest>,
  runs: number,
): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    let now: Instant;
    const clock: Clock = { ...systemClock, now: () => now };
    beforeEach(async () => {
      now = at(0);
      under = await open({ clock, maxGap: MAX_GAP });
    });
    afterEach(() => under.dispose());

    let names = 0;
    const newSensor = async (kind: Omit<NewSensor, 'name'> = { sign: 'load' }): Promise<number> =>
      (await under.store.addSensor({ name: `sensor ${names++}`, ...kind })).id;
    const append = async (id: number, samples: readonly Sample[]) =>
      await under.store.append(id, samples, { maxGap: MAX_GAP });
    const energy = async (id: number, from: number, to: number): Promise<number> =>
      Number(await under.store.energy(id, at(from), at(to))) / 1e6;
    const registers = async (id: number) =>
      (await under.store.samples(id, at(-1e6), at(1e9))).map(({ register }) => Number(register) / 1e6);

    it('keeps what counters showed, beside the sample', async () => {
      const id = await newSensor({ sign: 'signed' });
      await append(id, [
        counted(0, 1, 12.5, 0),
        counted(8, 1),
        { ...counted(16, 1), counter: Energy(2n ** 63n - 1n) },
      ]);
      const stored = await under.store.samples(id, at(0), at(100));
      expect(stored.map(({ counter, exportedCounter }) => [counter, exportedCounter])).toEqual([
        [12_500_000n, 0n],
        [undefined, undefined],
        [2n ** 63n - 1n, undefined],
      ]);
    });

    it('refuses counters below nothing', async () => {
      const id = await newSensor();
      await expect(async () => await append(id, [counted(0, 1, -1)])).rejects.toThrow(
        expect.objectContaining({ code: 'monitor.sample' }),
      );
    });

    it('keeps a sensor’s rule, and takes another one for samples to come', async () => {
      const counter = { highestPower: Watts(7200.5), tolerance: wattHours(2), rollsOverAt: wattHours(1e9) };
      const sensor = await under.store.addSensor({
        name: 'Shelly',
        sign: 'load',
        counter,
        reports: 'change',
      });
      expect(sensor).toMatchObject({ counter, reports: 'change' });
      expect(await under.store.sensor(sensor.id)).toEqual(sensor);
      expect(await under.store.addSensor({ name: 'Shelly', sign: 'load' })).toEqual(sensor);
      const other = { highestPower: Watts(3680) };
      expect(await under.store.addSensor({ name: 'Shelly', sign: 'load', counter: other })).toEqual({
        ...sensor,
        counter: other,
      });
      await append(sensor.id, [counted(0, 0, 0), counted(60, 0, 1000), counted(120, 0, 2000)]);
      // 60 kW is not believed of it, so its counter moved somewhere else, twice.
      expect(await registers(sensor.id)).toEqual([0, 0, 0]);
    });

    it('keeps no rule that is taken back, each for itself, and integrates as if there had been none', async () => {
      const counter = { highestPower: Watts(100), rollsOverAt: wattHours(1e6) };
      const asked = { name: 'Shelly', sign: 'load' } as const;
      const { id } = await under.store.addSensor({ ...asked, counter, reports: 'change' });
      await append(id, [counted(0, 360)]);
      const counting = await under.store.addSensor({ ...asked, reports: null });
      expect(counting).toMatchObject({ counter });
      expect(counting).not.toHaveProperty('reports');
      const plain = await under.store.addSensor({ ...asked, counter: null });
      expect(plain).toEqual({ id, name: 'Shelly', sign: 'load', type: plain.type, typeId: plain.typeId });
      expect(await under.store.sensor(id)).toEqual(plain);
      expect(await under.store.addSensor({ ...asked, counter: null, reports: null })).toEqual(plain);
      // A straight line down, where the last value held before.
      await append(id, [counted(50, 0)]);
      expect(await registers(id)).toEqual([0, 2.5]);
      expect(
        (await under.store.addSensor({ name: 'new', sign: 'load', reports: null })).reports,
      ).toBeUndefined();
    });

    it('a counter that goes backward or restarts at zero after a reboot', async () => {
      const id = await newSensor({ sign: 'load', counter: { highestPower: Watts(10_000) } });
      const shown = [500, 510, 509.5, 520, 2, 12, 22];
      await append(
        id,
        shown.map((counter, i) => counted(i * 60, 600, counter)),
      );
      const found = await registers(id);
      expect(found).toEqual([0, 10, 20, 20, 30, 40, 50]);
      expect(await energy(id, 0, 360)).toBe(50);
    });

    it('a negative spike after an outage', async () => {
      const id = await newSensor();
      await append(id, [counted(0, 600, 500), counted(60, 600, 510)]);
      // Back after an hour with a counter that it has not found yet.
      await append(id, [counted(3660, 600, 0), counted(3720, 600, 0), counted(3780, 600, 1130)]);
      await append(id, [counted(3840, 600, 1140)]);
      const steps = await under.store.energyBySteps(id, at(0), at(3840), Seconds(60));
      for (const step of steps) expect((step ?? 0n) >= 0n).toBe(true);
      expect(await energy(id, 0, 3840)).toBe(640);
    });

    it('a Riemann sum that over-reads long gaps', async () => {
      const id = await newSensor();
      // 3 kW, then nothing for a day, then 3 kW: a straight line would be 72 kWh.
      await append(id, [counted(0, 3000), counted(24 * HOUR, 3000)]);
      expect(await energy(id, 0, 24 * HOUR)).toBe(0);
      expect(await under.store.gaps(id, at(0), at(24 * HOUR))).toHaveLength(1);
      const withCounter = await newSensor();
      await append(withCounter, [counted(0, 3000, 500), counted(24 * HOUR, 3000, 2900)]);
      expect(await energy(withCounter, 0, 24 * HOUR)).toBe(2400);
      expect(await under.store.gaps(withCounter, at(0), at(24 * HOUR))).toEqual([]);
      // Each hour of the outage has its share.
      const hours = await under.store.energyBySteps(withCounter, at(0), at(24 * HOUR), Seconds(HOUR));
      expect(hours).toEqual(Array.from({ length: 24 }, () => 100_000_000n));
    });

    it('a sensor that reports only on change: a constant load does not count as 0 Wh, the last value holds until maxGap', async () => {
      const id = await newSensor({ sign: 'load', reports: 'change' });
      await append(id, [counted(0, 360), counted(50, 0)]);
      expect(await energy(id, 0, 50)).toBe(5);
      expect(await energy(id, 10, 20)).toBe(1);
      await append(id, [counted(60, 360)]);
      await append(id, [counted(1060, 0)]);
      expect(await energy(id, 60, 1060)).toBe(6);
      expect(await energy(id, 110, 1000)).toBe(1);
      expect(await under.store.gaps(id, at(0), at(2000))).toEqual([{ from: at(120), to: at(1060) }]);
      const [known, lost] = await under.store.energyBySteps(id, at(100), at(300), Seconds(100));
      expect([known, lost]).toEqual([2_000_000n, undefined]);
    });

    it.each([60, 6 * HOUR])(
      'the last value of such a sensor holds up to now, for the longest gap (%i s), and no register falls with the next one',
      async (gap) => {
        await under.dispose();
        under = await open({ clock, maxGap: Seconds(gap) });
        const reporting = { sign: 'load', reports: 'change' } as const;
        const register = async (id: number) => Number(await under.store.registerAt(id, at(1e6))) / 1e6;
        for (const until of [gap / 2, gap, gap + 100]) {
          const id = await newSensor(reporting);
          now = at(0);
          await under.store.append(id, [counted(0, 360)]);
          expect(await energy(id, 0, 1e6)).toBe(0);
          now = at(until);
          const held = Math.min(until, gap) / 10;
          expect(await energy(id, 0, 1e6)).toBe(held);
          expect(await energy(id, 10, 20)).toBe(1);
          expect(await register(id)).toBe(held);
          await under.store.append(id, [counted(until, 0)]);
          expect(await register(id)).toBe(held);
        }
        now = at(1e6);
        const other = await newSensor();
        await append(other, [counted(0, 360)]);
        expect(await energy(other, 0, 1e6)).toBe(0);
      },
    );

    it('registers are those of the samples in order, whatever the order and the batches in which they come', async () => {
      await fc.assert(
        fc.asyncProperty(arrivals(), kinds, fc.integer({ min: 1, max: 7 }), async (given, kind, size) => {
          const [samples, arriving] = given;
          const id = await newSensor(kind);
          for (const batch of inBatches(arriving, size)) await append(id, batch);
          const expected = inOrder(samples, kind);
          const stored = await under.store.samples(id, at(-1), at(1e9));
          expect(stored.map(({ at, register, exported }) => ({ at, register, exported }))).toEqual(
            expected.registers,
          );
          expect(await under.store.gaps(id, at(-1), at(1e9))).toEqual(expected.gaps);
        }),
        { numRuns: runs },
      );
    });

    it('registers never fall from one instant to the next, and steps add up to the window', async () => {
      const instants = fc.array(fc.integer({ min: -1000, max: 1_000_000 }), { minLength: 2, maxLength: 15 });
      await fc.assert(
        fc.asyncProperty(deviceSamples(), kinds, instants, async (samples, kind, edges) => {
          const id = await newSensor(kind);
          await append(id, samples);
          const sorted = edges.toSorted((a, b) => a - b).map((edge) => Instant(edge));
          let last = 0n;
          for (const edge of sorted) {
            const register = await under.store.registerAt(id, edge);
            expect(register).toBeGreaterThanOrEqual(last);
            last = register;
          }
          const [from, to] = [Instant(0), Instant(1_000_000)];
          const steps = await under.store.energyBySteps(id, from, to, Duration(77_777));
          const sum = steps.reduce((sum: bigint, step) => sum + (step ?? 0n), 0n);
          expect(sum).toBe(await under.store.energy(id, from, to));
        }),
        { numRuns: Math.ceil(runs / 3) },
      );
    });
  });
};
