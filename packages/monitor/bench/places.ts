/** Stores of a given size in a temporary folder or on a PostgreSQL server of their own, and how fast they grow. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import { openPostgresStore } from '../src/store/postgres/postgres-store.ts';
import { openStore } from '../src/store/sqlite-store.ts';
import type { SampleStore } from '../src/store/store.ts';
import { startPostgres } from '../test/support/postgres.ts';
import type { Kind } from './options.ts';
import { samplesOf } from './samples.ts';
import type { Place } from './service.ts';

/** Samples stored in one transaction while a store is filled. */
const BATCH = 5000;

export interface Ground {
  readonly place: Place;
  readonly store: SampleStore;
  /** Bytes on the disk. */
  size(): Promise<number>;
  remove(): Promise<void>;
}

const onSqlite = async (): Promise<Ground> => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-bench-'));
  const file = join(folder, 'monitor.sqlite');
  const store = openStore({ file });
  return {
    place: { kind: 'sqlite', file },
    store,
    size: async () => statSync(file).size,
    remove: async () => {
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const onPostgres = async (): Promise<Ground> => {
  const server = await startPostgres();
  try {
    const place = { kind: 'postgres', url: server.url, schema: 'bench' } as const;
    const store = await openPostgresStore(place);
    return {
      place,
      store,
      size: async () => {
        const client = new pg.Client({ connectionString: server.url });
        await client.connect();
        try {
          const { rows } = await client.query<{ bytes: string }>(
            `SELECT pg_total_relation_size('bench.samples')::text AS bytes`,
          );
          return Number(rows[0]?.bytes);
        } finally {
          await client.end();
        }
      },
      remove: async () => {
        await store.close();
        await server.remove();
      },
    };
  } catch (error) {
    await server.remove();
    throw error;
  }
};

/** A new empty store with a sensor, number 1. */
export const groundOf = async (kind: Kind): Promise<Ground> => {
  const ground = await (kind === 'sqlite' ? onSqlite() : onPostgres());
  await ground.store.addSensor({ name: 'CitizenWatt', sign: 'load' });
  return ground;
};

/** Grows a store from one size to another; returns the samples stored in a second. */
export const grow = async (
  { store }: Ground,
  from: number,
  to: number,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (size: number) => void },
): Promise<number> => {
  let milliseconds = 0;
  for (let size = from; size < to; ) {
    signal.throwIfAborted();
    const batch = samplesOf(size, Math.min(BATCH, to - size));
    const start = performance.now();
    await store.append(1, batch);
    milliseconds += performance.now() - start;
    size += batch.length;
    if (size % 250_000 === 0) onProgress(size);
    await nextTurn();
  }
  return ((to - from) / milliseconds) * 1000;
};
