import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Allocation, allocate, type EnergyBlock, ruleNamed, rules } from '../src/index.ts';
import { type Case, cases } from './reference/blocks.ts';
import { intervalOf, reference } from './reference/model.ts';

const part = (values: Float64Array, t: number, width: number): readonly number[] => [
  ...values.subarray(t * width, (t + 1) * width),
];
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const names = rules.map(({ name }) => name);

/** Every interval of every case, with what was allocated in it. */
const each = (
  name: string,
  check: (
    interval: ReturnType<typeof intervalsOf>[number],
    block: EnergyBlock,
    allocation: Allocation,
  ) => void,
): void => {
  const rule = ruleNamed(name);
  fc.assert(
    fc.property(cases, ({ block, shares }) => {
      const allocation = allocate(rule, block, shares);
      for (const interval of intervalsOf(block, allocation)) check(interval, block, allocation);
    }),
    { numRuns: 400 },
  );
};

const intervalsOf = (block: EnergyBlock, { share, covered, sold, surplus }: Allocation) => {
  const [n, m] = [block.consumers.length, block.producers.length];
  return Array.from({ length: block.intervals }, (_, t) => ({
    consumption: part(block.consumption, t, n),
    production: part(block.production, t, m),
    share: part(share, t, n),
    covered: part(covered, t, n),
    sold: part(sold, t, m),
    surplus: part(surplus, t, m),
  }));
};

describe.each(names)('%s', (name) => {
  const { resolution, needs } = ruleNamed(name);

  it('allocates nobody more than it consumed, and nothing below zero', () => {
    each(name, ({ consumption, covered, share }) => {
      expect(covered.every((energy, i) => energy >= 0 && energy <= (consumption[i] ?? 0))).toBe(true);
      expect(covered.every((energy, i) => energy <= (share[i] ?? 0))).toBe(true);
    });
  });

  it('allocates no more than was produced and consumed, up to what its country rounds', () => {
    each(name, ({ consumption, production, covered }) => {
      // Each of n shares may be rounded up by half a unit.
      const rounding = resolution === 1 ? 0 : (resolution / 2) * covered.length;
      expect(sum(covered)).toBeLessThanOrEqual(Math.min(sum(production) + rounding, sum(consumption)));
    });
  });

  it('sells and leaves over exactly what each producer produced', () => {
    each(name, ({ production, sold, surplus }) => {
      for (const [j, energy] of production.entries()) {
        expect((sold[j] ?? 0) + (surplus[j] ?? 0)).toBe(energy);
        expect(Math.min(sold[j] ?? 0, surplus[j] ?? 0)).toBeGreaterThanOrEqual(0);
      }
    });
  });

  it('is told sold what is allocated, up to what its country rounds', () => {
    each(name, ({ covered, sold, production }) => {
      const rounding = resolution === 1 ? 0 : resolution * (covered.length + production.length);
      expect(Math.abs(sum(sold) - sum(covered))).toBeLessThanOrEqual(rounding);
    });
  });

  it('gives what the rule gives in whole numbers of any size, to the last unit', () => {
    const rule = ruleNamed(name);
    fc.assert(
      fc.property(cases, ({ block, shares }) => {
        const allocation = intervalsOf(block, allocate(rule, block, shares));
        for (const [t, { share, covered, sold, surplus }] of allocation.entries()) {
          const expected = reference[name]?.(intervalOf(block, shares, t));
          expect({ share, covered, sold, surplus }).toEqual({
            share: expected?.share.map(Number),
            covered: expected?.covered.map(Number),
            sold: expected?.sold.map(Number),
            surplus: expected?.surplus.map(Number),
          });
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('is the same whatever comes before and after an interval', () => {
    const rule = ruleNamed(name);
    fc.assert(
      fc.property(cases, ({ block, shares }) => {
        const { consumers, producers, intervals } = block;
        const [n, m] = [consumers.length, producers.length];
        const whole = intervalsOf(block, allocate(rule, block, shares));
        const cut = (values: Float64Array | undefined, width: number, t: number) =>
          values && values.length === intervals * width ? values.slice(t * width, (t + 1) * width) : values;
        for (const [t, expected] of whole.entries()) {
          const alone: Case = {
            block: {
              ...block,
              intervals: 1,
              consumption: block.consumption.slice(t * n, (t + 1) * n),
              production: block.production.slice(t * m, (t + 1) * m),
            },
            shares: {
              ...shares,
              coefficients: cut(shares.coefficients, n, t),
              pairs: cut(shares.pairs, n * m, t),
            },
          };
          expect(intervalsOf(alone.block, allocate(rule, alone.block, alone.shares))).toEqual([expected]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('describes itself', () => {
    expect(ruleNamed(name)).toMatchObject({
      name,
      needs,
      title: expect.any(String),
      source: expect.any(String),
    });
    expect(name.includes('/')).toBe(ruleNamed(name).country !== undefined);
  });
});

describe('rules that share by need', () => {
  it.each(['fr/dynamic', 'ch/leg', 'equal', 'priority'])(
    '%s leaves nothing over that somebody needs',
    (name) => {
      each(name, ({ consumption, production, covered }) => {
        expect(sum(covered)).toBe(Math.min(sum(production), sum(consumption)));
      });
    },
  );

  it('in proportion: nobody is a whole unit away from its quota', () => {
    each('fr/dynamic', ({ consumption, production, covered }) => {
      const [produced, consumed] = [BigInt(sum(production)), BigInt(sum(consumption))];
      const shared = produced < consumed ? produced : consumed;
      for (const [i, energy] of covered.entries()) {
        const off = BigInt(energy) * consumed - shared * BigInt(consumption[i] ?? 0);
        expect(consumed === 0n || (off < consumed && -off < consumed)).toBe(true);
      }
    });
  });

  it('equal: who gets less than another by more than a unit has all it needs', () => {
    each('equal', ({ consumption, covered }) => {
      const most = Math.max(0, ...covered);
      for (const [i, energy] of covered.entries())
        expect(energy >= most - 1 || energy === consumption[i]).toBe(true);
    });
  });
});

describe('a block', () => {
  const block: EnergyBlock = {
    intervals: 1,
    consumers: ['a', 'b'],
    producers: ['p'],
    consumption: Float64Array.of(1, 2),
    production: Float64Array.of(1),
  };
  const rule = ruleNamed('fr/dynamic');

  it.each([
    [{ consumers: ['b', 'a'] }, /"b" comes before "a"/],
    [{ consumers: ['a', 'a'] }, /each there once/],
    [{ consumption: Float64Array.of(1) }, /1 values: 1 intervals of 2 points need 2/],
    [{ consumption: Float64Array.of(1, -2) }, /of b in interval 0 cannot be -2/],
    [{ consumption: Float64Array.of(1, 0.5) }, /cannot be 0.5: expected whole µWh/],
    [{ consumption: Float64Array.of(1, Number.NaN) }, /cannot be NaN/],
    [{ consumption: Float64Array.of(2 ** 50, 1) }, /Check the unit/],
    [{ production: Float64Array.of(2 ** 53) }, /1.1 GWh/],
  ])('is refused when it is wrong: %j', (wrong, message) => {
    expect(() => allocate(rule, { ...block, ...wrong })).toThrow(message);
  });

  it.each([
    ['fr/static', {}, /needs a coefficient for each consumer/],
    ['fr/static', { coefficients: Float64Array.of(1) }, /was given 1 coefficients: expected 2/],
    ['at/static', { coefficients: Float64Array.of(500_000, 500_002) }, /add up to 1.000002/],
    ['fr/full', { pairs: Float64Array.of(-1, 0) }, /cannot be -0.000001/],
    ['priority', {}, /needs the rank/],
  ])('%s refuses shares that cannot be: %j', (name, shares, message) => {
    expect(() => allocate(ruleNamed(name), block, shares)).toThrow(message);
  });

  it('names the rules that there are', () => {
    expect(() => ruleNamed('fr/dinamic')).toThrow(
      /There is no rule "fr\/dinamic". The rules are fr\/dynamic, /,
    );
  });
});
