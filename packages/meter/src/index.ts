export { createReplayMeter, type ReplayMeterOptions } from './drivers/replay/replay-meter.ts';
export type { LineFormat } from './drivers/serial/lines.ts';
export {
  createSerialMeter,
  type SerialMeterOptions,
  type SerialStream,
  type SerialWarning,
} from './drivers/serial/serial-meter.ts';
export { createSimulatedMeter, type SimulatedMeterOptions } from './drivers/simulated/simulated-meter.ts';
export {
  addUnits,
  emptyIntegration,
  type Gap,
  type Integration,
  type IntegrationRule,
  integrate,
  type Share,
  shareOut,
  type Total,
  UNITS_PER_MICRO_WATT_HOUR,
} from './integration.ts';
export type { Meter, Sample, SignRule } from './meter.ts';
export { PowerCsvError, type PowerSeries, powerAt, readPowerCsv, spanOf } from './power-csv.ts';
