/**
 * In proportion to consumption: what there is for all, min(ΣP, ΣC), falls to each as its consumption is of all. In France
 * the default of collective self-consumption, in Switzerland the split of a LEG.
 */
import { shareOut } from '../largest-remainder.ts';
import { type Rule, splitOverProducers } from './rule.ts';

const prepare: Rule['prepare'] = (block, _shares, into) => {
  const { consumers, consumption } = block;
  const width = consumers.length;
  const { covered } = into;
  return (t, consumed, produced) => {
    const from = t * width;
    if (produced >= consumed) covered.set(consumption.subarray(from, from + width), from);
    else if (produced === 0) covered.fill(0, from, from + width);
    else shareOut(produced, consumption, from, width, consumed, consumed, covered, from);
    splitOverProducers(block, into, t, Math.min(produced, consumed), produced);
  };
};

export const frDynamic: Rule = {
  name: 'fr/dynamic',
  title: 'France: the default of collective self-consumption, in proportion to consumption',
  country: 'FR',
  since: '2017-04-28',
  source: 'Code de l’énergie, D. 315-6 (nothing sent by the organiser), shares bounded by D. 315-4',
  needs: 'nothing',
  resolution: 1,
  hasShare: false,
  prepare,
};

export const chLeg: Rule = {
  name: 'ch/leg',
  title: 'Switzerland: local electricity community (LEG), in proportion to consumption',
  country: 'CH',
  since: '2026-01-01',
  source: 'StromVG art. 17d and 17e, StromVV art. 19e–h; the same split is in use for ZEV and vZEV',
  needs: 'nothing',
  resolution: 1,
  hasShare: false,
  prepare,
};
