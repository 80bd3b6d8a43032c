/** Days as the clocks of a place show them. */
import { Instant, Seconds, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Kept, serveKept } from './kept.ts';

const HOUR = 3_600_000;

describe('a daily total cut at local midnight, days of 23 and 25 hours', () => {
  let kept: Kept;
  beforeEach(async () => {
    kept = await serveKept();
  });
  afterEach(() => kept.end());

  it.each([
    ['Europe/Paris', '2026-03-28T00:00:00+01:00', '2026-03-31T00:00:00+02:00', [24, 23, 24]],
    ['Europe/Paris', '2026-10-24T00:00:00+02:00', '2026-10-27T00:00:00+01:00', [24, 25, 24]],
    ['America/New_York', '2026-03-07T00:00:00-05:00', '2026-03-10T00:00:00-04:00', [24, 23, 24]],
    ['America/New_York', '2026-10-31T00:00:00-04:00', '2026-11-03T00:00:00-05:00', [24, 25, 24]],
    ['UTC', '2026-10-24T00:00:00Z', '2026-10-27T00:00:00Z', [24, 24, 24]],
  ])('in %s from %s to %s, thinned or not', async (zone, from, to, hours) => {
    const [start, end] = [Date.parse(from), Date.parse(to)];
    const samples = [];
    for (let at = start; at <= end; at += HOUR / 12) samples.push({ at: Instant(at), power: Watts(1000) });
    kept.store.append(1, samples);
    const days = async (): Promise<readonly string[]> => {
      const window = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
      const { body } = await kept.ask(
        `GET /sensors/1/energy?${window}&step=P1D&zone=${encodeURIComponent(zone)}`,
      );
      return (body as { steps: { energy: string }[] }).steps.map(({ energy }) => energy);
    };
    const expected = hours.map((count) => `${count * 1000}.000000`);
    expect(await days()).toEqual(expected);
    while (!kept.store.thin(1, Seconds(900), Instant(end)).done);
    expect(kept.store.samples(1, Instant(start), Instant(end)).length).toBeLessThan(300);
    expect(await days()).toEqual(expected);
  });
});
