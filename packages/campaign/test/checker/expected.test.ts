import { Instant } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedEnergy, type Point } from '../../src/checker/expected.ts';

const HOUR = 3_600_000;
/** A load of 20 W, sampled each 8 s. */
const steady = (count: number): readonly Point[] =>
  Array.from({ length: count }, (_, index) => ({
    at: Instant(index * 8000),
    power: 20,
    energy: (20 * index * 8000) / HOUR,
  }));
const all = { since: 0, until: Number.MAX_SAFE_INTEGER, gaps: [], changes: [] };
const own = [{ at: 0, origin: 'own' }];

describe('the energy that registers must show', () => {
  it('is what flowed between the samples of the books', () => {
    const points = steady(11);
    expect(expectedEnergy({ ...all, points, turns: own }).get('own')).toBeCloseTo(80 / 180, 9);
    expect(
      expectedEnergy({ ...all, since: 15_000, until: 40_000, points, turns: own }).get('own'),
    ).toBeCloseTo(24 / 180, 9);
  });

  it('leaves out what lies in a declared gap', () => {
    const gaps = [{ from: Instant(16_000), to: Instant(48_000) }];
    expect(expectedEnergy({ ...all, gaps, points: steady(11), turns: own }).get('own')).toBeCloseTo(
      48 / 180,
      9,
    );
  });

  it('follows the samples where the wires were dark between two of them', () => {
    const points = steady(3).map((point, index) => ({
      ...point,
      energy: point.energy - (index > 1 ? 0.01 : 0),
    }));
    const dark = expectedEnergy({ ...all, changes: [12_000], points, turns: own });
    expect(dark.get('own')).toBeCloseTo(16 / 180, 9);
    expect(expectedEnergy({ ...all, points, turns: own }).get('own')).toBeCloseTo(16 / 180 - 0.01, 9);
  });

  it('does so too where the wires changed in the millisecond of a sample', () => {
    const points = steady(3).map((point, index) => ({ ...point, energy: point.energy - index * 0.01 }));
    const dark = expectedEnergy({ ...all, changes: [8000], points, turns: own });
    expect(dark.get('own')).toBeCloseTo(16 / 180, 9);
  });

  it('shares out every bit of it between the sources', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 80_000 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 80_000 }), { maxLength: 3 }),
        (instants, changes) => {
          const turns = [
            ...own,
            ...instants
              .toSorted((a, b) => a - b)
              .map((at, index) => ({ at, origin: index % 2 === 0 ? 'seller' : 'own' })),
          ];
          const sums = expectedEnergy({ ...all, points: steady(11), changes, turns });
          expect([...sums.values()].reduce((sum, one) => sum + one, 0)).toBeCloseTo(80 / 180, 9);
        },
      ),
    );
  });
});
