/** Where a sensor stands, out of the rows of a database. */
import { Instant, Percent, Register, Watts } from '@daisee/units';
import { type SampleRow, type StateRow, storedSampleOf } from './rows.ts';
import type { Marked, Standing } from './store.ts';

/** Whole numbers as bigint or number, as the database gives them. */
export interface IdentityRow {
  readonly store: string;
  readonly revision: number | bigint;
}

export interface ChargeRow {
  readonly at: number | bigint;
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
  /** The newest row of all, and the newest one that is a sample. */
  readonly end: StateRow | undefined;
  readonly sample: SampleRow | undefined;
  readonly charged: ChargeRow | undefined;
  readonly gaps: readonly EndedGapRow[];
  readonly marked: readonly Marked[];
}

export const standingOf = ({ store, revision, end, sample, ...found }: Found): Standing => ({
  store,
  revision: Number(revision),
  end: end && {
    id: Number(end.id),
    at: Instant(Number(end.at)),
    register: Register(end.register),
    exported: Register(end.exported),
    absent: end.absent ?? undefined,
  },
  newest: sample && storedSampleOf(sample),
  charge: found.charged && {
    at: Instant(Number(found.charged.at)),
    value: Percent(found.charged.value),
  },
  highest: found.highest === null ? undefined : Watts(Number(found.highest) / 1e6),
  gaps: found.gaps.map(({ from, to }) => ({ from: Instant(Number(from)), to: Instant(Number(to)) })),
  marks: found.marked,
});
