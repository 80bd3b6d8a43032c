/**
 * What is live, kept up to date by looking: each part in a loop of its own, so that one that hangs holds up no other.
 * A part that fails keeps its last value with the time it was last known, and its health says what is wrong.
 */
import type { HistoryChange } from '@daisee/chain';
import { type Clock, Duration, Seconds, sleepOrStop } from '@daisee/units';
import type { AppEvents, HealthState, Known, LiveState, Part, Said } from '../api.ts';
import type { AppAgent } from './ports.ts';
import { saidOf } from './said.ts';
import { transactionOf } from './transactions.ts';

type Pieces = Required<Omit<LiveState, 'now' | 'health'>>;
type PieceName = keyof Pieces;
type ValueOf<K extends PieceName> = Pieces[K]['value'];

/** Reads a piece. @throws when its part fails: the message goes to the health */
type Reader<K extends PieceName> = () => Promise<ValueOf<K> | undefined>;

/** What is looked at: pieces of one part are read one after the other. */
export interface Look {
  readonly part: Exclude<Part, 'agent'>;
  readonly pieces: { readonly [K in PieceName]?: Reader<K> };
  /** What is known must be read again at the next look, though nothing says that it has changed. */
  readonly stale?: () => void;
  /** What is wrong although it answers (no new blocks, no new samples). */
  readonly ails?: () => Said | undefined;
}

/** An event of the stream, written once for all who listen. */
export interface LiveEvent {
  readonly name: keyof AppEvents;
  readonly data: AppEvents[keyof AppEvents];
  /** Position of the newest transaction told. */
  readonly id?: number;
}

export interface LiveOptions {
  /** The community's clock, which values are stamped with. */
  readonly clock: Clock;
  /** The clock of those who look at the page: how often it is refreshed. */
  readonly pace: Clock;
  readonly looks: readonly Look[];
  readonly agent?: Pick<AppAgent, 'troubles'>;
  /** Time between two looks, 1 s by default. */
  readonly interval?: Duration;
}

export interface Live {
  start(): void;
  stop(): Promise<void>;
  state(): LiveState;
  /** Hears of every change. Returns how to stop hearing. */
  subscribe(listener: (event: LiveEvent) => void): () => void;
  /** To be told what the history is told. */
  history(change: HistoryChange): void;
  /** Reads a part again now: after an order of the person at the page. */
  refresh(part: Look['part']): Promise<void>;
}

/** A value that did not change is confirmed to the page this often (ms), not at each look; so is that the server lives. */
const CONFIRMED_EACH = Duration(5000);

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Makes the live state; nothing is looked at before `start`. */
export const createLive = (options: LiveOptions): Live => {
  const { clock, pace, looks, agent, interval = Seconds(1) } = options;
  const pieces = new Map<PieceName, Known<unknown>>();
  const told = new Map<PieceName, { readonly seen: number; readonly real: number }>();
  const health = new Map<Part, HealthState>();
  const listeners = new Set<(event: LiveEvent) => void>();
  const turns = new Map<Look, Promise<void>>();
  let stopping = new AbortController();
  let loops: Promise<void>[] = [];

  const emit = (event: LiveEvent): void => {
    for (const listener of listeners) listener(event);
  };

  const state = (): LiveState => ({
    now: clock.now(),
    ...Object.fromEntries(pieces),
    health: [...health.values()],
  });

  /** True when the health of the part is another one than before. */
  const judge = (
    part: Part,
    wrong: (Said & Pick<HealthState, 'more'>) | undefined,
    since?: number,
  ): boolean => {
    const before = health.get(part);
    if (before && before.message === wrong?.message) return false;
    const turned = before === undefined || before.ok !== (wrong === undefined);
    health.set(part, {
      part,
      ok: wrong === undefined,
      since: since ?? (turned ? clock.now() : before.since),
      ...wrong,
    });
    return true;
  };

  const judgeAgent = (): boolean => {
    if (!agent) return false;
    const [first, ...more] = agent.troubles();
    if (!first) return judge('agent', undefined);
    const { since, ...said } = first;
    if (more.length === 0) return judge('agent', said, since);
    const message = `${said.message} (and ${more.length} more)`;
    return judge('agent', { ...said, message, more: more.length }, since);
  };

  const lookAt = async ({ part, pieces: readers, ails }: Look, signal: AbortSignal): Promise<void> => {
    const changed: Partial<Record<PieceName, Known<unknown>>> = {};
    let wrong: Said | undefined;
    try {
      for (const [key, read] of Object.entries(readers)) {
        const name = key as PieceName;
        const value = await (read as Reader<PieceName>)();
        if (signal.aborted) return;
        if (value === undefined) continue;
        const known = { value, seen: clock.now() };
        const before = pieces.get(name);
        const last = told.get(name);
        pieces.set(name, known);
        const due = last === undefined || pace.now() - last.real >= CONFIRMED_EACH;
        if (!due && before && same(before.value, value)) continue;
        told.set(name, { seen: known.seen, real: pace.now() });
        changed[name] = known;
      }
      wrong = ails?.();
    } catch (error) {
      wrong = saidOf(error);
    }
    if (signal.aborted) return;
    const judged = judge(part, wrong);
    if (!(judgeAgent() || judged) && Object.keys(changed).length === 0) return;
    const data = { now: clock.now(), ...changed, health: [...health.values()] } as AppEvents['change'];
    emit({ name: 'change', data });
  };

  /** One look of a part at a time. */
  const inTurn = (look: Look, signal: AbortSignal): Promise<void> => {
    const turn = (turns.get(look) ?? Promise.resolve()).then(() => lookAt(look, signal));
    turns.set(look, turn);
    return turn;
  };

  const follow = async (look: Look, signal: AbortSignal): Promise<void> => {
    do await inTurn(look, signal);
    while (await sleepOrStop(pace, interval, signal));
  };

  const beat = async (signal: AbortSignal): Promise<void> => {
    while (await sleepOrStop(pace, CONFIRMED_EACH, signal)) {
      judgeAgent();
      emit({ name: 'change', data: { now: clock.now(), health: [...health.values()] } });
    }
  };

  return {
    start: () => {
      if (loops.length > 0) return;
      stopping = new AbortController();
      const { signal } = stopping;
      loops = [beat(signal), ...looks.map((look) => follow(look, signal))];
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(loops);
      loops = [];
      turns.clear();
    },
    state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    history: (change) => {
      if (change.type === 'added') {
        const transactions = change.events.map(transactionOf);
        const id = transactions.at(-1)?.position;
        emit({ name: 'transactions', data: transactions, ...(id === undefined ? {} : { id }) });
      } else if (change.type === 'reverted')
        emit({ name: 'reverted', data: { from: change.from }, id: change.from - 1 });
    },
    refresh: async (part) => {
      for (const look of looks)
        if (look.part === part) {
          look.stale?.();
          await inTurn(look, stopping.signal);
        }
    },
  };
};
