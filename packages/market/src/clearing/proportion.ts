/** Sharing whole amounts out by largest remainder; of equal remainders the first by id comes first. */

/** The order in which equal ones come: by the codes of their characters, the same everywhere. */
const before = (a: string, b: string): number => {
  if (a < b) return -1;
  return a > b ? 1 : 0;
};

interface Part {
  readonly index: number;
  readonly remainder: bigint;
  readonly denominator: bigint;
}

const largestFirst =
  (ids: readonly string[]) =>
  (a: Part, b: Part): number => {
    const first = a.remainder * b.denominator;
    const second = b.remainder * a.denominator;
    if (first === second) return before(ids[a.index] ?? '', ids[b.index] ?? '');
    return first > second ? -1 : 1;
  };

/**
 * `amount` in proportion to `weights`, whole, together exactly `amount`. Nobody without weight gets anything.
 * @param sum of the weights, above 0
 */
export const inProportion = (
  amount: bigint,
  weights: readonly bigint[],
  sum: bigint,
  ids: readonly string[],
): readonly bigint[] => {
  if (amount === sum) return weights;
  let given = 0n;
  const parts: Part[] = [];
  const shares = weights.map((weight, index) => {
    const product = amount * weight;
    const units = product / sum;
    given += units;
    parts.push({ index, remainder: product - units * sum, denominator: sum });
    return units;
  });
  // Fewer units are left than there are parts with a remainder.
  for (const { index } of parts.sort(largestFirst(ids)).slice(0, Number(amount - given)))
    shares[index] = (shares[index] as bigint) + 1n;
  return shares;
};

/** What somebody is owed exactly, as a fraction of whole numbers. */
export interface Owed {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Whole numbers up to which doubles are exact. */
const EXACT = 2n ** 53n;

/** The places of the `count` largest remainders of one denominator. */
const largestOf = (remainders: Float64Array, count: number, ids: readonly string[]): readonly number[] => {
  const least = remainders.toSorted()[remainders.length - count] ?? 0;
  const chosen: number[] = [];
  const equal: number[] = [];
  for (const [i, remainder] of remainders.entries())
    if (remainder > least) chosen.push(i);
    else if (remainder === least) equal.push(i);
  equal.sort((a, b) => before(ids[a] ?? '', ids[b] ?? ''));
  return [...chosen, ...equal.slice(0, count - chosen.length)];
};

/**
 * Pays `total` out to those who are owed all of it but for what rounding added: to each the whole part of what it is owed,
 * and the units that are left in equal parts, single ones by largest remainder. `total` must be at least the sum of the whole
 * parts.
 */
export const payOut = (total: bigint, owed: readonly Owed[], ids: readonly string[]): readonly bigint[] => {
  let given = 0n;
  const denominator = owed[0]?.denominator ?? 1n;
  let isCommon = denominator <= EXACT;
  const parts: Part[] = [];
  const paid = owed.map((one, index) => {
    const units = one.numerator / one.denominator;
    given += units;
    isCommon &&= one.denominator === denominator;
    parts.push({
      index,
      remainder: one.numerator - units * one.denominator,
      denominator: one.denominator,
    });
    return units;
  });
  const left = total - given;
  if (left === 0n || paid.length === 0) return paid;
  const each = left / BigInt(paid.length);
  if (each > 0n) for (const [k, units] of paid.entries()) paid[k] = units + each;
  const single = Number(left % BigInt(paid.length));
  if (single === 0) return paid;
  const largest = isCommon
    ? largestOf(
        Float64Array.from(parts, ({ remainder }) => Number(remainder)),
        single,
        ids,
      )
    : parts
        .sort(largestFirst(ids))
        .slice(0, single)
        .map(({ index }) => index);
  for (const k of largest) paid[k] = (paid[k] as bigint) + 1n;
  return paid;
};
