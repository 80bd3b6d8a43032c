/** The way to an SQLite file: opened, brought up to date, written whole or not at all. */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Failures, failureOf, newerSchema, notOurs } from './failures.ts';

export interface SqliteOptions {
  /** The file; made when it is not there, readable by its owner alone. `:memory:` is none. */
  readonly file: string;
  /** How the file's header says whose it is (https://www.sqlite.org/pragma.html#pragma_application_id). */
  readonly applicationId: number;
  /** Step n brings schema n to n + 1; a file knows its schema as `user_version`. Never change one that was released. */
  readonly steps: readonly string[];
  readonly failures: Failures;
  /** Bytes of a page of a new file; SQLite's default if absent. */
  readonly pageSize?: number | undefined;
  /**
   * What a commit survives: `power` (the default) a power cut, at the price of waiting for the disk; `process` the end of the
   * process only.
   */
  readonly survives?: 'power' | 'process' | undefined;
}

export interface SqliteDatabase {
  readonly database: DatabaseSync;
  /** Runs work; what the database throws comes out as the room's own error. */
  readonly ask: <T>(work: () => T) => T;
  /** Runs work whole or not at all: what it throws comes out and nothing of it stays. Not within itself. */
  readonly atomically: <T>(work: () => T) => T;
  /** Safe to call twice. */
  readonly close: () => void;
}

/** How long a call waits for another process that writes, in real ms: guards real I/O. */
const BUSY_TIMEOUT = 5000;

const numberOf = (database: DatabaseSync, sql: string): number => {
  const [value] = Object.values(database.prepare(sql).get() ?? {});
  return Number(value);
};

/** Brings a database to the newest schema, in one transaction. */
const migrate = (database: DatabaseSync, { file, applicationId, steps, failures }: SqliteOptions): void => {
  const check = (): number => {
    const application = numberOf(database, 'PRAGMA application_id');
    const version = numberOf(database, 'PRAGMA user_version');
    const isNew = application === 0 && numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0;
    if (!isNew && application !== applicationId) throw notOurs(failures, file);
    if (version > steps.length) throw newerSchema(failures, file, version, steps.length);
    return isNew ? 0 : version;
  };
  if (check() === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of steps.slice(check())) database.exec(step);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}; COMMIT`);
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
};

/** Makes an empty file that only its owner may read: what SQLite makes beside it has the same mode. */
const makePrivate = (file: string): void => {
  if (file === ':memory:' || existsSync(file)) return;
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
};

/**
 * Opens a file, makes it when it is new and brings an older schema up to date. Whole numbers bind as they are: give bigint
 * where SQL divides them (numbers bind as REAL).
 * @throws the room's own error: not its store, a newer schema, cannot be opened, damaged, …
 */
export const openSqlite = (options: SqliteOptions): SqliteDatabase => {
  const { file, failures, pageSize, survives = 'power' } = options;
  const ask = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw failureOf(failures, file, error);
    }
  };
  const database = ask(() => {
    const opened = (() => {
      try {
        makePrivate(file);
      } catch (error) {
        // Told as SQLite tells it: the folder is not there or may not be written.
        throw Object.assign(new Error((error as Error).message, { cause: error }), { errcode: 14 });
      }
      return new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
    })();
    try {
      if (pageSize !== undefined) opened.exec(`PRAGMA page_size = ${pageSize}`);
      migrate(opened, options);
      opened.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${survives === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA foreign_keys = ON`,
      );
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  });
  return {
    database,
    ask,
    atomically: (work) =>
      ask(() => {
        database.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          database.exec('COMMIT');
          return result;
        } finally {
          if (database.isTransaction) database.exec('ROLLBACK');
        }
      }),
    close: () => {
      if (database.isOpen) ask(() => database.close());
    },
  };
};
