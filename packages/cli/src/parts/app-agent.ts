/** The node's agent as the App sees it: what is wrong, what may be changed, which source fed when. */
import { type Agent, type AgentStatus, type AgentView, createStatusClient, silentFor } from '@daisee/agent';
import type { AppAgent, AppRelay, NodeSettings, Trouble } from '@daisee/app';
import { type Clock, DaiseeError, Duration, Seconds, sleepOrStop, systemClock } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import { inForce, type Wished, type Wishes, WishesDamaged } from './wishes.ts';

/** An agent, and what it last said of itself, or why it says nothing. */
export interface KnownAgent extends Pick<AgentView, 'sources' | 'wake'> {
  latest(): AgentStatus | DaiseeError;
}

/** The agent of this process has not started, or has stopped. */
class AgentNotRunning extends DaiseeError {
  constructor() {
    super({
      code: 'cli.agent-not-running',
      message: "The node's agent does not run yet, or no more.",
      retryable: true,
    });
  }
}

/** The agent of this process. */
export const localAgent = (agent: Pick<Agent, 'status' | 'sources' | 'wake'>): KnownAgent => ({
  latest: () => agent.status() ?? new AgentNotRunning(),
  sources: async (from, to) => agent.sources(from, to),
  wake: async () => agent.wake(),
});

/** Real time between two questions to an agent in another process. */
const ASK_EACH: Duration = Seconds(1);

/** The agent of another process of this machine, asked each second until the lifecycle ends. */
export const remoteAgent = async (socket: string, lifecycle: Lifecycle): Promise<KnownAgent> => {
  const client = createStatusClient(socket);
  const ask = async (): Promise<AgentStatus | DaiseeError> => {
    try {
      return await client.status();
    } catch (error) {
      if (error instanceof DaiseeError) return error;
      throw error;
    }
  };
  let latest = await ask();
  const ending = new AbortController();
  const following = (async () => {
    while (await sleepOrStop(systemClock, ASK_EACH, ending.signal)) latest = await ask();
  })();
  lifecycle.started({
    name: 'the view of the agent',
    stop: async () => {
      ending.abort();
      await following;
    },
  });
  return { ...client, latest: () => latest };
};

export interface AppAgentOptions {
  readonly clock: Clock;
  readonly agent: KnownAgent;
  readonly wishes: Wishes;
  /** What its settings say of what may be changed. */
  readonly settings: NodeSettings;
}

const MINUTE = 60_000;

/** The agent answers and does not look. */
class AgentHangs extends DaiseeError {
  constructor({ pid, period }: AgentStatus, silent: Duration) {
    const [seconds, usual] = [Math.round(silent / 1000), Math.round(period / 1000)];
    super({
      code: 'cli.agent-hangs',
      message: `The agent runs (process ${pid}) but has not looked for ${seconds} s, where ${usual} s are usual. Is the machine overloaded, or the process suspended?`,
      retryable: true,
      values: { pid, seconds, usual },
    });
  }
}

/** What is wrong with the agent as a whole. */
const ailment = (latest: AgentStatus | DaiseeError): DaiseeError | undefined => {
  if (latest instanceof DaiseeError) return latest;
  const silent = silentFor(latest);
  return silent === undefined ? undefined : new AgentHangs(latest, silent);
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

export const createAppAgent = ({ clock, agent, wishes, settings }: AppAgentOptions): AppAgent => {
  /** What is found wrong by looking, and since when. */
  const found = new Map<string, Trouble>();
  const held = (wished: Wished) =>
    wished.ownUntil !== undefined && wished.ownUntil > clock.now() ? { until: wished.ownUntil } : {};
  const note = (area: string, error: DaiseeError | undefined): void => {
    if (!error) found.delete(area);
    else if (found.get(area)?.code !== error.code || area === 'wishes')
      found.set(area, {
        message: error.message,
        code: error.code,
        since: found.get(area)?.since ?? clock.now(),
      });
  };
  return {
    troubles: () => {
      const latest = agent.latest();
      note(
        'wishes',
        thrownBy(() => wishes.current()),
      );
      note('agent', ailment(latest));
      const told = latest instanceof DaiseeError ? [] : latest.troubles;
      return [
        ...found.values(),
        ...told.map(({ message, code, since, values }): Trouble => ({ message, code, since, values })),
      ];
    },
    settings: () => inForce(settings, wishes.current()),
    change: async (changes) => {
      const now = inForce(settings, { ...wishes.current(), ...changes });
      wishes.change(changes);
      await wake(agent);
      return now;
    },
    ownSource: async (minutes) => {
      const until = Math.round(clock.now() + minutes * MINUTE);
      const wished = wishes.change({ ownUntil: minutes === 0 ? 0 : until });
      await wake(agent);
      return held(wished);
    },
    held: () => held(wishes.current()),
    sources: async (from, to) => {
      const latest = agent.latest();
      // While nobody answers the chart goes without: what ails is told beside it.
      if (latest instanceof DaiseeError) return [];
      const turns = await agent.sources(from, to);
      return turns.map(({ at, origin }) => ({ at, source: origin === latest.account ? 'own' : origin }));
    },
    lastSwitch: () => {
      const latest = agent.latest();
      return latest instanceof DaiseeError ? undefined : latest.lastSwitch;
    },
  };
};

/** What is wished is in a file: an agent that is away reads it when it is back. */
const wake = async (agent: KnownAgent): Promise<void> => {
  try {
    await agent.wake();
  } catch (error) {
    if (!(error instanceof DaiseeError)) throw error;
  }
};

/** The agent has not looked at the relay for long. */
class NotLooked extends DaiseeError {
  constructor(age: Duration | undefined) {
    const when = age === undefined ? 'not yet' : `not for ${Math.round(age / 1000)} s`;
    super({
      code: 'cli.relayNotLooked',
      message: `The agent has ${when} looked at the relay. Is the agent running?`,
      retryable: true,
    });
  }
}

/** What is wrong with the relay, as the agent told it. */
class ToldByAgent extends DaiseeError {}

/** Looks that an agent may miss before its last one is no longer shown. */
const LOOKS = 3;

/**
 * The contacts as the agent last read them. The App does not ask the relay itself: on the v0.2 port that might be taken
 * for the agent, and a page left open would keep a dead agent's load on its seller.
 */
export const agentContacts = (agent: Pick<KnownAgent, 'latest'>): AppRelay => ({
  read: async () => {
    const latest = agent.latest();
    if (latest instanceof DaiseeError) throw latest;
    const { contacts, troubles, period } = latest;
    const away = troubles.find(({ area }) => area === 'relay');
    if (away) throw new ToldByAgent(away);
    if (!contacts || contacts.age > LOOKS * period + Duration(1000)) throw new NotLooked(contacts?.age);
    return contacts.states;
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
