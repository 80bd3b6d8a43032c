/** An agent that integrates a monitor's samples comes to the monitor's registers: with counters, on change, at any time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '@daisee/meter';
import {
  createMonitor,
  createMonitorClient,
  type Monitor,
  type MonitorStore,
  openStore,
} from '@daisee/monitor';
import { Energy, Instant, Seconds, VirtualClock, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetering } from '../src/metering.ts';
import { openAgentStore } from '../src/store.ts';
import { NODE, SELLER_1, START } from './world/lab.ts';

const maxGap = Seconds(900);
const step = fc.record({
  pause: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
    fc.integer({ min: 60_001, max: 3_000_000 }),
  ),
  power: fc.integer({ min: 0, max: 4000 }),
  shows: fc.constantFrom('true', 'true', 'stale', 'none', 'reset', 'garbage'),
  garbage: fc.integer({ min: 0, max: 1_000_000_000 }),
});
const device = fc.array(step, { minLength: 2, maxLength: 25 }).map((steps) => {
  let at = Number(START);
  let counter = 500_000_000;
  let shown = counter;
  return steps.map(({ pause, power, shows, garbage }): Sample => {
    at += pause;
    counter = shows === 'reset' ? garbage % 1_000_000 : counter + Math.round((power * 1000 * pause) / 3600);
    if (shows === 'true' || shows === 'reset') shown = counter;
    const reading = { at: Instant(at), power: Watts(power) };
    if (shows === 'none') return reading;
    return { ...reading, counter: Energy(BigInt(shows === 'garbage' ? garbage : shown)) };
  });
});

describe('an agent on a monitor', () => {
  let folder: string;
  let store: MonitorStore;
  let monitor: Monitor;
  const clock = new VirtualClock({ start: Instant(START + 1e8) });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-registers-'));
    store = openStore({ file: join(folder, 'monitor.sqlite'), survives: 'process' });
    monitor = createMonitor({ store, clock, port: 0, maxGap });
    await monitor.start();
  });
  afterAll(async () => {
    await monitor.stop();
    store.close();
    rmSync(folder, { recursive: true });
  });

  let runs = 0;
  it('comes to the same register, whenever it asks', async () => {
    const rules = fc.record({
      reports: fc.constantFrom(undefined, 'change' as const),
      highestPower: fc.constantFrom(undefined, 5000),
    });
    await fc.assert(
      fc.asyncProperty(device, rules, fc.nat(25), async (samples, { reports, highestPower }, cut) => {
        const run = ++runs;
        const { id } = store.addSensor({
          name: `device ${run}`,
          sign: 'load',
          ...(reports ? { reports } : {}),
          ...(highestPower ? { counter: { highestPower: Watts(highestPower) } } : {}),
        });
        const file = join(folder, `agent ${run}.sqlite`);
        const identity = { role: 'consumer', account: NODE, exchange: SELLER_1, chainId: 7 } as const;
        const open = () => {
          const kept = openAgentStore(file, identity, START);
          const metering = createMetering({
            time: { now: () => clock.now(), measure: async () => undefined },
            monitor: createMonitorClient({ url: monitor.url, sensorId: id }),
            store: kept,
            rule: { sign: 'load', maxGap },
            onEnergy: () => undefined,
            emit: () => undefined,
            troubles: {
              begin: (area, error) => {
                // Its samples are old ones.
                if (area !== 'samples') throw error;
              },
              end: () => undefined,
              present: () => [],
            },
            withCharge: false,
          });
          return { kept, metering };
        };
        const first = open();
        store.append(id, samples.slice(0, cut), { maxGap });
        await first.metering.collect();
        first.kept.force();
        first.kept.close();
        store.append(id, samples.slice(cut), { maxGap });
        const second = open();
        await second.metering.collect();
        expect(second.kept.kept().books.integration.register).toBe(store.last(id)?.register);
        second.kept.close();
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
