export {
  type CounterEvent,
  type CounterReading,
  type CounterRule,
  type CounterState,
  type CounterStep,
  emptyCounter,
  followCounter,
} from './drivers/counter/counter.ts';
export type { MqttTls } from './drivers/mqtt/connection.ts';
export { MqttSettingWrong } from './drivers/mqtt/errors.ts';
export { createMqttMeter, type MqttMeterOptions } from './drivers/mqtt/mqtt-meter.ts';
export type { MqttTopic } from './drivers/mqtt/payloads.ts';
export { createReplayMeter, type ReplayMeterOptions } from './drivers/replay/replay-meter.ts';
export type { LineFormat } from './drivers/serial/lines.ts';
export {
  createSerialMeter,
  type SerialMeterOptions,
  type SerialStream,
  type SerialWarning,
} from './drivers/serial/serial-meter.ts';
export { ShellyAnswer, ShellyRefused, ShellyUnreachable } from './drivers/shelly/errors.ts';
export { createShellyMeter, type ShellyMeterOptions } from './drivers/shelly/shelly-meter.ts';
export type { Phase } from './drivers/shelly/status.ts';
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
export type { MeterWarning } from './warning.ts';
