import { type Address, toAddress } from '@daisee/chain';
import { Instant, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppMonitor } from '../src/view/ports.ts';
import { powerSeries } from '../src/view/power.ts';

const seller: Address = toAddress('0x00625a1a269ac76c7c7b98939b5e60916fd41070');

const monitorOf = (watts: readonly (number | undefined)[]): AppMonitor => ({
  latest: async () => undefined,
  powerBySteps: async () => watts.map((value) => (value === undefined ? undefined : Watts(value))),
  energyBySteps: async () => [],
});

describe('power by the source that fed the load', () => {
  it('colours each step by the source in force at its middle', async () => {
    const series = await powerSeries(
      monitorOf([10, 20, undefined, 40]),
      {
        sources: () => [
          { at: Instant(-5000), source: 'own' },
          { at: Instant(1200), source: seller },
          { at: Instant(3000), source: 'own' },
        ],
      },
      { from: Instant(0), to: Instant(4000), points: 4 },
    );
    expect(series).toEqual({
      at: [500, 1500, 2500, 3500],
      watts: [10, 20, null, 40],
      origins: { own: [10, null, null, 40], [seller]: [null, 20, null, null] },
    });
  });

  it('has no origins where they are not known', async () => {
    const query = { from: Instant(0), to: Instant(2000), points: 2 };
    expect((await powerSeries(monitorOf([1, 2]), undefined, query)).origins).toEqual({});
  });

  it('shares every measured step out to exactly one source, from the first switch on', async () => {
    const switches = fc
      .array(fc.tuple(fc.integer({ min: -5000, max: 60_000 }), fc.constantFrom('own' as const, seller)))
      .map((turns) =>
        turns.toSorted(([a], [b]) => a - b).map(([at, source]) => ({ at: Instant(at), source })),
      );
    const watts = fc.array(fc.option(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { nil: undefined }), {
      minLength: 1,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(switches, watts, async (turns, values) => {
        const query = { from: Instant(0), to: Instant(values.length * 1000), points: values.length };
        const series = await powerSeries(monitorOf(values), { sources: () => turns }, query);
        for (const [i, at] of series.at.entries()) {
          const given = Object.values(series.origins).filter((column) => column[i] !== null);
          const known = turns.some((turn) => turn.at <= at);
          expect(given.length).toBe(known && series.watts[i] !== null ? 1 : 0);
          for (const column of given) expect(column[i]).toBe(series.watts[i]);
        }
      }),
    );
  });
});
