/**
 * Makes the sample days in `examples/`: one household's load and one roof's solar power, at 1 minute and averaged to
 * 15 minutes. They are made, not measured: no measured day may be given away here. Run: `node tools/samples.ts`.
 *
 * Load: a standby floor, a fridge that cycles, and appliances switched on at times drawn from a seeded generator,
 * each with the power and run time of its kind (kettle 2 kW for 3 min, …). Solar: 3 kWp facing the sky at 48° N on
 * 21 June, times a cloud factor that wanders. Different columns and time formats on purpose, as meters write them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../examples');
const MINUTES = 1440;
const midnight = Date.UTC(2026, 5, 21);

/** Mulberry32: a small seeded generator, 0 ≤ x < 1. */
const generator = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const appliances: readonly { watts: number; minutes: number; from: number; to: number; times: number }[] = [
  { watts: 2000, minutes: 3, from: 390, to: 1290, times: 6 }, // kettle
  { watts: 900, minutes: 8, from: 400, to: 480, times: 2 }, // toaster
  { watts: 1800, minutes: 40, from: 690, to: 760, times: 1 }, // hob, noon
  { watts: 2100, minutes: 45, from: 1080, to: 1150, times: 1 }, // oven, evening
  { watts: 450, minutes: 70, from: 540, to: 700, times: 1 }, // washing machine
  { watts: 120, minutes: 200, from: 1080, to: 1140, times: 1 }, // television and lights
  { watts: 60, minutes: 420, from: 480, to: 560, times: 1 }, // a computer
];

const load = (): number[] => {
  const random = generator(2017);
  const watts = Array.from(
    { length: MINUTES },
    (_, minute) => 55 + 6 * random() + (minute % 48 < 17 ? 85 : 0),
  );
  for (const { watts: power, minutes, from, to, times } of appliances)
    for (let n = 0; n < times; n++) {
      const start = Math.floor(from + random() * (to - from));
      for (let minute = start; minute < Math.min(MINUTES, start + minutes); minute++)
        watts[minute] = (watts[minute] ?? 0) + power * (0.97 + 0.06 * random());
    }
  return watts;
};

const solar = (): number[] => {
  const random = generator(2026);
  const latitude = (48 * Math.PI) / 180;
  const declination = (23.44 * Math.PI) / 180;
  let cloud = 0.8;
  return Array.from({ length: MINUTES }, (_, minute) => {
    cloud = Math.min(1, Math.max(0.15, cloud + 0.09 * (random() - 0.47)));
    const hourAngle = ((minute - 720) / MINUTES) * 2 * Math.PI;
    const sine =
      Math.sin(latitude) * Math.sin(declination) +
      Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
    return sine > 0 ? 3000 * sine * 0.9 * cloud : 0;
  });
};

const averaged = (values: readonly number[], step: number): number[] =>
  Array.from({ length: values.length / step }, (_, n) => {
    const part = values.slice(n * step, (n + 1) * step);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });

const iso = (minute: number) => new Date(midnight + minute * 60_000).toISOString().replace('.000Z', 'Z');
const unix = (minute: number) => String((midnight + minute * 60_000) / 1000);
const write = (name: string, head: string | undefined, rows: string[]) =>
  writeFileSync(join(folder, name), `${[...(head ? [head] : []), ...rows].join('\n')}\n`);

write(
  'load-1min.csv',
  'timestamp,watts',
  load().map((watts, n) => `${iso(n)},${watts.toFixed(1)}`),
);
write(
  'load-15min.csv',
  undefined,
  averaged(load(), 15).map((watts, n) => `${unix(n * 15)},${watts.toFixed(1)}`),
);
write(
  'solar-1min.csv',
  'time;power',
  solar().map((watts, n) => `${iso(n)};${watts.toFixed(1).replace('.', ',')}`),
);
write(
  'solar-15min.csv',
  'time;power',
  averaged(solar(), 15).map((watts, n) => `${iso(n * 15)};${watts.toFixed(1).replace('.', ',')}`),
);
