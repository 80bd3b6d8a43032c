/** Every server of DAISEE with all that it can serve, on free ports of loopback, and the routes that its code adds. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request } from 'node:http';
import { join } from 'node:path';
import { type AppOptions, createApp, createFront } from '@daisee/app';
import { type BearerToken, hashOf } from '@daisee/http';
import { createMonitor, openDirectory, openStore } from '@daisee/monitor';
import { createBoard, createRelayHttpServer, createSimulatedDriver } from '@daisee/relay';
import { type Clock, Instant, SleepAborted, Watts } from '@daisee/units';

/** A clock that only a test moves; who sleeps, sleeps until the end. */
export interface HandClock extends Clock {
  pass(milliseconds: number): void;
}

export const handClock = (): HandClock => {
  let now = 1_795_348_768_000;
  return {
    now: () => Instant(now),
    sleep: (_duration, signal) =>
      new Promise((_resolve, reject) => {
        if (signal?.aborted) return reject(new SleepAborted());
        signal?.addEventListener('abort', () => reject(new SleepAborted()), { once: true });
      }),
    task: (work) => work(),
    aside: (wait) => wait(),
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
};

interface Route {
  readonly method: string | readonly string[];
  readonly url: string;
}
interface Announced {
  readonly fastify: { addHook(name: 'onRoute', hook: (route: Route) => void): void };
}

/** The routes that servers made meanwhile have, like `GET /api/v1/health`; without what Fastify adds by itself. */
export const routesOf = async <T>(
  start: () => Promise<T>,
): Promise<{ readonly started: T; readonly routes: readonly string[] }> => {
  const routes = new Set<string>();
  const hear = (message: unknown): void =>
    (message as Announced).fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') routes.add(`${one} ${url}`);
    });
  subscribe('fastify.initialization', hear);
  try {
    return { started: await start(), routes: [...routes] };
  } finally {
    unsubscribe('fastify.initialization', hear);
  }
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface Question {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

/** Sends one request as it is; of an answer without end its head is enough. */
export const send = (url: string, method: string, { headers = {}, body }: Question = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      const { statusCode: status = 0 } = response;
      const done = (): void => resolve({ status, headers: response.headers, text });
      if (response.headers['content-type'] === 'text/event-stream') {
        done();
        sent.destroy();
      }
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          text += chunk;
        })
        .on('end', done)
        .on('error', () => undefined);
    });
    sent.on('error', reject).end(body);
  });

export interface Started {
  readonly url: string;
  stop(): Promise<void>;
}

export const token = (name: string, secret: string, ...scopes: string[]): BearerToken => ({
  name,
  scopes,
  hash: hashOf(secret),
});

/** A name of a proxy in front of each server here. */
export const PROXY = 'home.example';

export const startRelay = async (clock: Clock, tokens: readonly BearerToken[] = []): Promise<Started> => {
  const board = createBoard({ driver: createSimulatedDriver({ channels: 2 }), clock });
  await board.start();
  const server = createRelayHttpServer({ board, clock, port: 0, tokens, hosts: [PROXY] });
  await server.start();
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await board.stop();
    },
  };
};

export const startMonitor = async (
  folder: string,
  clock: Clock,
  credentials: { readonly login?: string; readonly password?: string } = {},
): Promise<Started> => {
  const file = join(folder, `monitor-${Math.random().toString(36).slice(2)}.sqlite`);
  const store = openStore({ file, survives: 'process' });
  const { id } = store.addSensor({ name: 'CitizenWatt', sign: 'load' });
  // Numbers 1 and 2, at the seconds that the rows ask for.
  store.append(
    id,
    [1, 2].map((second) => ({ at: Instant(second * 1000), power: Watts(450) })),
  );
  const directory = openDirectory({ file });
  const monitor = createMonitor({ store, directory, clock, port: 0, hosts: [PROXY], ...credentials });
  await monitor.start();
  return {
    url: monitor.url,
    stop: async () => {
      await monitor.stop();
      directory.close();
      store.close();
    },
  };
};

const account = '0x0000000000000000000000000000000000000001';

/** An App of nobody's ledger: who is refused never gets that far. */
export const startApp = async (
  clock: Clock,
  options: Pick<AppOptions, 'password' | 'view'> = {},
): Promise<Started> => {
  const front = createFront({ port: 0, hosts: [PROXY] });
  await front.start();
  const unasked = {} as unknown;
  const app = createApp({
    clock,
    pace: clock,
    front,
    name: 'Home',
    kind: 'consumer',
    account,
    names: {},
    ledger: { exchange: account, coin: account, chainId: 7 } as unknown as AppOptions['ledger'],
    history: { page: () => [], count: () => 0, nextBlock: undefined } as unknown as AppOptions['history'],
    monitor: unasked as NonNullable<AppOptions['monitor']>,
    agent: {
      troubles: () => [],
      settings: () => ({ limit: 20 }),
      held: () => ({}),
      sources: () => [],
      lastSwitch: () => undefined,
    } as unknown as NonNullable<AppOptions['agent']>,
    ...options,
  });
  await app.start();
  return {
    url: front.url,
    stop: async () => {
      await app.stop();
      await front.stop();
    },
  };
};
