/**
 * What an agent keeps on disk: an SQLite file of its own. Everything that one step changes is written in one
 * transaction. What others will rely on (an order to the relay, a register before the ledger hears of it) is forced
 * through to the medium and survives a power cut. Books alone are written every five minutes: the samples since then can be
 * fetched again and count the same, and a memory card has only so many writes.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Address } from '@daisee/chain';
import { countersOf, emptyIntegration, type Gap, type Total } from '@daisee/meter';
import {
  DaiseeError,
  isBusy,
  type Duration,
  Energy,
  type Instant,
  messageOf,
  Seconds,
  Watts,
} from '@daisee/units';
import type { Turn } from './books.ts';
import type { Change, Kept } from './kept.ts';
import {
  AgentStoreError,
  address,
  coins,
  damaged,
  instant,
  integer,
  type Row,
  real,
  register,
  text,
} from './store-row.ts';
import { rounded, write } from './store-write.ts';

/** Whose file it is. */
export interface Identity {
  readonly role: 'consumer' | 'producer';
  readonly account: Address;
  readonly exchange: Address;
  readonly chainId: number;
  /** Hash of the chain's first block, which tells it from one begun anew under the same id; undefined where no client knows it. */
  readonly firstBlock?: string | undefined;
}

export interface AgentStore {
  readonly file: string;
  readonly kept: () => Kept;
  /**
   * Takes the change in and then returns it from `kept`. Whatever is more than books is written in one transaction,
   * with the books, and forced through to the medium; books alone when they have moved on by five minutes.
   * @throws AgentStoreError; then nothing has changed, on disk or in memory.
   */
  readonly commit: (change: Change) => void;
  /** The source in force at `from` (or the first one) and every change before `to`, ascending. @throws AgentStoreError */
  readonly sources: (from: Instant, to: Instant) => readonly Turn[];
  /** Forces through to the medium all that was taken in. @throws AgentStoreError */
  readonly force: () => void;
  readonly close: () => void;
}

/** Samples of this long are fetched again after a kill. */
const BOOKS_EVERY: Duration = Seconds(5 * 60);
/** Bytes of a page of a new file: each commit writes whole pages, so that smaller ones (default 4096) mean less written. */
const PAGE_SIZE = 1024;

const SCHEMA_VERSION = 3;
/** "DAIA": whose file it is (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x44_41_49_41;

/** Instants in ms, power in W, registers in µWh, remainders and debt in the units of @daisee/meter, coins as text. */
const schema = `
  CREATE TABLE agent (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    role TEXT NOT NULL, account TEXT NOT NULL, exchange TEXT NOT NULL, chain INTEGER NOT NULL,
    since INTEGER NOT NULL,
    at INTEGER, power REAL,
    register INTEGER NOT NULL, remainder INTEGER NOT NULL,
    exported INTEGER NOT NULL, exported_remainder INTEGER NOT NULL,
    debt INTEGER NOT NULL, highest INTEGER NOT NULL, peak REAL NOT NULL,
    own_base INTEGER NOT NULL,
    day TEXT, spent_before TEXT,
    order_at INTEGER, order_to TEXT
  ) STRICT;
  CREATE TABLE origins (
    account TEXT PRIMARY KEY, register INTEGER NOT NULL, remainder INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE purchased (seller TEXT PRIMARY KEY, energy INTEGER NOT NULL) STRICT;
  CREATE TABLE journal (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL) STRICT;
  CREATE INDEX journal_at ON journal (at);
  CREATE TABLE gaps (started INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT;
`;

/** What schema 2 has more than schema 1: the counters that are followed, as @daisee/meter writes them. */
const SINCE_1 = 'ALTER TABLE agent ADD COLUMN counters TEXT';
/** What schema 3 has more than schema 2: the first block of the chain, once it is known. */
const SINCE_2 = 'ALTER TABLE agent ADD COLUMN first_block TEXT';

const readKept = (database: DatabaseSync): Kept => {
  const rows = (sql: string, ...values: readonly bigint[]): readonly Row[] => {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all(...values);
  };
  const [row] = rows('SELECT * FROM agent');
  if (!row)
    throw new AgentStoreError({
      code: 'agent.store-empty',
      message: 'It has no agent in it.',
      retryable: false,
    });
  const last = row['at'] === null ? undefined : { at: instant(row, 'at'), power: Watts(real(row, 'power')) };
  const totals = new Map<Address, Total>();
  for (const origin of rows('SELECT * FROM origins'))
    totals.set(address(origin, 'account'), {
      register: register(origin, 'register'),
      remainder: integer(origin, 'remainder'),
    });
  const from = rounded(last?.at ?? instant(row, 'since'));
  const turns = rows(
    'SELECT at, origin FROM journal WHERE id >= coalesce((SELECT max(id) FROM journal WHERE at <= ?), 0) ORDER BY id',
    from,
  );
  if (turns.length === 0) throw damaged('journal', 'list of sources');
  return {
    books: {
      integration: {
        ...emptyIntegration,
        register: register(row, 'register'),
        remainder: integer(row, 'remainder'),
        exported: register(row, 'exported'),
        exportedRemainder: integer(row, 'exported_remainder'),
        debt: integer(row, 'debt'),
        ...countersOf(row['counters'] === null ? undefined : text(row, 'counters')),
        highest: integer(row, 'highest'),
        ...(last ? { last } : {}),
      },
      totals,
      peak: Watts(real(row, 'peak')),
    },
    since: instant(row, 'since'),
    purchased: new Map(
      rows('SELECT * FROM purchased').map((one) => [address(one, 'seller'), Energy(integer(one, 'energy'))]),
    ),
    ownBase: register(row, 'own_base'),
    ...(row['day'] === null
      ? {}
      : { spending: { day: text(row, 'day'), before: coins(row, 'spent_before') } }),
    ...(row['order_at'] === null
      ? {}
      : { order: { at: instant(row, 'order_at'), origin: address(row, 'order_to') } }),
    journal: turns.map((turn) => ({ at: instant(turn, 'at'), origin: address(turn, 'origin') })),
  };
};

const refusal = (code: string, message: string, values: Readonly<Record<string, unknown>>): AgentStoreError =>
  new AgentStoreError({ code, message, retryable: false, values });

/**
 * Registers go on from where the books stand. On a chain begun anew under the same id and addresses all that was ever
 * reported would count once more, so these books are for the chain alone whose first block they have seen.
 */
const holdToFirstBlock = (database: DatabaseSync, file: string, { chainId, firstBlock }: Identity): void => {
  if (firstBlock === undefined) return;
  const known = database.prepare('SELECT first_block FROM agent').get()?.['first_block'];
  if (known === null) database.prepare('UPDATE agent SET first_block = ?').run(firstBlock);
  else if (known !== firstBlock)
    throw refusal(
      'agent.store-of-another-chain',
      `${file} has the books of chain ${chainId} whose first block is ${String(known)}; the chain with this id that answers began with ${firstBlock}: it was begun anew, or is another. Start the one that was there, or move this file away to begin on this one.`,
      { file, chainId, known: String(known), found: firstBlock },
    );
};

/** Opens the schema, making it in a new file, and checks that the file is this agent's. */
const prepare = (database: DatabaseSync, file: string, identity: Identity, since: Instant): void => {
  const pragma = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const isNew = pragma('user_version') === 0 && pragma('application_id') === 0;
  if (isNew) {
    database.exec(`${SINCE_1}; ${SINCE_2}`);
    const insert = database.prepare(
      `INSERT INTO agent (id, revision, role, account, exchange, chain, first_block, since, register, remainder,
         exported, exported_remainder, debt, highest, peak, own_base)
       VALUES (1, 0, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0)`,
    );
    insert.run(
      identity.role,
      identity.account,
      identity.exchange,
      identity.chainId,
      identity.firstBlock ?? null,
      rounded(since),
    );
    database.prepare('INSERT INTO journal (at, origin) VALUES (?, ?)').run(rounded(since), identity.account);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    return;
  }
  if (pragma('application_id') !== APPLICATION_ID)
    throw refusal('agent.store-foreign', `${file} is no agent's file: name another one for it.`, { file });
  if (pragma('user_version') > SCHEMA_VERSION)
    throw refusal(
      'agent.store-newer',
      `${file} was written by a newer version: start that one, or name another file.`,
      { file },
    );
  const row: Row = database.prepare('SELECT role, account, exchange, chain FROM agent').get() ?? {};
  const there = (column: string) => String(row[column]);
  const same = (a: string, b: string | number) => a.toLowerCase() === String(b).toLowerCase();
  const fits =
    same(there('role'), identity.role) &&
    same(there('account'), identity.account) &&
    same(there('exchange'), identity.exchange) &&
    same(there('chain'), identity.chainId);
  if (!fits)
    throw refusal(
      'agent.store-of-another',
      `${file} belongs to the ${there('role')} ${there('account')} on the ledger ${there('exchange')} (chain ${there('chain')}), and this is the ${identity.role} ${identity.account} on ${identity.exchange} (chain ${identity.chainId}). Name another file, or move this one away.`,
      { file, ...row, wanted: { ...identity } },
    );
  if (pragma('user_version') < 2) database.exec(SINCE_1);
  if (pragma('user_version') < 3) database.exec(`${SINCE_2}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  holdToFirstBlock(database, file, identity);
};

/** Drops the turns that no sample to come can need. */
const tail = (journal: readonly Turn[], last: Instant | undefined): readonly Turn[] => {
  if (last === undefined) return journal;
  const holds = journal.findLastIndex((turn) => turn.at <= last);
  return holds > 0 ? journal.slice(holds) : journal;
};

/**
 * Opens the agent's file, or makes a new one whose books begin at `since` on the node's own source.
 * @throws AgentStoreError when it cannot be opened, or is another's.
 */
export const openAgentStore = (file: string, identity: Identity, since: Instant): AgentStore => {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof DaiseeError) throw error;
      if (isBusy(error))
        throw new AgentStoreError({
          code: 'agent.store-in-use',
          message: `The agent's file ${file} is in use by another process: stop that one. The file is in order: leave it where it is.`,
          retryable: true,
          values: { file },
          cause: error,
        });
      throw new AgentStoreError({
        code: 'agent.store',
        message: `The agent's file ${file} failed: ${messageOf(error)}. Check its folder, owner and free space.`,
        retryable: true,
        values: { file },
        cause: error,
      });
    }
  };
  const transact = (work: () => void): void => {
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } finally {
      if (database.isTransaction) database.exec('ROLLBACK');
    }
  };

  const database = guarded(() => new DatabaseSync(file));
  let kept: Kept;
  let revision: number;
  let unforced = false;
  /** Gaps of books that were taken in and not written. */
  let heldGaps: readonly Gap[] = [];
  let isHolding = false;
  /** The last sample in the books on disk. */
  let written: Instant | undefined;
  try {
    guarded(() => {
      database.exec(`PRAGMA page_size = ${PAGE_SIZE}; PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 2000`);
      transact(() => {
        if (
          Number(database.prepare('PRAGMA user_version').get()?.['user_version']) === 0 &&
          tables(database) === 0
        )
          database.exec(schema);
        prepare(database, file, identity, since);
      });
    });
    kept = guarded(() => readKept(database));
    written = kept.books.integration.last?.at;
    revision = guarded(() => real(database.prepare('SELECT revision FROM agent').get() ?? {}, 'revision'));
  } catch (error) {
    database.close();
    throw error;
  }

  /** In WAL mode a FULL commit forces everything before it through as well. */
  const writeNext = (next: Kept, change: Change, isForced: boolean): void => {
    guarded(() => {
      database.exec(`PRAGMA synchronous = ${isForced ? 'FULL' : 'NORMAL'}`);
      transact(() => {
        // Two agents on one file would each undo what the other wrote.
        const { changes } = database
          .prepare('UPDATE agent SET revision = ? WHERE revision = ?')
          .run(revision + 1, revision);
        if (Number(changes) === 0)
          throw refusal(
            'agent.store-shared',
            `Another agent writes to ${file}. Stop one of the two, then start this one again.`,
            { file },
          );
        write(database, next, { ...change, gaps: [...heldGaps, ...(change.gaps ?? [])] });
      });
    });
    revision += 1;
    kept = next;
    unforced = !isForced;
    heldGaps = [];
    isHolding = false;
    written = next.books.integration.last?.at;
  };

  /** Whether books as of then can wait: what is on disk is not older than that by five minutes. */
  const canWait = (last: Instant | undefined): boolean =>
    database.isOpen &&
    written !== undefined &&
    last !== undefined &&
    last >= written &&
    last - written < BOOKS_EVERY;

  return {
    file,
    kept: () => kept,
    commit: (change) => {
      const { turn, gaps: _gaps, ...rest } = change;
      const merged = { ...kept, ...rest } as Kept;
      const journal = turn ? [...kept.journal, turn] : kept.journal;
      const { last } = merged.books.integration;
      const next: Kept = { ...merged, journal: tail(journal, last?.at) };
      const isForced = Object.keys(change).some((key) => key !== 'books' && key !== 'gaps');
      if (isForced || !canWait(last?.at)) {
        writeNext(next, change, isForced);
        return;
      }
      kept = next;
      heldGaps = [...heldGaps, ...(change.gaps ?? [])];
      isHolding = true;
      unforced = true;
    },
    sources: (from, to) =>
      guarded(() => {
        const statement = database.prepare(
          'SELECT at, origin FROM journal WHERE id >= coalesce((SELECT max(id) FROM journal WHERE at <= ?), 0) AND at < ? ORDER BY id',
        );
        statement.setReadBigInts(true);
        const rows: readonly Row[] = statement.all(rounded(from), rounded(to));
        return rows.map((turn) => ({ at: instant(turn, 'at'), origin: address(turn, 'origin') }));
      }),
    force: () => {
      if (unforced) writeNext(kept, {}, true);
    },
    close: () => {
      if (!database.isOpen) return;
      try {
        if (isHolding) writeNext(kept, {}, false);
      } catch (error) {
        // What cannot be written any more is fetched again at the next start.
        if (!(error instanceof AgentStoreError)) throw error;
      } finally {
        database.close();
      }
    },
  };
};

const tables = (database: DatabaseSync): number =>
  Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
