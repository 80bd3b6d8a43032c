/** A monitor in this process with a store in memory, and raw HTTP to ask it. */
import { request } from 'node:http';
import type { Clock } from '@daisee/units';
import { Instant, VirtualClock } from '@daisee/units';
import {
  createMonitor,
  type Monitor,
  type MonitorOptions,
  type MonitorStore,
  type MonitorWarning,
  openStore,
  type SampleStore,
} from '../src/index.ts';

/** 2026-11-22T11:59:28.352Z: the instant of v0.2's captured answers. */
export const NOW = Instant(1_795_348_768_352);
export const LOGIN = 'user';
export const PASSWORD = 'pass&word 2';

export interface Served {
  readonly store: MonitorStore;
  readonly monitor: Monitor;
  readonly clock: Clock;
  readonly warnings: MonitorWarning[];
  readonly url: string;
  end(): Promise<void>;
}

/** Starts a monitor on a store, at `NOW` unless another clock is given; the store stays open when it ends. */
export const serveStore = async <S extends SampleStore>(
  store: S,
  options: Partial<MonitorOptions> = {},
): Promise<Omit<Served, 'store'> & { readonly store: S }> => {
  const clock = options.clock ?? new VirtualClock({ start: NOW });
  const warnings: MonitorWarning[] = [];
  const monitor = createMonitor({
    clock,
    port: 0,
    login: LOGIN,
    password: PASSWORD,
    onWarning: (warning) => warnings.push(warning),
    ...options,
    store,
  });
  await monitor.start();
  return { store, monitor, clock, warnings, url: monitor.url, end: () => monitor.stop() };
};

/** Starts a monitor; the store has one sensor, "CitizenWatt", a load. */
export const serve = async (
  options: Partial<MonitorOptions> & { readonly before?: (store: MonitorStore) => void } = {},
): Promise<Served> => {
  const { before, ...given } = options;
  const store = openStore({ file: ':memory:' });
  store.addSensor({ name: 'CitizenWatt', sign: 'load' });
  before?.(store);
  const served = await serveStore(store, given);
  return {
    ...served,
    end: async () => {
      await served.end();
      store.close();
    },
  };
};

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends one request as it is, follows nothing. */
export const send = (url: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });

export const FORM = `login=${LOGIN}&password=${encodeURIComponent(PASSWORD)}`;

/** Asks as v0.2's client does: POST, form data under the header of JSON. */
export const askAsV02 = (url: string): Promise<Reply> =>
  send(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: FORM });

export const BASIC = {
  Authorization: `Basic ${Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64')}`,
};
