import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChance, shuffled } from '../src/chance.ts';
import type { Fault } from '../src/doors.ts';
import { allFaults } from '../src/faults/faults.ts';
import { type Step, schedule } from '../src/schedule.ts';

const first = (seed: number, count: number, faults: readonly Fault[] = allFaults): Step[] => {
  const steps: Step[] = [];
  for (const step of schedule(faults, seed)) {
    steps.push(step);
    if (steps.length === count) break;
  }
  return steps;
};

const outline = (steps: readonly Step[]) =>
  steps.map(({ number, strikes, quiet }) => ({
    number,
    quiet,
    strikes: strikes.map(({ fault, lag, chance }) => [fault.name, lag, chance.next()]),
  }));

describe('chance', () => {
  it('is the same for the same seed and name, and another for another', () => {
    const draw = (seed: number, name: string) => {
      const chance = createChance(seed, name);
      return Array.from({ length: 5 }, () => chance.next());
    };
    expect(draw(1, 'a')).toEqual(draw(1, 'a'));
    expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
    expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
  });

  it('keeps to its bounds and reaches them', () => {
    const chance = createChance(7, 'bounds');
    const drawn = Array.from({ length: 2000 }, () => chance.whole(-2, 2));
    expect(new Set(drawn)).toEqual(new Set([-2, -1, 0, 1, 2]));
    for (let time = 0; time < 2000; time++) {
      const value = chance.between(3, 4);
      expect(value >= 3 && value < 4).toBe(true);
    }
  });

  it('shuffles without losing anything', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
        const order = shuffled(items, createChance(seed, 'order'));
        expect(order.toSorted((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('the schedule', () => {
  it('is the same for the same seed', () => {
    expect(outline(first(42, 60))).toEqual(outline(first(42, 60)));
    expect(outline(first(42, 60))).not.toEqual(outline(first(43, 60)));
  });

  it('strikes every fault as often as it weighs before it begins anew', () => {
    const cards = allFaults.reduce((sum, { weight }) => sum + weight, 0);
    const names = first(5, cards * 2).flatMap(({ strikes }) => strikes.map(({ fault }) => fault.name));
    for (const { name, weight } of allFaults)
      expect(names.slice(0, cards).filter((one) => one === name).length, name).toBe(weight);
  });

  it('sometimes lets two overlap, never those that need the lab alone', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const steps = first(seed, 150);
        const doubles = steps.filter(({ strikes }) => strikes.length === 2);
        expect(doubles.length).toBeGreaterThan(0);
        for (const { strikes } of doubles) {
          expect(strikes.some(({ fault }) => fault.alone)).toBe(false);
          expect(strikes[0]?.fault.name).not.toBe(strikes[1]?.fault.name);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('goes on with a single fault', () => {
    const [only] = allFaults;
    expect(only && first(1, 5, [only]).every(({ strikes }) => strikes[0]?.fault === only)).toBe(true);
  });
});

describe('the faults', () => {
  it('have names of their own, and laws that they try', () => {
    expect(new Set(allFaults.map(({ name }) => name)).size).toBe(allFaults.length);
    for (const { name, tries, weight } of allFaults) {
      expect(tries.length, name).toBeGreaterThan(0);
      expect(Number.isInteger(weight) && weight > 0, name).toBe(true);
    }
  });
});
