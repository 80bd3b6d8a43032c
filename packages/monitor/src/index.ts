export { DEFAULT_MAX_GAP } from '@daisee/meter';
export { createMonitorClient, type MonitorClientOptions } from './client/client.ts';
export {
  MonitorAnswer,
  MonitorNameRefused,
  MonitorRefused,
  MonitorUnreachable,
  NoSuchSensor,
} from './client/errors.ts';
export { type KeptRegisters, type KeptRegistersOptions, openKeptRegisters } from './client/kept-registers.ts';
export type {
  AskedMark,
  EnergyStep,
  MonitorClient,
  SensorStanding,
  StandingQuestion,
} from './client/monitor-client.ts';
export type { MeterOfSensor, MonitorWarning } from './collector.ts';
export { SignDiffers } from './collector.ts';
export { BrokerAway, HomeAssistantSettingWrong } from './homeassistant/errors.ts';
export type { HomeAssistantBroker } from './homeassistant/place.ts';
export {
  createHomeAssistant,
  type HomeAssistant,
  type HomeAssistantOptions,
} from './homeassistant/publisher.ts';
export { type RemovalOptions, removeFromHomeAssistant } from './homeassistant/removal.ts';
export { createMonitor, ListenFailed, type Monitor, MonitorExposed, type MonitorOptions } from './monitor.ts';
export type { Retention } from './retention.ts';
export { type Directory, NameTaken, openDirectory } from './store/directory.ts';
export { SampleRefused, SensorDiffers, StoreError, UnknownSensor } from './store/errors.ts';
export { takeHeld } from './store/held-copy.ts';
export type { PostgresOptions } from './store/postgres/database.ts';
export { openPostgresDirectory } from './store/postgres/directory.ts';
export { lookAtPostgres } from './store/postgres/look.ts';
export { openPostgresStore } from './store/postgres/postgres-store.ts';
export { openStore, type StoreOptions } from './store/sqlite-store.ts';
export type {
  Appended,
  MonitorStore,
  RemoteStore,
  RuleChange,
  SampleStore,
  Sensor,
  StoredSample,
} from './store/store.ts';
export { UnknownTariff } from './store/tariffs.ts';
export { HoursRefused, type NightHours } from './tariff/hours.ts';
export {
  type DayAndNight,
  Euros,
  type NewTariff,
  type Rate,
  type Tariff,
  TariffRefused,
} from './tariff/tariff.ts';
export { ZoneUnknown } from './tariff/zone.ts';
