/** Start, loop and stop of an agent, the same for consumer and producer. */
import type { Address } from '@daisee/chain';
import {
  type Clock,
  DaiseeError,
  Duration,
  type Instant,
  messageOf,
  Seconds,
  sleepOrStop,
  steadyNow,
  untilNext,
} from '@daisee/units';
import { within } from './bounded.ts';
import type { AgentEvent } from './events.ts';
import { RegisterBehind } from './register-behind.ts';
import type { AgentStatus, SourceTurn } from './status/status.ts';
import { AgentStoreError } from './store-row.ts';
import type { Troubles } from './troubles.ts';

export interface StopOptions {
  /** Called when the relay is at rest: lets the monitor take its last sample before it is fetched. */
  readonly finalSamples?: () => Promise<void>;
  /** The longest that each step may take. Default 60 s. */
  readonly limit?: Duration;
}

export interface Agent {
  /**
   * Opens the file, settles with the ledger and starts the loop; resolves when settled, or after one period when the
   * ledger does not answer (the loop goes on trying). Aborting the signal stops it, also later.
   * @throws AgentStoreError, RegisterBehind, NoAccount
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Relay to rest, last samples booked, registers reported, nothing pending; each step bounded, failures told. */
  stop(options?: StopOptions): Promise<void>;
  /** Looks and decides now instead of at the end of its period: its person wishes something else. */
  wake(): void;
  /** What it tells of itself; undefined while it does not run. */
  status(): AgentStatus | undefined;
  /** As in `AgentView`; empty while it does not run. @throws AgentStoreError */
  sources(from: Instant, to: Instant): readonly SourceTurn[];
}

/** One run of an agent, from start to stop. */
export interface Session {
  /** What it knows of itself beyond its loop. */
  readonly describe: () => Omit<
    AgentStatus,
    'pid' | 'startedAt' | 'now' | 'period' | 'sinceLook' | 'troubles'
  >;
  readonly sources: (from: Instant, to: Instant) => readonly SourceTurn[];
  readonly every: Duration;
  readonly troubles: Troubles;
  readonly emit: (event: AgentEvent) => void;
  readonly now: () => Instant;
  /** One turn of the loop. */
  readonly period: () => Promise<void>;
  /**
   * Looks at the relay for the first time: what it shows counts from now on, so nothing may be waited for before.
   */
  readonly look?: () => Promise<unknown>;
  /** Tries to settle with the ledger; resolves with what went wrong, undefined when nothing did. */
  readonly settled: () => Promise<unknown>;
  /** What stopping does, in this order. */
  readonly steps: {
    readonly relay?: (signal: AbortSignal) => Promise<void>;
    readonly samples: () => Promise<void>;
    readonly ledger: () => Promise<void>;
  };
  readonly close: () => void;
}

/** The ledger was connected without a key. */
export class NoAccount extends DaiseeError {
  constructor() {
    super({
      code: 'agent.no-account',
      message: 'The agent needs a ledger that signs: connect it with the key of the node’s account.',
      retryable: false,
    });
  }
}

/** A step of stopping took too long and was left. */
class StepLate extends DaiseeError {
  constructor(what: string, limit: Duration) {
    super({
      code: 'agent.stop-late',
      message: `While stopping, ${what} was not done within ${limit / 1000} s and was left. Nothing is lost: the next start makes up for it.`,
      retryable: true,
      values: { what, limit },
    });
  }
}

const STOP_LIMIT: Duration = Seconds(60);

interface Running {
  readonly session: Session;
  readonly startedAt: Instant;
  /** Of steady time. */
  lookedAt: Duration;
  readonly abort: AbortController;
  loop: Promise<void>;
}

export const createLife = (
  clock: Clock,
  ledger: { readonly address?: Address },
  open: (account: Address) => Session,
): Agent => {
  let running: Running | undefined;
  let stopping: Promise<void> | undefined;
  let nap = new AbortController();

  /** In a clock task of its own, so that a virtual clock moves only while it waits, whoever calls it from where. */
  const inTask = (work: () => Promise<void>): Promise<void> => clock.aside(() => clock.task(work));

  const turn = async ({ period, troubles }: Session): Promise<void> => {
    try {
      await period();
      troubles.end('store');
      troubles.end('period');
    } catch (error) {
      // With a file that fails nothing can be booked, so nothing is done; the relay, not being read, goes to rest
      // when its lease ends.
      troubles.begin(error instanceof AgentStoreError ? 'store' : 'period', error);
    }
  };

  const loop = async (mine: Running, signal: AbortSignal): Promise<void> => {
    const { session } = mine;
    while (!signal.aborted) {
      nap = new AbortController();
      await turn(session);
      mine.lookedAt = steadyNow(clock);
      await sleepOrStop(clock, untilNext(clock.now(), session.every), AbortSignal.any([signal, nap.signal]));
    }
  };

  const step = async (
    session: Session,
    what: string,
    limit: Duration,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> => {
    const tell = (error: unknown) =>
      session.emit({
        type: 'trouble',
        at: session.now(),
        area: 'stop',
        code: error instanceof DaiseeError ? error.code : 'agent.unexpected',
        message: messageOf(error),
        retryable: error instanceof DaiseeError && error.retryable,
      });
    try {
      if (!(await within(clock, limit, work))) tell(new StepLate(what, limit));
    } catch (error) {
      tell(error);
    }
  };

  const finish = async (
    ending: Running,
    { finalSamples, limit = STOP_LIMIT }: StopOptions,
  ): Promise<void> => {
    const { session } = ending;
    const { relay, samples, ledger: settle } = session.steps;
    ending.abort.abort();
    await clock.aside(() => ending.loop);
    if (relay) await step(session, 'bringing the relay to rest', limit, relay);
    if (finalSamples) await step(session, 'taking the last sample', limit, finalSamples);
    await step(session, 'booking the last samples', limit, samples);
    await step(session, 'reporting to the ledger', limit, settle);
    session.close();
    running = undefined;
  };

  const begin = async (signal: AbortSignal | undefined): Promise<void> => {
    if (!ledger.address) throw new NoAccount();
    const session = open(ledger.address);
    const abort = new AbortController();
    const startedAt = clock.now();
    const mine: Running = { session, startedAt, lookedAt: steadyNow(clock), abort, loop: Promise.resolve() };
    running = mine;
    stopping = undefined;
    await session.look?.();
    let failure: unknown;
    await within(clock, session.every, async () => {
      failure = await session.settled();
    });
    if (failure instanceof RegisterBehind) {
      running = undefined;
      session.close();
      throw failure;
    }
    if (abort.signal.aborted) return;
    mine.loop = clock.task(() => loop(mine, abort.signal));
    signal?.addEventListener('abort', () => void agent.stop(), { once: true });
    if (signal?.aborted) await agent.stop();
  };

  const agent: Agent = {
    // Also one that comes during a look counts: it may have read already what has changed since.
    wake: () => nap.abort(),

    status: () =>
      running && {
        ...running.session.describe(),
        pid: process.pid,
        startedAt: running.startedAt,
        now: clock.now(),
        period: running.session.every,
        sinceLook: Duration(steadyNow(clock) - running.lookedAt),
        troubles: running.session.troubles.present(),
      },

    sources: (from, to) => running?.session.sources(from, to) ?? [],

    start: async (signal) => {
      signal?.throwIfAborted();
      if (!running) await inTask(() => begin(signal));
    },

    stop: (options = {}) => {
      if (stopping) return stopping;
      if (!running) return Promise.resolve();
      const ending = running;
      stopping = inTask(() => finish(ending, options));
      return stopping;
    },
  };
  return agent;
};
