/** Power that nature and people ask for or give, as functions of time: never negative, in watts. */

import { type PowerSeries, powerAt, spanOf } from '@daisee/meter';
import { Instant } from '@daisee/units';
import { clearSky, sineOfElevation, transmittance } from './sun.ts';

/** A measured series that is lived through again. */
export interface Replay {
  readonly kind: 'replay';
  readonly series: PowerSeries;
  /** The instant of the series that falls on the twin's start; by default what `seriesOrigins` finds. */
  readonly from?: Instant;
}

/** What a load wants. */
export type LoadSettings =
  | { readonly kind: 'constant'; readonly watts: number }
  /** The daily shape of a household around this mean. */
  | { readonly kind: 'household'; readonly meanWatts: number }
  /** A measured series (consumption positive; negative rows count as 0). */
  | Replay;

/** What a panel could give. */
export type SolarSettings =
  | {
      readonly kind: 'panel';
      /** Power at 1000 W/m². */
      readonly peakWatts: number;
      /** Degrees north and east. */
      readonly latitude: number;
      readonly longitude: number;
      /** 0 clear, 0.5 fair, 1 overcast. */
      readonly cloudiness: number;
    }
  /** A measured series (production positive; negative rows count as 0). */
  | Replay;

/** Power over time. */
export interface Curve {
  /** Watts, 0 or more. */
  readonly watts: (instant: number) => number;
  /** Its highest and its typical power in watts: they scale sensors and batteries. */
  readonly peak: number;
  readonly typical: number;
}

const HOUR = 3_600_000;

/** Bumps on a base: hour of the day (UTC), width in hours, height. */
const HOUSEHOLD = [
  { hour: 7.25, width: 1.1, height: 0.75 },
  { hour: 12.4, width: 1.6, height: 0.85 },
  { hour: 19.6, width: 2.2, height: 1.45 },
] as const;
const HOUSEHOLD_BASE = 0.42;

const householdShape = (instant: number): number => {
  const hour = (instant / HOUR) % 24;
  let sum = HOUSEHOLD_BASE;
  for (const bump of HOUSEHOLD) {
    const distance = Math.abs(hour - bump.hour);
    const around = Math.min(distance, 24 - distance) / bump.width;
    sum += bump.height * Math.exp(-0.5 * around * around);
  }
  return sum;
};

/** Mean and peak of the shape, over its minutes. */
const householdScale = (() => {
  const minutes = Array.from({ length: 1440 }, (_, minute) => householdShape(minute * 60_000));
  return { mean: minutes.reduce((a, b) => a + b, 0) / minutes.length, peak: Math.max(...minutes) };
})();

/** Where two series begin on the twin's start. */
export interface SeriesOrigins {
  /** The instant in the load's file that falls on the twin's start. */
  readonly load?: Instant;
  /** The same for the solar file. */
  readonly solar?: Instant;
  /** The instant of their own that they have in common: a good start for a twin whose sun should stand as it did. */
  readonly common?: Instant;
}

/**
 * Decides which instants of measured series fall on the twin's start: their first common instant; without one, each
 * its own first row. A single series begins with its first row.
 */
export const seriesOrigins = (
  load: PowerSeries | undefined,
  solar: PowerSeries | undefined,
): SeriesOrigins => {
  const spans = { load: load && spanOf(load), solar: solar && spanOf(solar) };
  if (!spans.load || !spans.solar) {
    const only = spans.load ?? spans.solar;
    return {
      ...(spans.load ? { load: spans.load.from } : {}),
      ...(spans.solar ? { solar: spans.solar.from } : {}),
      ...(only ? { common: only.from } : {}),
    };
  }
  const common = Instant(Math.max(spans.load.from, spans.solar.from));
  if (common > Math.min(spans.load.to, spans.solar.to))
    return { load: spans.load.from, solar: spans.solar.from };
  return { load: common, solar: common, common };
};

/**
 * A measured series from `origin` on the twin's `start`; when it ends it begins again with its first row, one step
 * after its last; `repeats` is called whenever a power past the end is asked for.
 */
const replayCurve = (series: PowerSeries, origin: number, start: number, repeats: () => void): Curve => {
  const { from, to } = spanOf(series);
  const length = to - from + series.step;
  let sum = 0;
  let peak = 0;
  for (const power of series.watts) {
    sum += Math.max(0, power);
    peak = Math.max(peak, power);
  }
  const [first, last] = [series.watts[0] ?? 0, series.watts.at(-1) ?? 0];
  return {
    peak,
    typical: sum / series.watts.length,
    watts: (instant) => {
      const elapsed = origin - from + (instant - start);
      if (elapsed > to - from) repeats();
      const position = from + (elapsed % length);
      const power =
        position <= to
          ? powerAt(series, Instant(position))
          : last + ((first - last) * (position - to)) / series.step;
      return Math.max(0, power);
    },
  };
};

export const loadCurve = (
  settings: LoadSettings,
  origin: number,
  start: number,
  repeats: () => void,
): Curve => {
  if (settings.kind === 'replay') return replayCurve(settings.series, origin, start, repeats);
  if (settings.kind === 'constant') {
    const { watts } = settings;
    return { watts: () => watts, peak: watts, typical: watts };
  }
  // A smooth curve of our own with the morning, noon and evening peaks of a household; it follows the idea of BDEW's
  // standard load profile H0, not its table.
  const scale = settings.meanWatts / householdScale.mean;
  return {
    watts: (instant) => scale * householdShape(instant),
    peak: scale * householdScale.peak,
    typical: settings.meanWatts,
  };
};

export const solarCurve = (
  settings: SolarSettings,
  seed: number,
  origin: number,
  start: number,
  repeats: () => void,
): Curve => {
  if (settings.kind === 'replay') return replayCurve(settings.series, origin, start, repeats);
  const { peakWatts, latitude, longitude, cloudiness } = settings;
  return {
    peak: peakWatts * 1.1,
    // The mean of a fair day and its night, as the mean of a measured series is.
    typical: peakWatts / 6,
    watts: (instant) => {
      const irradiance = clearSky(sineOfElevation(instant, latitude, longitude));
      return irradiance === 0
        ? 0
        : (peakWatts * irradiance * transmittance(seed, instant, cloudiness)) / 1000;
    },
  };
};
