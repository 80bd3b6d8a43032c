/**
 * Marks: instants that somebody who counts on a sensor's register wants to know its state at. What feeds the node changed
 * there, so between the samples around a mark the power is a step and not a line. Pure.
 */
import type { Reading } from '@daisee/meter';
import { Instant } from '@daisee/units';

/** A mark to be made. */
export interface NewMark {
  /** The caller's own name for it, unique for its sensor: made again under it, it is the first one. */
  readonly key: string;
  readonly at: Instant;
  /** The caller's own words; nobody here reads them. */
  readonly note?: string | undefined;
}

/** A mark of a sensor. */
export interface Mark extends NewMark {
  /** Unique in the store, counts up in the order of making. */
  readonly id: number;
}

/** Where the power of a sensor is a step. */
export interface Step {
  readonly at: Instant;
  /** True when there was a sample at that very instant already: then the step comes after it, else before. */
  readonly isAfter: boolean;
}

/** Rows of `marks` as every database keeps them. */
export interface MarkRow {
  readonly id: bigint | number;
  readonly key: string;
  readonly at: bigint | number;
  readonly is_after: bigint | number;
  readonly note: string | null;
}

export const MARK_COLUMNS = 'id, key, at, is_after, note';

export const markOf = ({ id, key, at, note }: MarkRow): Mark => ({
  id: Number(id),
  key,
  at: Instant(Number(at)),
  ...(note === null ? {} : { note }),
});

export const stepOf = (row: Pick<MarkRow, 'at' | 'is_after'>): Step => ({
  at: Instant(Number(row.at)),
  isAfter: Number(row.is_after) === 1,
});

/** The first and the last step between two samples; undefined when there is none. `steps` ascend. */
export const stepsBetween = (steps: readonly Step[], from: number, to: number): Reading['steps'] => {
  let first: Instant | undefined;
  let last: Instant | undefined;
  for (const { at, isAfter } of steps) {
    if (!(isAfter ? at >= from && at < to : at > from && at <= to)) continue;
    first ??= at;
    last = at;
  }
  return first === undefined || last === undefined ? undefined : [first, last];
};
