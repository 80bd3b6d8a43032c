/**
 * Local times of meters and operators' files to UTC instants. A local hour that comes twice is told apart by what the
 * source says of it (an offset, a season, the order of its rows), never by a guess.
 */
import { DaiseeError, Instant } from '@daisee/units';

const DAY = 86_400_000;

/** Thrown for a name that is of no time zone. */
export class ZoneUnknown extends DaiseeError {
  constructor(zone: string, cause: unknown) {
    super({
      code: 'formats.zone-unknown',
      message: `${JSON.stringify(zone)} is no time zone: expected a name like Europe/Paris.`,
      retryable: false,
      values: { zone },
      cause,
    });
  }
}

/** A calendar date and a time of day, without a zone. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour?: number | undefined;
  readonly minute?: number | undefined;
  readonly second?: number | undefined;
}

/**
 * A local time as if it were UTC, in milliseconds: for arithmetic and comparison between local times. 24:00 is the
 * next midnight. Undefined when the calendar has no such date or the day no such time.
 */
export const wallClock = (local: LocalTime): number | undefined => {
  const { year, month, day, hour = 0, minute = 0, second = 0 } = local;
  if (month < 1 || month > 12 || day < 1 || day > 31 || minute > 59 || second > 59) return undefined;
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0)) || year < 1970 || year > 9999)
    return undefined;
  const midnight = Date.UTC(year, month - 1, day);
  return new Date(midnight).getUTCDate() === day
    ? midnight + ((hour * 60 + minute) * 60 + second) * 1000
    : undefined;
};

/** Every offset from UTC that a wall clock of a zone may have meant, earliest instant first. */
type Candidates = readonly [] | readonly [Instant] | readonly [Instant, Instant];

/** Standard and summer offsets of a year, in milliseconds. */
interface YearOffsets {
  readonly standard: number;
  readonly summer: number;
}
const MOST_YEARS = 200;

/** Converts local times of one zone. Remembers each day's offset, so that a year of quarters costs 366 look-ups. */
export class LocalZone {
  readonly name: string;
  readonly #days = new Map<number, number>();
  readonly #years = new Map<number, YearOffsets>();

  /** @throws ZoneUnknown */
  constructor(name: string) {
    this.name = name;
    try {
      this.#offsetAt(0);
    } catch (error) {
      if (error instanceof RangeError) throw new ZoneUnknown(name, error);
      throw error;
    }
  }

  /** Milliseconds that local time is ahead of UTC at an instant. */
  #offsetAt(instant: number): number {
    const { offsetNanoseconds } = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(
      this.name,
    );
    return offsetNanoseconds / 1e6;
  }

  /** The offset at a UTC midnight; days whose two midnights agree have no change in between. */
  #midnight(day: number): number {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    const offset = this.#offsetAt(day * DAY);
    if (this.#days.size > 10_000) this.#days.clear();
    this.#days.set(day, offset);
    return offset;
  }

  offset(instant: Instant): number {
    const day = Math.floor(instant / DAY);
    const before = this.#midnight(day);
    return before === this.#midnight(day + 1) ? before : this.#offsetAt(instant);
  }

  /** The instants that a wall clock (see `wallClock`) shows: none in the hour left out, two in the one that comes twice. */
  instants(wall: number): Candidates {
    const offsets = [this.offset(Instant(wall - DAY)), this.offset(Instant(wall + DAY))];
    const found = [...new Set(offsets)]
      .map((offset) => Instant(wall - offset))
      .filter((instant) => instant + this.offset(instant) === wall)
      .toSorted((a, b) => a - b);
    const [first, second] = found;
    if (first === undefined) return [];
    return second === undefined ? [first] : [first, second];
  }

  /** The wall clock at an instant. */
  wallClockAt(instant: Instant): number {
    return instant + this.offset(instant);
  }

  /** Standard and summer offsets of a year, in milliseconds; equal where the zone has no summer time. */
  offsetsOf(year: number): YearOffsets {
    const known = this.#years.get(year);
    if (known) return known;
    const january = this.offset(Instant(Date.UTC(year, 0, 1)));
    const july = this.offset(Instant(Date.UTC(year, 6, 1)));
    const offsets = { standard: Math.min(january, july), summer: Math.max(january, july) };
    if (this.#years.size < MOST_YEARS) this.#years.set(year, offsets);
    return offsets;
  }
}
/**
 * Gives the instants of ascending rows of local times. In the hour that comes twice the first pass of the rows is
 * summer time and the second, recognised by a wall clock that does not rise, winter time.
 */
export class LocalSequence {
  readonly #zone: LocalZone;
  #last: { readonly wall: number; readonly instant: number } | undefined;

  constructor(zone: LocalZone) {
    this.#zone = zone;
  }

  /**
   * The instant of the next row; undefined for a local time that does not exist. With `isEnd` it is the end of an
   * interval: the end of the last one before the hour left out may be written as that hour's beginning.
   */
  next(wall: number, isEnd = false): Instant | undefined {
    const [first, second] = this.#zone.instants(wall);
    if (first === undefined) {
      const [before] = isEnd ? this.#zone.instants(wall - 1) : [];
      return before === undefined ? undefined : Instant(before + 1);
    }
    const last = this.#last;
    const isSecondPass =
      second !== undefined &&
      last !== undefined &&
      last.instant >= first &&
      last.instant < second &&
      (wall <= last.wall || last.instant - last.wall > first - wall);
    const instant = isSecondPass && second !== undefined ? second : first;
    this.#last = { wall, instant };
    return instant;
  }
}
