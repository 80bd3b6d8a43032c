/**
 * The agent's way to the ledger: one transaction at a time, in the background, so that sampling and the relay's lease
 * go on while a block is waited for. After anything that went wrong it first finds out what became of it (`settle`),
 * so that nothing is ever paid for twice.
 */
import { type Address, ContractRefused } from '@daisee/chain';
import { type Clock, DaiseeError, Duration, type Instant } from '@daisee/units';
import type { Area } from './events.ts';
import { backOff } from './retry.ts';
import type { Troubles } from './troubles.ts';

type Work = 'settle' | 'report' | 'purchase';

export interface Lane {
  /** What is on its way; `unsettled` until the ledger was asked what became of earlier transactions. */
  readonly inFlight: () => 'nothing' | 'report' | 'purchase' | 'unsettled';
  /** Settles when that is due. */
  readonly tick: () => void;
  /** Runs work when the work before it has ended. A failure is told under `area`. */
  readonly run: (kind: Exclude<Work, 'settle'>, area: Area, work: () => Promise<void>) => void;
  /** Why settling failed the last time; undefined when it did not. */
  readonly failure: () => unknown;
  /** Resolves when nothing runs. Call it inside a clock task through `aside`. */
  readonly idle: () => Promise<void>;
  /** Awaits one transaction and remembers how long it took. */
  readonly mined: <T>(transaction: () => Promise<T>) => Promise<T>;
  /** The longest of the recent waits for a transaction. */
  readonly confirmation: () => Duration;
}

export interface LaneOptions {
  readonly clock: Clock;
  readonly period: Duration;
  readonly now: () => Instant;
  readonly troubles: Troubles;
  /** Finds out what became of earlier transactions and brings the ledger's facts in. */
  readonly settle: () => Promise<void>;
}

const WAITS_REMEMBERED = 10;
/** A wait beyond this was an outage: it says nothing about the next one. */
const LONGEST_WAIT = 120_000;

export const createLane = (options: LaneOptions): Lane => {
  const { clock, period, now, troubles } = options;
  const waits: Duration[] = [];
  let tail: Promise<void> = Promise.resolve();
  let running: Work | undefined;
  let settled = false;
  let failures = 0;
  let retryAt = 0;
  let failure: unknown;

  const start = (kind: Work, work: () => Promise<void>): void => {
    const before = tail;
    running = kind;
    const mine = clock.task(async () => {
      await clock.aside(() => before);
      try {
        await work();
      } finally {
        if (tail === mine) running = undefined;
      }
    });
    tail = mine;
  };

  const fail = (area: Area, error: unknown): void => {
    const isRefusal = error instanceof ContractRefused;
    const isTransient = error instanceof DaiseeError && error.retryable;
    troubles.begin(isTransient && !isRefusal ? 'ledger' : area, error);
    settled = false;
    failures += 1;
    retryAt = now() + backOff(period, failures);
  };

  return {
    inFlight: () => {
      if (!settled || running === 'settle') return 'unsettled';
      return running ?? 'nothing';
    },

    tick: () => {
      if (settled || running !== undefined || now() < retryAt) return;
      start('settle', async () => {
        try {
          await options.settle();
          settled = true;
          failure = undefined;
          troubles.end('ledger');
          troubles.end('books');
        } catch (error) {
          failure = error;
          fail('books', error);
        }
      });
    },

    run: (kind, area, work) => {
      start(kind, async () => {
        // What ran before may have failed: then it is not known any more what this was decided on.
        if (!settled) return;
        try {
          await work();
          failures = 0;
          troubles.end('ledger');
          troubles.end(area);
        } catch (error) {
          fail(area, error);
        }
      });
    },

    failure: () => failure,

    idle: async () => {
      for (let last: Promise<void> | undefined; last !== tail; ) {
        last = tail;
        await last;
      }
    },

    mined: async (transaction) => {
      const sent = clock.now();
      const result = await transaction();
      waits.push(Duration(clock.now() - sent));
      if (waits.length > WAITS_REMEMBERED) waits.shift();
      return result;
    },

    confirmation: () => Duration(Math.max(period, ...waits.map((wait) => Math.min(wait, LONGEST_WAIT)))),
  };
};

/** The addresses of the ledger in the spelling of the settings, so that they compare. */
export const speller = (known: readonly Address[]) => {
  const spellings = new Map(known.map((address) => [address.toLowerCase(), address]));
  return (address: Address): Address => spellings.get(address.toLowerCase()) ?? address;
};
