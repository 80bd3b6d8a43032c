/**
 * What time it is on the clock that stamps a sensor's samples: that of this machine for its own meters, another one for
 * samples that are sent. It is told by the samples that arrive, and by a time that only goes on; so it is the same
 * whatever this machine's clock is set to meanwhile.
 */
import { type Clock, Instant, Seconds, steadyNow } from '@daisee/units';

export interface SensorTime {
  /** A sensor's newest sample arrived now. */
  arrived(sensorId: number, at: Instant): void;
  /** Now on that clock; on this machine's while no sample has arrived. */
  now(sensorId: number): Instant;
}

/** How long a sample may be on its way and still tell the time, where nothing else does. */
const LONGEST_WAY = Seconds(120);
/** Differences up to this are of the way, and of clocks that drift. */
export const JITTER = Seconds(1);
/** Samples that are late by the same for this long are not late: their clock was set back. */
const SET_BACK_AFTER = Seconds(60);

interface Told {
  /** By how much its stamps are ahead of the steady time at which they arrive. */
  offset: number;
  /** How long a sample is on its way, at least. */
  way: number;
  /** Another one that samples agree on since an instant of the steady time: they are late, or their clock was set back. */
  other: { readonly offset: number; readonly since: number } | undefined;
}

export const createSensorTime = (clock: Pick<Clock, 'now' | 'monotonic'>): SensorTime => {
  const known = new Map<number, Told>();
  /** How long it was on its way by this machine's clock; undefined where that cannot be. */
  const wayOf = (at: Instant): number | undefined => {
    const way = clock.now() - at;
    return way >= 0 && way <= LONGEST_WAY ? way : undefined;
  };
  return {
    now: (sensorId) => {
      const told = known.get(sensorId);
      return told ? Instant(steadyNow(clock) + told.offset + told.way) : clock.now();
    },
    arrived: (sensorId, at) => {
      const steady = steadyNow(clock);
      const offset = at - steady;
      const way = wayOf(at);
      const told = known.get(sensorId);
      if (!told) {
        known.set(sensorId, { offset, way: way ?? 0, other: undefined });
        return;
      }
      if (way !== undefined) told.way = Math.min(told.way, way);
      if (offset < told.offset - JITTER) {
        const { other } = told;
        if (!other || Math.abs(offset - other.offset) > JITTER) told.other = { offset, since: steady };
        if (!other || told.other !== other || steady - other.since < SET_BACK_AFTER) return;
      }
      told.offset = offset;
      told.other = undefined;
    },
  };
};
