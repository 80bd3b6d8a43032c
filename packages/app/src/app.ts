/** The DAISEE App of one node: what is seen, and what may be done about it, in a browser. */
import type { HistoryChange } from '@daisee/chain';
import { type Clock, DaiseeError, type Duration, Seconds, systemClock } from '@daisee/units';
import type { FastifyInstance } from 'fastify';
import type { Address, Identity } from './api.ts';
import { builtPage } from './page.ts';
import type { Front } from './server/front.ts';
import { createServer } from './server/server.ts';
import { createLive, type Live } from './view/live.ts';
import { chainLook, monitorLook, relayLook } from './view/looks.ts';
import type { AppAgent, AppHistory, AppLedger, AppMonitor, AppRelay, SourceWires } from './view/ports.ts';

export interface AppOptions {
  /** The community's clock: a lab's may run faster. */
  readonly clock: Clock;
  /** How many times faster it runs than the wall's; 1 by default. */
  readonly speed?: number;
  /** The clock of the people at the page; the machine's own. */
  readonly pace?: Clock;
  /** Where it answers; started and stopped by whoever made it. */
  readonly front: Front;
  readonly name: string;
  readonly kind: 'consumer' | 'producer';
  readonly account: Address;
  /** Names of others by their address. */
  readonly names: Readonly<Record<Address, string>>;
  /** Without one the App answers its own machine only, and everybody there may all. */
  readonly password?: string | (() => string) | undefined;
  /** Whether the page may be seen without login; acting always needs one. False by default. */
  readonly view?: boolean;
  /** Started already; with a key it signs what the person at the page orders. */
  readonly ledger: AppLedger;
  readonly history: AppHistory;
  readonly monitor?: AppMonitor;
  readonly relay?: {
    readonly contacts: AppRelay;
    readonly sources: readonly SourceWires[];
  };
  readonly agent?: AppAgent;
  /** With no sample for longer the meter counts as silent; 60 s by default. */
  readonly maxGap?: Duration;
  /** How long a person waits for a block that has the order; 60 s of their own time by default. */
  readonly patience?: Duration;
  readonly onFailure?: (request: string, error: unknown) => void;
}

export interface App {
  /** Builds the page where it is not built yet, looks at all parts and answers at its front. @throws AppExposed, PageUnbuilt */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** To be told what the history is told: `createHistory({ onChange: app.onHistory })`. */
  onHistory(change: HistoryChange): void;
}

/** Thrown when an App without a password would listen to more than its own machine. */
export class AppExposed extends DaiseeError {
  constructor(host: string) {
    super({
      code: 'app.exposed',
      message: `The App does not listen on ${host} without a password: give one (app.password or app.passwordFile), or host 127.0.0.1.`,
      retryable: false,
      values: { host },
    });
  }
}

/** Makes an App; nothing runs before `start`. */
export const createApp = (options: AppOptions): App => {
  const { clock, pace = systemClock, front, ledger, history, agent } = options;
  const { monitor, relay, maxGap = Seconds(60) } = options;
  const chain = chainLook({ ledger, history, clock, pace, account: options.account });
  const live: Live = createLive({
    clock,
    pace,
    looks: [
      chain,
      ...(monitor ? [monitorLook({ monitor, clock, maxGap })] : []),
      ...(relay ? [relayLook({ ...relay, relay: relay.contacts, clock, ...(agent ? { agent } : {}) })] : []),
    ],
    ...(agent ? { agent } : {}),
  });
  let server: FastifyInstance | undefined;

  const identity = (): Identity => ({
    name: options.name,
    kind: options.kind,
    address: options.account,
    exchange: ledger.exchange,
    coin: ledger.coin,
    chainId: ledger.chainId,
    names: options.names,
    speed: options.speed ?? 1,
    signs: ledger.address === options.account,
    relay: relay !== undefined,
    agent: agent !== undefined,
  });
  return {
    onHistory: (change) => {
      if (change.type === 'added' || change.type === 'reverted') chain.stale();
      live.history(change);
    },
    start: async () => {
      if (server) return;
      const { password } = options;
      if (!front.isLocal && !password) throw new AppExposed(front.host);
      const made = await createServer({
        identity: identity(),
        clock,
        pace,
        live,
        ledger,
        history,
        ...(monitor ? { monitor } : {}),
        ...(agent ? { agent } : {}),
        ...(password ? { password } : {}),
        view: options.view ?? false,
        hosts: front.hosts,
        patience: options.patience ?? Seconds(60),
        page: await builtPage(),
        onFailure: options.onFailure ?? (() => undefined),
      });
      await made.ready();
      server = made;
      live.start();
      front.serve((request, response) => made.routing(request, response));
    },
    stop: async () => {
      const running = server;
      server = undefined;
      if (running) front.serve(undefined);
      await live.stop();
      await running?.close();
    },
  };
};
