/** The start of an interval as files write it. */
import { Instant } from '@daisee/units';

/** Year first, as ISO 8601 and Spain's operators write it. */
const YEAR_FIRST =
  /^(\d{4})([-/])(\d\d)\2(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]0+)?)?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;
/** Day first with points, as in Austria, Germany and Switzerland. */
const DAY_FIRST = /^(\d\d?)\.(\d\d?)\.(\d{4})(?: (\d\d?):(\d\d)(?::(\d\d))?)?$/;

/** What forms are read, for messages. */
export const STAMPS = '2026-11-01T00:15Z, 2026-11-01 00:15+01:00, 2026-11-01 00:15 or 01.11.2026 00:15';

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Minutes east of UTC: `+01:00`, `+0100`, `+01`, `Z`. */
const offsetOf = (text: string): number => {
  if (/^z$/i.test(text)) return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', '') || 0);
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
};

/** Milliseconds as if it were UTC; undefined for a date that is none (31 February). */
const asUtc = ({ year, month, day, hour, minute, second }: Civil): number | undefined => {
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(at).getUTCDate() === day ? at : undefined;
};

/** A stamp that was read. */
export interface ReadStamp {
  readonly instant: Instant;
  /** It said neither zone nor offset, and none was given: it was taken as UTC. */
  readonly isBare: boolean;
}

export type StampProblem = 'not a stamp' | 'not a time of the zone';

/**
 * Reads the starts of a file, one after the other. A local time that comes twice when clocks go back is its first occurrence
 * unless that came before in the file.
 * @param zone of stamps without an offset, like `Europe/Vienna`; undefined: they are UTC
 */
export const createStampReader = (zone?: string): ((text: string) => ReadStamp | StampProblem) => {
  /** The newest of those that could come twice. */
  let last = Number.NEGATIVE_INFINITY;
  const inZone = (civil: Civil, name: string): ReadStamp | StampProblem => {
    const local = Temporal.PlainDateTime.from(civil);
    const [first, second] = (['earlier', 'later'] as const).map(
      (disambiguation) => local.toZonedDateTime(name, { disambiguation }).epochMilliseconds,
    ) as [number, number];
    // Of a time that is left out when clocks go forward, the two stand for other times.
    if (first !== second && !local.toZonedDateTime(name).toPlainDateTime().equals(local))
      return 'not a time of the zone';
    const instant = first !== second && first <= last ? second : first;
    last = Math.max(last, instant);
    return { instant: Instant(instant), isBare: false };
  };
  return (text) => {
    const yearFirst = YEAR_FIRST.exec(text);
    const dayFirst = yearFirst ? undefined : DAY_FIRST.exec(text);
    const parts = yearFirst
      ? [yearFirst[1], yearFirst[3], yearFirst[4], yearFirst[5], yearFirst[6], yearFirst[7]]
      : dayFirst
        ? [dayFirst[3], dayFirst[2], dayFirst[1], dayFirst[4], dayFirst[5], dayFirst[6]]
        : undefined;
    if (!parts) return 'not a stamp';
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) =>
      Number(part ?? 0),
    );
    const civil = { year, month, day, hour, minute, second };
    const at = asUtc(civil);
    if (at === undefined) return 'not a stamp';
    const offset = yearFirst?.[8];
    if (offset) return { instant: Instant(at - offsetOf(offset) * 60_000), isBare: false };
    return zone ? inZone(civil, zone) : { instant: Instant(at), isBare: true };
  };
};
