import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, records, scratch } from './support/daisee.ts';

const BEGIN = Date.UTC(2026, 5, 21, 5) / 1000;

/** A day of minutes as a file of watts. */
const series = (file: string, watts: (minute: number) => number): string => {
  const rows = Array.from(
    { length: 300 },
    (_, minute) => `${BEGIN + minute * 60},${watts(minute).toFixed(3)}`,
  );
  writeFileSync(file, `timestamp,watts\n${rows.join('\n')}\n`);
  return file;
};

describe('daisee demo at dawn, with a seller that has next to nothing', () => {
  it('buys no crumbs: what v0.3.0 spread over 26 switches in 45 minutes takes at most 12', {
    timeout: 180_000,
  }, async () => {
    const folder = scratch();
    // 4 W rising by 1.2 W in an hour, for a load of 12 W with peaks of 25 W.
    const solar = series(join(folder, 'solar.csv'), (minute) =>
      Math.min(16, minute < 60 ? 4 + minute * 0.02 : 5.2 + (minute - 60) * 0.1),
    );
    const load = series(join(folder, 'load.csv'), (minute) => (minute % 7 ? 10 : 25));
    const options = '--no-app --speed 2000 --duration 45m --seed 7 --json --delta 1.2'.split(' ');
    const { code, stdout } = await daisee(['demo', ...options, '--load', load, '--solar', solar]);
    expect(code).toBe(0);
    const told = records(stdout);
    const times = (type: string) =>
      told.filter((one) => one['type'] === type).map((one) => Date.parse(String(one['time'])));
    const switches = times('switched');
    const bought = told.filter(({ type }) => type === 'bought').map(({ energyWh }) => Number(energyWh));
    expect(bought.length).toBeGreaterThan(0);
    // Never more than `delta`, and to go there all of it.
    expect(bought[0]).toBe(1.2);
    expect(Math.max(...bought)).toBeLessThanOrEqual(1.2);
    expect(switches.length).toBeLessThanOrEqual(12);
    // Each way there and back is a stay of some minutes, and a longer one with each try.
    const stays = switches.flatMap((at, index) => (index % 2 === 1 ? [at - (switches[index - 1] ?? 0)] : []));
    for (const stay of stays.slice(0, -1)) expect(stay).toBeGreaterThan(180_000);
    expect(Number(told.at(-1)?.['largestDifference'])).toBeLessThanOrEqual(0.001);
  });
});
