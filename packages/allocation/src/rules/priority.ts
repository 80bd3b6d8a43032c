/** In an order of priority: who comes first takes what it uses, then the next. Of one rank: in proportion to consumption. */
import { AllocationError } from '../block.ts';
import { shareOut } from '../largest-remainder.ts';
import { type Rule, splitOverProducers } from './rule.ts';

/** Consumers by rank; within a rank by id. */
const groupsOf = (ranks: Int32Array): readonly (readonly number[])[] =>
  [...Map.groupBy(ranks.keys(), (i) => ranks[i] as number)]
    .toSorted(([a], [b]) => a - b)
    .map(([, group]) => group);

const prepare: Rule['prepare'] = (block, { ranks }, into) => {
  const { consumers, consumption } = block;
  const width = consumers.length;
  if (ranks?.length !== width)
    throw new AllocationError('no-shares', 'priority needs the rank of each consumer: give its shares.');
  const groups = groupsOf(ranks);
  const { covered } = into;
  const needs = new Float64Array(width);
  const taken = new Float64Array(width);
  return (t, _consumed, produced) => {
    let rest = produced;
    covered.fill(0, t * width, (t + 1) * width);
    for (const group of groups) {
      if (rest === 0) break;
      let need = 0;
      for (let k = 0; k < group.length; k++) {
        const energy = consumption[t * width + (group[k] as number)] as number;
        needs[k] = energy;
        need += energy;
      }
      if (need === 0) continue;
      const given = Math.min(rest, need);
      if (given === need) taken.set(needs.subarray(0, group.length));
      else shareOut(given, needs, 0, group.length, need, need, taken, 0);
      for (let k = 0; k < group.length; k++) covered[t * width + (group[k] as number)] = taken[k] as number;
      rest -= given;
    }
    splitOverProducers(block, into, t, produced - rest, produced);
  };
};

export const priority: Rule = {
  name: 'priority',
  title: 'In an order of priority',
  source: 'ours; an organiser in France sends it as coefficients',
  needs: 'ranks',
  resolution: 1,
  hasShare: false,
  prepare,
};
