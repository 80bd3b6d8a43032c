/** A live stream that was cut: its client comes again with Last-Event-ID and misses nothing, late samples neither. */
import { get, type IncomingMessage } from 'node:http';
import type { Sample } from '@daisee/meter';
import { Instant, Watts } from '@daisee/units';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type SampleStore } from '../../src/index.ts';
import { BASIC, NOW, send, serveStore } from '../served.ts';
import { openNewPostgres, type PostgresServer, startPostgres } from '../support/postgres.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.remove());

const openNew = {
  SQLite: async (): Promise<SampleStore> => openStore({ file: ':memory:' }),
  PostgreSQL: async (): Promise<SampleStore> => (await openNewPostgres(server)).store,
};

describe.each(['SQLite', 'PostgreSQL'] as const)('a live stream that was cut (%s)', (kind) => {
  let served: Awaited<ReturnType<typeof serveStore>>;
  const open: IncomingMessage[] = [];
  beforeEach(async () => {
    const store = await openNew[kind]();
    await store.addSensor({ name: 'CitizenWatt', sign: 'load' });
    await store.addSensor({ name: 'Other', sign: 'load' });
    served = await serveStore(store);
  });
  afterEach(async () => {
    for (const stream of open.splice(0)) stream.destroy();
    await served.end();
    await served.store.close();
  });

  const T = NOW - 86_400_000;
  const at = (seconds: number): Sample => ({ at: Instant(T + seconds * 1000), power: Watts(seconds) });
  const push = async (seconds: readonly number[], sensor = 1): Promise<void> => {
    const { status } = await send(`${served.url}/api/v1/sensors/${sensor}/samples`, {
      method: 'POST',
      headers: { ...BASIC, 'Content-Type': 'application/json' },
      body: JSON.stringify(seconds.map(at)),
    });
    expect(status).toBe(200);
  };

  /** As a browser's EventSource: reads events, remembers the last id, and goes on with it. */
  const listener = (lastEventId?: string) => {
    const seen: number[] = [];
    let last = lastEventId;
    let stream: IncomingMessage | undefined;
    const connect = (): Promise<void> =>
      new Promise((resolve, reject) => {
        get(`${served.url}/api/v1/sensors/1/live`, {
          agent: false,
          headers: { ...BASIC, ...(last === undefined ? {} : { 'Last-Event-ID': last }) },
        })
          .on('error', reject)
          .on('response', (response) => {
            open.push(response);
            stream = response;
            let text = '';
            response.setEncoding('utf8').on('error', () => undefined);
            response.on('data', (piece: string) => {
              const blocks = (text + piece).split('\n\n');
              text = blocks.pop() ?? '';
              for (const block of blocks) {
                last = /^id: (.*)$/m.exec(block)?.[1] ?? last;
                const data = /^data: (.*)$/m.exec(block)?.[1];
                if (data !== undefined) seen.push((JSON.parse(data) as { power: number }).power);
              }
              if (last !== undefined) resolve();
            });
          });
      });
    return {
      seen,
      connect,
      cut: (): void => void stream?.destroy(),
      last: () => last,
      hears: async (powers: readonly number[]): Promise<void> => {
        while (seen.length < powers.length) await new Promise((resolve) => setTimeout(resolve, 5));
        expect(seen).toEqual(powers);
      },
    };
  };

  it('brings what was stored meanwhile, in the order of storing, samples that came late too', async () => {
    await push([0, 8, 16]);
    const client = listener();
    await client.connect();
    await push([80]);
    await client.hears([80]);
    client.cut();
    await push([88]);
    // Late by a minute and by more, and another sensor's.
    await push([24, 32]);
    await push([100], 2);
    await push([4]);
    await client.connect();
    await client.hears([80, 88, 24, 32, 4]);
    await push([96]);
    await client.hears([80, 88, 24, 32, 4, 96]);
    expect(client.last()).toMatch(/^s\d+$/);
  });

  it('before its first event begins where it would have begun', async () => {
    await push([0, 8]);
    const client = listener();
    await client.connect();
    client.cut();
    await push([4, 16]);
    await client.connect();
    await client.hears([4, 16]);
  });

  it('again and again while samples keep coming, in order and late, brings each one once', async () => {
    const client = listener();
    await client.connect();
    const pushed: number[] = [];
    const pushing = (async () => {
      for (let i = 0; i < 60; i++) {
        const batch = i % 3 === 2 ? [i * 10 - 15, i * 10 + 5] : [i * 10];
        pushed.push(...batch);
        await push(batch);
        await push([i], 2);
      }
    })();
    const done = new AbortController();
    void pushing.finally(() => done.abort());
    while (!done.signal.aborted) {
      client.cut();
      await client.connect();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    }
    await pushing;
    await client.hears(pushed);
  });

  it('with many senders at once brings each one once', async () => {
    const client = listener();
    await client.connect();
    const senders = Array.from({ length: 8 }, async (_, sender) => {
      for (let i = 0; i < 15; i++) await push([sender + i * 8]);
    });
    const done = new AbortController();
    const all = Promise.all(senders).finally(() => done.abort());
    while (!done.signal.aborted) {
      client.cut();
      await client.connect();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    }
    await all;
    while (client.seen.length < 120) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(client.seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, i) => i));
  });

  it('by a client that gives an instant resumes after it, then by the order of storing', async () => {
    await push(Array.from({ length: 2500 }, (_, i) => i));
    const client = listener(String(T + 9000));
    await client.connect();
    const rest = Array.from({ length: 2490 }, (_, i) => i + 10);
    await client.hears(rest);
    await push([5000]);
    await client.hears([...rest, 5000]);
    client.cut();
    await push([0.5]);
    await client.connect();
    await client.hears([...rest, 5000, 0.5]);
  });

  it('that knew another store begins anew', async () => {
    await push([0]);
    const client = listener('s999999');
    await client.connect();
    await push([8]);
    await client.hears([8]);
  });

  // In SQLite one is stored after the other.
  if (kind === 'PostgreSQL')
    it('while its sensor’s samples were being stored misses none, though another sensor’s are stored before them', async () => {
      await push([0]);
      const client = listener();
      await client.connect();
      client.cut();
      const holder = new pg.Client({ connectionString: server.url });
      await holder.connect();
      try {
        const waits = async (type: string, count: number): Promise<void> => {
          const sql = `SELECT FROM pg_locks WHERE locktype = '${type}' AND NOT granted`;
          while ((await holder.query(sql)).rowCount !== count)
            await new Promise((resolve) => setTimeout(resolve, 5));
        };
        const [schema] = (
          await holder.query<{ name: string }>(
            `SELECT relnamespace::regnamespace::text AS name FROM pg_class
              WHERE relname = 'samples' AND relkind = 'r' ORDER BY oid DESC LIMIT 1`,
          )
        ).rows;
        // Its samples have their ids, and wait to be committed until the holder lets go.
        await holder.query(`SET search_path TO ${schema?.name};
          CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
          CREATE TRIGGER slow AFTER INSERT ON samples FOR EACH ROW WHEN (NEW.sensor = 1) EXECUTE FUNCTION slow();
          SELECT pg_advisory_lock(1)`);
        // So many that they share no transaction with other sensors.
        const many = Array.from({ length: 150 }, (_, i) => i + 1);
        const slow = push(many);
        await waits('advisory', 1);
        await push([8], 2);
        const connected = client.connect();
        await waits('transactionid', 1);
        await holder.query('SELECT pg_advisory_unlock(1)');
        await slow;
        await connected;
        await client.hears(many);
        await push([200]);
        await client.hears([...many, 200]);
      } finally {
        await holder.end();
      }
    });
});
