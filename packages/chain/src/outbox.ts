/** Transactions written down before they are sent, so that a crash in between neither loses nor doubles one. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { DaiseeError, messageOf } from '@daisee/units';
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
 * @throws OutboxDamaged
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
      throw new OutboxDamaged(file, error);
    }
  };
  return guarded(() => {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    const database = new DatabaseSync(file, { timeout: 5000 });
    database.exec(
      `PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL; ${level(survives)}; ${SCHEMA}`,
    );
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
    const pending = database.prepare(
      `SELECT ${columns} FROM outbox WHERE ${of} AND state = 'pending' ORDER BY nonce, position`,
    );
    const forIntent = database.prepare(
      `SELECT ${columns} FROM outbox WHERE ${of} AND intent = ? AND state IN ('pending', 'mined') ORDER BY position DESC LIMIT 1`,
    );
    return {
      add: (entry) =>
        guarded(() => {
          add.run(chain, account, entry.nonce, entry.hash, entry.raw, entry.what, entry.intent ?? null);
        }),
      mark: (hash, state) =>
        guarded(() => {
          // A power cut may undo a mark: what is pending again is looked up on the chain, as after any restart.
          database.exec(`${level('process')}; BEGIN IMMEDIATE`);
          try {
            mark.run(state, chain, account, hash);
            forget.run(chain, account, hash);
            database.exec('COMMIT');
          } finally {
            if (database.isTransaction) database.exec('ROLLBACK');
            database.exec(level(survives));
          }
        }),
      pending: () => guarded(() => pending.all(chain, account).map(entryOf)),
      forIntent: (intent) =>
        guarded(() => {
          const row = forIntent.get(chain, account, intent);
          return row && entryOf(row);
        }),
      close: () => database.close(),
    };
  });
};
