/** What a node's registers must show: the twin's energy between its samples, less the gaps that were declared. Pure. */
import type { Gap } from '@daisee/meter';
import type { Instant } from '@daisee/units';

/** A sample, and what had truly flowed until then. */
export interface Point {
  readonly at: Instant;
  /** Watts. */
  readonly power: number;
  /** Wh. */
  readonly energy: number;
}

export interface Turn {
  readonly at: number;
  readonly origin: string;
}

export interface ExpectedOptions {
  readonly points: readonly Point[];
  /** The books begin here and end with the sample here. */
  readonly since: number;
  readonly until: number;
  readonly gaps: readonly Gap[];
  /** Whose energy it was from an instant on, as the agent saw it; the first holds before it, too. */
  readonly turns: readonly Turn[];
  /** When the wires changed: in the dark between two sources nothing flows and nobody samples. */
  readonly changes: readonly number[];
}

const HOUR = 3_600_000;

const originAt = (turns: readonly Turn[], at: number): string =>
  (turns.findLast((turn) => turn.at <= at) ?? turns[0])?.origin ?? '';

/** Wh that the samples alone make, by origin: what was measured, right or wrong. */
export const measuredEnergy = (options: ExpectedOptions): ReadonlyMap<string, number> =>
  expectedEnergy({ ...options, changes: options.points.map(({ at }) => at) });

/** Wh by origin. */
export const expectedEnergy = (options: ExpectedOptions): ReadonlyMap<string, number> => {
  const { since, until, gaps, turns, changes } = options;
  const points = options.points.filter(({ at }) => at >= since && at <= until);
  const sums = new Map<string, number>();
  for (const [index, to] of points.entries()) {
    const from = points[index - 1];
    if (!from || gaps.some((gap) => gap.from <= from.at && to.at <= gap.to)) continue;
    const length = to.at - from.at;
    // The lab's clock goes in steps of the machine's millisecond: a change in the same one came before or after the sample.
    const isChanged = changes.some((at) => at >= from.at && at <= to.at);
    const energy = isChanged ? ((from.power + to.power) / 2) * (length / HOUR) : to.energy - from.energy;
    const cuts = [from.at, ...turns.map(({ at }) => at).filter((at) => at > from.at && at < to.at), to.at];
    for (const [piece, end] of cuts.entries()) {
      const start = cuts[piece - 1];
      if (start === undefined) continue;
      const origin = originAt(turns, start);
      const powerAt = (at: number) => from.power + ((to.power - from.power) * (at - from.at)) / length;
      const share = isChanged
        ? ((powerAt(start) + powerAt(end)) / 2) * ((end - start) / HOUR)
        : (energy * (end - start)) / length;
      sums.set(origin, (sums.get(origin) ?? 0) + share);
    }
  }
  return sums;
};
