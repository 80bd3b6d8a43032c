/** What a rule of sharing is, and what all of them do alike. */
import { type Allocation, AllocationError, type EnergyBlock, type Shares } from '../block.ts';
import { shareOut } from '../largest-remainder.ts';

/** What a rule needs to be told besides the energies. */
export type Need = 'nothing' | 'coefficients' | 'coefficients by interval' | 'pairs' | 'ranks';

/**
 * Shares interval `t` out. @param consumed what all consumers drew in it, µWh @param produced what all producers fed in
 */
type ShareInterval = (t: number, consumed: number, produced: number) => void;

/** A rule describes itself: its name, where and from when on it is in force, and what it needs. */
export interface Rule {
  /** `fr/dynamic`: country and name; a name alone where it is ours. */
  readonly name: string;
  readonly title: string;
  /** ISO 3166; undefined for a rule of ours. */
  readonly country?: string | undefined;
  /** The first day on which it is the rule of that country, `2021-07-28`. */
  readonly since?: string | undefined;
  /** Where the rule is written. */
  readonly source: string;
  readonly needs: Need;
  /** Whether the coefficients must add up to one; else the rest of the production is surplus. */
  readonly whole?: boolean | undefined;
  /** µWh: what it gives out are multiples of it. */
  readonly resolution: 1 | 1000;
  /**
   * Makes the function that shares one interval of a block out and writes every value of it in `into`.
   * @throws AllocationError when what the rule needs is not there
   */
  readonly prepare: (block: EnergyBlock, shares: Shares, into: Allocation) => ShareInterval;
  /** Whether a consumer's share is another thing than what it is covered. */
  readonly hasShare: boolean;
  /** Whether it says who used whose. */
  readonly hasPairs?: boolean | undefined;
}

/** One, in the unit of coefficients. */
export const WHOLE = 1_000_000;

/** By how much coefficients may miss one: what rounding to 6 decimals leaves. */
export const WHOLE_WITHIN = 1;

/**
 * Room for a block's allocation by a rule: `before` where it has that room, else new. `share` is `covered` itself where the
 * rule has no such.
 */
export const roomFor = (
  { hasShare, hasPairs = false }: Rule,
  { intervals, consumers, producers }: EnergyBlock,
  before: Allocation | undefined,
): Allocation => {
  const [own, others] = [intervals * consumers.length, intervals * producers.length];
  if (
    before?.covered.length === own &&
    before.sold.length === others &&
    (before.share !== before.covered) === hasShare &&
    (before.pairs !== undefined) === hasPairs
  )
    return before;
  const covered = new Float64Array(own);
  return {
    share: hasShare ? new Float64Array(own) : covered,
    covered,
    sold: new Float64Array(others),
    surplus: new Float64Array(others),
    pairs: hasPairs ? new Float64Array(others * consumers.length) : undefined,
  };
};

/** The sum of `length` values from `from` on. */
export const sumOf = (values: Float64Array, from: number, length: number): number => {
  let sum = 0;
  for (let i = from; i < from + length; i++) sum += values[i] as number;
  return sum;
};

/**
 * Splits what was sold in interval `t` over the producers in proportion to what they produced, largest remainder; the rest
 * of each is its surplus. @param produced what all of them produced, at least `sold`
 */
export const splitOverProducers = (
  block: EnergyBlock,
  allocation: Allocation,
  t: number,
  sold: number,
  produced: number,
): void => {
  const { production, producers } = block;
  const width = producers.length;
  const from = t * width;
  const end = from + width;
  const { sold: parts, surplus } = allocation;
  if (sold === 0 || sold === produced) {
    const [whole, none] = sold === 0 ? [surplus, parts] : [parts, surplus];
    for (let j = from; j < end; j++) {
      whole[j] = production[j] as number;
      none[j] = 0;
    }
    return;
  }
  shareOut(sold, production, from, width, produced, produced, parts, from);
  for (let j = from; j < end; j++) surplus[j] = (production[j] as number) - (parts[j] as number);
};

/** Coefficients as a rule reads them. */
export interface Coefficients {
  readonly values: Float64Array;
  /** How far apart those of two intervals are; 0 where all intervals have the same. */
  readonly stride: number;
  /** The sum of each group of consumers: of each interval, or of each producer in it. */
  readonly sums: Float64Array;
  /** How far apart the sums of two intervals are. */
  readonly sumStride: number;
}

/** The sum of each `width` coefficients. @throws AllocationError where one, or a sum, cannot be */
const checkedSums = (rule: string, values: Float64Array, width: number): Float64Array => {
  const sums = new Float64Array(width === 0 ? 1 : values.length / width);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!(value >= 0 && Math.floor(value) === value))
      throw new AllocationError(
        'coefficient',
        `A coefficient of ${rule} cannot be ${value / WHOLE}: expected 0 to 1 with at most 6 decimals.`,
        { coefficient: value / WHOLE },
      );
  }
  for (let k = 0; k < sums.length; k++) {
    const sum = sumOf(values, k * width, width);
    if (sum > WHOLE + WHOLE_WITHIN)
      throw new AllocationError(
        'coefficients',
        `The coefficients of ${rule} add up to ${sum / WHOLE}: more than there is would be given. Make them 1 or less.`,
        { sum: sum / WHOLE },
      );
    sums[k] = sum;
  }
  return sums;
};

/**
 * The coefficients that a rule was given: `groups` times one for each consumer, the same in all intervals or for each.
 * @throws AllocationError
 */
export const coefficientsOf = (
  rule: string,
  given: Float64Array | undefined,
  { intervals, consumers }: EnergyBlock,
  groups: number,
): Coefficients => {
  const width = groups * consumers.length;
  if (!given)
    throw new AllocationError('no-shares', `${rule} needs a coefficient for each consumer: give its shares.`);
  if (given.length !== width && given.length !== intervals * width)
    throw new AllocationError(
      'length',
      `${rule} was given ${given.length} coefficients: expected ${width}, or ${width} for each of ${intervals} intervals.`,
    );
  const isConstant = given.length === width;
  return {
    values: given,
    stride: isConstant ? 0 : width,
    sums: checkedSums(rule, given, consumers.length),
    sumStride: isConstant ? 0 : groups,
  };
};
