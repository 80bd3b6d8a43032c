/** Intervals as lines of JSON: one for each interval of a point, with what went in and out of it. */
import type { IntervalEnergy, Quality } from '@daisee/units';
import type { IntervalFile } from './interval-file.ts';

/** From the best to the worst: a line has the worst of its values. */
const QUALITIES: readonly Quality[] = ['measured', 'substituted', 'estimated', 'missing'];

interface IntervalRecord {
  readonly point: string;
  /** ISO 8601, UTC. */
  readonly start: string;
  /** Seconds. */
  readonly length: number;
  /** µWh taken from the grid, and fed into it; null where the file does not say. */
  in: number | null;
  out: number | null;
  quality: Quality;
  /** µWh of an operator's own split of a community's energy, where the file has it. */
  share?: number | null;
  covered?: number | null;
  surplus?: number | null;
  revision?: string;
}

const iso = (at: number): string => new Date(at).toISOString();

const nameOf = ({ measure, direction }: IntervalEnergy): 'in' | 'out' | 'share' | 'covered' | 'surplus' =>
  measure === 'metered' ? (direction === 'import' ? 'in' : 'out') : measure;

/** Every interval of a file, by point and start. */
export const intervalRecords = ({ intervals }: IntervalFile): readonly Readonly<IntervalRecord>[] => {
  const records = new Map<string, IntervalRecord>();
  for (const interval of intervals) {
    const { point, start, length, energy, quality, revision } = interval;
    const key = `${start} ${length} ${point}`;
    let record = records.get(key);
    if (!record) {
      record = { point, start: iso(start), length: length / 1000, in: null, out: null, quality };
      records.set(key, record);
    }
    record[nameOf(interval)] = energy === undefined ? null : Number(energy);
    if (QUALITIES.indexOf(quality) > QUALITIES.indexOf(record.quality) && interval.measure === 'metered')
      record.quality = quality;
    if (revision !== undefined) record.revision = iso(revision);
  }
  return [...records.values()].toSorted(
    (a, b) =>
      (a.point < b.point ? -1 : a.point > b.point ? 1 : 0) ||
      (a.start < b.start ? -1 : a.start > b.start ? 1 : 0),
  );
};

/** What is said of a file: points, first and last interval, what is not there or came twice. */
export const fileRecord = (file: IntervalFile): Readonly<Record<string, unknown>> => {
  const starts = file.intervals.map(({ start }) => start);
  const ends = file.intervals.map(({ start, length }) => start + length);
  const first = starts.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const last = ends.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
  return {
    format: file.format,
    stamps: file.stamps,
    zone: file.zone,
    points: [...new Set([...file.intervals, ...file.memberships].map(({ point }) => point))],
    intervals: file.intervals.length,
    memberships: file.memberships.length,
    first: Number.isFinite(first) ? iso(first) : null,
    last: Number.isFinite(last) ? iso(last) : null,
    blank: file.blank,
    absent: file.absent,
    repeated: file.repeated,
    corrected: file.corrected,
    notes: file.notes,
  };
};
