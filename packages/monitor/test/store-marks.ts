/** What every store must do with marks, corrections, and stamps of clocks that were set. */
import { emptyIntegration, integrate, type Sample, type SignRule } from '@daisee/meter';
import { Duration, Instant, Percent, Seconds } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stepsBetween } from '../src/store/marks.ts';
import { at, every, sample } from './samples.ts';
import type { StoreUnderTest } from './store-suite.ts';

const MAX_GAP = Seconds(60);
const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;

/** Samples at whole seconds, so that marks between them stand at no sample. */
const readings = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: 0, max: 600 }),
      power: fc.integer({ min: -50_000, max: 300_000 }),
    }),
    { minLength: 1, maxLength: 25, selector: ({ at: second }) => second },
  )
  .map((list) => list.map(({ at: second, power }) => sample(second, power / 100)));
const marksAt = fc.uniqueArray(
  fc.integer({ min: 0, max: 600_000 }).map((ms) => ms - (ms % 1000) + 500),
  {
    maxLength: 6,
  },
);
const signs = fc.constantFrom<SignRule>('load', 'source', 'signed');
const inTime = (samples: readonly Sample[]) => samples.toSorted((a, b) => a.at - b.at);

export const storeMarkSuite = (name: string, open: () => Promise<StoreUnderTest>, runs: number): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());

    let names = 0;
    const newSensor = async (sign: SignRule = 'load'): Promise<number> =>
      (await under.store.addSensor({ name: `sensor ${names++}`, sign })).id;
    const append = async (id: number, samples: readonly Sample[], replace?: boolean) =>
      await under.store.append(id, samples, { maxGap: MAX_GAP, replace });
    const stored = async (id: number) =>
      await under.store.samples(id, at(-1e6), Instant(Number.MAX_SAFE_INTEGER));
    const mark = async (id: number, ms: number, key = `mark at ${ms}`) =>
      await under.store.mark(id, { key, at: Instant(ms) });
    const standing = async (id: number, query = {}) =>
      await under.store.standing(id, { after: 0, firstMark: 0, until: at(1e9), ...query });
    /** W·s at each mark of it, and at its newest sample. */
    const counted = async (id: number) => {
      const { marks, end } = await standing(id);
      const wattSeconds = (register: bigint) => Math.round((Number(register) * 3600) / 1e5) / 10;
      return [...marks, ...(end ? [end] : [])].map(({ register }) => wattSeconds(register));
    };

    describe('a mark', () => {
      it('is made once under its key, and kept with its note', async () => {
        const id = await newSensor();
        const made = await under.store.mark(id, { key: 'turn 1', at: at(3), note: 'to the seller' });
        expect(made).toEqual({ id: expect.any(Number), key: 'turn 1', at: at(3), note: 'to the seller' });
        expect(await under.store.mark(id, { key: 'turn 1', at: at(900) })).toEqual(made);
        const other = await under.store.mark(await newSensor(), { key: 'turn 1', at: at(4.0001) });
        expect(other).toEqual({ id: expect.any(Number), key: 'turn 1', at: at(4) });
        expect(await under.store.marks(id, at(3), at(4))).toEqual([made]);
        expect(await under.store.marks(id, at(0), at(3))).toEqual([]);
        under = await under.reopen();
        expect(await under.store.marks(id, at(0), at(9))).toEqual([made]);
      });

      it('is where the power is a step: the last one until then, the next one from then on', async () => {
        const id = await newSensor();
        await append(id, [sample(0, 3000)]);
        await mark(id, 3000);
        // Up to where it is known: what the next sample says is not.
        expect(await counted(id)).toEqual([0, 0]);
        await append(id, [sample(8, 2000), sample(16, 2000)]);
        expect(await counted(id)).toEqual([9000, 35_000]);
        expect(await under.store.registerAt(id, at(4))).toBe(3_055_555n);
        expect((await standing(id)).revision).toBe(0);
      });

      it('that comes after the next samples changes the registers after it', async () => {
        const id = await newSensor();
        await append(id, [sample(0, 3000), sample(8, 2000), sample(16, 2000)]);
        expect(await counted(id)).toEqual([36_000]);
        await mark(id, 3000);
        expect(await counted(id)).toEqual([9000, 35_000]);
        expect((await standing(id)).revision).toBe(1);
      });

      it('at the instant of a sample comes after it where that is there, and before it where it is not', async () => {
        const [one, other] = [await newSensor(), await newSensor()];
        await append(one, [sample(0, 3000), sample(8, 3000)]);
        await mark(one, 8000);
        await append(one, [sample(16, 2000)]);
        expect(await counted(one)).toEqual([24_000, 40_000]);
        await append(other, [sample(0, 3000)]);
        await mark(other, 8000);
        await append(other, [sample(8, 2000), sample(16, 2000)]);
        expect(await counted(other)).toEqual([24_000, 40_000]);
      });

      it('in a gap, before the first sample or after the last changes nothing', async () => {
        const id = await newSensor();
        await mark(id, -5000);
        await append(id, [sample(0, 1000), sample(100, 1000), sample(108, 1000)]);
        await mark(id, 50_000);
        await mark(id, 200_000);
        expect(await counted(id)).toEqual([0, 0, 8000, 8000]);
        expect(await under.store.gaps(id, at(0), at(200))).toEqual([{ from: at(0), to: at(100) }]);
      });

      it('stands where it stood when old samples are thinned', async () => {
        const id = await newSensor();
        await append(
          id,
          every(8, 100, (second) => (second < 320 ? 3000 : 1000)),
        );
        await append(id, [sample(900, 0)]);
        await mark(id, 323_500);
        const before = await counted(id);
        let [removed, done] = [0, false];
        while (!done) {
          const thinned = await under.store.thin(id, Seconds(60), at(900));
          removed += thinned.removed;
          ({ done } = thinned);
        }
        expect(removed).toBeGreaterThan(50);
        expect(await counted(id)).toEqual(before);
        // Twice more, with a late sample before it all.
        await append(id, [sample(-4, 3000)]);
        expect(await counted(id)).toEqual(before.map((wattSeconds) => wattSeconds + 12_000));
      });

      it('among samples, in whatever order both come: registers are their integral with steps', async () => {
        await fc.assert(
          fc.asyncProperty(
            readings,
            marksAt,
            signs,
            fc.infiniteStream(fc.boolean()),
            async (samples, marks, sign, coin) => {
              const id = await newSensor(sign);
              const waiting = { samples: [...samples], marks: [...marks] };
              while (waiting.samples.length + waiting.marks.length > 0) {
                const isMark = waiting.samples.length === 0 || coin.next().value;
                const next = isMark ? waiting.marks.shift() : undefined;
                if (next !== undefined) await mark(id, next);
                else await append(id, waiting.samples.splice(0, coin.next().value ? 3 : 1));
              }
              const steps = marks
                .toSorted((a, b) => a - b)
                .map((ms) => ({ at: Instant(ms), isAfter: false }));
              let state = emptyIntegration;
              const expected = inTime(samples).map((one) => {
                const from = state.last?.at;
                const reading =
                  from === undefined ? one : { ...one, steps: stepsBetween(steps, from, one.at) };
                ({ state } = integrate(state, reading, { sign, maxGap: MAX_GAP }));
                return [state.register, state.exported];
              });
              expect((await stored(id)).map(({ register, exported }) => [register, exported])).toEqual(
                expected,
              );
              // What lies between marks adds up to the whole, and none of it is below zero.
              const all = await standing(id);
              const states = [
                0n,
                ...all.marks.toSorted((a, b) => a.at - b.at).map(({ register }) => register),
              ];
              for (const [i, register] of states.entries())
                expect(register).toBeGreaterThanOrEqual(states[i - 1] ?? 0n);
              expect(all.newest?.register).toBeGreaterThanOrEqual(states.at(-1) ?? 0n);
            },
          ),
          { numRuns: runs },
        );
      });
    });

    describe('a sample that says something else of an instant', () => {
      it('is left out, and said to be conflicting; the first one stays', async () => {
        const id = await newSensor();
        const rich = { ...sample(8, 200), stateOfCharge: Percent(50), voltage: 4 };
        await append(id, [sample(0, 100), rich, sample(16, 300)]);
        const before = await stored(id);
        expect(await append(id, [sample(0, 100), rich])).toMatchObject({ repeated: 2, conflicting: 0 });
        expect(
          await append(id, [sample(0, 100.1), { ...rich, voltage: 4.1 }, sample(16, 300)]),
        ).toMatchObject({
          stored: 0,
          repeated: 3,
          conflicting: 2,
        });
        expect(await append(id, [sample(24, 1), sample(24, 1), sample(24, 2)])).toMatchObject({
          stored: 1,
          repeated: 2,
          conflicting: 1,
        });
        expect((await stored(id)).slice(0, 3)).toEqual(before);
        expect((await standing(id)).revision).toBe(0);
      });

      it('takes its place when it is told as a correction, and the registers after it are counted anew', async () => {
        const id = await newSensor();
        await append(id, [sample(0, 0), sample(8, 9000), { ...sample(16, 0), stateOfCharge: Percent(40) }]);
        expect(await counted(id)).toEqual([72_000]);
        const corrected = { ...sample(8, 900), stateOfCharge: Percent(41) };
        expect(await append(id, [corrected, sample(16, 0), sample(24, 0)], true)).toMatchObject({
          stored: 1,
          repeated: 0,
          conflicting: 0,
          replaced: 2,
        });
        expect(await counted(id)).toEqual([7200]);
        const [, second, third] = await stored(id);
        expect(second).toMatchObject(corrected);
        expect(third?.stateOfCharge).toBeUndefined();
        expect((await standing(id)).revision).toBe(1);
        // Told again it changes nothing.
        expect(await append(id, [corrected], true)).toMatchObject({ repeated: 1, replaced: 0 });
        expect((await standing(id)).revision).toBe(1);
      });

      it('whatever is corrected, registers are the integral of what stays', async () => {
        await fc.assert(
          fc.asyncProperty(readings, readings, signs, fc.boolean(), async (first, second, sign, replace) => {
            const id = await newSensor(sign);
            await append(id, first);
            const { stored: news, repeated, replaced, conflicting } = await append(id, second, replace);
            expect(news + repeated + replaced).toBe(second.length);
            const kept = new Map<number, Sample>(first.map((one) => [one.at, one]));
            let differing = 0;
            for (const one of second) {
              const there = kept.get(one.at);
              if (there && there.power !== one.power) differing++;
              if (!there || replace) kept.set(one.at, one);
            }
            expect(replace ? replaced : conflicting).toBe(differing);
            let state = emptyIntegration;
            const expected = inTime([...kept.values()]).map((one) => {
              ({ state } = integrate(state, one, { sign, maxGap: MAX_GAP }));
              return [one.at, one.power, state.register, state.exported];
            });
            expect(
              (await stored(id)).map(({ at: when, power, register, exported }) => [
                when,
                power,
                register,
                exported,
              ]),
            ).toEqual(expected);
          }),
          { numRuns: runs },
        );
      });
    });

    describe('where a clock was set', () => {
      it('the true length of a stretch is kept, and the power counts for that long', async () => {
        const id = await newSensor();
        const set = { ...sample(HOUR, 1000), elapsed: Seconds(8) };
        await append(id, [sample(0, 1000), set, sample(HOUR + 8, 1000)]);
        expect(await counted(id)).toEqual([16_000]);
        expect(await under.store.gaps(id, at(0), at(2 * HOUR))).toEqual([]);
        expect((await stored(id)).map(({ elapsed }) => elapsed)).toEqual([undefined, 8000, undefined]);
        expect(await under.store.energy(id, at(0), at(HOUR / 2))).toBe(1_111_111n);
        await expect(
          async () => await append(id, [{ ...sample(1, 1), elapsed: Duration(-1) }]),
        ).rejects.toThrow(/elapsed cannot be -1/);
      });

      it('a sample that comes late into such a stretch shares it out', async () => {
        const id = await newSensor();
        await append(id, [sample(0, 1000), { ...sample(HOUR, 1000), elapsed: Seconds(8) }]);
        await append(id, [sample(HOUR / 4, 1000), sample(HOUR / 2, 3000)]);
        expect((await stored(id)).map(({ elapsed }) => elapsed)).toEqual([undefined, 2000, 2000, 4000]);
        expect(await counted(id)).toEqual([2000 + 4000 + 8000]);
      });

      it.each([
        ['on by an hour', HOUR],
        ['on by a year', YEAR],
        ['back by as much as there is room', -299],
      ])(
        'the newest samples and the marks among them are stamped anew, %s, and no energy changes',
        async (_what, by) => {
          const id = await newSensor();
          await append(id, [sample(0, 1000), sample(300, 1000)]);
          await append(
            id,
            every(8, 20, () => 500).map((one) => ({ ...one, at: Instant(one.at + 300_000 + 8000) })),
          );
          await mark(id, 500);
          await mark(id, 340_000);
          const before = await stored(id);
          const [early = 0, late = 0] = await counted(id);
          expect(
            await under.store.move(id, {
              from: at(300),
              by: Seconds(by),
              keepsElapsed: true,
              maxGap: MAX_GAP,
            }),
          ).toBe(true);
          const after = await stored(id);
          expect(after.map(({ register }) => register)).toEqual(before.map(({ register }) => register));
          expect(after.map((one) => one.id)).toEqual(before.map((one) => one.id));
          expect(after.map((one) => one.at)).toEqual(
            before.map((one) => (one.at < at(300) ? one.at : one.at + by * 1000)),
          );
          expect((await standing(id)).marks.map((one) => one.at / 1000)).toEqual([0.5, 340 + by]);
          expect((await counted(id)).slice(0, 2)).toEqual([early, late]);
          expect((await standing(id)).revision).toBeGreaterThan(0);
          // And the way back, to the last digit.
          expect(
            await under.store.move(id, {
              from: Instant(at(300) + by * 1000),
              by: Seconds(-by),
              keepsElapsed: true,
              maxGap: MAX_GAP,
            }),
          ).toBe(true);
          expect(await stored(id)).toEqual(before);
          expect(await under.store.gaps(id, at(0), at(1e9))).toEqual([{ from: at(0), to: at(300) }]);
        },
      );

      it('of a time that is not known, the stretch before them is as stamped', async () => {
        const id = await newSensor();
        await append(id, [sample(0, 1000), sample(40, 1000), sample(48, 1000)]);
        const on = { from: at(40), by: Seconds(HOUR), keepsElapsed: false, maxGap: MAX_GAP };
        expect(await under.store.move(id, on)).toBe(true);
        expect(await counted(id)).toEqual([8000]);
        expect(await under.store.gaps(id, at(0), at(2 * HOUR))).toEqual([{ from: at(0), to: at(HOUR + 40) }]);
      });

      it('they never go before what is before them', async () => {
        const id = await newSensor();
        await append(
          id,
          every(8, 5, () => 100),
        );
        const before = await stored(id);
        const back = { from: at(16), keepsElapsed: true, maxGap: MAX_GAP };
        expect(await under.store.move(id, { ...back, by: Seconds(-8) })).toBe(false);
        expect(await stored(id)).toEqual(before);
        expect(await under.store.move(id, { ...back, by: Duration(-7999) })).toBe(true);
        expect(await under.store.move(id, { from: at(500), by: Seconds(5), keepsElapsed: true })).toBe(true);
      });
    });

    it('where a sensor stands is told at once: its newest sample, and what came since', async () => {
      const id = await newSensor();
      const none = await standing(id);
      expect(none).toMatchObject({ revision: 0, gaps: [], marks: [] });
      expect(none.newest).toBeUndefined();
      const { samples } = await append(id, [
        { ...sample(0, 900), stateOfCharge: Percent(50) },
        sample(8, 700),
      ]);
      await append(id, [sample(100, 800), sample(108, 600)]);
      const first = await mark(id, 4000);
      const second = await mark(id, 104_000);
      const after = samples.at(-1)?.id ?? 0;
      const all = await standing(id, { after });
      expect(all).toMatchObject({
        newest: { at: at(108), power: 600 },
        charge: { at: at(0), value: 50 },
        highest: 800,
        gaps: [{ from: at(8), to: at(100) }],
      });
      expect(all.store).toMatch(/^[0-9a-f]{32}$/);
      expect(all.store).toBe(none.store);
      expect(all.marks.map((one) => one.id)).toEqual([first.id, second.id]);
      const later = await standing(id, { after: all.newest?.id ?? 0, firstMark: second.id });
      expect(later).toMatchObject({ gaps: [], marks: [{ id: second.id }] });
      expect(later.highest).toBeUndefined();
      // A state of charge of long ago is none.
      await append(id, [sample(HOUR, 500)]);
      expect((await standing(id)).charge).toBeUndefined();
      under = await under.reopen();
      expect((await standing(id)).store).toBe(none.store);
    });

    it('what is known last may be an absence: up to it the power counts, and a mark after it adds nothing', async () => {
      const id = await newSensor();
      await append(id, [sample(0, 900)]);
      await under.store.append(id, [{ at: at(8), absent: 'offline' }], { maxGap: MAX_GAP });
      await mark(id, 4000);
      await mark(id, 12_000);
      expect(await counted(id)).toEqual([3600, 7200, 7200]);
      expect(await standing(id)).toMatchObject({
        end: { at: at(8), absent: 'offline' },
        newest: { at: at(0), power: 900 },
      });
      await append(id, [sample(16, 900)]);
      expect(await counted(id)).toEqual([3600, 7200, 7200]);
      // A sample that was told after all, in the absence's place.
      expect(await append(id, [sample(8, 900)])).toMatchObject({ repeated: 1, conflicting: 1 });
      expect(await append(id, [sample(8, 900)], true)).toMatchObject({ replaced: 1 });
      expect(await counted(id)).toEqual([3600, 3600 + 7200, 14_400]);
      expect((await stored(id)).map(({ at: when }) => when)).toEqual([at(0), at(8), at(16)]);
      await under.store.append(id, [{ at: at(16), absent: 'unavailable' }], { replace: true });
      expect(await counted(id)).toEqual([3600, 10_800, 14_400]);
      expect(await under.store.gaps(id, at(0), at(99))).toEqual([{ from: at(16), reason: 'unavailable' }]);
    });

    it('marks and moves of a sensor that is not there are refused by name', async () => {
      await under.store.addSensor({ name: 'CitizenWatt', sign: 'load' });
      for (const ask of [
        () => mark(4, 0),
        () => under.store.marks(4, at(0), at(1)),
        () => standing(4),
        () => under.store.move(4, { from: at(0), by: Seconds(1), keepsElapsed: true }),
      ])
        await expect(async () => await ask()).rejects.toThrow(/no sensor 4 here/);
    });
  });
};
