/** An App that answers over HTTP, and what listens to its event stream. */
import { request } from 'node:http';
import { createHistory, type History, type Ledger } from '@daisee/chain';
import { Duration, systemClock } from '@daisee/units';
import { type App, type AppOptions, createApp, createFront, type Front } from '../../src/index.ts';

interface Answered<T> {
  readonly status: number;
  readonly body: T;
}

export interface Served {
  readonly app: App;
  readonly front: Front;
  readonly history: History;
  readonly failures: unknown[];
  ask(path: string, options?: RequestInit): Promise<Response>;
  json<T>(path: string, options?: RequestInit): Promise<T>;
  post<T>(path: string, body: unknown, method?: string): Promise<Answered<T>>;
  stop(): Promise<void>;
}

/** Serves without a password: everybody on this machine may all. */
export const serve = async (
  ledger: Ledger,
  options: Partial<AppOptions> & Pick<AppOptions, 'account' | 'kind'>,
): Promise<Served> => {
  const front = createFront({ port: 0 });
  await front.start();
  const failures: unknown[] = [];
  const history = createHistory({
    ledger,
    file: ':memory:',
    clock: systemClock,
    pollInterval: Duration(50),
    onChange: (change) => app.onHistory(change),
  });
  const app: App = createApp({
    clock: systemClock,
    name: 'Home',
    names: {},
    front,
    ledger,
    history,
    onFailure: (...failure) => failures.push(failure),
    ...options,
  });
  await history.start();
  await history.catchUp();
  await app.start();
  const ask = (path: string, given: RequestInit = {}): Promise<Response> =>
    fetch(`${front.url}${path}`, given);
  const { csrf = '' } = (await (await ask('/api/session')).json()) as { csrf?: string };
  return {
    app,
    front,
    history,
    failures,
    ask,
    json: async <T>(path: string, given?: RequestInit) => (await (await ask(path, given)).json()) as T,
    post: async <T>(path: string, body: unknown, method = 'POST'): Promise<Answered<T>> => {
      const answer = await ask(path, {
        method,
        headers: { 'Content-Type': 'application/json', 'X-Csrf-Token': csrf },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: (await answer.json()) as T };
    },
    stop: async () => {
      await app.stop();
      await history.stop();
      await front.stop();
    },
  };
};

export interface Heard {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
}

export interface Listener {
  readonly events: readonly Heard[];
  readonly lastId: () => string;
  /** Resolves when the condition holds for what was heard. */
  until(condition: (events: readonly Heard[]) => boolean): Promise<void>;
  drop(): void;
}

/** Listens as a browser does (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export const listen = (url: string, lastEventId?: string): Listener => {
  const events: Heard[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  const asked = request(
    `${url}/api/events`,
    lastEventId === undefined ? {} : { headers: { 'Last-Event-ID': lastEventId } },
    (response) => {
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
          if (field('event') !== '')
            events.push({ id: field('id'), name: field('event'), data: JSON.parse(field('data')) });
        }
        for (const look of waiting) look();
      });
      // Ended by the test or the server.
      response.on('error', () => undefined);
    },
  );
  asked.on('error', () => undefined);
  asked.end();
  return {
    events,
    lastId: () => events.at(-1)?.id ?? '',
    until: (condition) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!condition(events)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    drop: () => void asked.destroy(),
  };
};
