/** What every store must do when it thins old samples: nobody who asks by whole buckets can tell. */
import type { Sample, SignRule } from '@daisee/meter';
import { Duration, Instant, Percent, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SampleStore } from '../src/index.ts';
import { counted, deviceSamples, inOrder, kinds, MAX_GAP } from './counted-samples.ts';
import { at, every, later, sample } from './samples.ts';
import type { StoreUnderTest } from './store-suite.ts';

const MINUTE = Seconds(60);
const QUARTER = Seconds(900);
const FAR = Instant(1e12);

/** Thins until there is no more to thin; how many rows went. */
const thinAll = async (
  store: SampleStore,
  id: number,
  span: Duration,
  before: Instant = FAR,
  limit?: number,
): Promise<number> => {
  let removed = 0;
  for (let steps = 0; steps < 10_000; steps++) {
    const step = await store.thin(id, span, before, limit);
    removed += step.removed;
    if (step.done) return removed;
  }
  throw new TypeError('Thinning does not end.');
};

/** All that is asked by whole buckets: energies, means and numbers of samples, gaps, the newest sample. */
const answers = async (store: SampleStore, id: number, span: Duration, from: number, to: number) => {
  const edges = Array.from({ length: to - from + 1 }, (_, i) => Instant((from + i) * span));
  const [last, powers] = [await store.last(id), await store.powerByEdges(id, edges)];
  return {
    energies: await store.energyByEdges(id, edges),
    register: await store.registerAt(id, edges[edges.length >> 1] ?? FAR),
    counts: powers.map((sum) => sum?.count),
    means: powers.map((sum) => sum && Math.round(sum.microWatts / sum.count)),
    gaps: await store.gaps(id, Instant(-1e9), FAR),
    last: last && { ...last, samples: undefined, span: undefined },
  };
};

export const storeThinningSuite = (name: string, open: () => Promise<StoreUnderTest>, runs: number): void => {
  describe(name, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.dispose());

    let names = 0;
    const newSensor = async (kind: { readonly sign: SignRule } = { sign: 'load' }): Promise<number> =>
      (await under.store.addSensor({ name: `sensor ${names++}`, ...kind })).id;
    const rowsOf = async (id: number) => await under.store.samples(id, Instant(-1e9), FAR);

    it('leaves one row a minute, its power the mean, for samples each 8 s', async () => {
      const id = await newSensor();
      const samples = every(8, 451, (second) => 100 + second).map((one) => ({
        ...one,
        stateOfCharge: Percent(50),
        voltage: 3.5,
      }));
      await under.store.append(id, samples);
      const before = await rowsOf(id);
      expect(await thinAll(under.store, id, MINUTE)).toBeGreaterThan(380);
      const rows = await rowsOf(id);
      // Sixty minutes and the newest sample, at the very start of a minute.
      expect(rows).toHaveLength(61);
      const [first, second] = rows;
      expect(first).toMatchObject({
        at: 0,
        power: 128,
        samples: 8,
        span: 60_000,
        stateOfCharge: 50,
        voltage: 3.5,
      });
      // From 64 s to 112 s.
      expect(second).toMatchObject({ at: 60_000, power: 188, samples: 7 });
      expect(rows.at(-1)).toEqual(before.at(-1));
      const ids = rows.map((row) => row.id);
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    });

    it('thins a year’s worth in two steps, minutes and then quarters', async () => {
      const id = await newSensor();
      await under.store.append(
        id,
        every(8, 4 * 450 + 1, () => 360),
      );
      await thinAll(under.store, id, MINUTE, at(2 * 3600));
      expect((await rowsOf(id)).length).toBe(120 + 900 + 1);
      await thinAll(under.store, id, QUARTER, at(3600));
      expect((await rowsOf(id)).length).toBe(4 + 60 + 900 + 1);
      expect(await under.store.energy(id, at(0), at(4 * 3600))).toBe(1_440_000_000n);
    });

    it('counts places from the end by samples alone, also where a thinned stretch ends at a gap', async () => {
      const id = await newSensor();
      const part = every(8, 100, () => 360);
      await under.store.append(id, [...part, ...part.map(later(7204))]);
      const places = async () =>
        (await under.store.samplesFromEnd(id, -1000, 0)).map((one) => ({ ...one, next: undefined }));
      expect(await places()).toEqual(await rowsOf(id));
      await thinAll(under.store, id, MINUTE);
      const rows = await rowsOf(id);
      expect(await places()).toEqual(rows);
      for (const place of [1, 2, 3, rows.length - 1, rows.length])
        expect((await under.store.samplesFromEnd(id, -place, 1 - place))[0]?.id).toBe(rows.at(-place)?.id);
      expect(await under.store.samplesFromEnd(id, -rows.length - 1, -rows.length)).toEqual([]);
    });

    it('again thins nothing, and nothing that is younger', async () => {
      const id = await newSensor();
      await under.store.append(
        id,
        every(8, 200, () => 360),
      );
      expect(await under.store.thin(id, MINUTE, at(59))).toEqual({ removed: 0, done: true });
      expect((await rowsOf(id)).length).toBe(200);
      await thinAll(under.store, id, MINUTE, at(601));
      const rows = await rowsOf(id);
      expect(await thinAll(under.store, id, MINUTE, at(601))).toBe(0);
      expect(await rowsOf(id)).toEqual(rows);
      expect(rows.find(({ at }) => at > 600_000)?.samples).toBeUndefined();
    });

    it('a sample that comes late into what was thinned counts as repeated', async () => {
      const id = await newSensor();
      await under.store.append(
        id,
        every(8, 100, () => 360),
      );
      await thinAll(under.store, id, MINUTE);
      const rows = await rowsOf(id);
      expect(await under.store.append(id, [sample(100, 9000), sample(61, 9000)])).toMatchObject({
        stored: 0,
        repeated: 2,
      });
      expect(await rowsOf(id)).toEqual(rows);
    });

    it('a sample that comes late into a gap shifts what was thinned after it, and changes no energy there', async () => {
      const id = await newSensor();
      const append = (samples: readonly Sample[]) => under.store.append(id, samples, { maxGap: MAX_GAP });
      await append(every(8, 50, () => 360));
      await append(every(8, 100, () => 360).map((one) => ({ ...one, at: Instant(one.at + 1_000_000) })));
      await thinAll(under.store, id, MINUTE);
      const minutes = async () => await under.store.energyBySteps(id, at(1020), at(1740), MINUTE);
      const [energies, total] = [await minutes(), (await under.store.last(id))?.register];
      await append([sample(392 + 50, 360)]);
      expect(await minutes()).toEqual(energies);
      expect((await under.store.last(id))?.register).toBe((total ?? 0n) + 5_000_000n);
      // Once more: what is stored later goes on from there.
      await append([sample(1800, 360)]);
      expect((await under.store.last(id))?.register).toBe((total ?? 0n) + 5_000_000n + 800_000n);
    });

    it('keeps energies, means, gaps and the newest sample of any device', async () => {
      const spans = fc.constantFrom(MINUTE, Seconds(20), Seconds(300));
      const limits = fc.constantFrom(1, 10, 50, 2000);
      await fc.assert(
        fc.asyncProperty(deviceSamples(50), kinds, spans, limits, async (samples, kind, span, limit) => {
          const id = await newSensor(kind);
          await under.store.append(id, samples, { maxGap: MAX_GAP });
          const to = Math.ceil((samples.at(-1)?.at ?? 0) / span) + 1;
          const before = await answers(under.store, id, span, -1, to);
          await thinAll(under.store, id, span, FAR, limit);
          expect(await answers(under.store, id, span, -1, to)).toEqual(before);
          // A second age, three times as coarse.
          const coarse = Duration(3 * span);
          const coarseTo = Math.ceil(to / 3);
          const coarseBefore = await answers(under.store, id, coarse, -1, coarseTo);
          await thinAll(under.store, id, coarse, FAR, limit);
          expect(await answers(under.store, id, coarse, -1, coarseTo)).toEqual(coarseBefore);
        }),
        { numRuns: runs },
      );
    });

    it('registers never fall from one instant to the next, thinned or not, and go on as if nothing had been', async () => {
      const instants = fc.array(fc.integer({ min: -1000, max: 2_000_000 }), { minLength: 2, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(
          deviceSamples(60),
          kinds,
          instants,
          fc.nat(60),
          async (samples, kind, edges, cut) => {
            const id = await newSensor(kind);
            await under.store.append(id, samples.slice(0, cut), { maxGap: MAX_GAP });
            await thinAll(under.store, id, MINUTE);
            await under.store.append(id, samples.slice(cut), { maxGap: MAX_GAP });
            let last = 0n;
            for (const edge of edges.toSorted((a, b) => a - b)) {
              const register = await under.store.registerAt(id, Instant(edge));
              expect(register).toBeGreaterThanOrEqual(last);
              last = register;
            }
            const { registers, gaps } = inOrder(samples, kind);
            const newest = await under.store.last(id);
            expect(newest).toMatchObject(registers.at(-1) ?? {});
            expect(await under.store.gaps(id, at(-1), FAR)).toEqual(gaps);
          },
        ),
        { numRuns: runs },
      );
    });

    it('late samples in any order after thinning leave energies where they were', async () => {
      const late = fc.array(
        fc.tuple(fc.integer({ min: 0, max: 3_000_000 }), fc.integer({ min: 0, max: 3000 })),
        {
          minLength: 1,
          maxLength: 8,
        },
      );
      await fc.assert(
        fc.asyncProperty(deviceSamples(60), kinds, late, async (samples, kind, others) => {
          const id = await newSensor(kind);
          await under.store.append(id, samples, { maxGap: MAX_GAP });
          await thinAll(under.store, id, MINUTE);
          const thinned = (await rowsOf(id)).filter((row) => row.span !== undefined);
          const energies = async () => {
            const found: { net: bigint; taken: bigint }[] = [];
            for (const { at: from, span = 0 } of thinned) {
              const to = Instant(from + span);
              const [before, after] = [
                await under.store.registerAt(id, from),
                await under.store.registerAt(id, to),
              ];
              found.push({ net: await under.store.energy(id, from, to), taken: after - before });
            }
            return found;
          };
          const before = await energies();
          for (const [ms, watts] of others)
            await under.store.append(id, [{ at: Instant(ms), power: Watts(watts) }], { maxGap: MAX_GAP });
          // A shift by less than a digit may turn the last digit of a register's difference; what is taken less what is
          // given comes of two of them.
          const registers = kind.sign === 'signed' ? 2 : 1;
          for (const [i, { net, taken }] of (await energies()).entries()) {
            expect(Math.abs(Number(taken - (before[i]?.taken ?? 0n)))).toBeLessThanOrEqual(1);
            expect(Math.abs(Number(net - (before[i]?.net ?? 0n)))).toBeLessThanOrEqual(registers);
          }
          const rows = await rowsOf(id);
          for (const [i, row] of rows.entries())
            expect(row.register >= (rows[i - 1]?.register ?? 0n)).toBe(true);
        }),
        { numRuns: runs },
      );
    });

    it('a stretch that a counter bridged stays as it is', async () => {
      const id = await newSensor();
      await under.store.append(
        id,
        [
          counted(0, 100, 500),
          counted(8, 100, 500.2),
          counted(86_400, 100, 2900),
          counted(86_408, 100, 2900.2),
        ],
        { maxGap: MAX_GAP },
      );
      const hours = async () => await under.store.energyBySteps(id, at(0), at(86_400), MINUTE);
      const before = await hours();
      await thinAll(under.store, id, MINUTE);
      expect(await hours()).toEqual(before);
    });
  });
};
