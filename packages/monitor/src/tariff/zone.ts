/** What the clocks of a place show, daylight saving included. */
import { DaiseeError, Duration, Instant } from '@daisee/units';

/** Thrown for a time zone that this machine does not know. */
export class ZoneUnknown extends DaiseeError {
  constructor(zone: string, cause: unknown) {
    super({
      code: 'monitor.zone',
      message: `There is no time zone ${JSON.stringify(zone)}: give a name of the IANA list, like Europe/Paris.`,
      retryable: false,
      values: { zone },
      cause,
    });
  }
}

/** How far the clocks of a zone are ahead of UTC at an instant. */
export type Ahead = (at: Instant) => Duration;

// Before 1900 nobody metered; 8.64e15 ms is the last date there is (ECMA-262, 21.4.1.1), and local clocks are ahead.
const FIRST = Date.UTC(1900);
const LAST = 8.64e15 - 48 * 3.6e6;

/** The clocks of a zone named as in the IANA time zone database. @throws ZoneUnknown */
export const createZone = (name: string): Ahead => {
  let clock: Intl.DateTimeFormat;
  try {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    throw new ZoneUnknown(name, error);
  }
  return (at) => {
    const whole = Math.floor(Math.min(Math.max(at, FIRST), LAST) / 1000) * 1000;
    const shown = new Map(clock.formatToParts(whole).map(({ type, value }) => [type, Number(value)]));
    const field = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0;
    return Duration(
      Date.UTC(
        field('year'),
        field('month') - 1,
        field('day'),
        field('hour'),
        field('minute'),
        field('second'),
      ) - whole,
    );
  };
};

/** The first instant in (`from`, `to`] at which a zone's clocks show the offset they show at `to`; tz data has whole seconds. */
export const changeBetween = (ahead: Ahead, from: Instant, to: Instant): Instant => {
  const after = ahead(to);
  let low = Math.floor(from / 1000);
  let high = Math.floor(to / 1000);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (ahead(Instant(middle * 1000)) === after) high = middle;
    else low = middle;
  }
  return Instant(high * 1000);
};
