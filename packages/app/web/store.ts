/** What the page knows, kept up to date by one event stream; views are drawn again when it changes. */
import { useEffect, useState } from 'preact/hooks';
import type { AppEvents, Identity, Known, LiveState, PowerState, Session, Transaction } from '../src/api.ts';
import { get, keepSession, onSession } from './ask.ts';

/** The newest transactions that are kept; older ones are asked for by the page that shows them. */
export const MOST_KEPT = 200;
/** Ms before a stream that was refused is asked for again. */
const AGAIN = 3000;
/** Real ms after which a value that nobody confirmed is no longer live. */
const FRESH = 15_000;

export interface PageState {
  readonly session: Session | undefined;
  readonly identity: Identity | undefined;
  readonly live: LiveState | undefined;
  /** Newest first. */
  readonly transactions: readonly Transaction[];
  readonly connected: boolean;
  /** Grows when the chain was reorganised: pages of transactions read before hold no longer. */
  readonly reorganisations: number;
  readonly revertedFrom: number | undefined;
}

let state: PageState = {
  session: undefined,
  identity: undefined,
  live: undefined,
  transactions: [],
  connected: false,
  reorganisations: 0,
  revertedFrom: undefined,
};
/** When the server last told its time, by this page's own clock. */
let heard = performance.now();
const listeners = new Set<() => void>();

const change = (changes: Partial<PageState>): void => {
  state = { ...state, ...changes };
  for (const listener of listeners) listener();
};

/** Draws the component again whenever something of the page's state changes. */
export const usePage = (): PageState => {
  const [, draw] = useState(0);
  useEffect(() => {
    const listener = (): void => draw((times) => times + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return state;
};

/** The community's clock now: what the server said, gone on since. */
export const communityNow = (): number => {
  if (!state.live) return Date.now();
  const speed = state.identity?.speed ?? 1;
  return state.live.now + (state.connected ? (performance.now() - heard) * speed : 0);
};

/** Whether a value may be shown as live: confirmed within so many real ms. */
export const isFresh = (known: Known<unknown> | undefined, within = FRESH): boolean => {
  if (!known || !state.connected || !state.live) return false;
  const speed = state.identity?.speed ?? 1;
  return communityNow() - known.seen < within * speed;
};

/** Real ms until a new sample has reached the page. */
const ON_ITS_WAY = 3000;
/** A meter that is slower than this and has sent one sample only is taken for silent (ms). */
const UNKNOWN_INTERVAL = 60_000;

/** Whether what the meter said is of now: no older than two of its own intervals. Being asked for lately does not do. */
export const isMeasured = (power: Known<PowerState> | undefined): boolean => {
  if (!power || !isFresh(power)) return false;
  const { at, interval = UNKNOWN_INTERVAL } = power.value;
  return communityNow() - at <= 2 * interval + ON_ITS_WAY * (state.identity?.speed ?? 1);
};

const onState = (live: LiveState): void => {
  heard = performance.now();
  change({ live, connected: true });
};

type Pieces = Partial<Omit<LiveState, 'now' | 'health'>>;

/** An answer and the stream may overtake each other: whether this is the older of the two. */
const isOvertaken = (piece: Known<unknown>, known: Known<unknown> | undefined): boolean => {
  if (!known) return false;
  const behind = known.seen - piece.seen;
  // Further back it is no older one: the server's clock was set back.
  return behind > 0 && behind <= FRESH * (state.identity?.speed ?? 1);
};

const take = (live: LiveState, pieces: Pieces): LiveState => ({
  ...live,
  ...Object.fromEntries(
    Object.entries(pieces).filter(([name, piece]) => !isOvertaken(piece, live[name as keyof Pieces])),
  ),
});

/** Takes pieces that came with an answer, ahead of the stream. */
export const learn = (pieces: Pieces): void => {
  if (state.live) change({ live: take(state.live, pieces) });
};

const onChange = ({ now, health, ...pieces }: AppEvents['change']): void => {
  heard = performance.now();
  if (!state.live) return;
  const live = { ...state.live, now, ...(health ? { health } : {}) };
  change({ live: take(live, pieces), connected: true });
};

const onTransactions = (told: readonly Transaction[]): void => {
  const kept = new Map(state.transactions.map((one) => [one.position, one]));
  for (const one of told) kept.set(one.position, one);
  const newest = [...kept.values()].sort((a, b) => b.position - a.position).slice(0, MOST_KEPT);
  change({ transactions: newest });
};

const onReverted = ({ from }: AppEvents['reverted']): void => {
  change({
    transactions: state.transactions.filter(({ position }) => position < from),
    reorganisations: state.reorganisations + 1,
    revertedFrom: from,
  });
};

/** The block that has a transaction, once the page hears of it; undefined when it no longer waits. */
export const minedIn = (hash: string, signal: AbortSignal): Promise<number | undefined> =>
  new Promise((resolve) => {
    const look = (): void => {
      const one = state.transactions.find((told) => told.hash.toLowerCase() === hash.toLowerCase());
      if (!one && !signal.aborted) return;
      listeners.delete(look);
      signal.removeEventListener('abort', look);
      resolve(one?.block);
    };
    listeners.add(look);
    signal.addEventListener('abort', look);
    look();
  });

let stream: EventSource | undefined;

/** How often what is shown is judged again, with or without news (real ms). */
const JUDGED = 1000;
/** The server says something every 5 s; after so long without, the connection is a dead one (real ms). */
const SILENT = 20_000;

const judge = (): void => {
  if (stream && state.connected && performance.now() - heard > SILENT) {
    change({ connected: false });
    listen();
  } else change({});
};
setInterval(judge, JUDGED);

const listen = (): void => {
  stream?.close();
  // A stream of another server, or after a long absence: what was told by the one before may hold no longer.
  if (state.transactions.length > 0) onReverted({ from: 0 });
  const source = new EventSource('api/events');
  stream = source;
  const on = <K extends keyof AppEvents>(name: K, take: (data: AppEvents[K]) => void): void =>
    source.addEventListener(name, (event: MessageEvent<string>) =>
      take(JSON.parse(event.data) as AppEvents[K]),
    );
  on('state', onState);
  on('change', onChange);
  on('transactions', onTransactions);
  on('reverted', onReverted);
  source.addEventListener('error', () => {
    change({ connected: false });
    // The browser tries again by itself, but not where it was refused: a session that ended.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => void begin(), AGAIN);
  });
};

onSession((session) => change({ session }));

/** Asks who is here, and listens when something may be seen. */
export const begin = async (): Promise<void> => {
  try {
    const session = await get<Session>('session');
    keepSession(session);
    if (!session.loggedIn && !session.view) {
      stream?.close();
      change({ session, live: undefined, transactions: [], connected: false });
      return;
    }
    const identity = await get<Identity>('identity');
    change({ session, identity });
    listen();
  } catch {
    // The server is away, or was restarted and knows the session no longer: both show as a lost server until it answers.
    change({ connected: false });
    setTimeout(() => void begin(), AGAIN);
  }
};
