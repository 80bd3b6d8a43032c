/** When to try again what failed. */
import type { Duration } from '@daisee/units';

const LONGEST_BACK_OFF = 16;

/** Doubles from one period on: how long to wait after so many failures, 16 periods at most; ms. */
export const backOff = (period: Duration, failures: number): number =>
  period * Math.min(2 ** (failures - 1), LONGEST_BACK_OFF);
