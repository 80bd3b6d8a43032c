/**
 * The directory of a store: who may use it (tokens), and what is told of its sensors later than at their making. Its
 * tables are in the same SQLite file as the samples, through a connection of its own.
 */
import { DatabaseSync } from 'node:sqlite';
import { DaiseeError, Instant } from '@daisee/units';
import { type NewToken, type Scope, type Token, UnknownToken } from '../tokens/token.ts';
import { notAStore, onStore, UnknownSensor } from './errors.ts';

type Answer<T> = T | Promise<T>;

/** Every method throws a `StoreError` when the database fails. */
export interface Directory {
  addToken(token: NewToken): Answer<Token>;
  /** All of them, ascending by id. */
  tokens(): Answer<readonly Token[]>;
  tokenByHash(hash: string): Answer<Token | undefined>;
  /** @throws UnknownToken */
  removeToken(id: number): Answer<void>;
  /** @throws UnknownSensor, NameTaken */
  renameSensor(id: number, name: string): Answer<void>;
  /** Archives a sensor as of an instant; undefined brings it back. @throws UnknownSensor */
  archiveSensor(id: number, at: Instant | undefined): Answer<void>;
  /** The archived sensors by id, and since when. */
  archived(): Answer<ReadonlyMap<number, Instant>>;
  close(): Answer<void>;
}

/** The embedded one: answers at once. */
export type EmbeddedDirectory = {
  [K in keyof Directory]: (...given: Parameters<Directory[K]>) => Awaited<ReturnType<Directory[K]>>;
};

/** Thrown when a sensor would get the name of another. */
export class NameTaken extends DaiseeError {
  constructor(name: string) {
    super({
      code: 'monitor.name-taken',
      message: `Another sensor is called ${JSON.stringify(name)}: give this one another name, or rename that one first.`,
      retryable: false,
      values: { name },
    });
  }
}

interface TokenRow {
  readonly id: number;
  readonly name: string;
  readonly scopes: string;
  readonly made_at: number;
}

const tokenOf = ({ id, name, scopes, made_at }: TokenRow): Token => ({
  id,
  name,
  scopes: scopes.split(' ') as Scope[],
  madeAt: Instant(made_at),
});

/** How long a call waits for another connection that writes, in real ms: guards real I/O. */
const BUSY_TIMEOUT = 5000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    made_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS archived_sensors (
    sensor INTEGER PRIMARY KEY REFERENCES sensors (id),
    at INTEGER NOT NULL
  ) STRICT;
`;

/**
 * Opens the directory of a store that `openStore` has made in this file; it stays open until it is closed.
 * @throws StoreError when the file has no store or cannot be opened.
 */
export const openDirectory = ({ file }: { readonly file: string }): EmbeddedDirectory =>
  onStore(file, () => {
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
    try {
      if (!database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sensors'").get())
        throw notAStore(file);
      database.exec(`PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; ${TABLES}`);
      return directoryIn(database, file);
    } catch (error) {
      database.close();
      throw error;
    }
  });

const directoryIn = (database: DatabaseSync, file: string): EmbeddedDirectory => {
  const addToken = database.prepare('INSERT INTO tokens (name, hash, scopes, made_at) VALUES (?, ?, ?, ?)');
  const allTokens = database.prepare('SELECT id, name, scopes, made_at FROM tokens ORDER BY id');
  const byHash = database.prepare('SELECT id, name, scopes, made_at FROM tokens WHERE hash = ?');
  const removeToken = database.prepare('DELETE FROM tokens WHERE id = ?');
  const sensors = database.prepare('SELECT id, name FROM sensors ORDER BY id');
  const rename = database.prepare('UPDATE OR IGNORE sensors SET name = ? WHERE id = ?');
  const archive = database.prepare(
    'INSERT INTO archived_sensors (sensor, at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const restore = database.prepare('DELETE FROM archived_sensors WHERE sensor = ?');
  const archived = database.prepare('SELECT sensor, at FROM archived_sensors ORDER BY sensor');

  const checkSensor = (id: number): void => {
    const known = sensors.all() as unknown as { id: number; name: string }[];
    if (!known.some((sensor) => sensor.id === id)) throw new UnknownSensor(id, known);
  };
  const ask = <T>(work: () => T): T => onStore(file, work);
  return {
    addToken: ({ name, scopes, madeAt, hash }) =>
      ask(() => {
        const { lastInsertRowid } = addToken.run(name, hash, scopes.join(' '), Math.round(madeAt));
        return { id: Number(lastInsertRowid), name, scopes, madeAt };
      }),
    tokens: () => ask(() => (allTokens.all() as unknown as TokenRow[]).map(tokenOf)),
    tokenByHash: (hash) =>
      ask(() => {
        const row = byHash.get(hash) as unknown as TokenRow | undefined;
        return row && tokenOf(row);
      }),
    removeToken: (id) =>
      ask(() => {
        if (removeToken.run(id).changes === 0) throw new UnknownToken(id);
      }),
    renameSensor: (id, name) =>
      ask(() => {
        checkSensor(id);
        if (rename.run(name, id).changes === 0) throw new NameTaken(name);
      }),
    archiveSensor: (id, at) =>
      ask(() => {
        checkSensor(id);
        if (at === undefined) restore.run(id);
        else archive.run(id, Math.round(at));
      }),
    archived: () =>
      ask(
        () =>
          new Map(
            (archived.all() as unknown as { sensor: number; at: number }[]).map(({ sensor, at }) => [
              sensor,
              Instant(at),
            ]),
          ),
      ),
    close: () => {
      if (database.isOpen) ask(() => database.close());
    },
  };
};
