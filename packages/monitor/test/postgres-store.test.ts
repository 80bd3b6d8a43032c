/** The store on PostgreSQL: the suites of every store, then what is PostgreSQL's own. One server for all of it. */
import { Instant, Watts } from '@daisee/units';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPostgresStore, type RemoteStore, StoreError } from '../src/index.ts';
import { POSTGRES_SCHEMA_VERSION } from '../src/store/postgres/schema.ts';
import { citizenWattSuite } from './citizenwatt-suite.ts';
import { citizenWattTariffSuite } from './citizenwatt-tariffs.ts';
import { at, every, sample } from './samples.ts';
import { sampleStoreSuite } from './store-suite.ts';
import { storeTariffSuite } from './store-tariffs.ts';
import { openNewPostgres, type PostgresServer, startPostgres } from './support/postgres.ts';

// Thousands of commits, each written to the disk: a memory card takes tens of ms for one.
vi.setConfig({ testTimeout: 240_000 });

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.remove());

const openNew = () => openNewPostgres(server);
sampleStoreSuite('a store in PostgreSQL', openNew);
storeTariffSuite('tariffs and look-ups in PostgreSQL', openNew);
citizenWattSuite('the CitizenWatt API on PostgreSQL', openNew);
citizenWattTariffSuite('the CitizenWatt API on PostgreSQL', openNew);

describe('a PostgreSQL database', () => {
  let schemas = 0;
  const newSchema = (): string => `own_${++schemas}`;

  /** Asks the server without the store. */
  const sql = async (schema: string, ...statements: readonly string[]): Promise<readonly unknown[]> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      let rows: readonly unknown[] = [];
      for (const statement of [`SET search_path TO ${schema}`, ...statements])
        ({ rows } = await client.query<Record<string, unknown>>(statement));
      return rows;
    } finally {
      await client.end();
    }
  };
  const withStores = async (
    count: number,
    work: (stores: readonly RemoteStore[], schema: string) => Promise<void>,
  ): Promise<void> => {
    const schema = newSchema();
    const stores = await Promise.all(
      Array.from({ length: count }, () => openPostgresStore({ url: server.url, schema, connections: 3 })),
    );
    try {
      await work(stores, schema);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  };
  const failureOf = async (work: () => Promise<unknown>): Promise<StoreError> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof StoreError) {
        expect(error.message).not.toContain('\n');
        return error;
      }
      throw error;
    }
    throw new StoreError({ code: 'none', message: 'Nothing was thrown.', retryable: false });
  };

  it('is made once by monitors that start at the same time, its migrations numbered in a table', async () => {
    await withStores(4, async (stores, schema) => {
      const sensors = await Promise.all(
        stores.map((store) => store.addSensor({ name: 'CitizenWatt', sign: 'load' })),
      );
      expect(sensors.map(({ id }) => id)).toEqual([1, 1, 1, 1]);
      const rows = await sql(schema, 'SELECT version FROM daisee_migrations ORDER BY version');
      expect(rows).toEqual(Array.from({ length: POSTGRES_SCHEMA_VERSION }, (_, i) => ({ version: i + 1 })));
    });
  });

  it('takes samples of one sensor from many at once, in any order, and its registers are those of one writer', async () => {
    await withStores(3, async ([a, b, c]) => {
      const stores = [a, b, c].filter((store) => store !== undefined);
      const power = (second: number) => 500 + 400 * Math.sin(second / 300);
      const samples = every(8, 240, power);
      const ids = await Promise.all(stores.map((store) => store.addSensor({ name: 'Shared', sign: 'load' })));
      const id = ids[0]?.id ?? 0;
      // Every writer sends every third sample, backward, four at a time, and the last four of another writer again.
      const appended = await Promise.all(
        stores.map(async (store, writer) => {
          let stored = 0;
          for (let start = 236; start >= 0; start -= 4) {
            const batch = samples.filter((_, i) => i % 3 === writer && i >= start && i < start + 4);
            stored += (await store.append(id, [...batch, ...samples.slice(0, 2)])).stored;
          }
          return stored;
        }),
      );
      expect(appended.reduce((sum, count) => sum + count, 0)).toBe(240);
      const alone = await stores[0]?.addSensor({ name: 'Alone', sign: 'load' });
      await stores[0]?.append(alone?.id ?? 0, samples);
      const registers = async (sensor: number) =>
        (await stores[1]?.samples(sensor, at(-1), at(1e6)))?.map((one) => [one.at, one.register]);
      expect(await registers(id)).toEqual(await registers(alone?.id ?? 0));
    });
  });

  it('keeps milliseconds, and instants between them fall where they belong', async () => {
    await withStores(1, async ([store]) => {
      const { id } = (await store?.addSensor({ name: 'a', sign: 'load' })) ?? { id: 0 };
      await store?.append(id, [{ at: Instant(1_795_305_568_123), power: Watts(360) }]);
      await store?.append(id, [{ at: Instant(1_795_305_568_124), power: Watts(360) }]);
      const found = async (from: number, to: number) =>
        (await store?.samples(id, Instant(from), Instant(to)))?.map((one) => one.at);
      expect(await found(1_795_305_568_123, 1_795_305_568_124)).toEqual([1_795_305_568_123]);
      expect(await found(1_795_305_568_123.5, 1_795_305_568_124.5)).toEqual([1_795_305_568_124]);
      expect(await found(-1e300, 1e300)).toHaveLength(2);
      expect(await store?.registerAt(id, Instant(1_795_305_568_124))).toBe(100n);
    });
  });

  it('tells the name that a sensor was given meanwhile', async () => {
    await withStores(1, async ([store], schema) => {
      const { id } = (await store?.addSensor({ name: 'a', sign: 'load' })) ?? { id: 0 };
      await store?.append(id, [sample(0, 1)]);
      await sql(schema, "UPDATE sensors SET name = 'b'");
      expect(await store?.sensor(id)).toMatchObject({ name: 'b' });
    });
  });

  it('finds any window through the index, never by a scan', async () => {
    await withStores(1, async ([store], schema) => {
      const { id } = (await store?.addSensor({ name: 'a', sign: 'load' })) ?? { id: 0 };
      const other = await store?.addSensor({ name: 'b', sign: 'load' });
      await store?.append(other?.id ?? 0, [sample(0, 1)]);
      await store?.append(
        id,
        every(8, 20_000, () => 360),
      );
      expect(await store?.energy(id, at(8000), at(16_000))).toBe(800_000_000n);
      const plan = async (query: string): Promise<string> =>
        JSON.stringify(await sql(schema, 'ANALYZE samples', `EXPLAIN ${query}`));
      for (const query of [
        'SELECT * FROM samples WHERE sensor = 1 AND at >= 80000 AND at < 160000 ORDER BY at',
        'SELECT * FROM samples WHERE sensor = 1 AND at <= 80000 ORDER BY at DESC LIMIT 1',
        'SELECT sum(power) FROM samples WHERE sensor = 1 AND at >= 80000 AND at < 160000',
      ])
        expect(await plan(query)).toMatch(/(?<!Seq )Scan.* samples_sensor_at_key/);
      expect(await plan('SELECT * FROM samples WHERE id >= 1 AND id < 5 AND sensor + 0 = 1')).toMatch(
        /samples_pkey/,
      );
    });
  });

  it('that has other tables under our names is refused and left as it was', async () => {
    const schema = newSchema();
    await sql('public', `CREATE SCHEMA ${schema}`, `CREATE TABLE ${schema}.samples (title text)`);
    const failure = await failureOf(() => openPostgresStore({ url: server.url, schema }));
    expect(failure.code).toBe('monitor.store-not-a-store');
    const tables = `SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relkind = 'r'`;
    expect(await sql('public', tables)).toEqual([{ relname: 'samples' }]);
  });

  it('of a later version is refused with both versions', async () => {
    await withStores(1, async (_, schema) => {
      await sql(schema, `INSERT INTO daisee_migrations VALUES (${POSTGRES_SCHEMA_VERSION + 1})`);
      const failure = await failureOf(() => openPostgresStore({ url: server.url, schema }));
      expect(failure.code).toBe('monitor.store-newer');
      expect(failure.message).toMatch(
        new RegExp(`schema ${POSTGRES_SCHEMA_VERSION + 1}.*up to ${POSTGRES_SCHEMA_VERSION}`),
      );
    });
  });

  it('that is not there, or whose address is none, is named without its password', async () => {
    const url = new URL(server.url);
    url.searchParams.set('password', 'secret');
    url.pathname = '/nowhere';
    const missing = await failureOf(() => openPostgresStore({ url: url.href }));
    expect(missing).toMatchObject({ code: 'monitor.store-cannot-open', retryable: false });
    expect(missing.message).toContain('/nowhere');
    expect(JSON.stringify(missing) + missing.message).not.toContain('secret');
    const bad = await failureOf(() => openPostgresStore({ url: 'mysql://user:secret@host/db' }));
    expect(bad.code).toBe('monitor.store-address');
    expect(bad.message).not.toContain('secret');
    expect((await failureOf(() => openPostgresStore({ url: server.url, schema: 'a; DROP' }))).code).toBe(
      'monitor.store-address',
    );
  });

  it('whose user may not write says so, and what is there can be read', async () => {
    await withStores(1, async ([store], schema) => {
      const { id } = (await store?.addSensor({ name: 'a', sign: 'load' })) ?? { id: 0 };
      await store?.append(id, [sample(0, 1)]);
      await sql(
        schema,
        `CREATE ROLE reader_${schema} LOGIN`,
        `GRANT USAGE ON SCHEMA ${schema} TO reader_${schema}`,
        `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO reader_${schema}`,
      );
      const url = new URL(server.url);
      url.searchParams.set('user', `reader_${schema}`);
      const reader = await openPostgresStore({ url: url.href, schema });
      expect(await failureOf(() => reader.append(id, [sample(8, 1)]))).toMatchObject({
        code: 'monitor.store-read-only',
        retryable: false,
      });
      expect(await reader.last(id)).toMatchObject({ power: 1 });
      await reader.close();
    });
  });

  it('that was closed says so, and closing twice is one closing', async () => {
    const store = await openPostgresStore({ url: server.url, schema: newSchema() });
    await store.close();
    await store.close();
    expect((await failureOf(async () => store.sensors())).code).toBe('monitor.store-closed');
  });
});
