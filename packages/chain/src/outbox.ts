/** Transactions written down before they are sent, so that a crash in between neither loses nor doubles one. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { DaiseeError, isWrittenElsewhere, messageOf } from '@daisee/units';
import type { Address, Hex } from './signer.ts';

/** The outbox cannot be read or written. */
export class OutboxDamaged extends DaiseeError {
  constructor(file: string, error: unknown) {
    super({
      code: 'chain.outbox',
      message: `The outbox ${file} cannot be used (${messageOf(error)}). Check the disk; move the file away to begin an empty one once nothing of this account is pending.`,
      retryable: false,
      values: { file },
      cause: error,
    });
  }
}

/** Another process writes the same outbox. */
class OutboxShared extends DaiseeError {
  constructor(file: string, error: unknown) {
    super({
      code: 'chain.outbox-shared',
      message: `The outbox ${file} is in use by another process. Stop one of the two. The file is in order: leave it where it is, transactions on their way are kept in it.`,
      retryable: true,
      values: { file },
      cause: error,
    });
  }
}

/**
 * `pending` may still be mined. `mined` and `refused` (mined and reverted) are over. `replaced`: another transaction
 * has its nonce. `abandoned`: the chain would not take it.
 */
type OutboxState = 'pending' | 'mined' | 'refused' | 'replaced' | 'abandoned';

export interface OutboxEntry {
  readonly hash: Hex;
  readonly nonce: number;
  readonly raw: Hex;
  /** What it is for, in words. */
  readonly what: string;
  /** The caller's name for the need that it serves. */
  readonly intent: string | undefined;
  readonly state: OutboxState;
}

export interface Outbox {
  add(entry: Omit<OutboxEntry, 'state'>): void;
  /**
   * What is over and has no name is written with the next entry, or at the close: a kill in between makes it pending
   * again, and it is looked up on the chain as after any restart.
   */
  mark(hash: Hex, state: OutboxState): void;
  /** In the order of their nonces. */
  pending(): readonly OutboxEntry[];
  /** The newest for the intent that is pending or mined. */
  forIntent(intent: string): OutboxEntry | undefined;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS outbox (
    position INTEGER PRIMARY KEY, chain TEXT NOT NULL, account TEXT NOT NULL, nonce INTEGER NOT NULL,
    hash TEXT NOT NULL, raw TEXT NOT NULL, what TEXT NOT NULL, intent TEXT, state TEXT NOT NULL) STRICT;
  DROP INDEX IF EXISTS outbox_state;
  DROP INDEX IF EXISTS outbox_intent;
  DROP INDEX IF EXISTS outbox_hash;
  CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (chain, account, nonce) WHERE state = 'pending';
  CREATE INDEX IF NOT EXISTS outbox_named ON outbox (chain, account, intent) WHERE intent IS NOT NULL;
`;

/** Bytes of a page of a new file: each commit writes whole pages, so that smaller ones (default 4096) mean less written. */
const PAGE_SIZE = 1024;

/** How far a commit is forced (https://www.sqlite.org/pragma.html#pragma_synchronous). */
const level = (survives: 'power' | 'process'): string =>
  `PRAGMA synchronous = ${survives === 'power' ? 'FULL' : 'NORMAL'}`;

/** Transactions that somebody may ask for by a name are kept beyond their end: the newest of an account. */
const NAMES_KEPT = 1000;

const STATES: readonly OutboxState[] = ['pending', 'mined', 'refused', 'replaced', 'abandoned'];

const entryOf = (row: Record<string, SQLOutputValue>): OutboxEntry => ({
  hash: String(row['hash']) as Hex,
  nonce: Number(row['nonce']),
  raw: String(row['raw']) as Hex,
  what: String(row['what']),
  intent: row['intent'] === null ? undefined : String(row['intent']),
  state: STATES.find((state) => state === row['state']) ?? 'abandoned',
});

/**
 * Opens the outbox of an account on a chain; several accounts and chains may share a file.
 * @param file a path, or `:memory:`
 * @param chain what tells this chain from another with the same id: the hash of its first block
 * @throws OutboxDamaged, OutboxShared
 */
export const openOutbox = (
  file: string,
  chain: string,
  account: Address,
  survives: 'power' | 'process' = 'power',
): Outbox => {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw isWrittenElsewhere(error) ? new OutboxShared(file, error) : new OutboxDamaged(file, error);
    }
  };
  const opened = (): DatabaseSync => {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    const database = new DatabaseSync(file, { timeout: 5000 });
    try {
      database.exec(
        `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL; ${level(survives)}; ${SCHEMA}`,
      );
      return database;
    } catch (error) {
      // Left open it would hold its lock until it is collected.
      database.close();
      throw error;
    }
  };
  return guarded(() => {
    const database = opened();
    const of = 'chain = ? AND account = ?';
    const columns = 'hash, nonce, raw, what, intent, state';
    const add = database.prepare(
      `INSERT INTO outbox (chain, account, nonce, hash, raw, what, intent, state) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending')`,
    );
    const mark = database.prepare(`UPDATE outbox SET state = ? WHERE ${of} AND hash = ?`);
    // Over, and nobody can ask for it by a name.
    const forget = database.prepare(
      `DELETE FROM outbox WHERE ${of} AND hash = ? AND state <> 'pending' AND intent IS NULL`,
    );
    // … and names of needs long over: who restarts asks for the last ones.
    const forgetOld = database.prepare(
      `DELETE FROM outbox WHERE ${of} AND intent IS NOT NULL AND state <> 'pending' AND position <= (
        SELECT position FROM outbox WHERE ${of} AND intent IS NOT NULL
        ORDER BY position DESC LIMIT 1 OFFSET ${NAMES_KEPT})`,
    );
    const pending = database.prepare(
      `SELECT ${columns} FROM outbox WHERE ${of} AND state = 'pending' ORDER BY nonce, position`,
    );
    const forIntent = database.prepare(
      `SELECT ${columns} FROM outbox WHERE ${of} AND intent = ? AND state IN ('pending', 'mined') ORDER BY position DESC LIMIT 1`,
    );
    /** Unnamed entries that are over and still on disk as pending. */
    const over = new Map<Hex, OutboxState>();
    const transact = (work: () => void): void => {
      database.exec('BEGIN IMMEDIATE');
      try {
        work();
        database.exec('COMMIT');
      } finally {
        if (database.isTransaction) database.exec('ROLLBACK');
      }
    };
    const write = (hash: Hex, state: OutboxState): void => {
      mark.run(state, chain, account, hash);
      forget.run(chain, account, hash);
    };
    const writeOver = (): void => {
      for (const [hash, state] of over) write(hash, state);
    };
    const isNamed = database.prepare(`SELECT 1 FROM outbox WHERE ${of} AND hash = ? AND intent IS NOT NULL`);
    return {
      add: (entry) =>
        guarded(() => {
          // A report a minute is all that most nodes send: its end and the next one are one commit.
          transact(() => {
            writeOver();
            add.run(chain, account, entry.nonce, entry.hash, entry.raw, entry.what, entry.intent ?? null);
          });
          over.clear();
        }),
      mark: (hash, state) =>
        guarded(() => {
          if (state !== 'pending' && !isNamed.get(chain, account, hash)) {
            over.set(hash, state);
            return;
          }
          over.delete(hash);
          // A power cut may undo a mark: what is pending again is looked up on the chain, as after any restart.
          database.exec(level('process'));
          try {
            transact(() => {
              write(hash, state);
              forgetOld.run(chain, account, chain, account);
            });
          } finally {
            database.exec(level(survives));
          }
        }),
      pending: () =>
        guarded(() =>
          pending
            .all(chain, account)
            .map(entryOf)
            .filter((entry) => !over.has(entry.hash)),
        ),
      forIntent: (intent) =>
        guarded(() => {
          const row = forIntent.get(chain, account, intent);
          return row && entryOf(row);
        }),
      close: () => {
        try {
          if (database.isOpen && over.size > 0) guarded(() => transact(writeOver));
        } finally {
          if (database.isOpen) database.close();
        }
      },
    };
  });
};
