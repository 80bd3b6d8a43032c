/**
 * Equal shares up to need (water filling): each gets the same, but nobody more than it uses; what those leave goes to the
 * others, again in equal parts. Single µWh that are left go to the first by id.
 */
import { type Rule, splitOverProducers } from './rule.ts';

/** The level up to which all are filled, and how many of those above it get one unit more. */
const levelOf = (sorted: Float64Array, amount: number): { readonly level: number; readonly left: number } => {
  let rest = amount;
  for (let k = 0; k < sorted.length; k++) {
    const others = sorted.length - k;
    const need = sorted[k] as number;
    const each = Math.floor(rest / others);
    if (need > each) return { level: each, left: rest - each * others };
    rest -= need;
  }
  return { level: Number.POSITIVE_INFINITY, left: 0 };
};

const prepare: Rule['prepare'] = (block, _shares, into) => {
  const { consumers, consumption } = block;
  const width = consumers.length;
  const { covered } = into;
  const sorted = new Float64Array(width);
  return (t, consumed, produced) => {
    const from = t * width;
    const own = consumption.subarray(from, from + width);
    const shared = Math.min(produced, consumed);
    if (shared === consumed) covered.set(own, from);
    else if (shared === 0) covered.fill(0, from, from + width);
    else {
      sorted.set(own);
      sorted.sort();
      const { level, left } = levelOf(sorted, shared);
      let extra = left;
      for (let i = from; i < from + width; i++) {
        const need = consumption[i] as number;
        covered[i] = Math.min(need, level);
        if (need > level && extra-- > 0) covered[i] = level + 1;
      }
    }
    splitOverProducers(block, into, t, shared, produced);
  };
};

export const equal: Rule = {
  name: 'equal',
  title: 'Equal shares up to need',
  source: 'ours: water filling',
  needs: 'nothing',
  resolution: 1,
  hasShare: false,
  prepare,
};
