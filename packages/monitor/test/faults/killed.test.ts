/** kill -9 in the middle of ingest over HTTP: what was answered is there, once. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { emptyIntegration, integrate } from '@daisee/meter';
import { Instant, messageOf } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_MAX_GAP,
  openPostgresStore,
  openStore,
  type SampleStore,
  type StoredSample,
} from '../../src/index.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, JSON_BODY, type Service, startService } from './process.ts';

const ROUNDS = { SQLite: 5, PostgreSQL: 3 };
const BATCH = 40;
const T0 = 1_790_000_000_000;

/** What each client sends at once: one in batches beside one sample by sample, and many whose samples share commits. */
const CLIENTS = {
  'in batches and one by one': [BATCH, 1],
  'one by one from sixteen clients at once': Array.from({ length: 16 }, () => 1),
};

/** Stamps that were acknowledged, and those whose fate is unknown, to be sent again. */
interface Books {
  readonly first: number;
  next: number;
  readonly acknowledged: number[];
  readonly unknown: number[][];
}

const samplesOf = (places: readonly number[]) =>
  places.map((place) => ({ at: T0 + place * 1000, power: 100 + (place % 50) }));

/** Sends until the service is gone. */
const sendUntilGone = async (
  { url, sensor }: Service,
  books: Books,
  clients: readonly number[] = CLIENTS['in batches and one by one'],
): Promise<void> => {
  const sender = async (size: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (;;) {
        // What was not acknowledged goes first, as a sender with a queue would send it.
        const again = books.unknown.findIndex((places) => places.length <= size);
        const places =
          again < 0
            ? Array.from({ length: size }, () => books.next++)
            : (books.unknown.splice(again, 1)[0] ?? []);
        const body = JSON.stringify(samplesOf(places));
        const { status, text } = await ask(`${url}/api/v1/sensors/${sensor}/samples`, {
          body,
          headers: JSON_BODY,
          agent,
        }).catch((error: unknown) => ({ status: 503, text: messageOf(error) }));
        {
          if (status === 503) {
            books.unknown.push(places);
            return;
          }
          expect(status, text).toBe(200);
          const { stored, repeated } = JSON.parse(text) as { stored: number; repeated: number };
          // What was sent before is there whole or not at all.
          expect([stored, repeated]).toEqual(
            again < 0 ? [size, 0] : stored > 0 ? [places.length, 0] : [0, places.length],
          );
          books.acknowledged.push(...places);
        }
      }
    } finally {
      agent.destroy();
    }
  };
  await Promise.all(clients.map(sender));
};

const check = (stored: readonly StoredSample[], books: Books): void => {
  const instants = stored.map(({ at }) => (at - T0) / 1000);
  const there = new Set(instants);
  expect(there.size).toBe(instants.length);
  expect(books.acknowledged.filter((place) => !there.has(place))).toEqual([]);
  let state = emptyIntegration;
  const untrue = stored.filter((sample) => {
    ({ state } = integrate(state, sample, { sign: 'load', maxGap: DEFAULT_MAX_GAP }));
    return sample.register !== state.register;
  });
  expect(untrue).toEqual([]);
};

const everything = (store: SampleStore) => store.samples(1, Instant(0), Instant(Number.MAX_SAFE_INTEGER));

describe('a monitor that is killed in the middle of ingest over HTTP', () => {
  let folder = '';
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daisee-killed-'));
    server = await startPostgres();
  });
  afterAll(async () => {
    await server?.remove();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['SQLite', 'in batches and one by one'],
    ['SQLite', 'one by one from sixteen clients at once'],
    ['PostgreSQL', 'in batches and one by one'],
    ['PostgreSQL', 'one by one from sixteen clients at once'],
  ] as const)(
    'has all that it acknowledged, once, batches whole, registers true, each time (%s, sent %s)',
    async (kind, way) => {
      const clients = CLIENTS[way];
      const postgres = kind === 'SQLite' ? {} : { postgres: server?.url ?? '' };
      // The stores have what was sent another way before.
      const first = clients.length > 2 ? 1_000_000 : 0;
      const books: Books = { first, next: first, acknowledged: [], unknown: [] };
      const read = async (): Promise<void> => {
        const store =
          kind === 'SQLite'
            ? openStore({ file: join(folder, 'monitor.sqlite') })
            : await openPostgresStore({ url: server?.url ?? '' });
        try {
          check(await everything(store), books);
        } finally {
          await store.close();
        }
      };
      for (let round = 0; round < ROUNDS[kind]; round++) {
        const service = await startService({ folder, ...postgres });
        const before = books.acknowledged.length;
        const sending = sendUntilGone(service, books, clients);
        while (books.acknowledged.length - before < 100) await delay(5);
        await delay(Math.random() * 60);
        await service.kill();
        await sending;
        await read();
      }
      // A last one that nobody kills: now what was unknown is there, too, and nothing twice.
      const service = await startService({ folder, ...postgres });
      const answers = [];
      for (const places of books.unknown)
        answers.push(
          await ask(`${service.url}/api/v1/sensors/1/samples`, {
            body: JSON.stringify(samplesOf(places)),
            headers: JSON_BODY,
          }),
        );
      expect(answers.map(({ status }) => status)).toEqual(books.unknown.map(() => 200));
      books.acknowledged.push(...books.unknown.flat());
      await service.stop();
      await read();
      expect(new Set(books.acknowledged).size).toBe(books.next - books.first);
    },
    120_000,
  );

  it('has all that it acknowledged when not it but the PostgreSQL server is killed, and goes on', async () => {
    const pg = await startPostgres();
    try {
      const service = await startService({ folder, postgres: pg.url });
      const books: Books = { first: 0, next: 0, acknowledged: [], unknown: [] };
      const data = join(new URL(pg.url).searchParams.get('host') ?? '', 'data');
      for (let round = 0; round < 2; round++) {
        const before = books.acknowledged.length;
        const sending = sendUntilGone(service, books);
        while (books.acknowledged.length - before < 100) await delay(5);
        process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
        await sending;
        expect((await ask(`${service.url}/api/v1/health`)).status).toBe(503);
        // Takes away the keeper of the killed one.
        await pg.stop('immediate');
        await pg.start();
        const store = await openPostgresStore({ url: pg.url });
        check(await everything(store), books);
        await store.close();
        expect((await ask(`${service.url}/api/v1/health`)).status).toBe(200);
      }
      await service.stop();
    } finally {
      await pg.remove();
    }
  }, 120_000);
});
