import type { Duration, Energy, Instant, Percent, Watts } from '@daisee/units';

/** One reading of a meter. */
export interface Sample {
  /** When the power was as given (UTC, milliseconds). */
  readonly at: Instant;
  /** Watts; the sign is the meter's, see `SignRule`. */
  readonly power: Watts;
  /**
   * How long it truly was since the sample before, where the stamps do not say it: the clock that made them was set in
   * between. Whoever integrates takes the power for that long.
   */
  readonly elapsed?: Duration | undefined;
  /** State of charge of the node's battery, where the sensor has it. */
  readonly stateOfCharge?: Percent;
  /** Voltage of the battery's cell, or of the line that a meter without a gauge sits in, in volts. */
  readonly voltage?: number;
  /**
   * What the device's own energy counter showed, as it showed it (µWh, 0 or more), in the direction that the meter's
   * register counts: consumption for `load`, production for `source`, import for `signed`. It may restart, roll over
   * or be garbage: `followCounter` makes a register of it. Rooms that do not know it integrate the power instead.
   */
  readonly counter?: Energy;
  /** The device's counter of exported energy, likewise; `signed` meters only. */
  readonly exportedCounter?: Energy;
}

/**
 * From `at` on nothing is known of what a meter measures, until its next sample: the device says that it has no value or
 * is gone, or it does not answer. The power before it holds up to `at`, and no further.
 */
export interface Absence {
  /** Later than the sample before it (UTC, milliseconds). */
  readonly at: Instant;
  /** As in `Sample`. */
  readonly elapsed?: Duration | undefined;
  /** Why, in a few words: `unavailable`, `offline`, `no answer`. */
  readonly absent: string;
}

/** What a meter tells. */
export type Measurement = Sample | Absence;

export const isAbsence = (told: object): told is Absence => 'absent' in told;

/**
 * What a meter's sign means for its register.
 *
 * - `load`: measures a load, consumption positive. A load gives nothing back, so negative power is noise around zero
 *   or a reversed clamp.
 * - `source`: measures the output of a source, production positive. Negative power (noise, or a battery being
 *   charged back) is no production.
 * - `signed`: measures a connection. Import (positive) counts up in `register`, export (negative) in `exported`.
 *
 * `integrate` says how negative power is treated under each.
 */
export type SignRule = 'load' | 'source' | 'signed';

/** A source of power samples. */
export interface Meter {
  readonly name: string;
  readonly sign: SignRule;
  /**
   * Samples and absences as they come, `at` ascending; ends when the signal aborts. Runs inside a clock task of the
   * caller, and waits only on the clock.
   */
  samples(signal: AbortSignal): AsyncIterable<Measurement>;
  /** One reading now, for meters that can be asked: used once more at stop so that no energy is lost. */
  readonly read?: () => Promise<Sample>;
}
