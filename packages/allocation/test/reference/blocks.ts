/** Communities of every shape for the laws: small and large amounts, equal ones, nothing, everything. */
import fc from 'fast-check';
import type { EnergyBlock, Shares } from '../../src/index.ts';

/** Names as operators give them, ascending. */
const ids = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(5, '0')}`);

/** µWh: often few and alike, so that remainders tie; whole Wh and millionths of a kWh; up to what is foreseen. */
const energy = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 20 }) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 5_000 }).map((wh) => wh * 1_000_000) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 5_000_000 }).map((units) => units * 1000) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 5_000_000_000 }) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: most, noNaN: true }).map(Math.floor) },
  );

export interface Case {
  readonly block: EnergyBlock;
  readonly shares: Shares;
}

const floats = (element: fc.Arbitrary<number>, length: number): fc.Arbitrary<Float64Array> =>
  fc.oneof(
    fc.array(element, { minLength: length, maxLength: length }).map((values) => Float64Array.from(values)),
    // All alike: every remainder ties.
    element.map((value) => new Float64Array(length).fill(value)),
  );

/** Coefficients of `width` each, that add up to one or less (in millionths; sometimes one millionth more). */
const coefficients = (groups: number, width: number): fc.Arbitrary<Float64Array> =>
  fc
    .tuple(
      floats(fc.integer({ min: 0, max: 1_000_000 }), groups * width),
      fc.integer({ min: 0, max: 1_000_001 }),
    )
    .map(([raw, target]) => {
      const made = new Float64Array(groups * width);
      for (let g = 0; g < groups; g++) {
        let left = target;
        for (let i = 0; i < width; i++) {
          const part = Math.min(left, Math.floor((raw[g * width + i] as number) / Math.max(1, width / 2)));
          made[g * width + i] = part;
          left -= part;
        }
        if (target >= 999_999 && width > 0)
          made[g * width + width - 1] = (made[g * width + width - 1] as number) + left;
      }
      return made;
    });

/** A block of up to 4 intervals, 12 consumers and 4 producers, with everything that rules may want to be told. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    intervals: fc.integer({ min: 1, max: 4 }),
    n: fc.integer({ min: 0, max: 12 }),
    m: fc.integer({ min: 0, max: 4 }),
    byInterval: fc.boolean(),
  })
  .chain(({ intervals, n, m, byInterval }) =>
    fc.record({
      block: fc.record({
        intervals: fc.constant(intervals),
        consumers: fc.constant(ids('c', n)),
        producers: fc.constant(ids('p', m)),
        consumption: floats(energy(2 ** 46), intervals * n),
        production: floats(energy(2 ** 47), intervals * m),
      }),
      shares: fc.record({
        coefficients: coefficients(byInterval ? intervals : 1, n),
        pairs: coefficients((byInterval ? intervals : 1) * m, n),
        ranks: fc
          .array(fc.integer({ min: 1, max: 4 }), { minLength: n, maxLength: n })
          .map((values) => Int32Array.from(values)),
      }),
    }),
  );
