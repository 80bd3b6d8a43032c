/** What a monitor can be asked for, whichever protocol it speaks. */
import type { Sample } from '@daisee/meter';
import type { Duration, Energy, Instant, Watts } from '@daisee/units';
import type { Sensor } from '../store/store.ts';

/** Every call asks once and throws MonitorUnreachable, MonitorRefused, MonitorAnswer or NoSuchSensor. */
export interface MonitorClient {
  /** The monitor's clock. */
  time(): Promise<Instant>;
  /** Samples with `from` ≤ `at` < `to`, ascending; with state of charge and counters where the monitor has them (v0.2 has none). */
  samples(from: Instant, to: Instant): Promise<readonly Sample[]>;
  /** How the monitor counts them, beyond the sensor's sign: for those who integrate them, too (v0.2: by power alone). */
  rule(): Promise<Pick<Sensor, 'counter' | 'reports'>>;
  /** The newest sample, or undefined when there is none. */
  latest(): Promise<Sample | undefined>;
  /** Mean power of each step of a window (the last one ends at `to`); undefined where there is no sample. */
  powerBySteps(from: Instant, to: Instant, step: Duration): Promise<readonly (Watts | undefined)[]>;
  /**
   * Energy of each hour or day of a window, as the clocks of a zone show them (an IANA name); undefined where nothing
   * was measured. From v0.2's monitors days have 24 hours from `from` on: they know no zones.
   */
  energyBySteps(
    from: Instant,
    to: Instant,
    step: 'PT1H' | 'P1D',
    zone: string,
  ): Promise<readonly EnergyStep[]>;
}

/** Energy of a stretch of time. */
export interface EnergyStep {
  readonly from: Instant;
  readonly to: Instant;
  /** Import less export. */
  readonly energy: Energy | undefined;
}
