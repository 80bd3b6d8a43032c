/** What every reader of operators' files gives: the intervals, and what has to be said of the file. */
import {
  DaiseeError,
  Duration,
  type Energy,
  type EnergyDirection,
  Instant,
  type IntervalEnergy,
  intervalEnergy,
  type Measure,
  type Quality,
} from '@daisee/units';
import type { LocalZone } from '../local-time.ts';

/** Thrown for a file that is not what it should be: nothing of it is given. */
export class IntervalFileWrong extends DaiseeError {
  /** `line` is its number, or the place in a document without lines. */
  constructor(found: string, expected: string, line?: number | string, cause?: unknown) {
    super({
      code: 'formats.interval-file',
      message: `${line === undefined ? '' : typeof line === 'number' ? `line ${line}: ` : `${line}: `}found ${found}; expected ${expected}. Nothing of the file was read.`,
      retryable: false,
      values: { line, found, expected },
      cause,
    });
  }
}

export type IntervalFormat =
  | 'enedis-json'
  | 'enedis-r50'
  | 'enedis-r4q'
  | 'enedis-sge'
  | 'enedis-hdm'
  | 'eda'
  | 'at-dso'
  | 'sdat'
  | 'datadis'
  | 'fluvius'
  | 'energinet'
  | 'fingrid'
  | 'green-button'
  | 'columns';

/** Which end of its interval a row's time is. */
export type Stamps = 'start' | 'end' | 'both';

/** One value as a reader found it. */
export interface FoundInterval {
  readonly point: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly direction: EnergyDirection;
  readonly measure?: Measure | undefined;
  /** µWh; undefined where the file has a blank. */
  readonly energy: Energy | undefined;
  readonly quality?: Quality | undefined;
  readonly revision?: Instant | undefined;
  /** Line of the file, where it has lines. */
  readonly line?: number | undefined;
}

/** Something of the file that is worth knowing and stops nothing. */
export interface FileNote {
  readonly line?: number | undefined;
  readonly note: string;
}

/** When a metering point belongs to a community, from a list of them. */
export interface MembershipWindow {
  readonly point: string;
  readonly community: string;
  /** First day and the day after the last, local dates; the end undefined where it is open. */
  readonly from: string;
  readonly until: string | undefined;
  readonly direction: EnergyDirection;
  /** Percent of the point's energy that takes part, 1 to 100. */
  readonly factor: number | undefined;
  /** Its fixed share, as the file writes it. */
  readonly share: string | undefined;
  readonly model: 'static' | 'dynamic' | undefined;
}

export interface IntervalFile {
  readonly format: IntervalFormat;
  readonly stamps: Stamps;
  /** IANA zone of its local times; undefined where it has none. */
  readonly zone: string | undefined;
  /** By point, direction, measure and start; each once. */
  readonly intervals: readonly IntervalEnergy[];
  readonly memberships: readonly MembershipWindow[];
  /** Intervals that are there without a value, and those between the first and the last that are not there. */
  readonly blank: number;
  readonly absent: number;
  /** Values that came again and were the same, and those that were other: of them the last one counts. */
  readonly repeated: number;
  readonly corrected: number;
  readonly notes: readonly FileNote[];
}

/** Notes of one kind are told so many times; then only counted. */
const TOLD = 5;
const HOUR = 3_600_000;

const iso = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z');

interface Series {
  /** By start and end. */
  readonly values: Map<string, FoundInterval>;
}

/** Collects what a reader finds; the last value of an interval counts, since corrections come after what they correct. */
export class IntervalCollector {
  readonly #format: IntervalFormat;
  readonly #stamps: Stamps;
  readonly #zone: LocalZone | undefined;
  readonly #series = new Map<string, Series>();
  readonly #notes: FileNote[] = [];
  readonly #counts = new Map<string, number>();
  readonly #memberships: MembershipWindow[] = [];
  #repeated = 0;
  #corrected = 0;

  constructor(format: IntervalFormat, stamps: Stamps, zone?: LocalZone) {
    this.#format = format;
    this.#stamps = stamps;
    this.#zone = zone;
  }

  /** Says something; `kind` counts with others of its kind. */
  note(note: string, line?: number, kind = note): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= TOLD) this.#notes.push({ line, note });
  }

  member(window: MembershipWindow): void {
    this.#memberships.push(window);
  }

  /** @throws IntervalFileWrong when the interval has no length or a value below zero */
  add(found: FoundInterval): void {
    const { point, start, end, direction, measure = 'metered', energy, line } = found;
    if (end <= start)
      throw new IntervalFileWrong(
        `an interval from ${iso(start)} to ${iso(end)}`,
        'an end after its start',
        line,
      );
    if (energy !== undefined && energy < 0n)
      throw new IntervalFileWrong(
        `an energy below zero at ${iso(start)}`,
        'amounts of zero or more: what is fed in has a column or code of its own',
        line,
      );
    const key = JSON.stringify([point, direction, measure]);
    let series = this.#series.get(key);
    if (!series) {
      series = { values: new Map() };
      this.#series.set(key, series);
    }
    const place = `${start} ${end}`;
    const before = series.values.get(place);
    if (before) {
      if (before.energy === energy && before.quality === found.quality) this.#repeated++;
      else if (energy === undefined) {
        // A blank corrects nothing.
        this.#repeated++;
        return;
      } else if (before.energy !== undefined) {
        this.#corrected++;
        this.note(
          `${point} ${iso(start)} comes again with another value: the later one counts`,
          line,
          'corrected',
        );
      }
    }
    series.values.set(place, found);
  }

  finish(): IntervalFile {
    const intervals: IntervalEnergy[] = [];
    let blank = 0;
    let absent = 0;
    for (const key of [...this.#series.keys()].toSorted()) {
      const all = this.#finest(
        [...(this.#series.get(key)?.values.values() ?? [])].toSorted((a, b) => a.start - b.start),
      );
      let previous: FoundInterval | undefined;
      for (const found of all) {
        const { point, start, end, direction, measure = 'metered', energy, quality, revision } = found;
        if (previous && start > previous.end) absent += this.#hole(point, previous, found);
        else if (previous && start < previous.end)
          throw new IntervalFileWrong(
            `an interval of ${point} from ${iso(start)} before the one from ${iso(previous.start)} ended`,
            'intervals that do not overlap',
            found.line,
          );
        if (energy === undefined) blank++;
        intervals.push(
          intervalEnergy({
            point,
            start,
            length: Duration(end - start),
            direction,
            measure,
            energy,
            quality: energy === undefined ? 'missing' : (quality ?? 'measured'),
            revision,
          }),
        );
        previous = found;
      }
    }
    if (blank > 0) this.note(`${blank} intervals have no value`);
    for (const [kind, count] of this.#counts)
      if (count > TOLD) this.#notes.push({ note: `${count} notes like the last one of its kind (${kind})` });
    return {
      format: this.#format,
      stamps: this.#stamps,
      zone: this.#zone?.name,
      intervals,
      memberships: this.#memberships,
      blank,
      absent,
      repeated: this.#repeated,
      corrected: this.#corrected,
      notes: this.#notes,
    };
  }

  /** Leaves out days (or hours) that are there beside their quarters. */
  #finest(sorted: readonly FoundInterval[]): readonly FoundInterval[] {
    const lengths = new Set(sorted.map(({ start, end }) => end - start));
    if (lengths.size < 2) return sorted;
    const shortest = Math.min(...lengths);
    const fine = sorted.filter(({ start, end }) => end - start === shortest);
    let left = 0;
    let at = 0;
    const kept = sorted.filter((found) => {
      if (found.end - found.start === shortest) return true;
      while ((fine[at]?.end ?? Number.POSITIVE_INFINITY) <= found.start) at++;
      const overlaps = (fine[at]?.start ?? Number.POSITIVE_INFINITY) < found.end;
      if (overlaps) left++;
      return !overlaps;
    });
    if (left > 0)
      this.note(
        `${left} longer intervals are left out: the file has their time in intervals of ${shortest / 60_000} min too`,
      );
    return kept;
  }

  /** Counts the intervals of a hole and says where it is. */
  #hole(point: string, before: FoundInterval, after: FoundInterval): number {
    const step = Math.min(before.end - before.start, after.end - after.start);
    const count = Math.max(1, Math.round((after.start - before.end) / step));
    const zone = this.#zone;
    const isTwice =
      zone !== undefined &&
      after.start - before.end <= HOUR &&
      zone.offset(Instant(before.end - HOUR)) !== zone.offset(Instant(after.start + HOUR));
    this.note(
      isTwice
        ? `${point}: the day on which the clock goes back has its repeated hour once: ${count} intervals from ${iso(before.end)} are not there, and which of the two passes the file has cannot be told`
        : `${point}: ${count} intervals from ${iso(before.end)} to ${iso(after.start)} are not there`,
      after.line,
      isTwice ? 'repeated hour' : 'hole',
    );
    return count;
  }
}
