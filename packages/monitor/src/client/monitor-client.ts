/** What a monitor can be asked for, whichever protocol it speaks. */
import type { Gap, Sample } from '@daisee/meter';
import type { Duration, Energy, Instant, Percent, Register, Watts } from '@daisee/units';
import type { Mark, NewMark } from '../store/marks.ts';
import type { Sensor } from '../store/store.ts';

/** A mark to be made: so many ms ago, whatever any clock shows, or at an instant of the clock that stamps the samples. */
export type AskedMark = Omit<NewMark, 'at'> & ({ readonly ago: Duration } | { readonly at: Instant });

/** Where a sensor stands, all of one moment. */
export interface SensorStanding {
  /** Now, on the clock that stamps its samples. */
  readonly now: Instant;
  /** Names the monitor's store: a copy of it has the same name. */
  readonly store: string;
  /** Rises when registers of the past are changed. */
  readonly revision: number;
  /** The highest identity of a sample in the store: it only rises. */
  readonly id: number;
  /** What is known last, a sample or an absence, with the register as of it. */
  readonly end?:
    | {
        readonly at: Instant;
        readonly register: Register;
        /** Nothing is known from then on, and why. */
        readonly absent?: string | undefined;
      }
    | undefined;
  /** The newest sample up to `now`. */
  readonly newest?: Sample | undefined;
  /** How long ago it was measured. */
  readonly age?: Duration | undefined;
  /** The usual time between two samples; undefined before there are two. */
  readonly interval?: Duration | undefined;
  /** `change` for a sensor that says nothing while its power stays the same. */
  readonly reports?: 'change' | undefined;
  /** The newest state of charge, and the usual time between two. */
  readonly charge?:
    | { readonly age: Duration; readonly value: Percent; readonly interval: Duration | undefined }
    | undefined;
  /** The highest power of the samples that were stored after `after`. */
  readonly highest?: Watts | undefined;
  /** The gaps that they end. */
  readonly gaps: readonly Gap[];
  /** Ascending by identity, with the register as of each, or as of what is known last where that is older. */
  readonly marks: readonly (Mark & { readonly register: Register })[];
}

/** What of a sensor is asked about. */
export interface StandingQuestion {
  /** The `id` of the standing known last; 0: none. */
  readonly after: number;
  /** The marks from this identity on; undefined: none. */
  readonly firstMark?: number | undefined;
}

/** Every call asks once and throws MonitorUnreachable, MonitorRefused, MonitorNameRefused, MonitorAnswer or NoSuchSensor. */
export interface MonitorClient {
  /** The monitor's clock. */
  time(): Promise<Instant>;
  /** Samples with `from` ≤ `at` < `to`, ascending; with state of charge and counters where the monitor has them (v0.2 has none). */
  samples(from: Instant, to: Instant): Promise<readonly Sample[]>;
  /** How the monitor counts them, beyond the sensor's sign: for those who integrate them, too (v0.2: by power alone). */
  rule(): Promise<Pick<Sensor, 'counter' | 'reports'>>;
  /**
   * Where the sensor stands: for books that go by its register. Undefined of a v0.2 monitor, which has none: there the
   * samples are to be integrated.
   */
  standing(question: StandingQuestion): Promise<SensorStanding | undefined>;
  /** Marks where the source changed; made again under its key it is the first one. Undefined of a v0.2 monitor. */
  mark(mark: AskedMark): Promise<Mark | undefined>;
  /** The marks with `from` ≤ `at` < `to`, ascending; none of a v0.2 monitor. */
  marks(from: Instant, to: Instant): Promise<readonly Mark[]>;
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
