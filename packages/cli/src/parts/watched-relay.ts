/**
 * A relay client whose readings the App may see. The App must not ask the relay itself on the v0.2 port: each reading
 * there renews the lease of the load, and a page left open would keep a dead agent's load on its seller.
 */
import type { AgentRelay } from '@daisee/agent';
import type { AppRelay } from '@daisee/app';
import { type Clock, DaiseeError, Duration, type Instant, Seconds } from '@daisee/units';

/** The agent has not looked at the relay for long. */
class NotLooked extends DaiseeError {
  constructor(since: Instant | undefined) {
    const when = since === undefined ? 'not yet' : `not since ${new Date(since).toISOString()}`;
    super({
      code: 'cli.relayNotLooked',
      message: `The agent has ${when} looked at the relay. Is the agent running?`,
      retryable: true,
    });
  }
}

/** Looks that an agent may miss before its last one is no longer shown. */
const LOOKS = 3;

export const watchRelay = <R extends AgentRelay>(
  relay: R,
  clock: Clock,
  period: Duration = Seconds(8),
): { readonly relay: R; readonly contacts: AppRelay } => {
  let states: ReadonlyMap<number, boolean> = new Map();
  let at: Instant | undefined;
  let failure: unknown;
  const seen = (read: ReadonlyMap<number, boolean>): void => {
    states = new Map([...states, ...read]);
    at = clock.now();
    failure = undefined;
  };
  const watched: R = {
    ...relay,
    read: async (channels: readonly number[]) => {
      try {
        const read = await relay.read(channels);
        seen(read);
        return read;
      } catch (error) {
        failure = error;
        throw error;
      }
    },
  };
  return {
    relay: watched,
    contacts: {
      read: async () => {
        if (failure !== undefined) throw failure;
        if (at === undefined || clock.now() - at > LOOKS * period + Duration(1000)) throw new NotLooked(at);
        return states;
      },
    },
  };
};
