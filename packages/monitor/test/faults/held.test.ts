/** kill -9 while samples of a meter are held in memory: what somebody was told of is there, once, as it was told. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { emptyIntegration, integrate } from '@daisee/meter';
import { formatMicro, Instant } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_MAX_GAP, openStore } from '../../src/index.ts';
import { type Service, startService, until } from './process.ts';

const ROUNDS = 6;
const METERED = 2;

/** What the live stream told of a sample, under its id. */
interface Told {
  readonly id: number;
  readonly at: number;
  readonly power: number;
  readonly register: string;
}

/** Hears the live stream of the meter until its monitor is gone, from the last event on that it heard. */
const hear = async ({ url }: Service, told: Told[]): Promise<void> => {
  const last = told.at(-1)?.id;
  const headers = last === undefined ? {} : { 'Last-Event-ID': `s${last}` };
  const request = get(`${url}/api/v1/sensors/${METERED}/live`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  try {
    for await (const chunk of response) {
      text += chunk.toString();
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const [, id, data] = /^id: s(\d+)\nevent: sample\ndata: (.*)$/.exec(event) ?? [];
        if (id !== undefined && data !== undefined)
          told.push({ ...(JSON.parse(data) as Omit<Told, 'id'>), id: Number(id) });
      }
    }
  } catch (error) {
    // The end of the process is the end of the stream.
    expect((error as { code?: unknown }).code).toBe('ECONNRESET');
  }
};

describe('a monitor that is killed while it holds samples', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-held-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const options = () => ({ folder, metered: true, holds: join(folder, 'memory') });

  const onDisk = (): readonly number[] => {
    const other = new DatabaseSync(join(folder, 'monitor.sqlite'), { readOnly: true });
    const rows = other.prepare('SELECT at FROM samples WHERE sensor = ?').all(METERED);
    other.close();
    return rows.map((row) => Number(row['at']));
  };

  it('has every sample that it told of, once, under the same identity and with the same register, each time', async () => {
    const told: Told[] = [];
    let recovered = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const service = await startService(options());
      const before = told.length;
      const hearing = hear(service, told);
      await until(() => told.length - before > 100);
      await delay(Math.random() * 500);
      await service.kill();
      await hearing;
      const there = new Set(onDisk());
      recovered += told.filter(({ at }) => !there.has(at)).length;

      const store = openStore({
        file: join(folder, 'monitor.sqlite'),
        hold: { directory: join(folder, 'memory') },
      });
      const stored = store.samples(METERED, Instant(0), Instant(Number.MAX_SAFE_INTEGER));
      store.close();
      const byInstant = new Map(
        stored.map(({ id, at, power, register }) => [at, { id, at, power, register: formatMicro(register) }]),
      );
      expect(byInstant.size).toBe(stored.length);
      const other = told.filter(
        ({ id, at, power, register }) =>
          JSON.stringify(byInstant.get(Instant(at))) !== JSON.stringify({ id, at, power, register }),
      );
      expect(other).toEqual([]);
      let state = emptyIntegration;
      const untrue = stored.filter((sample) => {
        ({ state } = integrate(state, sample, { sign: 'load', maxGap: DEFAULT_MAX_GAP }));
        return sample.register !== state.register;
      });
      expect(untrue).toEqual([]);
    }
    // One who comes back with the last event's id has missed nothing and heard nothing twice.
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    expect(new Set(told.map(({ at }) => at)).size).toBe(told.length);
    // Else nothing was held when it was killed, and this shows nothing.
    expect(recovered).toBeGreaterThan(0);
  }, 120_000);

  it('and one that is stopped has all on the disk', async () => {
    const service = await startService(options());
    const told: Told[] = [];
    const hearing = hear(service, told);
    await until(() => told.length > 20);
    await service.stop();
    await hearing;
    const there = new Set(onDisk());
    expect(told.filter(({ at }) => !there.has(at))).toEqual([]);
  }, 60_000);
});
