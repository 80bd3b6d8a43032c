/** The node's agent as the App sees it: what is wrong, what may be changed, which source fed when. */
import { type Agent, type AgentEvent, readBooked, readSources } from '@daisee/agent';
import type { AppAgent, AppRelay, NodeSettings, SourceWires, Trouble } from '@daisee/app';
import type { Address } from '@daisee/chain';
import { type Clock, DaiseeError, Duration, Instant } from '@daisee/units';
import { inForce, type Wished, type Wishes, WishesDamaged } from './wishes.ts';

export interface AppAgentOptions {
  readonly clock: Clock;
  readonly account: Address;
  /** The agent's file. */
  readonly store: string;
  readonly wishes: Wishes;
  /** What its settings say of what may be changed. */
  readonly settings: NodeSettings;
  /** The agent runs in another process: that it lives is seen by its file. */
  readonly elsewhere?: boolean;
}

export interface AgentSeen extends AppAgent {
  /** To be told what the agent tells. */
  readonly onEvent: (event: AgentEvent) => void;
  /** Whom to wake when something else is wished; an agent in another process sees it at its next look. */
  wakes(agent: Pick<Agent, 'wake'>): void;
}

const MINUTE = 60_000;
/** An agent books once a minute; after so long without it is none. */
const QUIET = Duration(5 * MINUTE);

/** The agent's file says nothing of now. */
class AgentQuiet extends DaiseeError {
  constructor(since: Instant | undefined) {
    const when = since === undefined ? 'nothing yet' : `nothing since ${new Date(since).toISOString()}`;
    super({
      code: 'cli.agentQuiet',
      message: `The agent has booked ${when}: does it run on this machine ("daisee up", "daisee agent"), and has its meter samples?`,
      retryable: true,
    });
  }
}

/** @throws AgentQuiet */
const bookedOf = (store: string, clock: Clock): Instant => {
  const at = readBooked(store);
  if (at === undefined || clock.now() - at > QUIET) throw new AgentQuiet(at);
  return at;
};

/** What work throws of this class, if anything. */
const thrownBy = (work: () => unknown): DaiseeError | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DaiseeError) return error;
    throw error;
  }
};

export const createAgentSeen = (options: AppAgentOptions): AgentSeen => {
  const { clock, account, store, wishes, settings, elsewhere = false } = options;
  const troubles = new Map<string, Trouble>();
  let woken: Pick<Agent, 'wake'> | undefined;
  let last: ReturnType<AppAgent['lastSwitch']>;
  const held = (wished: Wished) =>
    wished.ownUntil !== undefined && wished.ownUntil > clock.now() ? { until: wished.ownUntil } : {};
  /** Keeps since when something is wrong that is found by looking. */
  const watch = (area: string, work: () => unknown): void => {
    const error = thrownBy(work);
    if (!error) troubles.delete(area);
    else if (troubles.get(area)?.message !== error.message)
      troubles.set(area, { message: error.message, code: error.code, since: clock.now() });
  };
  const turns = (from: Instant, to: Instant) =>
    readSources(store, from, to).map(({ at, origin }) => ({
      at: Instant(at),
      source: origin === account ? ('own' as const) : origin,
    }));
  return {
    onEvent: (event) => {
      if (event.type === 'trouble')
        troubles.set(event.area, { message: event.message, code: event.code, since: event.at });
      else if (event.type === 'recovered') troubles.delete(event.area);
      else if (event.type === 'switched') last = { at: event.at, why: event.why };
    },
    wakes: (agent) => {
      woken = agent;
    },
    troubles: () => {
      watch('wishes', () => wishes.current());
      if (elsewhere) watch('quiet', () => bookedOf(store, clock));
      return [...troubles.values()];
    },
    settings: () => inForce(settings, wishes.current()),
    change: async (changes) => {
      const now = inForce(settings, { ...wishes.current(), ...changes });
      wishes.change(changes);
      woken?.wake();
      return now;
    },
    ownSource: async (minutes) => {
      const until = Math.round(clock.now() + minutes * MINUTE);
      const wished = wishes.change({ ownUntil: minutes === 0 ? 0 : until });
      woken?.wake();
      return held(wished);
    },
    held: () => held(wishes.current()),
    sources: turns,
    lastSwitch: () => {
      if (last || !elsewhere) return last;
      const turn = turns(clock.now(), Instant(clock.now() + 1)).at(-1);
      return turn && { at: turn.at };
    },
  };
};

/**
 * The contacts as they must be by the agent's books, for an App that must not ask the relay itself.
 * @param sources what the relay can put on the load
 */
export const contactsByBooks = (
  { clock, account, store }: Pick<AppAgentOptions, 'clock' | 'account' | 'store'>,
  sources: readonly SourceWires[],
): AppRelay => ({
  read: async () => {
    bookedOf(store, clock);
    const now = clock.now();
    const origin = readSources(store, now, Instant(now + 1)).at(-1)?.origin ?? account;
    return new Map(
      sources.flatMap(({ source, channels }) =>
        // On a seller's source its own contacts are on (open) and the seller's are on (closed).
        channels.map((channel) => [channel, origin !== account && (source === 'own' || source === origin)]),
      ),
    );
  },
});

/** What the agent goes by while the file of wishes is damaged: the last ones that could be read. */
export const steadyWishes = (wishes: Wishes, onDamage: (error: WishesDamaged) => void): (() => Wished) => {
  let last: Wished = {};
  let damaged = false;
  return () => {
    try {
      last = wishes.current();
      damaged = false;
    } catch (error) {
      if (!(error instanceof WishesDamaged)) throw error;
      if (!damaged) onDamage(error);
      damaged = true;
    }
    return last;
  };
};
