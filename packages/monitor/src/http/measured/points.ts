/**
 * A window of samples as few points for a chart: the extremes of equal stretches of time, or those that keep the shape
 * of the line best (largest triangle three buckets; S. Steinarsson, "Downsampling Time Series for Visual
 * Representation", University of Iceland 2013). Samples come by pages and are not kept: for the largest triangles the
 * extremes of four times as many stretches are looked at (J. van der Donckt et al., "MinMaxLTTB", 2023).
 */
import { createLTTB } from 'downsample';
import type { PowerAt } from '../../store/store.ts';

export const METHODS = ['minmax', 'lttb'] as const;
type Method = (typeof METHODS)[number];

/** Fewer would leave no stretch between the first sample and the last. */
export const FEWEST_POINTS = 4;
/** Extremes that the largest triangles choose from, for each point. */
const CHOICE = 4;

export interface Points {
  /** Ascending, the first sample and the last among them. */
  readonly points: readonly PowerAt[];
  /** How many samples they stand for. */
  readonly samples: number;
}

/** The lowest and the highest sample of a stretch of time. */
interface Extremes {
  readonly place: number;
  low: PowerAt;
  high: PowerAt;
}

const inOrder = ({ low, high }: Extremes): readonly PowerAt[] =>
  low === high ? [low] : low.at < high.at ? [low, high] : [high, low];

/** Takes samples in the order of time and keeps all of them up to `most`, beyond that the extremes of stretches. */
const createExtremes = (from: number, to: number, most: number) => {
  // The first and the last sample are kept beside them.
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const kept: Extremes[] = [];
  let all: PowerAt[] | undefined = [];
  let first: PowerAt | undefined;
  let last: PowerAt | undefined;
  let samples = 0;
  const take = (sample: PowerAt): void => {
    first ??= sample;
    last = sample;
    samples++;
    if (all && all.push(sample) > most) all = undefined;
    const place = Math.floor(((sample.at - from) / (to - from)) * stretches);
    const current = kept.at(-1);
    if (current?.place !== place) kept.push({ place, low: sample, high: sample });
    else if (sample.power < current.low.power) current.low = sample;
    else if (sample.power > current.high.power) current.high = sample;
  };
  const points = (): readonly PowerAt[] => {
    if (all) return all;
    const extremes = kept.flatMap(inOrder);
    if (first && first !== extremes[0]) extremes.unshift(first);
    if (last && last !== extremes.at(-1)) extremes.push(last);
    return extremes;
  };
  return { take, points, samples: () => samples };
};

const largestTriangles = createLTTB<PowerAt>({ x: 'at', y: 'power' });

export interface Wanted {
  /** The instants of the first sample and of one after the last. */
  readonly from: number;
  readonly to: number;
  /** At most so many, `FEWEST_POINTS` or more. */
  readonly points: number;
  readonly method: Method;
}

/** Goes through the samples of a window, ascending; all of them when there are no more than asked for. */
export const pointsOf = async (
  pages: AsyncIterable<readonly PowerAt[]>,
  { from, to, points, method }: Wanted,
): Promise<Points> => {
  const extremes = createExtremes(from, to, method === 'lttb' ? points * CHOICE : points);
  for await (const page of pages) for (const sample of page) extremes.take(sample);
  const chosen = extremes.points();
  return {
    points: chosen.length <= points ? chosen : (largestTriangles([...chosen], points) as readonly PowerAt[]),
    samples: extremes.samples(),
  };
};
