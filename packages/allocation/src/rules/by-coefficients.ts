/**
 * By coefficients fixed beforehand or sent by the organiser: a consumer's share is its part of the production, covered is
 * what it uses of it. What it does not use is given to nobody else and is surplus.
 */
import { shareOut } from '../largest-remainder.ts';
import { coefficientsOf, type Rule, splitOverProducers, sumOf, WHOLE } from './rule.ts';

/** Shares of all consumers of an interval, rounded by largest remainder. */
const prepare =
  (name: string): Rule['prepare'] =>
  (block, { coefficients }, into) => {
    const { consumers, consumption } = block;
    const width = consumers.length;
    const { values, stride, sums, sumStride } = coefficientsOf(name, coefficients, block, 1);
    const { share, covered } = into;
    return (t, _consumed, produced) => {
      const from = t * width;
      const end = from + width;
      const start = t * stride;
      const sum = sums[t * sumStride] as number;
      let sold = 0;
      if (produced > 0 && sum > 0) {
        // Coefficients of 1.000001 in all are made one; what is missing to one is given to nobody.
        shareOut(produced, values, start, width, sum, Math.max(WHOLE, sum), share, from);
        for (let i = from; i < end; i++) {
          const used = Math.min(share[i] as number, consumption[i] as number);
          covered[i] = used;
          sold += used;
        }
      } else {
        share.fill(0, from, end);
        covered.fill(0, from, end);
      }
      splitOverProducers(block, into, t, sold, produced);
    };
  };

const byCoefficients = (rule: Omit<Rule, 'resolution' | 'hasShare' | 'prepare'>): Rule => ({
  ...rule,
  resolution: 1,
  hasShare: true,
  prepare: prepare(rule.name),
});

export const frStatic = byCoefficients({
  name: 'fr/static',
  title: 'France: static key, a fixed part of the production for each',
  country: 'FR',
  since: '2017-04-28',
  source: 'Code de l’énergie, D. 315-4 and D. 315-6 (coefficients of the organiser)',
  needs: 'coefficients',
});

export const frOrganiser = byCoefficients({
  name: 'fr/organiser',
  title: 'France: dynamic key, the organiser’s coefficients for each interval',
  country: 'FR',
  since: '2017-04-28',
  source: 'Code de l’énergie, D. 315-6; Enedis lowers what exceeds a consumption',
  needs: 'coefficients by interval',
});

export const esCoefficients = byCoefficients({
  name: 'es/coefficients',
  title: 'Spain: coefficients β fixed beforehand, the same all year or for each hour',
  country: 'ES',
  since: '2021-11-17',
  source: 'Real Decreto 244/2019, annex I, as amended by Orden TED/1247/2021',
  needs: 'coefficients',
  whole: true,
});

/**
 * A coefficient for each producer and consumer. Where a consumer is given more than it uses, each producer's part is
 * lowered in proportion.
 */
const preparePairs: Rule['prepare'] = (block, { pairs: given }, into) => {
  const { consumers, producers, consumption, production } = block;
  const [width, height] = [consumers.length, producers.length];
  const { values, stride, sums, sumStride } = coefficientsOf('fr/full', given, block, height);
  const { share, covered, sold, surplus, pairs = new Float64Array() } = into;
  const column = new Float64Array(height);
  const lowered = new Float64Array(height);
  return (t) => {
    const first = t * height * width;
    pairs.fill(0, first, first + height * width);
    for (let j = 0; j < height; j++) {
      const start = t * stride + j * width;
      const sum = sums[t * sumStride + j] as number;
      const supply = production[t * height + j] as number;
      if (supply > 0 && sum > 0)
        shareOut(supply, values, start, width, sum, Math.max(WHOLE, sum), pairs, first + j * width);
    }
    for (let i = 0; i < width; i++) {
      let part = 0;
      for (let j = 0; j < height; j++) {
        column[j] = pairs[first + j * width + i] as number;
        part += column[j] as number;
      }
      const need = consumption[t * width + i] as number;
      share[t * width + i] = part;
      covered[t * width + i] = Math.min(part, need);
      if (part <= need) continue;
      lowered.fill(0);
      if (need > 0) shareOut(need, column, 0, height, part, part, lowered, 0);
      for (let j = 0; j < height; j++) pairs[first + j * width + i] = lowered[j] as number;
    }
    for (let j = 0; j < height; j++) {
      const used = sumOf(pairs, first + j * width, width);
      sold[t * height + j] = used;
      surplus[t * height + j] = (production[t * height + j] as number) - used;
    }
  };
};

export const frFull: Rule = {
  name: 'fr/full',
  title: 'France: full dynamic key, a coefficient for each producer and consumer',
  country: 'FR',
  since: '2017-04-28',
  source: 'Code de l’énergie, D. 315-6; the key is named "full dynamique" by organisers',
  needs: 'pairs',
  resolution: 1,
  hasShare: true,
  hasPairs: true,
  prepare: preparePairs,
};
