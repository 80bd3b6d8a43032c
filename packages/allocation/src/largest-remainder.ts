/**
 * Shares a whole amount out in proportion to weights, by the method of largest remainders (Hamilton's): each gets the whole
 * part of its quota, and the units that are left go, one each, to the largest remainders; of equal ones the first in order
 * comes first.
 */
import { floorQuotient, QUOTIENT_ERROR, remainderOf } from './exact-quotient.ts';

const BUCKETS = 256;
const counts = new Int32Array(BUCKETS);

/** Room that grows with what is asked of it. */
const createRoom = (): ((length: number) => Float64Array) => {
  let room = new Float64Array(0);
  return (length) => {
    if (room.length < length) room = new Float64Array(Math.max(length, 2 * room.length));
    return room;
  };
};
const fractionsRoom = createRoom();
const candidatesRoom = createRoom();
const remaindersRoom = createRoom();
const sortedRoom = createRoom();

/**
 * Gives one unit more to the `left` largest remainders. `counts` has how many fractions lie in each bucket. `fractions` are the remainders as parts of one, each within
 * `error` of the exact one: they decide who is certainly in and certainly out, and exact remainders decide the rest.
 *
 * Who is certainly in: let the bucket in which the `left`-th largest fraction lies end at `top`. Whoever has a fraction
 * above `top + 2·error` has an exact one above `top + error`; whoever has one as large has a fraction above `top`, and of
 * those there are fewer than `left`. The same from below for who is certainly out.
 */
const giveUnits = (
  left: number,
  fractions: Float64Array,
  error: number,
  amount: number,
  weights: Float64Array,
  from: number,
  length: number,
  whole: number,
  out: Float64Array,
  to: number,
): void => {
  let above = 0;
  let bucket = BUCKETS - 1;
  while (bucket > 0 && above + (counts[bucket] as number) < left) above += counts[bucket--] as number;
  const high = (bucket + 1) / BUCKETS + 2 * error;
  const low = bucket / BUCKETS - 2 * error;

  const candidates = candidatesRoom(length);
  const remainders = remaindersRoom(length);
  let count = 0;
  let rest = left;
  for (let i = 0; i < length; i++) {
    const fraction = fractions[i] as number;
    if (fraction < low) continue;
    const j = to + i;
    if (fraction > high) {
      out[j] = (out[j] as number) + 1;
      rest--;
    } else {
      candidates[count] = i;
      remainders[count++] = remainderOf(amount, weights[from + i] as number, out[j] as number, whole);
    }
  }
  const sorted = sortedRoom(count).subarray(0, count);
  sorted.set(remainders.subarray(0, count));
  sorted.sort();
  const least = sorted[count - rest] as number;
  // First all that are larger than the last one that gets a unit, then, in order, those that equal it.
  for (let k = 0; k < count; k++)
    if ((remainders[k] as number) > least) {
      const j = to + (candidates[k] as number);
      out[j] = (out[j] as number) + 1;
      rest--;
    }
  for (let k = 0; rest > 0; k++)
    if (remainders[k] === least) {
      const j = to + (candidates[k] as number);
      out[j] = (out[j] as number) + 1;
      rest--;
    }
};

/**
 * Shares `amount` out: `out[to + i]` becomes `amount · weights[from + i] / whole`, whole, and all together the whole part
 * of `amount · Σ weights / whole`. Nobody without weight gets anything. Weights, their sum, `amount` and `whole` are whole
 * numbers of 0 or more below 2^50, and Σ weights ≤ `whole`; `whole` is above 0. `out` is another array than `weights`.
 * @param sum Σ weights
 */
export const shareOut = (
  amount: number,
  weights: Float64Array,
  from: number,
  length: number,
  sum: number,
  whole: number,
  out: Float64Array,
  to: number,
): void => {
  const fractions = fractionsRoom(length);
  const each = amount / whole;
  // The error of the largest quota bounds that of all.
  const error = Math.max(each * sum, 1) * QUOTIENT_ERROR;
  const top = 1 - error;
  counts.fill(0);
  let given = 0;
  for (let i = 0; i < length; i++) {
    const weight = weights[from + i] as number;
    const quota = weight * each;
    let units = Math.floor(quota);
    let fraction = quota - units;
    if ((fraction <= error || fraction >= top) && weight !== 0) {
      units = floorQuotient(amount, weight, whole);
      fraction = remainderOf(amount, weight, units, whole) / whole;
      // A remainder just below `whole` may round to one, which has no bucket.
      if (fraction >= 1) fraction = top;
    }
    fractions[i] = fraction;
    const bucket = (fraction * BUCKETS) | 0;
    counts[bucket] = (counts[bucket] as number) + 1;
    out[to + i] = units;
    given += units;
  }
  const left = (sum === whole ? amount : floorQuotient(amount, sum, whole)) - given;
  if (left > 0) giveUnits(left, fractions, error, amount, weights, from, length, whole, out, to);
};
