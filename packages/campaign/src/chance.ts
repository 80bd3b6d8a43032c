/**
 * Seeded randomness that can be repeated: the generator sfc32 (Chris Doty-Humphrey, PractRand), begun from a hash of
 * the seed and a name, so that each fault draws its own numbers whatever the others drew before it.
 */
import { createHash } from 'node:crypto';
import type { Chance } from './doors.ts';

/** A stream of random numbers for `name`; the same for the same seed and name. */
export const createChance = (seed: number, name: string): Chance => {
  const start = createHash('sha256').update(`${seed} ${name}`).digest();
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => start.readInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    whole,
    pick: (from) => from[whole(0, from.length - 1)] ?? from[0],
  };
};

/** The items in a random order (Fisher and Yates), the list itself untouched. */
export const shuffled = <T>(items: readonly T[], chance: Chance): T[] => {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(chance.whole(0, left.length - 1), 1));
  return order;
};
