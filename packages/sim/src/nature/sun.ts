/** Clear-sky irradiance from the sun's elevation, and clouds that pass in front of it. */
import { smoothNoise, smoothstep } from './chance.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const RADIANS = Math.PI / 180;

/**
 * The sine of the sun's elevation. Declination and equation of time: J. W. Spencer, "Fourier series representation of
 * the position of the sun", Search 2 (1971), 172. Latitude north and longitude east in degrees; instant UTC in ms.
 */
export const sineOfElevation = (instant: number, latitude: number, longitude: number): number => {
  const newYear = Date.UTC(new Date(instant).getUTCFullYear(), 0, 1);
  const angle = (2 * Math.PI * (instant - newYear)) / (365.2425 * DAY);
  const [cos1, sin1] = [Math.cos(angle), Math.sin(angle)];
  const [cos2, sin2] = [Math.cos(2 * angle), Math.sin(2 * angle)];
  const declination =
    0.006918 -
    0.399912 * cos1 +
    0.070257 * sin1 -
    0.006758 * cos2 +
    0.000907 * sin2 -
    0.002697 * Math.cos(3 * angle) +
    0.00148 * Math.sin(3 * angle);
  const equationOfTime =
    229.18 * MINUTE * (0.000075 + 0.001868 * cos1 - 0.032077 * sin1 - 0.014615 * cos2 - 0.040849 * sin2);
  const solarTime = (instant % DAY) + equationOfTime + (longitude / 360) * DAY;
  const hourAngle = 2 * Math.PI * (solarTime / DAY - 0.5);
  const phi = latitude * RADIANS;
  return Math.sin(phi) * Math.sin(declination) + Math.cos(phi) * Math.cos(declination) * Math.cos(hourAngle);
};

/**
 * Global horizontal irradiance under a clear sky, W/m²: the model of B. Haurwitz, "Insolation in relation to cloudiness
 * and cloud density", Journal of Meteorology 2 (1945), 154–166, in the form of Reno, Hansen and Stein, SAND2012-2389.
 */
export const clearSky = (sine: number): number => (sine <= 0 ? 0 : 1098 * sine * Math.exp(-0.059 / sine));

/** The darkest cloud lets this much through. */
const DARKEST = 0.2;
/** Periods of the noise in minutes, from weather to single clouds, with their weights (sum 1). */
const OCTAVES = [
  { period: 97 * MINUTE, weight: 0.5 },
  { period: 31 * MINUTE, weight: 0.32 },
  { period: 11 * MINUTE, weight: 0.18 },
] as const;
/** The stream of random numbers that clouds draw from, one more for each octave. */
const STREAM = 100;

/**
 * What clouds let through, 0 to 1: smooth in time, the same for the same seed. `cloudiness` 0 is a clear sky, 0.5 fair
 * weather, 1 overcast.
 */
export const transmittance = (seed: number, instant: number, cloudiness: number): number => {
  if (cloudiness <= 0) return 1;
  let noise = 0;
  for (const [index, { period, weight }] of OCTAVES.entries())
    noise += weight * smoothNoise(seed, STREAM + index, instant, period);
  // The noise lies around 0.5; the threshold falls from above to below nearly all of it.
  const threshold = 0.85 - 0.8 * Math.min(1, cloudiness);
  return 1 - (1 - DARKEST) * smoothstep(threshold - 0.12, threshold + 0.12, noise);
};
