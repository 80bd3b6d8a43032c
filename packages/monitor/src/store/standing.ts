/** Where a sensor stands, out of the rows of a database. */
import { Duration, Instant, Percent, Register, Watts } from '@daisee/units';
import { type SampleRow, type StateRow, storedSampleOf } from './rows.ts';
import type { Marked, Standing } from './store.ts';

/** Whole numbers as bigint or number, as the database gives them. */
export interface IdentityRow {
  readonly store: string;
  readonly revision: number | bigint;
  /** The highest identity of a sample. */
  readonly id: number | bigint;
}

/** Samples by which the usual time between two is told. */
export const REMEMBERED = 10;

export interface InstantRow {
  readonly at: number | bigint;
}

export interface ChargeRow extends InstantRow {
  readonly value: number;
}

export interface HighestRow {
  /** µW. */
  readonly highest: bigint | null;
}

export interface EndedGapRow {
  readonly from: number | bigint;
  readonly to: number | bigint;
}

/** What of it the database knows. */
interface Found extends IdentityRow, HighestRow {
  readonly reports: Standing['reports'];
  /** The newest row of all, and the newest one that is a sample. */
  readonly end: StateRow | undefined;
  readonly sample: SampleRow | undefined;
  /** The newest samples, and the newest that have a state of charge; descending, `REMEMBERED` at most. */
  readonly recent: readonly InstantRow[];
  readonly charged: readonly ChargeRow[];
  readonly gaps: readonly EndedGapRow[];
  readonly marked: readonly Marked[];
}

/** The median of the times between descending instants: an outage is one long one, a burst some short ones. */
const usual = (rows: readonly InstantRow[]): Duration | undefined => {
  const times = rows.slice(1).map(({ at }, i) => Number(rows[i]?.at) - Number(at));
  const median = times.toSorted((a, b) => a - b)[times.length >> 1];
  return median === undefined ? undefined : Duration(median);
};

const chargeOf = (charged: readonly ChargeRow[]): Standing['charge'] => {
  const [newest] = charged;
  return newest && { at: Instant(Number(newest.at)), value: Percent(newest.value), interval: usual(charged) };
};

export const standingOf = ({ store, revision, id, end, sample, ...found }: Found): Standing => ({
  store,
  revision: Number(revision),
  id: Number(id),
  end: end && {
    at: Instant(Number(end.at)),
    register: Register(end.register),
    exported: Register(end.exported),
    absent: end.absent ?? undefined,
  },
  newest: sample && storedSampleOf(sample),
  interval: usual(found.recent),
  reports: found.reports,
  charge: chargeOf(found.charged),
  highest: found.highest === null ? undefined : Watts(Number(found.highest) / 1e6),
  gaps: found.gaps.map(({ from, to }) => ({ from: Instant(Number(from)), to: Instant(Number(to)) })),
  marks: found.marked,
});
