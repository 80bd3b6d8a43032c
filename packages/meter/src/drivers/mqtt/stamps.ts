/** Time stamps that devices put into their messages. */
import { Instant } from '@daisee/units';
import { MqttSettingWrong } from './errors.ts';

/** Unix times from here on are milliseconds: as seconds it is the year 5138, as milliseconds 1973. */
const FIRST_MILLISECONDS = 1e11;
/** The last millisecond that a date can have (ECMAScript, "Time Values and Time Range"). */
const LAST_INSTANT = 8.64e15;
const HAS_OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/i;
/** How far a device's clock may be ahead before its time is taken for the earlier of two. */
const AHEAD = 60_000;

/** A stamp: an instant, or `unplaced` for a local time of an unknown zone. */
export type Stamp = Instant | 'unplaced';

/** @throws MqttSettingWrong when the name is of no zone */
export const checkZone = (zone: string): void => {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MqttSettingWrong('zone', zone, 'the name of a time zone, like Europe/Paris or UTC');
  }
};

/**
 * Reads a time stamp: Unix seconds or milliseconds, ISO 8601 with an offset, or local time of `zone` (an IANA name)
 * without one; undefined when it is none. A local time that comes twice, at the end of summer time, is the later one
 * unless that is after `arrival`.
 */
export const readStamp = (value: unknown, zone: string | undefined, arrival: Instant): Stamp | undefined => {
  if (typeof value === 'number') {
    const at = value < FIRST_MILLISECONDS ? value * 1000 : value;
    return at > 0 && at <= LAST_INSTANT ? Instant(at) : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return readStamp(Number(value), zone, arrival);
  if (HAS_OFFSET.test(value) && value.includes('T')) {
    const at = Date.parse(value);
    return Number.isNaN(at) ? undefined : Instant(at);
  }
  try {
    const local = Temporal.PlainDateTime.from(value);
    if (zone === undefined) return 'unplaced';
    const at = (disambiguation: 'earlier' | 'later') =>
      local.toZonedDateTime(zone, { disambiguation }).epochMilliseconds;
    const later = at('later');
    return Instant(later <= arrival + AHEAD ? later : at('earlier'));
  } catch (error) {
    // Temporal says so of a text that is no date and time, and of one that is beyond every zone's first or last.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
};
