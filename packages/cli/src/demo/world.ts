/** The lab's world: what the options ask for, with defaults that make its story visible at the size of its load. */
import { type PowerSeries, readPowerCsv } from '@daisee/meter';
import { seriesOrigins, type WorldSettings } from '@daisee/sim';
import { type Coin, type Energy, Instant, Percent, wattHours } from '@daisee/units';

export interface WorldOptions {
  readonly seed: number;
  readonly load?: string;
  readonly solar?: string;
  readonly batteryWh?: number;
  readonly limit?: number;
  readonly delta?: Energy;
}

/** The lab's numbers, chosen once and kept with it. */
export interface World {
  readonly start: Instant;
  readonly settings: WorldSettings;
  readonly limit: Percent;
  readonly delta: Energy;
  /** Coins that each node starts with. */
  readonly coins: Coin;
  /** Mean power of Node 1's load, W. */
  readonly meanLoad: number;
}

const LAB_LOAD_W = 10;
/** Nine in the morning by the sun at 0° of longitude, in June: the same for every lab, so that a seed repeats it. */
const LAB_START = Date.UTC(2026, 5, 21, 9);
/** So many hours of Node 1's load do the batteries hold. */
const BATTERY_HOURS = 2;
const SELLER_BATTERY_HOURS = 6;
/** … and so many of its peak, where that is more. */
const SELLER_PEAK_HOURS = 2;
const SELLER_SOC = 70;
/** Watts of the panel for each of the load: production is ahead of what is sold by day. */
const PANEL_PER_LOAD = 4;
/** The treasury gives every node the coins for a week of its load at the default price. */
const COIN_HOURS = 24 * 7;
/** Node 1's charger as a share of its load: it recovers, but not while it lives on its own battery. */
const CHARGER_SHARE = 0.4;
/** A purchase lasts about six minutes. */
const DELTA_HOURS = 0.1;
/** The battery begins a little above the threshold, so that the first purchase comes within minutes. */
const ABOVE_LIMIT = 3;
const LIMIT = 20;

const meanOf = (series: PowerSeries): number => {
  let energy = 0;
  for (let row = 1; row < series.instants.length; row++)
    energy +=
      (((series.watts[row] ?? 0) + (series.watts[row - 1] ?? 0)) / 2) *
      ((series.instants[row] ?? 0) - (series.instants[row - 1] ?? 0));
  const length = (series.instants.at(-1) ?? 0) - (series.instants[0] ?? 0);
  return length > 0 ? energy / length : 0;
};

const HOUR = 3_600_000;
/** A measured day often begins at midnight; the lab begins where the sun has this share of its highest power. */
const SUN_SHARE = 0.25;
const peakOf = (series: PowerSeries): number =>
  series.watts.reduce((highest, watts) => Math.max(highest, watts), 0);

/** When the lab begins, and which instants of the measured series fall on it: by day, so that there is something to sell. */
const beginning = (
  load: PowerSeries | undefined,
  solar: PowerSeries | undefined,
): { start: Instant; load?: Instant; solar?: Instant } => {
  const origins = seriesOrigins(load, solar);
  const first = origins.solar ?? origins.load;
  if (first === undefined) return { start: Instant(LAB_START) };
  const wait = solar ? untilSun(solar, first) : untilMorning(first);
  const within = (series: PowerSeries | undefined, origin: Instant | undefined): Instant | undefined =>
    series && origin !== undefined
      ? Instant(origin + wait <= (series.instants.at(-1) ?? 0) ? origin + wait : origin)
      : undefined;
  const [from1, from2] = [within(load, origins.load), within(solar, origins.solar)];
  return {
    start: Instant(first + wait),
    ...(from1 === undefined ? {} : { load: from1 }),
    ...(from2 === undefined ? {} : { solar: from2 }),
  };
};

const untilSun = (solar: PowerSeries, from: Instant): number => {
  const enough = SUN_SHARE * peakOf(solar);
  const row = solar.watts.findIndex(
    (watts, index) => watts >= enough && (solar.instants[index] ?? 0) >= from,
  );
  return row < 0 ? 0 : (solar.instants[row] ?? from) - from;
};

/** The modelled panel has sun from nine to fifteen o'clock. */
const untilMorning = (from: Instant): number => {
  const hour = (from / HOUR) % 24;
  return hour >= 9 && hour <= 15 ? 0 : ((9 - hour + 24) % 24) * HOUR;
};

/** @throws PowerCsvError when a measured file cannot be read */
export const worldOf = async (options: WorldOptions): Promise<World> => {
  const load = options.load ? await readPowerCsv(options.load) : undefined;
  const solar = options.solar ? await readPowerCsv(options.solar) : undefined;
  const mean = load ? Math.max(1, meanOf(load)) : LAB_LOAD_W;
  const limit = options.limit ?? LIMIT;
  const begin = beginning(load, solar);
  return {
    start: begin.start,
    settings: {
      seed: options.seed,
      node1: {
        batteryWh: options.batteryWh ?? BATTERY_HOURS * mean,
        initialSoc: Percent(Math.min(100, limit + ABOVE_LIMIT)),
        chargerW: CHARGER_SHARE * mean,
        load: load
          ? { kind: 'replay', series: load, ...(begin.load === undefined ? {} : { from: begin.load }) }
          : { kind: 'household', meanWatts: mean },
      },
      node2: {
        batteryWh: Math.max(SELLER_BATTERY_HOURS * mean, load ? SELLER_PEAK_HOURS * peakOf(load) : 0),
        initialSoc: Percent(SELLER_SOC),
        solar: solar
          ? { kind: 'replay', series: solar, ...(begin.solar === undefined ? {} : { from: begin.solar }) }
          : { kind: 'panel', peakWatts: PANEL_PER_LOAD * mean, latitude: 48, longitude: 0, cloudiness: 0.3 },
      },
    },
    limit: Percent(limit),
    delta: options.delta ?? wattHours(DELTA_HOURS * mean),
    coins: wattHours(Math.ceil(mean * COIN_HOURS)) as bigint as Coin,
    meanLoad: mean,
  };
};
