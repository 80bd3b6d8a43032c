/** What a twin is made of, its defaults, and how two sets of settings are told apart. */
import { createHash } from 'node:crypto';
import type { Wiring } from '@daisee/relay';
import { DaiseeError, type Percent } from '@daisee/units';
import type { Curve, LoadSettings, Replay, SolarSettings } from '../nature/curves.ts';
import type { Battery } from '../node/battery.ts';

/** A node's battery. */
export interface BatterySettings {
  readonly batteryWh: number;
  /** State of charge when the world begins. */
  readonly initialSoc: Percent;
  /** 0.95 each by default. */
  readonly chargeEfficiency?: number;
  readonly dischargeEfficiency?: number;
  /** W; by default full in an hour, and enough for the charger. */
  readonly maxChargeW?: number;
  /** W; by default empty in 20 minutes, and enough for four times the load's peak. */
  readonly maxDischargeW?: number;
}

/** The consumer: battery, load, charger. */
export interface Node1Settings extends BatterySettings {
  /** Mains charger of its battery, W; 0 for none. */
  readonly chargerW: number;
  readonly load: LoadSettings;
}

/** The producer: panel and battery. */
export interface Node2Settings extends BatterySettings {
  readonly solar: SolarSettings;
  /** Mains charger of its battery, W; 0 (none) by default: what it sells then is not from its panel alone. */
  readonly chargerW?: number;
  /** What it uses itself, W; 0 by default. */
  readonly ownUseW?: number;
}

/** What makes a world; all of it must be the same when a kept world is opened again. */
export interface WorldSettings {
  /** Of clouds and sensor noise: a whole number of 32 bits. */
  readonly seed: number;
  readonly node1: Node1Settings;
  readonly node2: Node2Settings;
  /** One load with one seller; by default the v0.2 lab on four channels. */
  readonly wiring?: Wiring;
  /** Share by which the power sensors show too much (0.01 = 1 %); 0 by default. */
  readonly gainError?: { readonly node1?: number; readonly node2?: number };
  /**
   * Standard deviation of a power sensor's noise as a share of its typical power; 0.0002 by default. That is an
   * ACS712 (21 mV peak to peak at 185 mV/A, its data sheet: 3.2 mV rms or 17 mA) of which the sketch averages a
   * second's 8,000 readings (0.2 mA: 2.3 mW at 12 V) on a load of 10 W; an INA219 averaging 128 samples is below that.
   */
  readonly noise?: number;
}

/** Thrown for settings that no world can have. */
export class InvalidTwin extends DaiseeError {
  constructor(setting: string, got: unknown, expected: string) {
    super({
      code: 'sim.setting',
      message: `The twin's ${setting} is ${String(got)}; expected ${expected}.`,
      retryable: false,
      values: { setting, got: String(got), expected },
    });
  }
}

/** Thrown when a kept world was made with other settings. */
export class WorldDiffers extends DaiseeError {
  constructor(file: string, setting: string, kept: string, given: string) {
    super({
      code: 'sim.world-differs',
      message: `The world in ${file} was made with ${setting} ${kept}, not ${given}. Give ${setting} ${kept} again, or keep the new world elsewhere (--data DIR).`,
      retryable: false,
      values: { file, setting, kept, given },
    });
  }
}

const check = (setting: string, value: number, low: number, high: number): void => {
  if (!(value >= low && value <= high)) throw new InvalidTwin(setting, value, `${low} to ${high}`);
};

const checkBattery = (node: string, settings: BatterySettings): void => {
  check(`${node} battery (Wh)`, settings.batteryWh, 0.01, 1e9);
  check(`${node} initial state of charge (%)`, settings.initialSoc, 0, 100);
  check(`${node} charge efficiency`, settings.chargeEfficiency ?? 1, 0.01, 1);
  check(`${node} discharge efficiency`, settings.dischargeEfficiency ?? 1, 0.01, 1);
  check(`${node} highest charge power (W)`, settings.maxChargeW ?? 0, 0, 1e9);
  check(`${node} highest discharge power (W)`, settings.maxDischargeW ?? 0, 0, 1e9);
};

/** @throws InvalidTwin */
export const checkSettings = ({ seed, node1, node2, noise, gainError }: WorldSettings): void => {
  if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32)
    throw new InvalidTwin('seed', seed, 'a whole number of 32 bits');
  checkBattery('Node 1', node1);
  checkBattery('Node 2', node2);
  check('charger (W)', node1.chargerW, 0, 1e9);
  check('charger of Node 2 (W)', node2.chargerW ?? 0, 0, 1e9);
  check('own use of Node 2 (W)', node2.ownUseW ?? 0, 0, 1e9);
  if (node1.load.kind === 'constant') check('load (W)', node1.load.watts, 0, 1e9);
  if (node1.load.kind === 'household') check('mean load (W)', node1.load.meanWatts, 0, 1e9);
  if (node2.solar.kind === 'panel') {
    check('panel (W at its peak)', node2.solar.peakWatts, 0, 1e9);
    check('latitude', node2.solar.latitude, -90, 90);
    check('longitude', node2.solar.longitude, -180, 180);
    check('cloudiness', node2.solar.cloudiness, 0, 1);
  }
  check('noise', noise ?? 0, 0, 1);
  check('gain error of Node 1', gainError?.node1 ?? 0, -0.5, 0.5);
  check('gain error of Node 2', gainError?.node2 ?? 0, -0.5, 0.5);
};

const EFFICIENCY = 0.95;

/** The battery with its defaults; `charging` and `discharging` are the powers that it must be able to bear, W. */
export const batteryOf = (settings: BatterySettings, charging: number, discharging: number): Battery => ({
  capacity: settings.batteryWh,
  chargeEfficiency: settings.chargeEfficiency ?? EFFICIENCY,
  dischargeEfficiency: settings.dischargeEfficiency ?? EFFICIENCY,
  maxCharge: settings.maxChargeW ?? Math.max(settings.batteryWh, charging),
  maxDischarge: settings.maxDischargeW ?? Math.max(3 * settings.batteryWh, discharging),
});

const DEFAULT_NOISE = 0.0002;

/** The noise of a sensor for a curve that it measures, W. */
export const noiseFor = (settings: WorldSettings, curve: Curve): number =>
  (settings.noise ?? DEFAULT_NOISE) * curve.typical;

const seriesName = ({ series, from }: Replay): string => {
  const digest = createHash('sha256').update(series.instants).update(series.watts).digest('hex').slice(0, 12);
  const origin = from === undefined ? '' : ` from ${new Date(from).toISOString()}`;
  return `replay of ${series.instants.length} rows (${digest})${origin}`;
};

const curveName = (settings: LoadSettings | SolarSettings): string => {
  if (settings.kind === 'replay') return seriesName(settings);
  if (settings.kind === 'constant') return `constant ${settings.watts} W`;
  if (settings.kind === 'household') return `household of ${settings.meanWatts} W`;
  return `panel of ${settings.peakWatts} W at ${settings.latitude}, ${settings.longitude}, cloudiness ${settings.cloudiness}`;
};

const batteryNames = (node: string, settings: BatterySettings): Record<string, string> => ({
  [`${node}'s battery (Wh)`]: String(settings.batteryWh),
  [`${node}'s initial state of charge`]: `${settings.initialSoc} %`,
  [`${node}'s charge efficiency`]: String(settings.chargeEfficiency ?? EFFICIENCY),
  [`${node}'s discharge efficiency`]: String(settings.dischargeEfficiency ?? EFFICIENCY),
  [`${node}'s highest charge power`]:
    settings.maxChargeW === undefined ? 'as needed' : `${settings.maxChargeW} W`,
  [`${node}'s highest discharge power`]:
    settings.maxDischargeW === undefined ? 'as needed' : `${settings.maxDischargeW} W`,
});

/** Every setting of a world by its name, as text: what is kept beside it and compared. */
export const describeSettings = (
  settings: WorldSettings,
  wiring: Wiring,
): Readonly<Record<string, string>> => ({
  seed: String(settings.seed),
  'the load': curveName(settings.node1.load),
  'the sun': curveName(settings.node2.solar),
  ...batteryNames('Node 1', settings.node1),
  ...batteryNames('Node 2', settings.node2),
  'the charger': `${settings.node1.chargerW} W`,
  "Node 2's charger": `${settings.node2.chargerW ?? 0} W`,
  "Node 2's own use": `${settings.node2.ownUseW ?? 0} W`,
  'the wiring': JSON.stringify(
    wiring.loads.map(({ own, sellers }) => [own, sellers.map((seller) => seller.channels)]),
  ),
  'the gain error of Node 1': String(settings.gainError?.node1 ?? 0),
  'the gain error of Node 2': String(settings.gainError?.node2 ?? 0),
  'the noise': String(settings.noise ?? DEFAULT_NOISE),
});
