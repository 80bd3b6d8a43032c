/**
 * The directory of a store in PostgreSQL: tokens, and what is told of sensors later than at their making. Its tables
 * are in the store's schema and have migrations of their own; its few connections are its own, too.
 * What each request asks is remembered for a second: what another monitor on the store changes counts within that time.
 */
import { takeSteps } from '@daisee/postgres';
import { Instant } from '@daisee/units';
import { type Scope, type Token, UnknownToken } from '../../tokens/token.ts';
import { type Directory, NameTaken } from '../directory.ts';
import { newerSchema, StoreError, UnknownSensor } from '../errors.ts';
import { createBriefly } from './briefly.ts';
import { type Ask, createPostgresDatabase, type PostgresDatabase, type PostgresOptions } from './database.ts';

/** The directory in another process: every answer is a promise. */
export type RemoteDirectory = {
  [K in keyof Directory]: (...given: Parameters<Directory[K]>) => Promise<Awaited<ReturnType<Directory[K]>>>;
};

/** Step n brings schema n - 1 to n; `directory_migrations` has a row for each. Never change one that was released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE tokens (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL UNIQUE,
    scopes text NOT NULL,
    made_at bigint NOT NULL
  );
  CREATE TABLE archived_sensors (
    sensor integer PRIMARY KEY REFERENCES sensors (id),
    at bigint NOT NULL
  );
  `,
];

const MIGRATIONS = 'directory_migrations';
/** "DAID": the first half of the lock that one migration of a directory at a time takes. */
const LOCK = 0x44_41_49_44;
/** Its look-ups are short, and there is one for each request with a token. */
const CONNECTIONS = 2;

const noStore = (name: string, schema: string): StoreError =>
  new StoreError({
    code: 'monitor.store-not-a-store',
    message: `The store ${name} has no measurements in schema ${schema}: open the store first, or give the schema that it is in.`,
    retryable: false,
    values: { store: name, schema },
  });

/** What is there; version 0 for nothing. @throws StoreError when there is no store or the directory is a later version's. */
const versionOf = async (ask: Ask, { name, schema }: PostgresDatabase): Promise<number> => {
  const [found] = await ask<{ store: boolean; directory: boolean }>({
    text: `SELECT count(*) FILTER (WHERE tablename = 'sensors') > 0 AS store,
      count(*) FILTER (WHERE tablename = $2) > 0 AS directory FROM pg_tables WHERE schemaname = $1`,
    values: [schema, MIGRATIONS],
  });
  if (!found?.store) throw noStore(name, schema);
  if (!found.directory) return 0;
  const [{ version } = { version: 0 }] = await ask<{ version: number }>({
    text: `SELECT coalesce(max(version), 0) AS version FROM ${MIGRATIONS}`,
  });
  if (version > migrations.length) throw newerSchema(name, version, migrations.length);
  return version;
};

/** Brings the directory to the current schema, in one transaction; of several monitors that start at once, one does. */
const migrate = async (database: PostgresDatabase): Promise<void> => {
  const { schema, ask, transaction } = database;
  if ((await versionOf(ask, database)) === migrations.length) return;
  await transaction(
    [{ text: `SELECT pg_advisory_xact_lock(${LOCK}, hashtext('${schema}'))` }],
    async (inside) => {
      const version = await versionOf(inside, database);
      await takeSteps(inside, { table: MIGRATIONS, steps: migrations, version });
    },
  );
};

/**
 * Opens the directory of a store that `openPostgresStore` has made there; it stays open until it is closed.
 * @throws StoreError when there is no store or the server cannot be reached; later calls throw it, too, and answer
 * again once the server is back.
 */
export const openPostgresDirectory = async (options: PostgresOptions): Promise<RemoteDirectory> => {
  const database = createPostgresDatabase({ connections: CONNECTIONS, ...options });
  try {
    await migrate(database);
    return directoryOn(database);
  } catch (error) {
    await database.close();
    throw error;
  }
};

interface TokenRow {
  readonly id: number;
  readonly name: string;
  readonly scopes: string;
  readonly made_at: bigint;
}

const tokenOf = ({ id, name, scopes, made_at }: TokenRow): Token => ({
  id,
  name,
  scopes: scopes.split(' ') as Scope[],
  madeAt: Instant(Number(made_at)),
});

const TOKENS = 'SELECT id, name, scopes, made_at FROM tokens';
const HIGHEST_ID = 2 ** 31 - 1;

const directoryOn = (database: PostgresDatabase): RemoteDirectory => {
  const { ask, transaction } = database;
  /** Runs work on a sensor that nobody else renames meanwhile. @throws UnknownSensor */
  const onSensor = async (id: number, work: (inside: Ask) => Promise<unknown>): Promise<void> => {
    try {
      await transaction(
        [{ text: 'SELECT id, name FROM sensors ORDER BY id FOR NO KEY UPDATE' }],
        async (inside, rows) => {
          const known = rows as readonly { id: number; name: string }[];
          if (!known.some((sensor) => sensor.id === id)) throw new UnknownSensor(id, known);
          await work(inside);
        },
      );
    } finally {
      archived.forget();
    }
  };
  const archived = createBriefly(async () => {
    const rows = await ask<{ sensor: number; at: bigint }>({
      name: 'archived',
      text: 'SELECT sensor, at FROM archived_sensors ORDER BY sensor',
    });
    return new Map(rows.map(({ sensor, at }) => [sensor, Instant(Number(at))]));
  });
  // All of them at once: few, and what is not among them is no token.
  const byHash = createBriefly(async () => {
    const rows = await ask<TokenRow & { hash: string }>({
      name: 'tokens',
      text: 'SELECT id, name, hash, scopes, made_at FROM tokens',
    });
    return new Map(rows.map((row) => [row.hash, tokenOf(row)]));
  });
  return {
    addToken: async ({ name, scopes, madeAt, hash }) => {
      const [row] = await ask<TokenRow>({
        text: 'INSERT INTO tokens (name, hash, scopes, made_at) VALUES ($1, $2, $3, $4) RETURNING id, name, scopes, made_at',
        values: [name, hash, scopes.join(' '), Math.round(madeAt)],
      });
      byHash.forget();
      return { id: row?.id ?? 0, name, scopes, madeAt };
    },
    tokens: async () => (await ask<TokenRow>({ text: `${TOKENS} ORDER BY id` })).map(tokenOf),
    tokenByHash: async (hash) => (await byHash.get()).get(hash),
    removeToken: async (id) => {
      const gone =
        id > HIGHEST_ID
          ? []
          : await ask({ text: 'DELETE FROM tokens WHERE id = $1 RETURNING id', values: [id] });
      byHash.forget();
      if (gone.length === 0) throw new UnknownToken(id);
    },
    renameSensor: (id, name) =>
      onSensor(id, async (inside) => {
        const renamed = await inside({
          text: `UPDATE sensors SET name = $2 WHERE id = $1
            AND NOT EXISTS (SELECT FROM sensors WHERE name = $2 AND id <> $1) RETURNING id`,
          values: [id, name],
        });
        if (renamed.length === 0) throw new NameTaken(name);
      }),
    archiveSensor: (id, at) =>
      onSensor(id, (inside) =>
        at === undefined
          ? inside({ text: 'DELETE FROM archived_sensors WHERE sensor = $1', values: [id] })
          : inside({
              text: 'INSERT INTO archived_sensors (sensor, at) VALUES ($1, $2) ON CONFLICT DO NOTHING',
              values: [id, Math.round(at)],
            }),
      ),
    archived: () => archived.get(),
    close: () => database.close(),
  };
};
