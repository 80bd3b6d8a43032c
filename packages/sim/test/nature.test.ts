import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type PowerSeries, readPowerCsv } from '@daisee/meter';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normal, uniform } from '../src/nature/chance.ts';
import { loadCurve, seriesOrigins, solarCurve } from '../src/nature/curves.ts';
import { clearSky, sineOfElevation, transmittance } from '../src/nature/sun.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const degrees = (sine: number): number => (Math.asin(sine) * 180) / Math.PI;
const never = () => expect.unreachable('nothing repeats here');
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const hours = (count: number, from: number, step = HOUR) =>
  Array.from({ length: count }, (_, hour) => from + hour * step);

describe('the sun', () => {
  it.each([
    ['noon in June in Paris', Date.UTC(2024, 5, 20, 11, 52), 48.85, 2.35, 64.6],
    ['noon in December in Paris', Date.UTC(2024, 11, 21, 11, 49), 48.85, 2.35, 17.7],
    ['noon at an equinox on the equator', Date.UTC(2024, 2, 20, 12, 7), 0, 0, 90],
    ['noon in December in Sydney', Date.UTC(2024, 11, 21, 1, 53), -33.87, 151.2, 79.6],
  ])('stands where almanacs say at %s', (_, instant, latitude, longitude, elevation) => {
    expect(Math.abs(degrees(sineOfElevation(instant, latitude, longitude)) - elevation)).toBeLessThan(0.6);
  });

  it('gives nothing at night and under 1100 W/m² at its highest', () => {
    expect(clearSky(sineOfElevation(Date.UTC(2024, 5, 20, 0), 48.85, 2.35))).toBe(0);
    expect(clearSky(1)).toBeCloseTo(1098 * Math.exp(-0.059));
    expect(clearSky(Math.sin(Math.PI / 6))).toBeCloseTo(488, 0);
  });
});

describe('clouds', () => {
  const at = hours(2000, Date.UTC(2024, 5, 1), 7 * 60_000);

  it('are the same for the same seed and others for another', () => {
    expect(at.map((instant) => transmittance(7, instant, 0.5))).toEqual(
      at.map((instant) => transmittance(7, instant, 0.5)),
    );
    expect(transmittance(8, at[5] ?? 0, 0.5)).not.toBe(transmittance(7, at[5] ?? 0, 0.5));
  });

  it('let through between a fifth and all, the less the cloudier', () => {
    const through = [0, 0.3, 0.5, 0.7, 1].map((cloudiness) =>
      at.map((instant) => transmittance(3, instant, cloudiness)),
    );
    for (const values of through) {
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0.2 - 1e-12);
      expect(Math.max(...values)).toBeLessThanOrEqual(1);
    }
    const means = through.map(mean);
    expect(means.toSorted((a, b) => b - a)).toEqual(means);
    expect(means[0]).toBe(1);
    expect(means[2]).toBeGreaterThan(0.4);
    expect(means[2]).toBeLessThan(0.9);
    expect(means[4]).toBeLessThan(0.3);
  });

  it('pass smoothly: no sample 8 s later differs by more than a few percent', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 2 ** 42 }), (seed, instant) => {
        const step = Math.abs(transmittance(seed, instant, 0.5) - transmittance(seed, instant + 8000, 0.5));
        expect(step).toBeLessThan(0.05);
      }),
    );
  });
});

describe('chance', () => {
  it('is uniform, and normal with mean 0 and deviation 1', () => {
    const positions = Array.from({ length: 40_000 }, (_, index) => 1.7e12 + index * 8000);
    const even = positions.map((position) => uniform(1, 1, position));
    const bell = positions.map((position) => normal(1, 1, position));
    expect(mean(even)).toBeCloseTo(0.5, 1.9);
    expect(even.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(Math.abs(mean(bell))).toBeLessThan(0.02);
    expect(mean(bell.map((value) => value * value))).toBeCloseTo(1, 1.3);
    const neighbours = bell.slice(1).map((value, index) => value * (bell[index] ?? 0));
    expect(Math.abs(mean(neighbours))).toBeLessThan(0.02);
  });
});

describe('a load', () => {
  it('of a household has its mean, and its peak in the evening', () => {
    const curve = loadCurve({ kind: 'household', meanWatts: 400 }, 0, 0, never);
    const minutes = hours(1440, Date.UTC(2024, 0, 3), 60_000);
    const watts = minutes.map(curve.watts);
    expect(mean(watts)).toBeCloseTo(400, 6);
    expect(Math.max(...watts)).toBeCloseTo(curve.peak, 6);
    const peakHour = ((minutes[watts.indexOf(Math.max(...watts))] ?? 0) % DAY) / HOUR;
    expect(peakHour).toBeGreaterThan(18);
    expect(peakHour).toBeLessThan(21);
    expect(Math.min(...watts)).toBeGreaterThan(100);
  });

  it('of a household has no step at midnight', () => {
    const curve = loadCurve({ kind: 'household', meanWatts: 400 }, 0, 0, never);
    expect(Math.abs(curve.watts(DAY - 1) - curve.watts(DAY))).toBeLessThan(0.01);
  });
});

describe('a measured series', () => {
  let directory = '';
  const series = async (rows: string): Promise<PowerSeries> => {
    const file = path.join(directory, 'series.csv');
    await writeFile(file, rows);
    return readPowerCsv(file);
  };
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'daisee-series-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is linear between rows, begins anew one step after its last and says so; negative rows count as 0', async () => {
    let repeated = 0;
    const curve = loadCurve(
      { kind: 'replay', series: await series('1000,10\n1010,20\n1020,-5\n') },
      1_000_000,
      77_000,
      () => {
        repeated += 1;
      },
    );
    const at = (seconds: number) => curve.watts(77_000 + seconds * 1000);
    expect([at(0), at(5), at(10), at(20)]).toEqual([10, 15, 20, 0]);
    expect(repeated).toBe(0);
    expect([at(30), at(35), at(40), at(60), at(100)]).toEqual([10, 15, 20, 10, 20]);
    expect(repeated).toBe(5);
    expect(curve).toMatchObject({ peak: 20, typical: 10 });
  });

  it('starts where both have their first common instant', async () => {
    const load = await series('1000,1\n2000,1\n');
    const solar = await series('1500,1\n3000,1\n');
    expect(seriesOrigins(load, solar)).toEqual({ load: 1_500_000, solar: 1_500_000, common: 1_500_000 });
    expect(seriesOrigins(solar, load)).toEqual({ load: 1_500_000, solar: 1_500_000, common: 1_500_000 });
  });

  it('starts each with its own first row where they have no instant in common', async () => {
    const load = await series('1000,1\n2000,1\n');
    const solar = await series('5000,1\n6000,1\n');
    expect(seriesOrigins(load, solar)).toEqual({ load: 1_000_000, solar: 5_000_000 });
  });

  it('starts with its first row when it is alone', async () => {
    const only = await series('1000,1\n2000,1\n');
    expect(seriesOrigins(only, undefined)).toEqual({ load: 1_000_000, common: 1_000_000 });
    expect(seriesOrigins(undefined, only)).toEqual({ solar: 1_000_000, common: 1_000_000 });
    expect(seriesOrigins(undefined, undefined)).toEqual({});
  });

  it('is followed by a panel as measured, without clouds or sun of our own', async () => {
    const solar = solarCurve({ kind: 'replay', series: await series('0,0\n86400,100\n') }, 1, 0, 5000, never);
    expect(solar.watts(5000 + DAY / 2)).toBe(50);
  });
});
