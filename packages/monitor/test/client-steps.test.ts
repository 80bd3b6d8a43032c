/** What a page draws: power and energy by steps, asked of this monitor by either protocol. */
import { Duration, Energy, Instant, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createV02Client } from '../src/client/v02.ts';
import { createMonitorClient, type MonitorClient } from '../src/index.ts';
import { LOGIN, PASSWORD, type Served, serve } from './served.ts';

/** Midnight in Paris of the day that has 25 hours. */
const MIDNIGHT = Date.UTC(2026, 9, 24, 22);
const HOUR = 3_600_000;
const MINUTE = 60_000;

let served: Served | undefined;
afterEach(async () => {
  await served?.end();
  served = undefined;
});

const monitor = async (): Promise<{ readonly client: MonitorClient; readonly v02: MonitorClient }> => {
  served = await serve({
    before: (store) => {
      // 60 W from midnight on for 27 hours, but for the third hour.
      const samples = Array.from({ length: 27 * 60 + 1 }, (_, i) => ({
        at: Instant(MIDNIGHT + i * MINUTE),
        power: Watts(60),
      })).filter(({ at }) => at <= MIDNIGHT + 2 * HOUR || at >= MIDNIGHT + 3 * HOUR);
      store.append(1, samples);
    },
  });
  const options = { url: served.url, login: LOGIN, password: PASSWORD, sensorId: 1 };
  return {
    client: createMonitorClient(options),
    v02: createV02Client({ ...options, password: () => PASSWORD, timeout: Duration(5000) }),
  };
};

describe('The client, for a chart', () => {
  it('has the mean power of each step, none without a sample', async () => {
    const { client, v02 } = await monitor();
    for (const one of [client, v02]) {
      const [from, to] = [Instant(MIDNIGHT + HOUR), Instant(MIDNIGHT + 3.5 * HOUR)];
      expect(await one.powerBySteps(from, to, Duration(HOUR / 2))).toEqual([
        60,
        60,
        // The sample of two o'clock itself.
        60,
        undefined,
        60,
      ]);
      expect(await one.powerBySteps(Instant(0), Instant(2 * HOUR), Duration(HOUR))).toEqual([
        undefined,
        undefined,
      ]);
    }
  });

  it('has the energy of each hour, and of a day of 25 hours as the clocks there show it', async () => {
    const { client, v02 } = await monitor();
    const [from, to] = [Instant(MIDNIGHT), Instant(MIDNIGHT + 4 * HOUR)];
    const wh = (value: number): Energy => Energy(BigInt(value) * 1_000_000n);
    for (const one of [client, v02]) {
      const hours = await one.energyBySteps(from, to, 'PT1H', 'Europe/Paris');
      expect(hours.map(({ energy }) => energy)).toEqual([wh(60), wh(60), wh(0), wh(60)]);
      expect(hours[3]).toMatchObject({ from: MIDNIGHT + 3 * HOUR, to: MIDNIGHT + 4 * HOUR });
    }
    const days = await client.energyBySteps(from, Instant(MIDNIGHT + 26 * HOUR), 'P1D', 'Europe/Paris');
    expect(days).toEqual([
      { from: MIDNIGHT, to: MIDNIGHT + 25 * HOUR, energy: wh(24 * 60) },
      { from: MIDNIGHT + 25 * HOUR, to: MIDNIGHT + 26 * HOUR, energy: wh(60) },
    ]);
  });
});
