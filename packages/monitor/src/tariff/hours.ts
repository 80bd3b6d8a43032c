/** The hours of day and night of a tariff, as the clocks of its place show them. */
import { DaiseeError, type Duration, Instant } from '@daisee/units';
import { changeBetween, createZone } from './zone.ts';

/** When a tariff's night is: from `start` on, up to but not at `end`, every day; across midnight when `end` is before. */
export interface NightHours {
  /** `HH:MM` on the clocks of `zone`. */
  readonly start: string;
  readonly end: string;
  /** IANA name, like `Europe/Paris`. */
  readonly zone: string;
}

/** Thrown for night hours that cannot be. */
export class HoursRefused extends DaiseeError {
  constructor(what: string, got: string, expected: string) {
    super({
      code: 'monitor.night-hours',
      message: `${what} cannot be ${JSON.stringify(got)}: expected ${expected}.`,
      retryable: false,
      values: { what, got, expected },
    });
  }
}

/** Tells day from night. */
export interface Hours {
  nightAt(instant: Instant): boolean;
  /** The instants after `from` and before `to` at which day and night take turns, ascending. */
  turns(from: Instant, to: Instant): readonly Instant[];
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Days whose turns are kept: ten years. */
const MOST_DAYS = 3660;

/** Milliseconds after midnight. */
const timeOfDay = (what: string, text: string): number => {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (!match) throw new HoursRefused(what, text, 'HH:MM from 00:00 to 23:59');
  return (Number(match[1]) * 60 + Number(match[2])) * MINUTE;
};

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;

/** From `at` on it is night, or day. */
interface Turn {
  readonly at: Instant;
  readonly night: boolean;
}

/**
 * Makes the hours out of how a tariff gives them. What counts is what the clocks show: an hour that daylight saving
 * skips is missing from the night, one that it repeats is in it twice.
 * @throws HoursRefused for times that are none or the same; ZoneUnknown.
 */
export const createHours = ({ start, end, zone }: NightHours): Hours => {
  const nightStart = timeOfDay('The start of the night', start);
  const nightEnd = timeOfDay('The end of the night', end);
  if (nightStart === nightEnd)
    throw new HoursRefused('The end of the night', end, 'another time than its start');
  const ahead = createZone(zone);
  const isNight = (time: number): boolean =>
    nightStart < nightEnd ? time >= nightStart && time < nightEnd : time >= nightStart || time < nightEnd;

  /** The turns of a stretch, its start among them, in which the clocks run evenly; at most a day. */
  const turnsOfStretch = (from: Instant, to: Instant, offset: Duration): readonly Turn[] =>
    [nightStart, nightEnd]
      .map((time) => Instant(from + modulo(time - from - offset, DAY)))
      .concat(from)
      .filter((at, i, all) => at < to && all.indexOf(at) === i)
      .toSorted((a, b) => a - b)
      .map((at) => ({ at, night: isNight(modulo(at + offset, DAY)) }));

  const turnsOfUtcDay = (day: number): readonly Turn[] => {
    const [from, to] = [Instant(day * DAY), Instant((day + 1) * DAY)];
    const [before, after] = [ahead(from), ahead(to)];
    if (before === after) return turnsOfStretch(from, to, before);
    // No zone changes its clocks twice in a day.
    const change = changeBetween(ahead, from, to);
    return [...turnsOfStretch(from, change, before), ...turnsOfStretch(change, to, after)];
  };
  const kept = new Map<number, readonly Turn[]>();
  const turnsOf = (day: number): readonly Turn[] => {
    const known = kept.get(day);
    if (known) return known;
    if (kept.size >= MOST_DAYS) kept.clear();
    const turns = turnsOfUtcDay(day);
    kept.set(day, turns);
    return turns;
  };
  const nightAt: Hours['nightAt'] = (instant) =>
    turnsOf(Math.floor(instant / DAY)).findLast(({ at }) => at <= instant)?.night ?? false;
  return {
    nightAt,
    turns: (from, to) => {
      const found: Instant[] = [];
      let now = nightAt(from);
      for (let day = Math.floor(from / DAY); day * DAY < to; day++)
        for (const { at, night } of turnsOf(day)) {
          if (at <= from || at >= to || night === now) continue;
          found.push(at);
          now = night;
        }
      return found;
    },
  };
};
