/**
 * What a store of measurements does. `MonitorStore` is the embedded one, which answers at once; `SampleStore` is the
 * same with answers that may take a while, for a database on the network. The HTTP side and the collector ask for
 * no more than a `SampleStore`.
 */
import type { Absence, CounterRule, Measurement, Sample, SignRule } from '@daisee/meter';
import {
  type Duration,
  type Energy,
  type Instant,
  type Percent,
  type Register,
  Seconds,
  type Watts,
} from '@daisee/units';
import type { NewTariff, Tariff } from '../tariff/tariff.ts';
import type { Mark, NewMark } from './marks.ts';

/** What CitizenWatt calls the kind of measurement that all its sensors make. */
export const DEFAULT_TYPE = 'Électricité';

/** A kind of measurement, as the CitizenWatt API lists them. */
export interface SensorType {
  readonly id: number;
  readonly name: string;
}

/** A sensor as the store knows it: where the samples of one meter go. */
export interface Sensor {
  readonly id: number;
  /** Unique in its store. */
  readonly name: string;
  /** How its samples count in its register; the meter that feeds it must have the same. */
  readonly sign: SignRule;
  readonly type: string;
  readonly typeId: number;
  /** What can be believed of its device's counter; absent: `DEFAULT_COUNTER_RULE`. */
  readonly counter?: CounterRule;
  /**
   * `change` for a sensor that says nothing while its power stays the same: the last value holds, until the next one or
   * for the longest gap, instead of being the start of a straight line.
   */
  readonly reports?: 'change';
}

/** What may be told anew of how a sensor counts: absent stays as it is, null is no longer. */
export type RuleChange = {
  readonly [K in 'counter' | 'reports']?: Sensor[K] | null;
};

export interface NewSensor extends RuleChange {
  readonly name: string;
  readonly sign: SignRule;
  readonly type?: string;
}

/** A sample as stored: `at` in whole milliseconds, `power` in whole microwatts, the registers as of `at`. */
export interface StoredSample extends Sample {
  /** Unique in the store, counts up in the order of storing. */
  readonly id: number;
  /** µWh counted up to this sample; import only for a `signed` sensor. */
  readonly register: Register;
  /** µWh of export up to this sample; zero but for a `signed` sensor. */
  readonly exported: Register;
  /** Where samples were thinned: how many it stands for, its power being their mean, and for how long from `at` on. */
  readonly samples?: number;
  readonly span?: Duration;
}

/** An absence as stored, with the registers as of `at`. */
export type StoredAbsence = Absence & Pick<StoredSample, 'register' | 'exported'>;

/** Of a stored sample its power alone. */
export type PowerAt = Pick<StoredSample, 'id' | 'at' | 'power'>;

/** A sample with the instant of the one after it, which is where its own stretch of time ends. */
export interface FollowedSample extends StoredSample {
  /** Absent for the newest sample. */
  readonly next?: Instant;
}

/** The samples of a stretch: how many, and their powers added up. */
export interface PowerSum {
  readonly count: number;
  /** µW (float: a sum for a mean). */
  readonly microWatts: number;
}

/** What became of the samples and absences of one `append`: each was stored, repeated or replaced. */
export interface Appended {
  readonly stored: number;
  /** Those at an instant that was there already (or twice in the batch): the first one stays. */
  readonly repeated: number;
  /** How many of the repeated ones said something else than what stays. */
  readonly conflicting: number;
  /** Those that took the place of what was said of their instant before. */
  readonly replaced: number;
  /** The stored samples with their registers, ascending. */
  readonly samples: readonly StoredSample[];
}

/** A stretch of which nothing is known. */
export interface RecordedGap {
  readonly from: Instant;
  /** The sample after it; absent while there is none. */
  readonly to?: Instant;
  /** Why, where the device said so (`Absence.absent`); absent where it was only silent. */
  readonly reason?: string;
}

export interface AppendOptions {
  /** An interval longer than this before or after a new sample is a gap and adds nothing; the store's own if absent. */
  readonly maxGap?: Duration | undefined;
  /**
   * Bridged is no more than the sensor's own rhythm allows, seen from its samples, and `maxGap` at most; true unless
   * `maxGap` is given.
   */
  readonly rhythm?: boolean | undefined;
  /**
   * The store may commit later, together with others: until `settle` the samples survive the end of the process and
   * not of the machine. Everybody who asks this store is told of them at once.
   */
  readonly hold?: boolean;
  /**
   * They are corrections: one at an instant that is there takes its place, and the registers after it are counted anew.
   * What was thinned stays as it is.
   */
  readonly replace?: boolean | undefined;
}

/** Which samples get other stamps: those from an instant on, and the marks from there on. */
export interface Move {
  readonly from: Instant;
  /** By how many whole ms: on, or back (below zero). */
  readonly by: Duration;
  /** How long it truly was from the sample before them to their first one stays what it was; else it is as stamped. */
  readonly keepsElapsed: boolean;
  /** As of `append`. */
  readonly maxGap?: Duration | undefined;
}

/** A mark with the registers as of it, or as of what is known last where that is older. */
export interface Marked extends Mark {
  readonly register: Register;
  readonly exported: Register;
}

/** Where a sensor stands, all of one moment: what those count by who keep books on its register. */
export interface Standing {
  /** Names the store: a copy of it has the same name, another store has another. */
  readonly store: string;
  /** How often registers of the past were changed: while it is the same, only the future is news. */
  readonly revision: number;
  /** The highest identity of a sample in the store, of whichever sensor: it only rises. */
  readonly id: number;
  /** What is known last, a sample or an absence, with the registers as of it. */
  readonly end?:
    | (Pick<StoredSample, 'at' | 'register' | 'exported'> & { readonly absent: string | undefined })
    | undefined;
  /** The newest sample up to now. */
  readonly newest?: StoredSample | undefined;
  /** The usual time between two samples, of the last ten; undefined before there are two. */
  readonly interval?: Duration | undefined;
  readonly reports?: Sensor['reports'] | undefined;
  /** The newest state of charge, of the last `CHARGE_WINDOW`, and the usual time between two. */
  readonly charge?:
    | { readonly at: Instant; readonly value: Percent; readonly interval: Duration | undefined }
    | undefined;
  /** The highest power of the samples that were stored since. */
  readonly highest?: Watts | undefined;
  /** The gaps that the samples which were stored since end, ascending. */
  readonly gaps: readonly Required<Pick<RecordedGap, 'from' | 'to'>>[];
  /** Ascending by identity. */
  readonly marks: readonly Marked[];
}

export interface StandingQuery {
  /** The samples that are asked about were stored after the one of this identity; 0: none is asked about. */
  readonly after: number;
  /** The marks with this identity or a higher one. */
  readonly firstMark: number;
  /** Now, on the clock that stamps the samples: what a clock that was wrong has stamped later is not the newest. */
  readonly until: Instant;
}

/** How far back a state of charge is looked for. */
export const CHARGE_WINDOW: Duration = Seconds(15 * 60);
/** Marks in one answer at most: the newest. */
export const MOST_MARKS = 1000;

/** What one step of thinning did. */
export interface Thinned {
  /** Rows that are no longer there. */
  readonly removed: number;
  /** False when there is more to thin by the same rule. */
  readonly done: boolean;
}

type Answer<T> = T | Promise<T>;

/**
 * A store of samples and registers, law 1 kept: the registers are the integral of the stored samples within 1 µWh,
 * gaps apart, in whatever order the samples came. Every method throws a `StoreError` when the database fails and
 * `UnknownSensor` for a sensor it does not have.
 */
export interface SampleStore {
  /**
   * The sensor of that name, new if there is none. `counter` and `reports` may be told anew and hold for samples to
   * come. @throws SensorDiffers when it exists with another sign or type.
   */
  addSensor(sensor: NewSensor): Answer<Sensor>;
  sensors(): Answer<readonly Sensor[]>;
  sensor(id: number): Answer<Sensor | undefined>;
  types(): Answer<readonly SensorType[]>;
  /**
   * Stores samples and absences in one transaction: once it returns they survive whatever kills the process, before that
   * none of them is there. One older than the last changes the registers after it in the same transaction.
   * @throws SampleRefused for a power or an instant that cannot be stored; then none of them is.
   */
  append(sensorId: number, told: readonly Measurement[], options?: AppendOptions): Answer<Appended>;
  /**
   * Runs work that appends, all in one transaction; each append in it may still fail alone. Only where appends answer
   * at once.
   */
  readonly together?: <T>(work: () => T) => T;
  /**
   * Makes a mark, or finds the one of that key: there the power is a step, and the registers around it are counted anew.
   */
  mark(sensorId: number, mark: NewMark): Answer<Mark>;
  /** The marks with `from` ≤ `at` < `to`, ascending by `at`. */
  marks(sensorId: number, from: Instant, to: Instant): Answer<readonly Mark[]>;
  standing(sensorId: number, query: StandingQuery): Answer<Standing>;
  /**
   * Gives the newest samples other stamps, in their order. False, and nothing is done, when they would not come after
   * what is before them, are too many, or thinned.
   */
  move(sensorId: number, move: Move): Answer<boolean>;
  /** Commits what is held; only of stores that hold samples. */
  readonly settle?: () => void;
  /** The samples with `from` ≤ `at` < `to`, ascending, at most `limit` of them. */
  samples(sensorId: number, from: Instant, to: Instant, limit?: number): Answer<readonly StoredSample[]>;
  /** The same, their powers alone: for long windows. */
  powers(sensorId: number, from: Instant, to: Instant, limit?: number): Answer<readonly PowerAt[]>;
  /**
   * The highest identity of a sample, of whichever sensor, once the appends of this sensor that are under way have
   * ended: what is stored of it later has a higher one. 0 when there is none.
   */
  newestId(sensorId: number): Answer<number>;
  /** The newest sample. */
  last(sensorId: number): Answer<StoredSample | undefined>;
  /** The register at an instant, on the straight line between the samples around it. */
  registerAt(sensorId: number, instant: Instant): Answer<Register>;
  /** Energy of a window in µWh, import less export: the difference of two register look-ups. */
  energy(sensorId: number, from: Instant, to: Instant): Answer<Energy>;
  /**
   * Energy of each step of a window (the last one ends at `to`): one register look-up more than there are steps.
   * Undefined where nothing was measured: no sample in the step and no interval between samples over it.
   */
  energyBySteps(
    sensorId: number,
    from: Instant,
    to: Instant,
    step: Duration,
  ): Answer<readonly (Energy | undefined)[]>;
  /** The same for the stretches between edges (ascending): one register look-up for each edge. */
  energyByEdges(sensorId: number, edges: readonly Instant[]): Answer<readonly (Energy | undefined)[]>;
  /** Mean of the samples of each step of a window (the last one ends at `to`); undefined where there is none. */
  meanPowerBySteps(
    sensorId: number,
    from: Instant,
    to: Instant,
    step: Duration,
  ): Answer<readonly (Watts | undefined)[]>;
  /** The samples of each stretch between edges (ascending), its start included; undefined where there is none. */
  powerByEdges(sensorId: number, edges: readonly Instant[]): Answer<readonly (PowerSum | undefined)[]>;
  /** The sensor's samples with `from` ≤ `id` < `to`, ascending by `at`. */
  samplesById(sensorId: number, from: number, to: number): Answer<readonly FollowedSample[]>;
  /**
   * The sensor's samples by their place from the end, ascending by `at`: `from` ≤ place < `to` ≤ 0, the newest has
   * place -1. Counts as many rows of the index as there are samples after them.
   */
  samplesFromEnd(sensorId: number, from: number, to: number): Answer<readonly FollowedSample[]>;
  /** The gaps that touch the window, ascending, whole (not cut to the window); an absence that goes on is the last. */
  gaps(sensorId: number, from: Instant, to: Instant): Answer<readonly RecordedGap[]>;
  /** The absences with `from` ≤ `at` < `to`, ascending, with the registers of that instant. */
  absences(sensorId: number, from: Instant, to: Instant): Answer<readonly StoredAbsence[]>;
  /**
   * Makes old samples fewer: of each `span` (from the epoch on) that ends at `before` or earlier, one row stands for
   * them all. The energy between any two instants that are multiples of `span` stays as it is to the last digit, and so
   * do means and gaps; samples at a gap stay, too. One step in one transaction, of `limit` rows or so: call it until it
   * is done. A sample that comes late into what was thinned counts as repeated.
   */
  thin(sensorId: number, span: Duration, before: Instant, limit?: number): Answer<Thinned>;
  /** All tariffs, ascending by id. */
  tariffs(): Answer<readonly Tariff[]>;
  /**
   * Stores a tariff; one of that name becomes what is given and stays current if it was.
   * @throws TariffRefused, HoursRefused, ZoneUnknown when it cannot be.
   */
  setTariff(tariff: NewTariff): Answer<Tariff>;
  /** Makes a tariff the current one, by which energy is priced; undefined for none. @throws UnknownTariff */
  useTariff(id: number | undefined): Answer<void>;
  /** @throws UnknownTariff */
  removeTariff(id: number): Answer<void>;
  close(): Answer<void>;
}

type Embedded<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Answer<infer R> ? (...args: A) => Awaited<R> : T[K];
};

/** The embedded store: answers at once, in this process. */
export type MonitorStore = Embedded<SampleStore>;

/** A store in another process: every answer is a promise. */
export type RemoteStore = {
  [K in keyof SampleStore]: SampleStore[K] extends (...args: infer A) => Answer<infer R>
    ? (...args: A) => Promise<Awaited<R>>
    : SampleStore[K];
};
