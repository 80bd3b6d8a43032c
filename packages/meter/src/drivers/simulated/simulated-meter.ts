import { type Clock, type Duration, type Instant, sleepOrStop, untilNext } from '@daisee/units';
import type { Meter, Sample, SignRule } from '../../meter.ts';

export interface SimulatedMeterOptions {
  readonly name: string;
  /** What the sign of the readings means. */
  readonly sign: SignRule;
  readonly clock: Clock;
  /** Time between two readings; they fall on its multiples, counted from the epoch. */
  readonly period: Duration;
  /** Gives the reading of an instant: a simulation's sensor. */
  readonly read: (now: Instant) => Promise<Sample> | Sample;
}

/** A meter that asks a function: at once, and then at every multiple of `period` from the epoch. */
export const createSimulatedMeter = ({ name, sign, clock, period, read }: SimulatedMeterOptions): Meter => ({
  name,
  sign,
  read: async () => await read(clock.now()),
  async *samples(signal) {
    while (!signal.aborted) {
      yield await read(clock.now());
      if (!(await sleepOrStop(clock, untilNext(clock.now(), period), signal))) return;
    }
  },
});
