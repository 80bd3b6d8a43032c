/** What a device on Modbus says at one moment. */
import type { Energy } from '@daisee/units';
import type { PhaseReading } from '../reading.ts';

export interface DeviceReading {
  /**
   * What its power counts: a `meter`'s import and an `inverter`'s output are positive. Of a `battery` it is as the device
   * has it: SunSpec's model does not say which way is positive.
   */
  readonly kind: 'meter' | 'inverter' | 'battery';
  /** Watts. */
  readonly power?: number | undefined;
  /** Cumulative registers, µWh: into the site and out of it; an inverter's output is `exported`. */
  readonly imported?: Energy | undefined;
  readonly exported?: Energy | undefined;
  readonly phases: readonly PhaseReading[];
  /** Percent. */
  readonly stateOfCharge?: number | undefined;
}
