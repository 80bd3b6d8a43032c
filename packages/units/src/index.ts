export { type Clock, SleepAborted, sleepOrStop, steadyNow, systemClock, untilNext } from './clock.ts';
export { DaiseeError, type DaiseeErrorOptions, messageOf } from './errors.ts';
export { type FileMode, isOpenToOthers, modeText } from './file-mode.ts';
export {
  type EnergyDirection,
  type IntervalEnergy,
  intervalEnergy,
  type Measure,
  type Quality,
} from './interval-energy.ts';
export {
  formatKilowattHours,
  parseKilowattHours,
  type ReadEnergy,
  readKilowattHours,
} from './kilowatt-hours.ts';
export { type PacedClockOptions, pacedClock } from './paced-clock.ts';
export {
  Coin,
  Duration,
  Energy,
  formatMicro,
  Instant,
  MICRO,
  Percent,
  Price,
  parseMicro,
  QuantityError,
  Register,
  Seconds,
  toWattHours,
  Watts,
  wattHours,
} from './quantities.ts';
export { createRhythm, type Rhythm } from './rhythm.ts';
export { isBusy, isWrittenElsewhere } from './sqlite-busy.ts';
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
