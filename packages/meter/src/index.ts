export { DEFAULT_MAX_GAP, type Rhythm, rhythmOf, rhythmText } from './bridging.ts';
export {
  type CounterEvent,
  type CounterLine,
  type CounterReading,
  type CounterRule,
  type CounterState,
  type CounterStep,
  DEFAULT_COUNTER_RULE,
  emptyCounter,
  followCounter,
} from './drivers/counter/counter.ts';
export { type Following, UNITS_PER_MICRO_WATT_HOUR } from './drivers/counter/following.ts';
export { countersOf, countersText } from './drivers/counter/kept.ts';
export {
  type Broker,
  type BrokerMessage,
  type BrokerOptions,
  brokerName,
  clientIdFor,
  type MqttTls,
  openBroker,
} from './drivers/mqtt/connection.ts';
export { MqttSettingWrong } from './drivers/mqtt/errors.ts';
export { createMqttMeter, type MqttMeterOptions } from './drivers/mqtt/mqtt-meter.ts';
export type { MqttTopic } from './drivers/mqtt/payloads.ts';
export { ENERGY_UNITS, POWER_UNITS } from './drivers/mqtt/units.ts';
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
export { SensorGarbage, SensorMissing, SensorUnclear, SensorUnreadable } from './drivers/sysfs/errors.ts';
export type { I2cPlace } from './drivers/sysfs/sensors.ts';
export { createSysfsMeter, type SysfsMeterOptions } from './drivers/sysfs/sysfs-meter.ts';
export {
  addUnits,
  emptyIntegration,
  evenPart,
  type Gap,
  type Integration,
  type IntegrationRule,
  integrate,
  type Reading,
  type Share,
  type Stretch,
  shareOut,
  type Total,
} from './integration.ts';
export {
  type Absence,
  isAbsence,
  type Measurement,
  type Meter,
  type Sample,
  type SignRule,
} from './meter.ts';
export { PowerCsvError, type PowerSeries, powerAt, readPowerCsv, spanOf } from './power-csv.ts';
export { type MeterWarning, Warner } from './warning.ts';
