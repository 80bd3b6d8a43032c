/** The history's tables. All of it can be read from the chain again, so what cannot be used is begun anew. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DaiseeError, isWrittenElsewhere, messageOf } from '@daisee/units';

/** The file of the history cannot be read or written. */
export class HistoryDamaged extends DaiseeError {
  constructor(file: string, error: unknown) {
    super({
      code: 'chain.history',
      message: `The history ${file} cannot be used (${messageOf(error)}). Check the disk and its rights; the file may be deleted, all of it is read from the chain again.`,
      retryable: true,
      values: { file },
      cause: error,
    });
  }
}

/** Another process writes the same history. */
class HistoryShared extends DaiseeError {
  constructor(file: string, error: unknown) {
    super({
      code: 'chain.history-shared',
      message: `The history ${file} is in use by another process, which serves the App of this node. Stop one of the two. The file is in order: leave it where it is.`,
      retryable: true,
      values: { file },
      cause: error,
    });
  }
}

/**
 * Bytes of a page of a new file: an event touches five trees, and each commit writes whole pages (default 4096), twice
 * with the log.
 */
const PAGE_SIZE = 1024;

/** Raised with the tables: an older file is begun anew. */
const VERSION = 2;

/**
 * `events` by their position in the chain; `mentions` says which events name an account, so that its newest ones are
 * found without going through those of all others. `place` is the feed's, changed in one transaction with the events.
 */
const SCHEMA = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash TEXT NOT NULL, type TEXT NOT NULL,
    party TEXT, other TEXT, energy INTEGER, cost INTEGER, fact TEXT NOT NULL) STRICT;
  CREATE INDEX events_type ON events (type, position);
  CREATE TABLE mentions (
    account TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (account, position)) STRICT, WITHOUT ROWID;
  CREATE INDEX mentions_position ON mentions (position);
  CREATE TABLE place (id INTEGER PRIMARY KEY CHECK (id = 1), books TEXT NOT NULL, place TEXT NOT NULL) STRICT;
  PRAGMA user_version = ${VERSION};
`;

const CLEAR = 'DROP TABLE IF EXISTS events; DROP TABLE IF EXISTS mentions; DROP TABLE IF EXISTS place;';

/** Runs work on the database. @throws HistoryDamaged, HistoryShared */
export const onHistory = <T>(file: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (error instanceof DaiseeError) throw error;
    throw isWrittenElsewhere(error) ? new HistoryShared(file, error) : new HistoryDamaged(file, error);
  }
};

/** Opens the file, with empty tables when it is new or an older version's. @throws HistoryDamaged */
export const openDatabase = (file: string): DatabaseSync =>
  onHistory(file, () => {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    const database = new DatabaseSync(file, { timeout: 5000 });
    try {
      database.exec(
        `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`,
      );
      const row = database.prepare('PRAGMA user_version').get();
      if (Number(row?.['user_version']) !== VERSION) empty(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });

/** Begins the tables anew, in one transaction. */
export const empty = (database: DatabaseSync): void => {
  database.exec(`BEGIN IMMEDIATE; ${CLEAR} ${SCHEMA} COMMIT`);
};
