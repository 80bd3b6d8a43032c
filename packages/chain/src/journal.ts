/**
 * What happened to the embedded chain, written down before it happens: every transaction sent and the time of every
 * block, in order. Given to anvil in that order again, the same blocks come out, hash for hash.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { type Clock, DaiseeError, Duration, isBusy, messageOf, systemClock } from '@daisee/units';
import type { Hex } from './signer.ts';

/** Another process has this chain. */
export class ChainDirectoryBusy extends DaiseeError {
  constructor(directory: string, holder: string) {
    super({
      code: 'chain.busy',
      message: `The chain in ${directory} is being run by ${holder}. Stop that one, or give another directory with --data.`,
      retryable: true,
      values: { directory, holder },
    });
  }
}

/** The journal cannot be read or written. */
export class JournalDamaged extends DaiseeError {
  constructor(file: string, error: unknown) {
    super({
      code: 'chain.journal',
      message: `The chain's journal ${file} cannot be used (${messageOf(error)}). Check the disk, restore the directory from a copy, or start a new chain in another directory.`,
      retryable: false,
      values: { file },
      cause: error,
    });
  }
}

/** Something to do to the chain. */
type Step =
  | { readonly seq: number; readonly raw: Hex; readonly hash: Hex; readonly block: number | undefined }
  | { readonly seq: number; readonly mine: number; readonly at: number; readonly hash: Hex | undefined };

export interface Journal {
  setting(name: string): string | undefined;
  set(name: string, value: string): void;
  /** A transaction about to be sent. */
  send(raw: Hex, hash: Hex): number;
  /** That transaction was refused: it never happened. */
  forget(seq: number): void;
  /** A block about to be mined, with its time in Unix seconds. */
  mine(number: number, at: number): void;
  /** The block came out so, with these transactions. */
  mined(number: number, hash: Hex, transactions: readonly Hex[]): void;
  /** The newest block mined or about to be. */
  last(): { number: number; at: number; hash: Hex | undefined } | undefined;
  block(number: number): { at: number; hash: Hex | undefined } | undefined;
  /** What has to be done again on top of block `number`: what came later, and what was sent and not mined. */
  after(number: number): Iterable<Step>;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS sends (
    seq INTEGER PRIMARY KEY, hash TEXT NOT NULL, raw TEXT NOT NULL, block INTEGER) STRICT;
  CREATE INDEX IF NOT EXISTS sends_hash ON sends (hash);
  CREATE INDEX IF NOT EXISTS sends_block ON sends (block);
  CREATE TABLE IF NOT EXISTS blocks (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, hash TEXT) STRICT;
`;

const text = (value: SQLOutputValue | undefined): string => (typeof value === 'string' ? value : '');
const number = (value: SQLOutputValue | undefined): number => Number(value ?? 0);
const hex = (value: SQLOutputValue | undefined): Hex | undefined =>
  typeof value === 'string' ? (value as Hex) : undefined;

const connect = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // The file's lock is the directory's: the system lets go of it when its holder ends, however that came.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec(`BEGIN EXCLUSIVE; ${SCHEMA} COMMIT;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

const holderOf = (file: string): string => {
  try {
    const pid = readFileSync(file, 'utf8').trim();
    return `process ${pid}`;
  } catch {
    return 'another process';
  }
};

const wrap = (database: DatabaseSync, file: string, survives: 'power' | 'process'): Journal => {
  const statements = {
    setting: database.prepare('SELECT value FROM settings WHERE name = ?'),
    set: database.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)'),
    send: database.prepare('INSERT INTO sends VALUES (?, ?, ?, NULL)'),
    forget: database.prepare('DELETE FROM sends WHERE seq = ? AND block IS NULL'),
    mine: database.prepare('INSERT INTO blocks VALUES (?, ?, ?, NULL)'),
    mined: database.prepare('UPDATE blocks SET hash = ? WHERE number = ?'),
    included: database.prepare('UPDATE sends SET block = ? WHERE hash = ?'),
    last: database.prepare('SELECT number, at, hash FROM blocks ORDER BY number DESC LIMIT 1'),
    block: database.prepare('SELECT at, hash FROM blocks WHERE number = ?'),
    top: database.prepare(
      'SELECT max(coalesce((SELECT max(seq) FROM sends), 0), coalesce((SELECT max(seq) FROM blocks), 0)) AS top',
    ),
    after: database.prepare(`
      SELECT seq, raw, hash, block, NULL AS number, NULL AS at FROM sends WHERE block IS NULL OR block > ?1
      UNION ALL SELECT seq, NULL, hash, NULL, number, at FROM blocks WHERE number > ?1 ORDER BY seq`),
  };
  let seq = number(statements.top.get()?.['top']);
  let isSending = false;
  /** SQLite's own errors, typed. */
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof DaiseeError ? error : new JournalDamaged(file, error);
    }
  };
  return {
    setting: (name) =>
      guarded(() => {
        const row = statements.setting.get(name);
        return row && text(row['value']);
      }),
    set: (name, value) => guarded(() => void statements.set.run(name, value)),
    send: (raw, hash) =>
      guarded(() => {
        seq++;
        statements.send.run(seq, hash, raw);
        isSending = true;
        return seq;
      }),
    forget: (which) => guarded(() => void statements.forget.run(which)),
    mine: (block, at) =>
      guarded(() => {
        // In WAL mode a FULL commit forces everything before it through as well; an empty block is worth no wear.
        const isForced = isSending && survives === 'power';
        if (isForced) database.exec('PRAGMA synchronous = FULL');
        statements.mine.run(block, ++seq, at);
        if (isForced) database.exec('PRAGMA synchronous = NORMAL');
        isSending = false;
      }),
    mined: (block, hash, transactions) =>
      guarded(() => {
        database.exec('BEGIN');
        statements.mined.run(hash, block);
        for (const transaction of transactions) statements.included.run(block, transaction);
        database.exec('COMMIT');
      }),
    last: () =>
      guarded(() => {
        const row = statements.last.get();
        return row && { number: number(row['number']), at: number(row['at']), hash: hex(row['hash']) };
      }),
    block: (which) =>
      guarded(() => {
        const row = statements.block.get(which);
        return row && { at: number(row['at']), hash: hex(row['hash']) };
      }),
    after: function* (from) {
      // All at once: the rows are changed while they are gone through.
      for (const row of guarded(() => statements.after.all(from))) {
        const at = row['number'];
        yield at === null || at === undefined
          ? {
              seq: number(row['seq']),
              raw: text(row['raw']) as Hex,
              hash: text(row['hash']) as Hex,
              block: row['block'] === null ? undefined : number(row['block']),
            }
          : { seq: number(row['seq']), mine: number(at), at: number(row['at']), hash: hex(row['hash']) };
      }
    },
    close: () => database.close(),
  };
};

/**
 * Opens the journal in a directory, made when it is missing. Waits a little for a holder that is just ending.
 * @throws ChainDirectoryBusy naming the process that has it, JournalDamaged
 */
export const openJournal = async (
  directory: string,
  // A lock of the system's is waited for in the system's time.
  {
    patience = Duration(5_000),
    clock = systemClock,
    survives = 'power',
  }: { readonly patience?: Duration; readonly clock?: Clock; readonly survives?: 'power' | 'process' } = {},
): Promise<Journal> => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, 'chain.sqlite');
  const holder = join(directory, 'chain.pid');
  const pause = Duration(50);
  for (let waited = 0; ; waited += pause) {
    try {
      const journal = wrap(connect(file), file, survives);
      writeFileSync(holder, `${process.pid}\n`);
      return journal;
    } catch (error) {
      if (!isBusy(error)) throw error instanceof DaiseeError ? error : new JournalDamaged(file, error);
      if (waited >= patience) throw new ChainDirectoryBusy(directory, holderOf(holder));
    }
    await clock.sleep(pause);
  }
};
