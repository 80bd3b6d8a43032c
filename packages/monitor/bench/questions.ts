/** What the monitor is asked: the rows of v0.2's measurements, and the same by other ways of access. */
import { Agent } from 'node:http';
import { DaiseeError } from '@daisee/units';
import { ask, type Question } from './asking.ts';
import { instantOf, STEP } from './samples.ts';
import { LOGIN, PASSWORD } from './service.ts';

export interface Row {
  readonly name: string;
  /** v0.2's, with 1 M rows in PostgreSQL; empty for what it could not be asked. */
  readonly v02: string;
  /** The most ms that the median may take. */
  readonly target?: number;
  readonly reconnect?: boolean;
  readonly next: () => Question;
}

/** Thrown when the monitor does not let the benchmark in. */
class NotLetIn extends DaiseeError {
  constructor(what: string, text: string) {
    super({
      code: 'bench.access',
      message: `The monitor gave no ${what}: ${text.slice(0, 200)}`,
      retryable: false,
    });
  }
}

const FORM = `login=${LOGIN}&password=${encodeURIComponent(PASSWORD)}`;
/** As v0.2's client sent it. */
const V02_HEADERS = { 'Content-Type': 'application/json' };
export const BASIC = `Basic ${Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64')}`;
const DAY = (24 * 3600 * 1000) / STEP;

/** The cookie of a session. */
const openSession = async (url: string): Promise<string> => {
  const response = await fetch(`${url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: FORM,
    redirect: 'manual',
  });
  const [cookie] = (response.headers.get('set-cookie') ?? '').split(';');
  if (!cookie) throw new NotLetIn('session', await response.text());
  return cookie;
};

/** A token that may read and write. */
export const makeToken = async (url: string): Promise<string> => {
  const agent = new Agent();
  const { text } = await ask(agent, {
    url: `${url}/api/v1/tokens`,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: BASIC },
    body: '{"name": "bench", "scopes": ["read", "write"]}',
  });
  const { token } = JSON.parse(text) as { token?: string };
  if (token === undefined) throw new NotLetIn('token', text);
  return token;
};

/** The rows for a store of so many samples. Windows begin anywhere in it, the same ones in each run. */
export const rowsFor = async (url: string, samples: number, token: string): Promise<readonly Row[]> => {
  const session = await openSession(url);
  let turn = 0;
  /** Somewhere in the store with room for so many samples after it, as v0.2 writes it: Unix seconds. */
  const somewhere = (length: number): number =>
    instantOf(Math.floor(((turn++ * 0.618_034) % 1) * Math.max(0, samples - length))) / 1000;
  const window = (places: number): string => {
    const from = somewhere(places);
    return `${from}/${from + (places * STEP) / 1000}`;
  };
  const byForm = (path: () => string) => (): Question => ({
    url: `${url}${path()}`,
    method: 'POST',
    headers: V02_HEADERS,
    body: FORM,
  });
  const bySession = (path: () => string) => (): Question => ({
    url: `${url}${path()}`,
    headers: { Cookie: session },
  });
  const byToken = (path: () => string) => (): Question => ({
    url: `${url}${path()}`,
    headers: { Authorization: `Bearer ${token}` },
  });
  const time = () => '/api/time';
  const short = () => `/api/1/get/watts/by_time/${window(2)}`;
  const days = Math.min(30, Math.floor(samples / DAY));
  return [
    { name: 'time', v02: '328–579/s', next: byForm(time) },
    { name: 'time, by session', v02: '', next: bySession(time) },
    { name: '16 s window', v02: '5–9/s, 109–186 ms', target: 2, next: byForm(short) },
    {
      name: '16 s window, a connection each',
      v02: '',
      target: 2,
      reconnect: true,
      next: byForm(short),
    },
    { name: '16 s window, by session', v02: '', target: 2, next: bySession(short) },
    {
      name: '16 s window, /api/v1 by token',
      v02: '',
      target: 2,
      next: byToken(() => {
        const from = somewhere(2) * 1000;
        return `/api/v1/sensors/1/samples?from=${from}&to=${from + 2 * STEP}`;
      }),
    },
    {
      name: 'a day of watts',
      v02: '1.0–1.4/s, 628–1193 ms',
      target: 40,
      next: byForm(() => `/api/1/get/watts/by_time/${window(DAY)}`),
    },
    {
      name: 'a day of watts, 500 points by /api/v1',
      v02: '',
      target: 40,
      next: byToken(() => {
        const from = somewhere(DAY) * 1000;
        return `/api/v1/sensors/1/points?from=${from}&to=${from + DAY * STEP}&points=500`;
      }),
    },
    {
      name: 'kWh of a day',
      v02: '1.8–4.5/s',
      next: byForm(() => `/api/1/get/kwatthours/by_time/${window(DAY)}`),
    },
    {
      name: `kWh of ${days} days by day`,
      v02: '5.3–15.3 s',
      target: 10,
      next: byForm(() => `/api/1/get/kwatthours/by_time/${window(days * DAY)}/86400`),
    },
  ];
};
