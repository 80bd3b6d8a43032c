/**
 * Old samples made fewer, energy exactly preserved. Pure.
 *
 * Time is cut into buckets from the epoch on. Of a bucket with two rows or more, and no gap at it, one row is left, at
 * its start: it stands for the samples that were there and holds the registers of that very instant; in the bucket they
 * then rise evenly to those of its end, which is the next bucket's row, or a row that stands for no sample. So the
 * energy between any two edges of buckets is what it was, to the last digit, and so are means. Everything else stays as
 * it is: buckets at a gap or a mark, those with one row, and those next to a stretch that is longer than a bucket.
 */
import type { SignRule, Total } from '@daisee/meter';
import { Instant } from '@daisee/units';
import { type Edge, STATE_COLUMNS, STRETCH_CODES, type StateRow, totalsAt } from './rows.ts';

/** A row with all that thinning changes of it. */
export interface ThinningRow extends StateRow {
  readonly power_sum: bigint | null;
  readonly span: bigint | null;
}

export const THINNING_COLUMNS = `${STATE_COLUMNS}, power_sum, span`;

/** The columns that a thinned row may have other values in. */
export const THINNED_COLUMNS = [
  'at',
  'power',
  'state_of_charge',
  'voltage',
  'counter',
  'exported_counter',
  'register',
  'remainder',
  'exported',
  'exported_remainder',
  'counters',
  'stretch',
  'stands_for',
  'power_sum',
  'span',
  'elapsed',
  'step_from',
  'step_to',
] as const;

/** What is to be thinned. */
export interface ThinningTask {
  readonly sign: SignRule;
  /** Length of a bucket in ms. */
  readonly span: number;
  /** Buckets that end later stay as they are. */
  readonly before: number;
  /** The last row stored, which is to stay: what comes later counts on from its identity. */
  readonly newestId: bigint;
  /** Instants whose registers are to stay as they are, ascending. */
  readonly marks: readonly number[];
}

/** What becomes of rows. */
export interface Thinning {
  readonly removed: readonly bigint[];
  readonly changed: readonly ThinningRow[];
  /** Buckets before it are done with. */
  readonly until: Instant;
}

/** What is thinned at a time, in rows read. */
export const THINNING_PAGE = 1000;

/** The start of the bucket that an instant is in. */
export const bucketOf = (at: number, span: number): number => Math.floor(at / span) * span;

const edge = (at: number, before: StateRow | undefined, after: StateRow): Edge => ({
  at: Instant(at),
  ...(before ? { before } : {}),
  after,
});

const columnsOf = ({ imported, exported }: { readonly imported: Total; readonly exported: Total }) => ({
  register: imported.register,
  remainder: imported.remainder,
  exported: exported.register,
  exported_remainder: exported.remainder,
});

/** What only a single sample has, and the stretch right before it. */
const NO_DETAILS = {
  counter: null,
  exported_counter: null,
  counters: null,
  elapsed: null,
  step_from: null,
  step_to: null,
};

const standsFor = ({ stands_for: samples }: StateRow): number => (samples === null ? 1 : Number(samples));

/** The mean of what the samples of rows have, each by its number. */
const meanOf = (rows: readonly ThinningRow[], column: 'state_of_charge' | 'voltage'): number | null => {
  let [sum, count] = [0, 0];
  for (const row of rows) {
    const value = row[column];
    if (value === null) continue;
    sum += value * standsFor(row);
    count += standsFor(row);
  }
  return count === 0 ? null : sum / count;
};

/** A bucket with the rows around it. */
interface Bucket {
  readonly start: number;
  readonly end: number;
  readonly rows: readonly ThinningRow[];
  /** The row before the bucket. */
  readonly previous: ThinningRow | undefined;
  /** The row after it. */
  readonly next: ThinningRow;
}

/** The row that stands for those of a bucket, with the first one's identity. */
const merged = ({ start, end, rows, previous }: Bucket, first: ThinningRow, sign: SignRule): ThinningRow => {
  const samples = rows.reduce((sum, row) => sum + standsFor(row), 0);
  const powers = rows.reduce((sum, row) => sum + (row.power_sum ?? row.power * BigInt(standsFor(row))), 0n);
  const atStart = Number(first.at) === start ? edge(start, first, first) : edge(start, previous, first);
  return {
    ...first,
    ...columnsOf(totalsAt(atStart, sign)),
    ...NO_DETAILS,
    at: BigInt(start),
    power: BigInt(Math.round(Number(powers) / samples)),
    state_of_charge: meanOf(rows, 'state_of_charge'),
    voltage: meanOf(rows, 'voltage'),
    stretch: STRETCH_CODES.even,
    stands_for: samples,
    power_sum: powers,
    span: BigInt(end - start),
  };
};

/** The row at the end of a bucket, with the last one's identity: no sample, only the registers of that instant. */
const boundary = ({ end, next }: Bucket, last: ThinningRow, sign: SignRule): ThinningRow => ({
  ...last,
  ...columnsOf(totalsAt(edge(end, last, next), sign)),
  ...NO_DETAILS,
  at: BigInt(end),
  state_of_charge: null,
  voltage: null,
  stretch: STRETCH_CODES.even,
  stands_for: 0,
  power_sum: 0n,
  span: null,
});

const isThinnable = (
  { rows, previous, next, start, end }: Bucket,
  { newestId, marks }: Pick<ThinningTask, 'newestId' | 'marks'>,
): boolean => {
  const [first] = rows;
  const span = end - start;
  if (!first || rows.length < 2 || rows.every((row) => standsFor(row) === 0)) return false;
  if (next.gap_from !== null) return false;
  if (rows.some((row) => row.gap_from !== null || row.absent !== null || row.id === newestId)) return false;
  const [from, to] = [Number(previous?.at ?? start), Number(next.at)];
  if (marks.some((at) => at >= from && at <= to)) return false;
  // What reaches over a bucket's edge becomes even, too: within one bucket nobody asks how it lay.
  const begins = Number(first.at) === start || previous !== undefined;
  return (
    begins && (previous === undefined || start - Number(previous.at) <= span) && Number(next.at) - end <= span
  );
};

/**
 * Thins the buckets of rows that follow each other.
 * @param previous the row before the first of them.
 * @param all false when there may be more rows after these.
 */
export const thin = (
  previous: ThinningRow | undefined,
  given: readonly ThinningRow[],
  all: boolean,
  task: ThinningTask,
): Thinning => {
  const { sign, span, before } = task;
  const rows = [...given];
  const removed: bigint[] = [];
  const changed = new Map<bigint, ThinningRow>();
  const last = bucketOf(before, span);
  let until = rows[0] ? bucketOf(Number(rows[0].at), span) : last;
  let older = previous;
  let index = 0;
  for (let first = rows[0]; first; first = rows[index]) {
    const start = bucketOf(Number(first.at), span);
    const end = start + span;
    until = start;
    if (end > last) break;
    let after = index;
    for (let row = rows[after]; row && Number(row.at) < end; row = rows[after]) after++;
    const next = rows[after];
    const newest = rows[after - 1];
    // The newest bucket has no end yet.
    if (!next || !newest) break;
    const bucket: Bucket = { start, end, rows: rows.slice(index, after), previous: older, next };
    if (isThinnable(bucket, task)) {
      const one = merged(bucket, first, sign);
      const isNeeded = Number(next.at) > end;
      const closing = isNeeded ? boundary(bucket, newest, sign) : undefined;
      const opened = { ...next, stretch: STRETCH_CODES.even, elapsed: null, step_from: null, step_to: null };
      for (const { id } of bucket.rows)
        if (id !== one.id && id !== closing?.id) {
          removed.push(id);
          changed.delete(id);
        }
      for (const row of closing ? [one, closing, opened] : [one, opened]) changed.set(row.id, row);
      rows.splice(index, after - index + 1, ...(closing ? [one, closing, opened] : [one, opened]));
      after = index + 1;
      older = one;
    } else older = newest;
    index = after;
    until = end;
  }
  return {
    removed,
    changed: [...changed.values()],
    until: Instant(all && index >= rows.length ? last : until),
  };
};
