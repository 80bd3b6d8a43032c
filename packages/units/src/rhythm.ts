/** How often something comes by itself, seen from when it came. */
import { Duration, type Instant } from './quantities.ts';

export interface Rhythm {
  /** One more came at this instant; instants not after the last are none. */
  readonly add: (at: Instant) => void;
  /** The usual time between two, ms: the median of the last nine. Undefined before two came. */
  readonly interval: () => Duration | undefined;
}

/** An outage is one long interval among them, a burst a few short ones: neither is taken for the rule. */
const REMEMBERED = 9;

export const createRhythm = (): Rhythm => {
  let last: Instant | undefined;
  let intervals: readonly number[] = [];
  return {
    add: (at) => {
      if (last !== undefined && at <= last) return;
      if (last !== undefined) intervals = [...intervals, at - last].slice(-REMEMBERED);
      last = at;
    },
    interval: () => {
      const median = intervals.toSorted((a, b) => a - b)[Math.floor(intervals.length / 2)];
      return median === undefined ? undefined : Duration(median);
    },
  };
};
