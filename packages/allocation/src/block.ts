/** What a community's points drew and fed in over a stretch of intervals, in the form that rules work on. */
import { DaiseeError } from '@daisee/units';
import { LARGEST, ROUNDER } from './exact-quotient.ts';

/**
 * A stretch of intervals. Energies are whole µWh of 0 or more, interval by interval: what consumer `i` drew in interval `t`
 * is `consumption[t * consumers.length + i]`. A point that takes no part in an interval has 0 there. The energies of all
 * consumers, and of all producers, of one interval add up to at most 2^50 µWh (1.1 GWh).
 */
export interface EnergyBlock {
  readonly intervals: number;
  /** Ascending, each once: where a rule leaves a remainder, ties go by this order. */
  readonly consumers: readonly string[];
  readonly producers: readonly string[];
  readonly consumption: Float64Array;
  readonly production: Float64Array;
}

/** What a rule is told besides the energies. Coefficients are whole millionths. */
export interface Shares {
  /** A coefficient for each consumer, the same in all intervals (`consumers`) or its own in each (`intervals × consumers`). */
  readonly coefficients?: Float64Array | undefined;
  /** A coefficient for each producer and consumer: `producers × consumers`, or `intervals × producers × consumers`. */
  readonly pairs?: Float64Array | undefined;
  /** Each consumer's place in the order; several may have the same. */
  readonly ranks?: Int32Array | undefined;
}

/** Who used whose energy, µWh in the layout of the block. */
export interface Allocation {
  /** What falls to each consumer by the rule before its consumption bounds it; `covered` itself where a rule has no such. */
  readonly share: Float64Array;
  /** What of each consumer's consumption comes from the community. */
  readonly covered: Float64Array;
  /** What each producer sold within the community. */
  readonly sold: Float64Array;
  /** What nobody in the community used of each producer's; sold + surplus = produced. */
  readonly surplus: Float64Array;
  /** Who used whose, `intervals × producers × consumers`; only of rules that say so. */
  readonly pairs?: Float64Array | undefined;
}

/** Thrown for energies or shares that no rule can work on. */
export class AllocationError extends DaiseeError {
  constructor(code: string, message: string, values: Readonly<Record<string, unknown>> = {}) {
    super({ code: `allocation.${code}`, message, retryable: false, values });
  }
}

const isEnergy = (value: number): boolean => value >= 0 && value + ROUNDER - ROUNDER === value;

/** Lists of ids that were found in order: the same list comes with every block of a community. */
const ordered = new WeakSet<readonly string[]>();

const checkIds = (what: string, ids: readonly string[]): void => {
  if (ordered.has(ids)) return;
  for (const [i, id] of ids.entries())
    if (i > 0 && (ids[i - 1] as string) >= id)
      throw new AllocationError(
        'order',
        `${what} must be ascending and each there once: "${ids[i - 1]}" comes before "${id}". Sort them.`,
        { before: ids[i - 1], after: id },
      );
  if (Object.isFrozen(ids)) ordered.add(ids);
};

const wrongInterval = (what: string, ids: readonly string[], energies: Float64Array, t: number): never => {
  const own = energies.subarray(t * ids.length, (t + 1) * ids.length);
  const i = own.findIndex((energy) => !(energy >= 0 && energy <= LARGEST && Number.isInteger(energy)));
  if (i >= 0)
    throw new AllocationError(
      'energy',
      `${what} of ${ids[i]} in interval ${t} cannot be ${own[i]}: expected whole µWh, 0 to 1.1 GWh.`,
      { point: ids[i], interval: t, energy: own[i] },
    );
  const sum = own.reduce((a, b) => a + b, 0);
  throw new AllocationError(
    'too-much',
    `${what} of interval ${t} adds up to ${sum} µWh: a community of more than 1.1 GWh in an interval is not foreseen. Check the unit (kWh, not Wh or W).`,
    { interval: t, sum },
  );
};

/** What all of them have in interval `t`, µWh. @throws AllocationError for an energy that cannot be */
export const checkedSum = (
  what: string,
  ids: readonly string[],
  energies: Float64Array,
  t: number,
): number => {
  const from = t * ids.length;
  const end = from + ids.length;
  let wrong = 0;
  // Four sums at a time: whole numbers add up to the same in any order, and the processor need not wait for each.
  let sum = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let i = from;
  for (; i + 3 < end; i += 4) {
    const a = energies[i] as number;
    const b = energies[i + 1] as number;
    const c = energies[i + 2] as number;
    const d = energies[i + 3] as number;
    if (!isEnergy(a) || !isEnergy(b) || !isEnergy(c) || !isEnergy(d)) wrong++;
    sum += a;
    second += b;
    third += c;
    fourth += d;
  }
  for (; i < end; i++) {
    const energy = energies[i] as number;
    if (!isEnergy(energy)) wrong++;
    sum += energy;
  }
  sum += second + third + fourth;
  if (wrong > 0 || sum > LARGEST) wrongInterval(what, ids, energies, t);
  return sum;
};

const checkLength = (what: string, intervals: number, width: number, length: number): void => {
  if (length < intervals * width)
    throw new AllocationError(
      'length',
      `${what} has ${length} values: ${intervals} intervals of ${width} points need ${intervals * width}.`,
    );
};

/** @throws AllocationError when it is no block: ids out of order, values missing */
export const checkShape = (block: EnergyBlock): void => {
  const { intervals, consumers, producers, consumption, production } = block;
  checkIds('Consumers', consumers);
  checkIds('Producers', producers);
  checkLength('Consumption', intervals, consumers.length, consumption.length);
  checkLength('Production', intervals, producers.length, production.length);
};
