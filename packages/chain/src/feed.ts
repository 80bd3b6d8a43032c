/** The ledger's events in order, each once, with reorganisations told. Plain calls only: no filters, no subscriptions. */
import { type Clock, Instant } from '@daisee/units';
import { type Header, headerOf, latestHeader } from './blocks.ts';
import { type Books, eventOf, type LedgerEvent } from './ledger-events.ts';
import { type RawLog, readLog } from './receipts.ts';
import { ChainAnswer, type Rpc, RpcRefused } from './rpc.ts';
import type { Hex } from './signer.ts';
import { createTurns } from './turns.ts';

export interface Feed {
  /**
   * Everything new since the last call, up to the newest block or as many blocks as the feed takes at once. A call
   * that throws has moved nothing on: the next one gives what it would have given.
   * @throws ChainUnreachable, ChainAnswer, RpcRefused
   */
  poll(): Promise<readonly LedgerEvent[]>;
  /** How far it has read: kept beside what was told, another feed goes on from there. Undefined before the first. */
  readonly place: FeedPlace | undefined;
}

export interface FeedOptions {
  readonly rpc: Rpc;
  readonly clock: Clock;
  readonly books: Books;
  /** The first block to read. */
  readonly from: () => Promise<number>;
  /** Where an earlier feed stood; what was reorganised meanwhile is told. */
  readonly place?: FeedPlace;
  /** The most blocks that one call takes; a million by default. */
  readonly blocks?: number;
}

/** Blocks asked for at once: what public endpoints allow varies, so it shrinks when one refuses and grows again. */
const LARGEST_RANGE = 5000;
/** Of one call: a chain that says it has more is read in further ones, and one that lies holds nobody up. */
const MOST_BLOCKS = 1_000_000;
/** Newest blocks seen, kept to find how far back a reorganisation reaches. */
const REMEMBERED = 256;

const hex = (value: number): Hex => `0x${value.toString(16)}`;

/** How far a feed has read. */
export interface FeedPlace {
  /** The next block to read. */
  readonly next: number;
  /** Last blocks of the calls before, oldest first: where they are others now, the chain was reorganised. */
  readonly seen: readonly Header[];
}

/** Creates a feed; nothing is read before `poll`. */
export const createFeed = (options: FeedOptions): Feed => {
  const { rpc, clock, books, from, blocks = MOST_BLOCKS } = options;
  const turns = createTurns();
  let place = options.place;
  let range = LARGEST_RANGE;

  const logsOf = async (first: number, last: number): Promise<readonly RawLog[]> => {
    const logs: RawLog[] = [];
    for (let start = first; start <= last; ) {
      const end = Math.min(last, start + range - 1);
      try {
        const filter = { address: [books.exchange, books.coin], fromBlock: hex(start), toBlock: hex(end) };
        const answer = await rpc.request('eth_getLogs', [filter]);
        if (!Array.isArray(answer)) throw new ChainAnswer(rpc.url, 'eth_getLogs', 'a list of logs', answer);
        const part = answer.map((log) => readLog(rpc.url, log));
        for (const log of part)
          if (log.block < start || log.block > end)
            throw new ChainAnswer(rpc.url, 'eth_getLogs', `logs of blocks ${start} to ${end}`, log);
        logs.push(...part);
        start = end + 1;
        range = Math.min(LARGEST_RANGE, range * 2);
      } catch (error) {
        if (!(error instanceof RpcRefused) || range === 1 || start === end) throw error;
        range = Math.max(1, Math.floor(Math.min(range, end - start + 1) / 2));
      }
    }
    return logs.sort((a, b) => a.block - b.block || a.logIndex - b.logIndex);
  };

  /** Where the chain that was read and the chain of now part; undefined when they do not. */
  const partingOf = async ({ seen, next }: FeedPlace, first: number): Promise<FeedPlace | undefined> => {
    const kept = [...seen];
    for (let top = kept.at(-1); top; top = kept.at(-1)) {
      const now = await headerOf(rpc, top.number);
      if (now?.hash === top.hash) {
        if (kept.length === seen.length) return undefined;
        return { next: top.number + 1, seen: kept };
      }
      kept.pop();
    }
    return seen.length === 0 ? undefined : { next: Math.min(first, next), seen: [] };
  };

  const timesOf = async (logs: readonly RawLog[]): Promise<ReadonlyMap<Hex, number>> => {
    const times = new Map<Hex, number>();
    const missing = new Set<Hex>();
    for (const log of logs)
      if (log.timestamp === undefined) missing.add(log.blockHash);
      else times.set(log.blockHash, log.timestamp);
    const headers = await Promise.all([...missing].map((hash) => headerOf(rpc, hash)));
    for (const header of headers) if (header) times.set(header.hash, header.timestamp);
    return times;
  };

  const advance = async (): Promise<readonly LedgerEvent[]> => {
    const first = await from();
    let here: FeedPlace = place ?? { next: first, seen: [] };
    const events: LedgerEvent[] = [];
    const head = await latestHeader(rpc);
    const parting = await partingOf(here, first);
    if (parting) {
      here = parting;
      const told = { block: here.next, at: Instant(head.timestamp * 1000), hash: head.hash, logIndex: -1 };
      events.push({ ...told, type: 'reverted', fromBlock: here.next });
    }
    if (head.number >= here.next) {
      const end = Math.min(head.number, here.next + blocks - 1);
      const last = end === head.number ? head : await headerOf(rpc, end);
      // Reorganised while it is read, here and below: nothing has been moved on, the next call begins where this did.
      if (!last) return [];
      const logs = await logsOf(here.next, end);
      const times = await timesOf(logs);
      for (const log of logs) {
        const time = times.get(log.blockHash);
        if (time === undefined || (log.block === end && log.blockHash !== last.hash)) return [];
        const event = eventOf(rpc.url, books, log, time);
        if (event) events.push(event);
      }
      if ((await headerOf(rpc, end))?.hash !== last.hash) return [];
      here = { next: end + 1, seen: [...here.seen, last].slice(-REMEMBERED) };
    }
    place = here;
    return events;
  };

  return {
    get place() {
      return place;
    },
    poll: async () => {
      const end = await clock.aside(() => turns.take());
      try {
        return await advance();
      } finally {
        end();
      }
    },
  };
};
