/**
 * Austria, as the operators compute it (recomputed on communities that were published whole): the theoretical share is
 * rounded half up at 6 decimals of a kWh for each member alone, and not capped; covered is what the member uses of it.
 * Nobody is handed the remainder: the shares miss the production by a few millionths, and the surplus, the production less
 * what is covered, takes that up. It is never negative.
 *
 * Several producers: each keeps its part of the surplus in proportion to its production, again rounded half up alone.
 */
import { type Allocation, AllocationError, type EnergyBlock } from '../block.ts';
import { halfUpQuotient, QUOTIENT_ERROR, ROUNDER } from '../exact-quotient.ts';
import { coefficientsOf, type Rule, WHOLE } from './rule.ts';

/** µWh of a millionth of a kWh. */
const UNIT = 1000;

/** The same in whole numbers of any size, for energies that are no whole millionths of a kWh. */
const halfUpLong = (amount: number, weight: number, whole: number): number => {
  const divisor = 2n * BigInt(whole) * BigInt(UNIT);
  return Number((2n * BigInt(amount) * BigInt(weight) + divisor / 2n) / divisor) * UNIT;
};

/** µWh of `amount · weight / whole`, rounded half up to whole millionths of a kWh; `isEnergy`: weights are µWh, too. */
const exactly = (amount: number, weight: number, whole: number, isEnergy: boolean): number => {
  if (amount % UNIT !== 0) return halfUpLong(amount, weight, whole);
  if (!isEnergy) return halfUpQuotient(amount / UNIT, weight, whole) * UNIT;
  if (weight % UNIT !== 0 || whole % UNIT !== 0) return halfUpLong(amount, weight, whole);
  return halfUpQuotient(amount / UNIT, weight / UNIT, whole / UNIT) * UNIT;
};

/**
 * `amount · weight / whole` of each, rounded half up alone, into `share`, and the less of it and `need` into `covered`.
 * Returns what is covered of all. Nobody's weight is more than the whole.
 */
const roundAndCover = (
  amount: number,
  weights: Float64Array,
  first: number,
  whole: number,
  isEnergy: boolean,
  needs: Float64Array,
  from: number,
  length: number,
  share: Float64Array,
  covered: Float64Array,
): number => {
  const each = amount / whole / UNIT;
  // Rounded to nearest here, halves to even. What is nearer to a half than the error of a quota is rounded exactly.
  const half = 0.5 - (amount / UNIT + 1) * QUOTIENT_ERROR;
  const end = from + length;
  const shift = first - from;
  // Two at a time, so that the processor need not wait for each.
  let used = 0;
  let alsoUsed = 0;
  let i = from;
  for (; i + 1 < end; i += 2) {
    const weight = weights[shift + i] as number;
    const nextWeight = weights[shift + i + 1] as number;
    const quota = weight * each;
    const nextQuota = nextWeight * each;
    const units = quota + ROUNDER - ROUNDER;
    const nextUnits = nextQuota + ROUNDER - ROUNDER;
    let part = units * UNIT;
    let nextPart = nextUnits * UNIT;
    if (Math.abs(quota - units) > half) part = exactly(amount, weight, whole, isEnergy);
    if (Math.abs(nextQuota - nextUnits) > half) nextPart = exactly(amount, nextWeight, whole, isEnergy);
    const energy = Math.min(part, needs[i] as number);
    const nextEnergy = Math.min(nextPart, needs[i + 1] as number);
    share[i] = part;
    share[i + 1] = nextPart;
    covered[i] = energy;
    covered[i + 1] = nextEnergy;
    used += energy;
    alsoUsed += nextEnergy;
  }
  if (i < end) {
    const weight = weights[shift + i] as number;
    const part = exactly(amount, weight, whole, isEnergy);
    const energy = Math.min(part, needs[i] as number);
    share[i] = part;
    covered[i] = energy;
    used += energy;
  }
  return used + alsoUsed;
};

/** What is left of the production after what is covered, and what each producer has of it. */
const splitSurplus = (
  { producers, production }: EnergyBlock,
  { sold, surplus }: Allocation,
  t: number,
  produced: number,
  covered: number,
): void => {
  const left = Math.max(0, produced - covered);
  const width = producers.length;
  const from = t * width;
  // One that produced alone keeps the surplus as it is; several have their parts, rounded, and none more than it produced:
  // half a unit up may be more than a producer of less than that has.
  const isAlone = production.subarray(from, from + width).includes(produced);
  if (left === 0 || isAlone) surplus.fill(0, from, from + width);
  else roundAndCover(left, production, from, produced, true, production, from, width, sold, surplus);
  for (let j = from; j < from + width; j++) {
    const energy = production[j] as number;
    if (isAlone && energy > 0) surplus[j] = left;
    sold[j] = energy - (surplus[j] as number);
  }
};

/** Shares one interval out by weights, and splits what is left. */
const shareInterval = (
  block: EnergyBlock,
  into: Allocation,
  t: number,
  produced: number,
  weights: Float64Array,
  first: number,
  whole: number,
  isEnergy: boolean,
): void => {
  const { consumers, consumption } = block;
  const { share, covered } = into;
  const width = consumers.length;
  const from = t * width;
  let used = 0;
  if (produced > 0 && whole > 0)
    used = roundAndCover(produced, weights, first, whole, isEnergy, consumption, from, width, share, covered);
  else {
    share.fill(0, from, from + width);
    covered.fill(0, from, from + width);
  }
  splitSurplus(block, into, t, produced, used);
};

const prepareDynamic: Rule['prepare'] = (block, _shares, into) => {
  const { consumers, consumption } = block;
  return (t, consumed, produced) =>
    shareInterval(block, into, t, produced, consumption, t * consumers.length, consumed, true);
};

const prepareStatic: Rule['prepare'] = (block, { coefficients }, into) => {
  const { values, stride, sums, sumStride } = coefficientsOf('at/static', coefficients, block, 1);
  return (t, _consumed, produced) => {
    const whole = Math.max(WHOLE, sums[t * sumStride] as number);
    shareInterval(block, into, t, produced, values, t * stride, whole, false);
  };
};

export const atDynamic: Rule = {
  name: 'at/dynamic',
  title: 'Austria: dynamic, in proportion to the consumption of the quarter of an hour',
  country: 'AT',
  since: '2021-07-28',
  source: 'ElWOG 2010 § 16d–e and EAG; rounding as recomputed on operators’ own results',
  needs: 'nothing',
  resolution: UNIT,
  hasShare: true,
  prepare: prepareDynamic,
};

export const atStatic: Rule = {
  name: 'at/static',
  title: 'Austria: static, a fixed part of the production for each',
  country: 'AT',
  since: '2021-07-28',
  source: 'ElWOG 2010 § 16d–e and EAG; an unused share becomes surplus',
  needs: 'coefficients',
  resolution: UNIT,
  hasShare: true,
  prepare: prepareStatic,
};

/**
 * What a point brings into a community by its participation factor, in percent (since 8 April 2024 a point may be in up to
 * five communities): energy · factor / 100, half up at 6 decimals of a kWh; all of it at 100.
 * @throws AllocationError for a factor that is no whole percentage
 */
export const participating = (energy: number, factor: number): number => {
  if (!(Number.isInteger(factor) && factor >= 1 && factor <= 100))
    throw new AllocationError(
      'factor',
      `A participation factor cannot be ${factor}: expected a whole percentage from 1 to 100.`,
      { factor },
    );
  if (factor === 100) return energy;
  return halfUpQuotient(energy, factor, 100 * UNIT) * UNIT;
};
