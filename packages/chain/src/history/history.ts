/**
 * The chain's events kept in SQLite: pages of them, whose they are, and sums, without asking the chain each time. A
 * copy, never the truth: it follows reorganisations and can be read from the chain again at will.
 */
import type { DatabaseSync } from 'node:sqlite';
import {
  type Clock,
  Coin,
  DaiseeError,
  Duration,
  Energy,
  type Instant,
  messageOf,
  SleepAborted,
  sleepOrStop,
} from '@daisee/units';
import type { Feed, FeedPlace } from '../feed.ts';
import { toAddress } from '../keystore.ts';
import type { Ledger } from '../ledger.ts';
import type { LedgerFact } from '../ledger-events.ts';
import type { Address } from '../signer.ts';
import { createTurns } from '../turns.ts';
import { empty, onHistory, openDatabase } from './database.ts';
import { EVENT_COLUMNS, type EventRow, eventFrom, type HistoryEvent, positionOf, rowOf } from './facts.ts';

/** What changed in the history. */
export type HistoryChange =
  | { readonly type: 'added'; readonly events: readonly HistoryEvent[] }
  /** Events from this position on are gone; those that hold instead come as `added`. */
  | { readonly type: 'reverted'; readonly from: number; readonly block: number }
  /** How far it has read; `block` is `head` when it has all. */
  | { readonly type: 'progress'; readonly block: number; readonly head: number }
  | { readonly type: 'away'; readonly message: string }
  | { readonly type: 'back' };

/** Which events. */
export interface HistoryQuery {
  /** Only events that name the account. */
  readonly account?: Address;
  /** Only events of these types. */
  readonly types?: readonly Exclude<LedgerFact['type'], 'reverted'>[];
  /** Only events before this position: the last of a page asks for the next one. */
  readonly before?: number;
  /** Only events after this position. */
  readonly after?: number;
  readonly from?: Instant;
  readonly to?: Instant;
  /** At most so many, 100 by default. */
  readonly limit?: number;
  /** `newest` first by default. */
  readonly order?: 'newest' | 'oldest';
}

/** Energy from one node to another in a stretch of time. */
export interface Flow {
  readonly consumer: Address;
  /** The consumer itself for its own source. */
  readonly origin: Address;
  readonly consumed: Energy;
  readonly bought: Energy;
  readonly cost: Coin;
}

export interface HistoryOptions {
  /** Started already. */
  readonly ledger: Pick<Ledger, 'createFeed' | 'block' | 'exchange' | 'coin' | 'chainId'>;
  /** A path, or `:memory:`. */
  readonly file: string;
  readonly clock: Clock;
  readonly pollInterval?: Duration;
  readonly onChange?: (change: HistoryChange) => void;
}

export interface History {
  /** Reads what is there and follows the chain in a task of the clock. @throws HistoryDamaged */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Reads what is new now. @throws ChainUnreachable, ChainAnswer, RpcRefused, HistoryDamaged */
  catchUp(): Promise<void>;
  page(query?: HistoryQuery): readonly HistoryEvent[];
  /** How many events a query would give without its limit. */
  count(query?: Omit<HistoryQuery, 'limit' | 'order'>): number;
  /** Who consumed and bought whose energy, and what each produced. */
  flows(from: Instant, to: Instant): readonly Flow[];
  produced(from: Instant, to: Instant): ReadonlyMap<Address, Energy>;
  /** The next block that will be read; undefined before the first. */
  readonly nextBlock: number | undefined;
  /** Forgets all and reads it from the chain again. */
  rebuild(): Promise<void>;
}

/** Blocks read at a time: what is read is kept before the next ones are asked for. */
const BLOCKS = 5000;
/**
 * Newest blocks kept in the file, written with every event: a reorganisation that is deeper and happened while nobody
 * looked has everything read again.
 */
const SEEN_KEPT = 24;
/** Blocks without events after which their place is kept all the same: they would be read again after a restart. */
const KEPT_EACH = 500;
const DEFAULT_LIMIT = 100;

/** The history was asked before `start`. */
export class HistoryNotStarted extends DaiseeError {
  constructor() {
    super({
      code: 'chain.history.notstarted',
      message: 'The history is not open: await start() first.',
      retryable: false,
    });
  }
}

const where = (
  query: Omit<HistoryQuery, 'limit' | 'order'>,
): { sql: string; values: (string | number)[] } => {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...given: (string | number)[]): void => {
    parts.push(sql);
    values.push(...given);
  };
  const { account, types, before, after, from, to } = query;
  // The position of the table that the order goes by, so that its index serves both.
  const position = account === undefined ? 'events.position' : 'mentions.position';
  if (account !== undefined) add('mentions.account = ?', toAddress(account));
  if (before !== undefined) add(`${position} < ?`, before);
  if (after !== undefined) add(`${position} > ?`, after);
  if (from !== undefined) add('events.at >= ?', from);
  if (to !== undefined) add('events.at < ?', to);
  if (types !== undefined) add(`events.type IN (${types.map(() => '?').join(', ')})`, ...types);
  const tables = account === undefined ? 'events' : 'mentions JOIN events USING (position)';
  return { sql: `FROM ${tables} ${parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : ''}`, values };
};

/** Makes a history; nothing is opened before `start`. */
export const createHistory = (options: HistoryOptions): History => {
  const { ledger, file, clock, pollInterval = Duration(1000), onChange = () => {} } = options;
  const turns = createTurns();
  const books = `${ledger.exchange} ${ledger.coin}`;
  let database: DatabaseSync | undefined;
  let feed: Feed | undefined;
  let stopping = new AbortController();
  let loop: Promise<void> | undefined;
  /** The next block by the place in the file. */
  let keptNext = 0;

  const opened = (): DatabaseSync => {
    if (!database) throw new HistoryNotStarted();
    return database;
  };
  const ask = <T>(work: (database: DatabaseSync) => T): T => onHistory(file, () => work(opened()));

  const keptPlace = (): FeedPlace | undefined =>
    ask((open) => {
      const row = open.prepare('SELECT books, place FROM place').get();
      if (!row) return undefined;
      if (row['books'] === `${ledger.chainId} ${books}`) return JSON.parse(String(row['place'])) as FeedPlace;
      // Another community's: none of it is ours.
      empty(open);
      return undefined;
    });

  const newFeed = (): Feed => {
    const place = keptPlace();
    keptNext = place?.next ?? 0;
    return ledger.createFeed({ blocks: BLOCKS, ...(place ? { place } : {}) });
  };

  /** Keeps what a call of the feed told, with the place it leads to. */
  const keep = (told: Awaited<ReturnType<Feed['poll']>>, place: FeedPlace): readonly HistoryChange[] =>
    ask((open) => {
      const changes: HistoryChange[] = [];
      const added: HistoryEvent[] = [];
      const insert = open.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
      const mention = open.prepare('INSERT OR IGNORE INTO mentions VALUES (?, ?)');
      open.exec('BEGIN IMMEDIATE');
      try {
        for (const event of told) {
          if (event.type === 'reverted') {
            const from = positionOf(event.fromBlock);
            open.prepare('DELETE FROM mentions WHERE position >= ?').run(from);
            open.prepare('DELETE FROM events WHERE position >= ?').run(from);
            changes.push({ type: 'reverted', from, block: event.fromBlock });
            continue;
          }
          const position = positionOf(event.block, event.logIndex);
          const { type, party, other, energy, cost, fact } = rowOf(event);
          insert.run(position, event.at, event.hash, type, party, other, energy, cost, fact);
          for (const account of [party, other]) if (account !== null) mention.run(account, position);
          added.push({ position, ...event });
        }
        open
          .prepare('INSERT OR REPLACE INTO place VALUES (1, ?, ?)')
          .run(
            `${ledger.chainId} ${books}`,
            JSON.stringify({ ...place, seen: place.seen.slice(-SEEN_KEPT) }),
          );
        open.exec('COMMIT');
      } finally {
        if (open.isTransaction) open.exec('ROLLBACK');
      }
      if (added.length > 0) changes.push({ type: 'added', events: added });
      return changes;
    });

  const catchUp = async (signal?: AbortSignal): Promise<void> => {
    const end = await clock.aside(() => turns.take());
    try {
      for (;;) {
        feed ??= newFeed();
        const before = feed.place?.next;
        const told = await feed.poll();
        const { place } = feed;
        if (!place || !database || signal?.aborted) return;
        if (told.length > 0 || place.next - keptNext >= KEPT_EACH) {
          try {
            for (const change of keep(told, place)) onChange(change);
            keptNext = place.next;
          } catch (error) {
            // The feed has moved on and the file has not: the next one begins where the file stands.
            feed = undefined;
            throw error;
          }
        }
        const { number: head } = await ledger.block();
        onChange({ type: 'progress', block: place.next - 1, head });
        if (place.next > head || place.next === before) return;
      }
    } finally {
      end();
    }
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    let away = false;
    try {
      do {
        try {
          await catchUp(signal);
          if (away) onChange({ type: 'back' });
          away = false;
        } catch (error) {
          if (error instanceof SleepAborted) throw error;
          if (!away && !signal.aborted) onChange({ type: 'away', message: messageOf(error) });
          away = true;
        }
      } while (await sleepOrStop(clock, pollInterval, signal));
    } catch (error) {
      if (!(error instanceof SleepAborted)) throw error;
    }
  };

  return {
    start: async () => {
      if (database) return;
      database = openDatabase(file);
      stopping = new AbortController();
      const { signal } = stopping;
      loop = clock.task(() => follow(signal));
    },
    stop: async () => {
      stopping.abort();
      const ended = loop;
      loop = undefined;
      if (ended) await clock.aside(() => ended);
      database?.close();
      database = undefined;
      feed = undefined;
    },
    catchUp: () => catchUp(),
    page: ({ limit = DEFAULT_LIMIT, order = 'newest', ...query } = {}) =>
      ask((open) => {
        const { sql, values } = where(query);
        const position = query.account === undefined ? 'events.position' : 'mentions.position';
        const direction = order === 'newest' ? 'DESC' : 'ASC';
        const rows = open
          .prepare(`SELECT ${EVENT_COLUMNS} ${sql} ORDER BY ${position} ${direction} LIMIT ?`)
          .all(...values, limit);
        return (rows as unknown as EventRow[]).map(eventFrom);
      }),
    count: (query = {}) =>
      ask((open) => {
        const { sql, values } = where(query);
        const row = open.prepare(`SELECT count(*) AS count ${sql}`).get(...values);
        return Number(row?.['count']);
      }),
    flows: (from, to) =>
      ask((open) => {
        const statement = open.prepare(
          `SELECT party AS consumer, other AS origin,
            sum(iif(type = 'consumed', energy, 0)) AS consumed,
            sum(iif(type = 'bought', energy, 0)) AS bought,
            sum(coalesce(cost, 0)) AS cost
          FROM events WHERE type IN ('consumed', 'bought') AND at >= ? AND at < ?
          GROUP BY party, other ORDER BY party, other`,
          { readBigInts: true },
        );
        const rows = statement.all(from, to) as unknown as {
          consumer: Address;
          origin: Address;
          consumed: bigint;
          bought: bigint;
          cost: bigint;
        }[];
        return rows.map(({ consumer, origin, consumed, bought, cost }) => ({
          consumer,
          origin,
          consumed: Energy(consumed),
          bought: Energy(bought),
          cost: Coin(cost),
        }));
      }),
    produced: (from, to) =>
      ask((open) => {
        const statement = open.prepare(
          "SELECT party, sum(energy) AS energy FROM events WHERE type = 'produced' AND at >= ? AND at < ? GROUP BY party",
          { readBigInts: true },
        );
        const rows = statement.all(from, to) as unknown as { party: Address; energy: bigint }[];
        return new Map(rows.map(({ party, energy }) => [party, Energy(energy)]));
      }),
    get nextBlock() {
      return feed?.place?.next ?? (database ? keptPlace()?.next : undefined);
    },
    rebuild: async () => {
      const end = await clock.aside(() => turns.take());
      try {
        ask(empty);
        feed = undefined;
        onChange({ type: 'reverted', from: 0, block: 0 });
      } finally {
        end();
      }
      await catchUp();
    },
  };
};
