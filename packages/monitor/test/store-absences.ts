/** What every store must do with absences: what a device said of having no value. */
import { emptyIntegration, integrate, isAbsence, type Measurement } from '@daisee/meter';
import { Instant, Seconds, systemClock, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreOptions } from '../src/index.ts';
import type { NewSensor, RecordedGap } from '../src/store/store.ts';
import { inBatches, MAX_GAP } from './counted-samples.ts';
import { at, every, later, sample } from './samples.ts';
import type { StoreUnderTest } from './store-suite.ts';

const absence = (seconds: number, absent = 'unavailable'): Measurement => ({ at: at(seconds), absent });

/** Samples, some with a counter, and absences, each at its own instant, and the same in another order. */
const arrivals = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: 0, max: 600_000 }),
      watts: fc.integer({ min: 0, max: 3000 }),
      kind: fc.constantFrom('power', 'power', 'counter', 'absent'),
      key: fc.nat(),
    }),
    { selector: (one) => one.at, minLength: 1, maxLength: 30 },
  )
  .map((given) => {
    const ordered = given.toSorted((a, b) => a.at - b.at);
    let counter = 500;
    const told = ordered.map(({ at, watts, kind, key }): { one: Measurement; key: number } => {
      if (kind === 'absent') return { one: { at: Instant(at), absent: 'offline' }, key };
      counter += watts / 1000;
      const one = { at: Instant(at), power: Watts(watts) };
      return { one: kind === 'counter' ? { ...one, counter: wattHours(counter) } : one, key };
    });
    // A sample at the end, so that no gap is open.
    const all = [...told, { one: { at: Instant(700_000), power: Watts(1) }, key: 7 }];
    return [all.map(({ one }) => one), all.toSorted((a, b) => a.key - b.key).map(({ one }) => one)] as const;
  });

export const storeAbsenceSuite = (
  name: string,
  open: (options: Pick<StoreOptions, 'clock' | 'maxGap'>) => Promise<StoreUnderTest>,
  runs: number,
): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    let now: Instant;
    beforeEach(async () => {
      now = at(0);
      under = await open({ clock: { ...systemClock, now: () => now }, maxGap: MAX_GAP });
    });
    afterEach(() => under.dispose());

    let names = 0;
    const newSensor = async (kind: Omit<NewSensor, 'name'> = { sign: 'load' }): Promise<number> =>
      (await under.store.addSensor({ name: `sensor ${names++}`, ...kind })).id;
    const append = async (id: number, told: readonly Measurement[]) =>
      await under.store.append(id, told, { maxGap: MAX_GAP });
    const register = async (id: number, seconds: number): Promise<number> =>
      Number(await under.store.registerAt(id, at(seconds))) / 1e6;
    const gaps = async (id: number): Promise<readonly RecordedGap[]> =>
      await under.store.gaps(id, at(-1), at(1e6));

    it('end what is known: the power before holds up to it, and then there is a gap with its reason', async () => {
      const id = await newSensor();
      const told = [sample(0, 3600), absence(5), sample(35, 3600), sample(40, 3600)];
      expect(await append(id, told)).toMatchObject({ stored: 4, repeated: 0 });
      expect(await register(id, 3)).toBe(3);
      expect(await register(id, 5)).toBe(5);
      expect(await register(id, 30)).toBe(5);
      expect(await register(id, 40)).toBe(10);
      expect(await gaps(id)).toEqual([{ from: at(5), to: at(35), reason: 'unavailable' }]);
      const steps = await under.store.energyBySteps(id, at(0), at(40), Seconds(10));
      expect(steps).toEqual([5_000_000n, undefined, undefined, 5_000_000n]);
    });

    it('that go on are a gap without an end', async () => {
      const id = await newSensor();
      await append(id, [sample(0, 3600), absence(5, 'offline')]);
      expect(await gaps(id)).toEqual([{ from: at(5), reason: 'offline' }]);
      expect(await under.store.gaps(id, at(0), at(5))).toEqual([]);
      expect(await register(id, 1000)).toBe(5);
    });

    it('are no samples: no list, mean, newest sample or count from the end has them', async () => {
      const id = await newSensor();
      await append(id, [sample(0, 100), absence(5), sample(10, 300), absence(12)]);
      expect(await under.store.last(id)).toMatchObject({ at: at(10), power: 300 });
      expect((await under.store.samples(id, at(0), at(99))).map(({ power }) => power)).toEqual([100, 300]);
      expect((await under.store.powers(id, at(0), at(99))).map(({ power }) => power)).toEqual([100, 300]);
      expect(await under.store.meanPowerBySteps(id, at(0), at(20), Seconds(20))).toEqual([200]);
      const fromEnd = await under.store.samplesFromEnd(id, -2, 0);
      expect(fromEnd.map(({ power, next }) => [power, next])).toEqual([
        [100, at(10)],
        [300, undefined],
      ]);
      expect(await under.store.absences(id, at(5), at(12))).toEqual([
        { at: at(5), absent: 'unavailable', register: 138_888n, exported: 0n },
      ]);
    });

    it('end the last value of a sensor that reports on change', async () => {
      const id = await newSensor({ sign: 'load', reports: 'change' });
      await append(id, [sample(0, 360), absence(10)]);
      now = at(1000);
      expect(await register(id, 1000)).toBe(1);
      await append(id, [sample(50, 360), sample(60, 0)]);
      expect(await register(id, 1000)).toBe(2);
    });

    it('that come late take back what was bridged, and a late sample ends what one had ended', async () => {
      const id = await newSensor();
      await append(id, [sample(0, 360), sample(40, 360), sample(50, 360)]);
      expect(await register(id, 50)).toBe(5);
      await append(id, [absence(10)]);
      expect(await register(id, 50)).toBe(2);
      await append(id, [sample(20, 360)]);
      expect(await register(id, 50)).toBe(4);
      expect(await gaps(id)).toEqual([{ from: at(10), to: at(20), reason: 'unavailable' }]);
    });

    it('one after the other are one gap', async () => {
      const id = await newSensor();
      await append(id, [sample(0, 360), absence(5, 'no answer'), absence(9, 'offline'), sample(20, 360)]);
      expect(await gaps(id)).toEqual([{ from: at(5), to: at(20), reason: 'no answer' }]);
      await append(id, [absence(25), absence(30)]);
      expect((await gaps(id)).at(-1)).toEqual({ from: at(25), reason: 'unavailable' });
    });

    it('are there once the store is opened again', async () => {
      const id = await newSensor();
      await append(id, [sample(0, 360), absence(5)]);
      under = await under.reopen();
      await append(id, [sample(20, 360)]);
      expect(await register(id, 20)).toBe(0.5);
      expect(await gaps(id)).toEqual([{ from: at(5), to: at(20), reason: 'unavailable' }]);
    });

    it('stay where samples are thinned, and so does the energy around them', async () => {
      const id = await newSensor();
      const hour = every(10, 361, (second) => second);
      await append(id, [
        ...hour,
        absence(3605),
        ...hour.map(later(3630)),
        { at: at(10_000), power: Watts(1) },
      ]);
      const before = [
        await register(id, 3600),
        await register(id, 3605),
        await register(id, 3660),
        await register(id, 7200),
      ];
      for (let done = false; !done; ) ({ done } = await under.store.thin(id, Seconds(60), at(9000)));
      expect([
        await register(id, 3600),
        await register(id, 3605),
        await register(id, 3660),
        await register(id, 7200),
      ]).toEqual(before);
      expect(await gaps(id)).toContainEqual({ from: at(3605), to: at(3630), reason: 'unavailable' });
    });

    it('come in any order and batches to the same registers and gaps', async () => {
      await fc.assert(
        fc.asyncProperty(
          arrivals,
          fc.boolean(),
          fc.integer({ min: 1, max: 7 }),
          async ([inOrder, arriving], holds, size) => {
            const id = await newSensor({ sign: 'load', ...(holds && { reports: 'change' as const }) });
            for (const batch of inBatches(arriving, size)) await append(id, batch);
            let state = emptyIntegration;
            const registers: bigint[] = [];
            let unknown = 0;
            for (const told of inOrder) {
              const step = integrate(state, told, { sign: 'load', maxGap: MAX_GAP, holds });
              state = step.state;
              if (step.gap) unknown += step.gap.to - step.gap.from;
              if (!isAbsence(told)) registers.push(state.register);
            }
            const stored = await under.store.samples(id, at(-1), at(1e6));
            expect(stored.map((one) => one.register)).toEqual(registers);
            const recorded = await gaps(id);
            expect(recorded.reduce((sum, { from, to = from }) => sum + to - from, 0)).toBe(unknown);
          },
        ),
        { numRuns: runs },
      );
    });
  });
};
