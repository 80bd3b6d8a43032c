/**
 * The rules once more, as one would write them down: whole numbers of any size, one interval at a time. What the fast ones
 * give must be this, to the last unit.
 */
import type { EnergyBlock, Shares } from '../../src/index.ts';

export interface Result {
  readonly share: readonly bigint[];
  readonly covered: readonly bigint[];
  readonly sold: readonly bigint[];
  readonly surplus: readonly bigint[];
}

export interface Interval {
  readonly consumption: readonly bigint[];
  readonly production: readonly bigint[];
  /** Millionths. */
  readonly coefficients: readonly bigint[];
  /** By producer. */
  readonly pairs: readonly (readonly bigint[])[];
  readonly ranks: readonly number[];
}

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** `amount · weight / whole` for each, by largest remainder. */
export const largestRemainder = (
  amount: bigint,
  weights: readonly bigint[],
  whole: bigint,
): readonly bigint[] => {
  const parts = weights.map((weight, i) => ({
    i,
    units: (amount * weight) / whole,
    remainder: (amount * weight) % whole,
  }));
  let left = Number((amount * sum(weights)) / whole - sum(parts.map(({ units }) => units)));
  const sorted = parts.toSorted((a, b) =>
    a.remainder === b.remainder ? a.i - b.i : a.remainder > b.remainder ? -1 : 1,
  );
  for (const part of sorted) if (left-- > 0) part.units++;
  return parts.map(({ units }) => units);
};

const halfUp = (amount: bigint, weight: bigint, whole: bigint, unit: bigint): bigint =>
  ((2n * amount * weight + whole * unit) / (2n * whole * unit)) * unit;

const split = (
  production: readonly bigint[],
  covered: readonly bigint[],
): Pick<Result, 'sold' | 'surplus'> => {
  const produced = sum(production);
  const sold = produced === 0n ? production : largestRemainder(sum(covered), production, produced);
  return { sold, surplus: production.map((energy, j) => energy - (sold[j] ?? 0n)) };
};

const proportional = ({ consumption, production }: Interval): Result => {
  const shared = least(sum(consumption), sum(production));
  const covered =
    shared === 0n ? consumption.map(() => 0n) : largestRemainder(shared, consumption, sum(consumption));
  return { share: covered, covered, ...split(production, covered) };
};

const coefficients = ({ consumption, production, coefficients: given }: Interval): Result => {
  const share = largestRemainder(sum(production), given, most(1_000_000n, sum(given)));
  const covered = share.map((energy, i) => least(energy, consumption[i] ?? 0n));
  return { share, covered, ...split(production, covered) };
};

const austrian = (interval: Interval, share: readonly bigint[]): Result => {
  const { consumption, production } = interval;
  const covered = share.map((energy, i) => least(energy, consumption[i] ?? 0n));
  const produced = sum(production);
  const left = most(0n, produced - sum(covered));
  const isAlone = production.filter((energy) => energy > 0n).length === 1;
  const surplus = production.map((energy) =>
    produced === 0n || energy === 0n
      ? 0n
      : isAlone
        ? left
        : least(energy, halfUp(left, energy, produced, 1000n)),
  );
  return { share, covered, surplus, sold: production.map((energy, j) => energy - (surplus[j] ?? 0n)) };
};

export const reference: Readonly<Record<string, (interval: Interval) => Result>> = {
  'fr/dynamic': proportional,
  'ch/leg': proportional,
  'fr/static': coefficients,
  'fr/organiser': coefficients,
  'es/coefficients': coefficients,
  'fr/full': ({ consumption, production, pairs }) => {
    const given = production.map((energy, j) => {
      const own = pairs[j] ?? [];
      return largestRemainder(energy, own, most(1_000_000n, sum(own)));
    });
    const share = consumption.map((_, i) => sum(given.map((row) => row[i] ?? 0n)));
    const used = given.map((row) => [...row]);
    for (const [i, consumed] of consumption.entries()) {
      const column = given.map((row) => row[i] ?? 0n);
      if (sum(column) <= consumed) continue;
      for (const [j, energy] of largestRemainder(consumed, column, sum(column)).entries())
        (used[j] as bigint[])[i] = energy;
    }
    const sold = used.map((row) => sum(row));
    return {
      share,
      covered: share.map((energy, i) => least(energy, consumption[i] ?? 0n)),
      sold,
      surplus: production.map((energy, j) => energy - (sold[j] ?? 0n)),
    };
  },
  'at/dynamic': (interval) => {
    const [produced, consumed] = [sum(interval.production), sum(interval.consumption)];
    return austrian(
      interval,
      interval.consumption.map((energy) =>
        consumed === 0n ? 0n : halfUp(produced, energy, consumed, 1000n),
      ),
    );
  },
  'at/static': (interval) => {
    const whole = most(1_000_000n, sum(interval.coefficients));
    const produced = sum(interval.production);
    return austrian(
      interval,
      interval.coefficients.map((coefficient) => halfUp(produced, coefficient, whole, 1000n)),
    );
  },
  equal: ({ consumption, production }) => {
    // A unit at a time would do; whole rounds of them are faster: give all that still need something the same.
    const covered = consumption.map(() => 0n);
    let rest = least(sum(consumption), sum(production));
    while (rest > 0n) {
      const needy = consumption.flatMap((need, i) => (need > (covered[i] ?? 0n) ? [i] : []));
      const smallest = needy.reduce(
        (a, i) => least(a, (consumption[i] ?? 0n) - (covered[i] ?? 0n)),
        rest / BigInt(needy.length),
      );
      const each = most(1n, smallest);
      for (const i of needy) {
        if (rest === 0n) break;
        covered[i] = (covered[i] ?? 0n) + each;
        rest -= each;
      }
    }
    return { share: covered, covered, ...split(production, covered) };
  },
  priority: ({ consumption, production, ranks }) => {
    const covered = consumption.map(() => 0n);
    let rest = sum(production);
    for (const rank of [...new Set(ranks)].toSorted((a, b) => a - b)) {
      const group = consumption.flatMap((_, i) => (ranks[i] === rank ? [i] : []));
      const needs = group.map((i) => consumption[i] ?? 0n);
      const given = least(rest, sum(needs));
      if (given === 0n) continue;
      for (const [k, energy] of largestRemainder(given, needs, sum(needs)).entries())
        covered[group[k] as number] = energy;
      rest -= given;
    }
    return { share: covered, covered, ...split(production, covered) };
  },
};

const slice = (values: Float64Array | undefined, from: number, length: number): readonly bigint[] =>
  values ? [...values.subarray(from, from + length)].map(BigInt) : [];

/** An interval of a block as the reference takes it. */
export const intervalOf = (block: EnergyBlock, shares: Shares, t: number): Interval => {
  const { consumers, producers, intervals } = block;
  const [n, m] = [consumers.length, producers.length];
  const { coefficients: given, pairs, ranks } = shares;
  const pairsFrom = pairs && pairs.length === intervals * n * m && intervals > 1 ? t * n * m : 0;
  return {
    consumption: slice(block.consumption, t * n, n),
    production: slice(block.production, t * m, m),
    coefficients: slice(given, given?.length === n ? 0 : t * n, n),
    pairs: Array.from({ length: m }, (_, j) => slice(pairs, pairsFrom + j * n, n)),
    ranks: [...(ranks ?? [])],
  };
};
