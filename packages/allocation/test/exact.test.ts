import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floorQuotient, halfUpQuotient, LARGEST, remainderOf } from '../src/exact-quotient.ts';
import { shareOut } from '../src/index.ts';
import { largestRemainder } from './reference/model.ts';

const TOP = LARGEST - 1;
/** Whole numbers of every size, often powers of two and their neighbours. */
const whole = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.maxSafeInteger().map((n) => Math.abs(n) % LARGEST),
  fc
    .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: -2, max: 2 }))
    .map(([power, off]) => Math.min(TOP, Math.max(0, 2 ** power + off))),
);
const fractions = fc.tuple(whole, whole, whole).map((values) => {
  // A part of a whole, as shares are: the quotient is no larger than the amount.
  const [weight = 0, divisor = 0] = [values[1], values[2]].toSorted((a, b) => a - b);
  return { amount: values[0], weight, divisor: Math.max(1, divisor) };
});

describe('an exact quotient', () => {
  it('is the whole part, to the last unit, up to the largest amounts', () => {
    fc.assert(
      fc.property(fractions, ({ amount, weight, divisor }) => {
        const product = BigInt(amount) * BigInt(weight);
        const q = floorQuotient(amount, weight, divisor);
        expect(BigInt(q)).toBe(product / BigInt(divisor));
        expect(BigInt(remainderOf(amount, weight, q, divisor))).toBe(product % BigInt(divisor));
      }),
      { numRuns: 20_000 },
    );
  });

  it('rounds exact halves up', () => {
    fc.assert(
      fc.property(fractions, ({ amount, weight, divisor }) => {
        const expected = (2n * BigInt(amount) * BigInt(weight) + BigInt(divisor)) / (2n * BigInt(divisor));
        expect(BigInt(halfUpQuotient(amount, weight, divisor))).toBe(expected);
      }),
      { numRuns: 20_000 },
    );
    expect(halfUpQuotient(1, 1, 2)).toBe(1);
    expect(halfUpQuotient(TOP, TOP, TOP)).toBe(TOP);
  });
});

const shared = (amount: number, weights: readonly number[], total?: number): readonly bigint[] => {
  const given = Float64Array.from(weights);
  const sum = weights.reduce((a, b) => a + b, 0);
  const out = new Float64Array(weights.length);
  shareOut(amount, given, 0, given.length, sum, total ?? Math.max(1, sum), out, 0);
  return [...out].map(BigInt);
};
const expected = (amount: number, weights: readonly number[], total?: number): readonly bigint[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return largestRemainder(BigInt(amount), weights.map(BigInt), BigInt(total ?? Math.max(1, sum)));
};

describe('sharing out by largest remainder', () => {
  it.each([
    [1, [1, 1, 1], [1, 0, 0]],
    [10, [1, 2, 3], [2, 3, 5]],
    [100, [0, 1, 0, 2], [0, 33, 0, 67]],
    [7, [], []],
    [0, [5, 5], [0, 0]],
  ])('gives of %d to %j: %j', (amount, weights, result) => {
    expect(shared(amount, weights)).toEqual(result.map(BigInt));
  });

  it('gives what it gives in whole numbers of any size, for any amount and weights', () => {
    const weights = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.constant(2 ** 39 - 1),
      ),
      { minLength: 1, maxLength: 300, size: 'max' },
    );
    fc.assert(
      fc.property(whole, weights, (amount, given) => {
        expect(shared(amount, given)).toEqual(expected(amount, given));
      }),
      { numRuns: 2000 },
    );
  });

  it('tells remainders apart that differ by one in 2^50', () => {
    // Quotas of a·w/W whose fractions lie around the ends of the buckets that pick the largest.
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1024 }),
        fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 200 }),
        fc.integer({ min: 0, max: 10 }),
        (bucket, offsets, more) => {
          const total = 2 ** 49;
          const weights = offsets.map((offset) => Math.max(0, (total / 1024) * bucket + offset));
          const sum = weights.reduce((a, b) => a + b, 0);
          if (sum > LARGEST) return;
          const all = Math.max(total, sum);
          expect(shared(1 + more, weights, all)).toEqual(expected(1 + more, weights, all));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('shares out millions of µWh among thousands of homes that are all alike, or nearly', () => {
    const homes = Array.from({ length: 5000 }, (_, i) => 250_000_000 + (i % 7 === 0 ? i % 3 : 0));
    expect(shared(987_654_321_987, homes)).toEqual(expected(987_654_321_987, homes));
  });

  it('keeps what is left where the weights are less than the whole', () => {
    expect(shared(10, [1, 1], 4)).toEqual([3n, 2n]);
  });
});
