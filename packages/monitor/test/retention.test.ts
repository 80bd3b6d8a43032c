/** Old samples thinned in the background of a monitor. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Clock, Duration, Instant, Seconds, systemClock, VirtualClock, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMonitor, type MonitorStore, type MonitorWarning, openStore } from '../src/index.ts';

const THINNER = fileURLToPath(new URL('./killed-thinner.ts', import.meta.url));
const DAY = 24 * 3_600_000;
const START = Date.UTC(2026, 0, 1);
const FAR = Instant(1e15);

/** So many days of samples each 8 s, with an hour missing at noon of each. */
const fill = (store: MonitorStore, days: number): number => {
  const { id } = store.addSensor({ name: 'CitizenWatt', sign: 'load' });
  for (let day = 0; day < days; day++) {
    const samples = [];
    for (let ms = 0; ms < DAY; ms += 8000)
      if (Math.floor(ms / 3_600_000) !== 12)
        samples.push({
          at: Instant(START + day * DAY + ms),
          power: Watts(300 + 250 * Math.sin(ms / 5e6) + (ms % 777)),
        });
    store.append(id, samples);
  }
  return id;
};
const minutes = (store: MonitorStore, days: number) =>
  store.energyBySteps(1, Instant(START), Instant(START + days * DAY), Seconds(60));

describe('retention', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-retention-'));
    file = join(folder, 'monitor.sqlite');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('goes on after a kill, does nothing twice, and ends where it would have ended without one', async () => {
    const store = openStore({ file, survives: 'process' });
    fill(store, 1);
    const energies = minutes(store, 1);
    store.close();
    const other = join(folder, 'whole.sqlite');
    copyFileSync(file, other);
    const before = String(START + DAY / 2);
    const run = async (name: string, milliseconds?: number): Promise<string> => {
      const child = spawn(process.execPath, [THINNER, name, before], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      const ended = once(child, 'close');
      if (milliseconds !== undefined) {
        await once(child.stdout, 'data');
        await delay(milliseconds);
        child.kill('SIGKILL');
      }
      await ended;
      return said;
    };
    for (let round = 0; round < 5; round++) {
      await run(file, Math.random() * 30);
      const reopened = openStore({ file });
      expect(minutes(reopened, 1)).toEqual(energies);
      reopened.close();
    }
    expect(await run(file)).toContain('done');
    await run(other);
    const [killed, whole] = [file, other].map((name) => {
      const opened = openStore({ file: name });
      const samples = opened.samples(1, Instant(0), FAR);
      const again = opened.thin(1, Seconds(60), Instant(Number(before)));
      const found = { samples, energies: minutes(opened, 1), again };
      opened.close();
      return found;
    });
    expect(killed).toEqual(whole);
    expect(whole?.energies).toEqual(energies);
    expect(whole?.again).toEqual({ removed: 0, done: true });
    expect(whole?.samples.length).toBeLessThan(720 + (DAY / 2 / 8000) * 1.01);
  }, 60_000);

  it('runs in the background of a monitor by its ages, and lets others ask meanwhile', async () => {
    const store = openStore({ file, survives: 'process' });
    const id = fill(store, 3);
    // It stands still, so that nothing grows older meanwhile.
    const clock: Clock = { ...systemClock, now: () => Instant(START + 3 * DAY) };
    const [hours, total] = [
      () => store.energyBySteps(id, Instant(START), FAR, Duration(1e15)),
      minutes(store, 3),
    ];
    const all = hours();
    const retention = { minutesAfter: Duration(DAY), quartersAfter: Duration(2 * DAY) };
    const monitor = createMonitor({ store, clock, port: 0, retention });
    await monitor.start();
    const count = (from: number, to: number) =>
      store.samples(id, Instant(START + from * DAY), Instant(START + to * DAY)).length;
    // Its first day by quarters, its second by minutes; what is next to the missing hour stays.
    const isDone = () => count(0, 1) < 500 && count(1, 2) < 1500;
    while (!isDone()) {
      expect((await fetch(`${monitor.url}/api/v1/health`)).status).toBe(200);
      await delay(5);
    }
    expect(count(2, 3)).toBe((DAY - 3_600_000) / 8000);
    expect(hours()).toEqual(all);
    expect(minutes(store, 3).slice(1440)).toEqual(total.slice(1440));
    await monitor.stop();
    store.close();
  }, 60_000);

  it('is off unless an age is given, and tells once of a store that fails', async () => {
    const asked: number[] = [];
    const warnings: MonitorWarning[] = [];
    const opened = openStore({ file });
    fill(opened, 0);
    let fails = 3;
    const store: MonitorStore = {
      ...opened,
      thin: (sensorId) => {
        asked.push(sensorId);
        if (fails-- > 0) throw new TypeError('The disk is on fire.');
        return { removed: 0, done: true };
      },
    };
    const clock = new VirtualClock({ start: Instant(START) });
    const onWarning = (warning: MonitorWarning): void => void warnings.push(warning);
    const quiet = createMonitor({ store, clock, port: 0, onWarning });
    await quiet.start();
    await clock.task(() => clock.sleep(Seconds(7200)));
    await quiet.stop();
    expect(asked).toEqual([]);
    const monitor = createMonitor({
      store,
      clock,
      port: 0,
      onWarning,
      retention: { minutesAfter: Duration(1) },
    });
    await monitor.start();
    await clock.task(() => clock.sleep(Seconds(6 * 3600)));
    await monitor.stop();
    await monitor.stop();
    expect(asked.length).toBeGreaterThanOrEqual(5);
    expect(warnings.map(({ message }) => message)).toEqual([
      'Old samples could not be thinned and wait for the next hour: The disk is on fire.',
    ]);
    const before = asked.length;
    await clock.task(() => clock.sleep(Seconds(7200)));
    expect(asked).toHaveLength(before);
    opened.close();
  });
});
