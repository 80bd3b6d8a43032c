/** What becomes of a meter's samples when the clock that stamps them is wrong, or is set. */
import type { Measurement } from '@daisee/meter';
import { type Clock, Instant, Seconds } from '@daisee/units';
import { isTooFarAhead, isUnset } from './horizon.ts';

export interface Stamps {
  /** The samples to be stored now; `newest` is the instant of the newest one that is. */
  place(sample: Measurement, newest: Instant | undefined): readonly Measurement[];
  /** Samples that wait for the clock to be set. */
  unplaced(): number;
}

/** A stamp this much before the one before it says that its clock was set back. */
const SET_BACK = Seconds(1);
/** A stamp this near to the machine's time is of the machine's clock. */
const OWN_CLOCK = Seconds(60);
/** With an unset clock, samples this much older than the newest wait for their true instants. */
const LONG_BEFORE = Seconds(24 * 3600);
/** Beyond it the oldest are given up. */
const MOST_UNPLACED = 100_000;

/** The 1st, 10th, 100th… time: a fault that lasts for days must not fill a log. */
export const worthSaying = (count: number): boolean => /^10*$/.test(String(count));

const utc = (at: Instant): string => new Date(at).toISOString();
const inSeconds = (length: number): string => `${Math.round(length / 1000)} s`;

/**
 * Samples that are too far ahead of the machine's clock are left out, and said to be.
 *
 * A board without a battery starts at a time long ago and is set when it reaches the network. What its meters bring
 * until then would be put before all that is stored; it waits instead, and is moved by as much as the clock was.
 *
 * When a clock is set back, samples come a second time for instants that are on the books: they go between those that
 * are there (one at the same instant is not stored again), so that time's energy counts once, and it is said.
 */
export const createStamps = (name: string, clock: Clock, warn: (message: string) => void): Stamps => {
  let stamped: Instant | undefined;
  let unplaced: Measurement[] = [];
  let ahead = 0;

  /** The samples that waited, moved by what the clock was set forward by when the next one came. */
  const placed = (next: Instant): readonly Measurement[] => {
    const [last, before] = unplaced.slice(-2).toReversed();
    if (!last) return [];
    // The time since the last one is not known; it is taken for as long as the one before.
    const period = before ? last.at - before.at : 0;
    const moved = next - period - last.at;
    const samples = unplaced.map((sample) => ({ ...sample, at: Instant(sample.at + moved) }));
    unplaced = [];
    warn(
      `The clock was set: ${samples.length} samples of meter ${name} that waited for it are stored, ${inSeconds(moved)} later than they were stamped.`,
    );
    return samples;
  };

  return {
    unplaced: () => unplaced.length,
    place: (sample, newest) => {
      const { at } = sample;
      const now = clock.now();
      if (isTooFarAhead(now, at, newest)) {
        ahead++;
        if (worthSaying(ahead))
          warn(
            `Meter ${name}: a sample of ${utc(at)} is left out (${ahead} so far), since the monitor's clock shows ${utc(now)}: set the meter's clock, or this machine's.`,
          );
        return [];
      }
      if (
        isUnset(now) &&
        newest !== undefined &&
        at < newest - LONG_BEFORE &&
        Math.abs(at - now) < OWN_CLOCK
      ) {
        if (unplaced.length === 0)
          warn(
            `This machine's clock shows ${utc(now)} and the newest sample of meter ${name} is of ${utc(newest)}: samples wait until the clock is set.`,
          );
        unplaced.push(sample);
        if (unplaced.length > MOST_UNPLACED) unplaced.shift();
        return [];
      }
      const waited = placed(at);
      if (stamped !== undefined && waited.length === 0 && at < stamped - SET_BACK)
        warn(
          `The clock of meter ${name} was set back by ${inSeconds(stamped - at)}: until ${utc(stamped)} its samples go between those that are there, and that time's energy counts once.`,
        );
      stamped = at;
      return [...waited, sample];
    },
  };
};
