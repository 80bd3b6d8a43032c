/** Time stamps that devices put into their messages. */
import { Instant } from '@daisee/units';
import { MqttSettingWrong } from './errors.ts';

/** Unix times from here on are milliseconds: as seconds it is the year 5138, as milliseconds 1973. */
const FIRST_MILLISECONDS = 1e11;
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
    return Number.isFinite(at) && at > 0 ? Instant(at) : undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return readStamp(Number(value), zone, arrival);
  if (HAS_OFFSET.test(value) && value.includes('T')) {
    const at = Date.parse(value);
    return Number.isNaN(at) ? undefined : Instant(at);
  }
  let local: Temporal.PlainDateTime;
  try {
    local = Temporal.PlainDateTime.from(value);
  } catch (error) {
    // Temporal says so of a text that is no date and time.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  if (zone === undefined) return 'unplaced';
  const [earlier, later] = (['earlier', 'later'] as const).map(
    (disambiguation) => local.toZonedDateTime(zone, { disambiguation }).epochMilliseconds,
  );
  if (earlier === undefined || later === undefined) return 'unplaced';
  return Instant(later <= arrival + AHEAD ? later : earlier);
};
