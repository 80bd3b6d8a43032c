/**
 * How long a silence between two samples may be bridged: by the meter's own rhythm, seen from its samples. Pure, on whole
 * milliseconds.
 *
 * The rhythm is the longest interval that came lately: it follows a longer one at once and a shorter one by an eighth of
 * the time that has passed, so that a burst of reports does not hide how long the sensor is silent when nothing changes.
 * A silence beyond `INTERVALS` of it is a gap. When a like one comes before the meter has spoken for as long, that is the
 * rhythm from then on: an outage comes alone, a sensor that has become slower is slow again.
 */
import { Duration, Seconds } from '@daisee/units';

/** The longest silence that is ever bridged, unless settings say otherwise. */
export const DEFAULT_MAX_GAP: Duration = Seconds(15 * 60);

/** Of its own intervals a meter may be silent: two samples may be lost. */
const INTERVALS = 3;
/** Shorter silences are those of a busy machine. */
const SHORTEST = 10_000;
/** The part of the time passed by which the rhythm becomes faster. */
const FASTER = 8;
/** Two silences are alike when neither is longer than the other by more than half. */
const ALIKE = 1.5;

/** What is kept of the intervals between a meter's samples; all in whole ms. */
export interface Rhythm {
  /** The longest interval lately. */
  readonly interval: number;
  /** The last silence that was too long, and for how long the meter has spoken since. */
  readonly silence?: { readonly length: number; readonly since: number };
}

/** How long a silence is bridged after such a rhythm; `maxGap` at most, and before there is one. */
export const bridgedBy = (rhythm: Rhythm | undefined, maxGap: Duration): Duration =>
  rhythm === undefined ? maxGap : Duration(Math.min(maxGap, Math.max(SHORTEST, INTERVALS * rhythm.interval)));

/** The rhythm after one more interval between two samples, ms. */
export const rhythmAfter = (before: Rhythm | undefined, length: number): Rhythm => {
  if (before === undefined) return { interval: length };
  const { interval, silence } = before;
  if (length <= Math.max(SHORTEST, INTERVALS * interval)) {
    const since = (silence?.since ?? 0) + length;
    return {
      interval: Math.max(length, interval - Math.floor(length / FASTER)),
      ...(silence && since <= silence.length && { silence: { ...silence, since } }),
    };
  }
  const [shorter, longer] = [Math.min(length, silence?.length ?? 0), Math.max(length, silence?.length ?? 0)];
  return silence && longer <= ALIKE * shorter
    ? { interval: longer }
    : { interval, silence: { length, since: 0 } };
};

/** A rhythm as text, to be kept beside a sample. */
export const rhythmText = ({ interval, silence }: Rhythm): string =>
  [interval, ...(silence ? [silence.length, silence.since] : [])].join(' ');

/** Reads what `rhythmText` wrote. */
export const rhythmOf = (text: string): Rhythm => {
  const [interval = 0, length, since] = text.split(' ').map(Number);
  return { interval, ...(length !== undefined && since !== undefined && { silence: { length, since } }) };
};
