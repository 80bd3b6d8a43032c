export { type LoadSettings, type SeriesOrigins, type SolarSettings, seriesOrigins } from './nature/curves.ts';
export { createTwin, type Truth, type Twin, type TwinEvent, type TwinOptions } from './twin.ts';
export {
  type BatterySettings,
  InvalidTwin,
  type Node1Settings,
  type Node2Settings,
  WorldDiffers,
  type WorldSettings,
} from './world/settings.ts';
export { type ContactRecord, labWiring, type TwoSourcesAt, UnknownWiring } from './world/wires.ts';
export { WorldFileFailed } from './world/world-file.ts';
