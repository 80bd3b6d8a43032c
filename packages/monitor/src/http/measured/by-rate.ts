/** What was measured between edges, day and night apart: by look-ups at the edges and where day and night take turns. */
import { Energy, Instant } from '@daisee/units';
import type { PowerSum, SampleStore } from '../../store/store.ts';
import type { DayAndNight } from '../../tariff/tariff.ts';
import { isNight, type Pricing } from './pricing.ts';

/** What is asked of a store here. */
export type Measured = Pick<
  SampleStore,
  'powers' | 'energyByEdges' | 'powerByEdges' | 'samplesById' | 'samplesFromEnd'
>;

const nothingByEdges = (_sensorId: number, edges: readonly Instant[]): readonly undefined[] =>
  edges.slice(1).map(() => undefined);

/** What a sensor that is not there measured: v0.2 answered for it as for one without samples. */
export const nothingMeasured: Measured = {
  powers: () => [],
  energyByEdges: nothingByEdges,
  powerByEdges: nothingByEdges,
  samplesById: () => [],
  samplesFromEnd: () => [],
};

/** Whose samples a request asks for, and by which tariff. */
export interface Asked {
  readonly store: Measured;
  readonly sensorId: number;
  readonly pricing: Pricing;
}

/** An amount that can be added up, and how it is asked for. */
interface Amounts<T> {
  readonly none: T;
  readonly add: (a: T, b: T) => T;
  readonly between: (
    edges: readonly Instant[],
  ) => Promise<readonly (T | undefined)[]> | readonly (T | undefined)[];
}

/** Windows up to this length have their turns worked out at once; longer ones are searched for what was measured. */
const LONGEST = 400 * 24 * 3600 * 1000;

const sumOf = <T>(
  { none, add }: Amounts<T>,
  parts: readonly (DayAndNight<T> | undefined)[],
): DayAndNight<T> | undefined => {
  const measured = parts.filter((part) => part !== undefined);
  if (measured.length === 0) return undefined;
  return measured.reduce(
    (sum, { day, night }) => ({ day: add(sum.day, day), night: add(sum.night, night) }),
    {
      day: none,
      night: none,
    },
  );
};

const byRate = async <T>(
  pricing: Pricing,
  amounts: Amounts<T>,
  edges: readonly Instant[],
): Promise<readonly (DayAndNight<T> | undefined)[]> => {
  const [from] = edges;
  const to = edges.at(-1);
  if (from === undefined || to === undefined || edges.length < 2) return [];
  if (pricing.hours && to - from > LONGEST) {
    // "From 1970 until the end of time" is a usual question, and one sample of a clock that was wrong may lie there.
    const [all] = await amounts.between([from, to]);
    if (all === undefined) return edges.slice(1).map(() => undefined);
    if (edges.length === 2) {
      const middle = Instant(Math.floor((from + to) / 2));
      return [sumOf(amounts, await byRate(pricing, amounts, [from, middle, to]))];
    }
    const half = edges.length >> 1;
    return [
      ...(await byRate(pricing, amounts, edges.slice(0, half + 1))),
      ...(await byRate(pricing, amounts, edges.slice(half))),
    ];
  }
  const turns = pricing.hours?.turns(from, to) ?? [];
  const all = turns.length === 0 ? edges : [...new Set([...edges, ...turns])].toSorted((a, b) => a - b);
  const measured = await amounts.between(all);
  let next = 0;
  return edges.slice(1).map((end) => {
    const parts: DayAndNight<T>[] = [];
    for (let start = all[next]; start !== undefined && start < end; start = all[++next]) {
      const amount = measured[next];
      if (amount === undefined) continue;
      const { none } = amounts;
      parts.push(isNight(pricing, start) ? { day: none, night: amount } : { day: amount, night: none });
    }
    return sumOf(amounts, parts);
  });
};

/** Energy between edges (ascending) in µWh, import less export; undefined where nothing was measured. */
export const energyByRate = (
  { store, sensorId, pricing }: Asked,
  edges: readonly Instant[],
): Promise<readonly (DayAndNight<Energy> | undefined)[]> =>
  byRate<Energy>(
    pricing,
    {
      none: Energy(0n),
      add: (a, b) => Energy(a + b),
      between: (all) => store.energyByEdges(sensorId, all),
    },
    edges,
  );

export const NO_POWER: PowerSum = { count: 0, microWatts: 0 };
export const addPowers = (a: PowerSum, b: PowerSum): PowerSum => ({
  count: a.count + b.count,
  microWatts: a.microWatts + b.microWatts,
});

/** The samples between edges (ascending), added up; undefined where there is none. */
export const powerByRate = (
  { store, sensorId, pricing }: Asked,
  edges: readonly Instant[],
): Promise<readonly (DayAndNight<PowerSum> | undefined)[]> =>
  byRate<PowerSum>(
    pricing,
    { none: NO_POWER, add: addPowers, between: (all) => store.powerByEdges(sensorId, all) },
    edges,
  );
