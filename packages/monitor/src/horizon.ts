/** How far ahead of the monitor's clock a sample may be: one from next year would be the newest until then. */
import type { Measurement } from '@daisee/meter';
import { type Clock, type Instant, Seconds } from '@daisee/units';
import type { SampleStore } from './store/store.ts';

/** Room for clocks that run ahead, and for local time that was sent as UTC. */
const FARTHEST_AHEAD = Seconds(24 * 3600);
/** This monitor was written later, so a clock that shows less was not set yet (a board without a battery). */
const FIRST_RIGHT = Date.UTC(2026, 0, 1);

/** True while a clock shows a time before this program was written. */
export const isUnset = (now: Instant): boolean => now < FIRST_RIGHT;

/**
 * True for an instant so far ahead of the monitor's clock that something is wrong with the clock that stamped it. Not
 * where the monitor's own clock may be the wrong one: unset, or with a newest sample of the sensor that is that far
 * ahead, too. Better a sample too many than one lost.
 */
export const isTooFarAhead = (now: Instant, at: Instant, newest: Instant | undefined): boolean => {
  const latest = now + FARTHEST_AHEAD;
  return at > latest && !isUnset(now) && !(newest !== undefined && newest > latest);
};

export interface HorizonOptions {
  readonly store: Pick<SampleStore, 'last'>;
  readonly clock: Clock;
}

/** The places of the samples that are too far ahead; asks the store only when there may be some. */
export const tooFarAhead = async (
  { store, clock }: HorizonOptions,
  sensorId: number,
  samples: readonly Pick<Measurement, 'at'>[],
): Promise<readonly number[]> => {
  const now = clock.now();
  if (!samples.some(({ at }) => isTooFarAhead(now, at, undefined))) return [];
  const newest = (await store.last(sensorId))?.at;
  return [...samples.keys()].filter((place) => {
    const at = samples[place]?.at;
    return at !== undefined && isTooFarAhead(now, at, newest);
  });
};
