/** What goes on at a monitor ends within a second when the right ends that let it in: every kind of stream, every right. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SESSION_LENGTH } from '@daisee/http';
import { Duration, Instant, VirtualClock, Watts } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Directory,
  openDirectory,
  openPostgresDirectory,
  openPostgresStore,
  openStore,
  type SampleStore,
} from '../src/index.ts';
import { bearer } from './kept.ts';
import { BASIC, FORM, LOGIN, NOW, PASSWORD, send, serveStore } from './served.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';

/** A monitor on a store that others may have open, too. */
interface Monitor {
  readonly url: string;
  readonly clock: VirtualClock;
  end(): Promise<void>;
}

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'daisee-revoked-'));
});
afterAll(async () => {
  await postgres?.remove();
  rmSync(folder, { recursive: true });
});

/** More than sockets take that nobody reads. */
const SAMPLES = 200_000;
const filled = async (store: SampleStore): Promise<void> => {
  const { id } = await store.addSensor({ name: 'CitizenWatt', sign: 'load' });
  for (let from = 0; from < SAMPLES; from += 10_000)
    await store.append(
      id,
      Array.from({ length: 10_000 }, (_, i) => ({ at: Instant((from + i) * 1000), power: Watts(100) })),
    );
};

const serveOn = async (
  store: SampleStore,
  directory: Directory,
  close: () => Promise<void>,
  password: string | (() => string) = PASSWORD,
): Promise<Monitor> => {
  const clock = new VirtualClock({ start: NOW });
  const served = await serveStore(store, { clock, directory, password });
  return {
    url: served.url,
    clock,
    end: async () => {
      await served.end();
      await close();
    },
  };
};
/** Each on the same store, one after another. */
const onSqlite = async (password?: string | (() => string)): Promise<Monitor> => {
  const file = join(folder, 'monitor.sqlite');
  const store = openStore({ file, survives: 'process' });
  if (store.sensors().length === 0) await filled(store);
  const directory = openDirectory({ file });
  const close = async () => {
    directory.close();
    store.close();
  };
  return serveOn(store, directory, close, password);
};
const onPostgres = async (schema: string): Promise<Monitor> => {
  const { url } = postgres;
  const store = await openPostgresStore({ url, schema });
  if ((await store.sensors()).length === 0) await filled(store);
  const directory = await openPostgresDirectory({ url, schema });
  return serveOn(store, directory, async () => {
    await directory.close();
    await store.close();
  });
};

interface Going {
  /** When its monitor cut it (real ms); undefined while it goes on. */
  cutAt: number | undefined;
  destroy(): void;
}

type Headers = Readonly<Record<string, string>>;

/** Those that were asked for, by the mark that they carry; a client that reads slowly hears of its end late. */
const marked = new Map<string, Going>();
const MARK = 'x-mark';
const hear = (message: unknown): void => {
  const { request: asked, socket } = message as { request: IncomingMessage; socket: Socket };
  const going = marked.get(String(asked.headers[MARK]));
  if (going)
    socket.once('close', () => {
      going.cutAt ??= performance.now();
    });
};
beforeAll(() => subscribe('http.server.request.start', hear));
afterAll(() => void unsubscribe('http.server.request.start', hear));

const asking = (url: string, method: string, path: string, headers: Headers): [ClientRequest, Going] => {
  const mark = String(marked.size);
  const sent = request(`${url}/api/v1/sensors/1${path}`, {
    method,
    headers: { ...headers, [MARK]: mark },
    agent: false,
  });
  sent.on('error', () => undefined);
  const going: Going = { cutAt: undefined, destroy: () => void sent.destroy() };
  marked.set(mark, going);
  return [sent, going];
};

/** Each kind of what goes on, begun and let in. */
const KINDS: Readonly<Record<string, (url: string, headers: Headers) => Promise<Going>>> = {
  'a stream of live samples': async (url, headers) => {
    const [sent, going] = asking(url, 'GET', '/live', headers);
    const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    await once(response, 'data');
    response.on('error', () => undefined).resume();
    return going;
  },
  'an export that its client takes slowly': async (url, headers) => {
    const [sent, going] = asking(url, 'GET', '/samples.csv?from=0&to=99999999999', headers);
    const [response] = (await once(sent.end(), 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.on('error', () => undefined);
    return going;
  },
  'an import that comes slowly': async (url, headers) => {
    const [sent, going] = asking(url, 'POST', '/samples.csv', { ...headers, 'Content-Type': 'text/csv' });
    sent.write('at,power\n');
    let at = 2_000_000_000;
    const sending = setInterval(() => {
      at += 1000;
      sent.write(`${at},5\n`.repeat(50));
    }, 20);
    sent.on('close', () => clearInterval(sending));
    const [response] = (await once(sent, 'response').catch(() => [undefined])) as [IncomingMessage?];
    response?.on('error', () => undefined).resume();
    return going;
  },
};

const tokenOf = async (url: string, scopes: readonly string[]): Promise<{ id: number; token: string }> => {
  const { text } = await send(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { ...BASIC, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'a neighbour', scopes }),
  });
  return JSON.parse(text) as { id: number; token: string };
};
const revoke = async (url: string, id: number): Promise<void> => {
  const { status } = await send(`${url}/api/v1/tokens/${id}`, { method: 'DELETE', headers: BASIC });
  expect(status).toBe(204);
};
const sessionOf = async (url: string, form = FORM): Promise<string> => {
  const { headers } = await send(`${url}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: form,
  });
  return String([headers['set-cookie']].flat()[0]).split(';')[0] ?? '';
};

const expectCutWithinASecond = async (
  going: readonly Going[],
  end: () => Promise<unknown>,
): Promise<void> => {
  await delay(700);
  expect(going.map(({ cutAt }) => cutAt)).toEqual(going.map(() => undefined));
  await end();
  const since = performance.now();
  for (const until = since + 5000; performance.now() < until; await delay(10))
    if (going.every(({ cutAt }) => cutAt !== undefined)) break;
  const took = going.map(({ cutAt = Number.POSITIVE_INFINITY }) => Math.round(cutAt - since));
  expect(Math.max(...took)).toBeLessThan(1000);
};

const everyKind = async (url: string, headers: Headers, kinds = Object.keys(KINDS)): Promise<Going[]> => {
  const going: Going[] = [];
  for (const kind of kinds) {
    const begin = KINDS[kind];
    if (begin) going.push(await begin(url, headers));
  }
  return going;
};

describe('what goes on at a monitor', { timeout: 60_000 }, () => {
  it('ends when its token is revoked, and what came by another token goes on', async () => {
    const monitor = await onSqlite();
    const { id, token } = await tokenOf(monitor.url, ['read', 'write']);
    const other = await tokenOf(monitor.url, ['read']);
    const going = await everyKind(monitor.url, bearer(token));
    const [others] = await everyKind(monitor.url, bearer(other.token), ['a stream of live samples']);
    await expectCutWithinASecond(going, () => revoke(monitor.url, id));
    await delay(600);
    expect(others?.cutAt).toBeUndefined();
    others?.destroy();
    await monitor.end();
  });

  it('ends when its token is revoked at another monitor on the same PostgreSQL', async () => {
    const [one, other] = [await onPostgres('shared'), await onPostgres('shared')];
    const { id, token } = await tokenOf(other.url, ['read', 'write']);
    // Known there within a second, too.
    await expect
      .poll(async () => (await send(`${one.url}/api/v1/health`, { headers: bearer(token) })).status)
      .toBe(200);
    const going = await everyKind(one.url, bearer(token));
    await expectCutWithinASecond(going, () => revoke(other.url, id));
    await expect
      .poll(async () => (await send(`${one.url}/api/v1/health`, { headers: bearer(token) })).status)
      .toBe(401);
    await one.end();
    await other.end();
  });

  it('ends when its user logs out', async () => {
    const monitor = await onSqlite();
    const [cookie, another] = [await sessionOf(monitor.url), await sessionOf(monitor.url)];
    const going = await everyKind(monitor.url, { cookie });
    const [others] = await everyKind(monitor.url, { cookie: another }, ['a stream of live samples']);
    await expectCutWithinASecond(going, () =>
      send(`${monitor.url}/logout`, { method: 'POST', headers: { cookie } }),
    );
    await delay(600);
    expect(others?.cutAt).toBeUndefined();
    others?.destroy();
    await monitor.end();
  });

  it('ends when the session is over that nobody used for a week', async () => {
    const monitor = await onSqlite();
    const cookie = await sessionOf(monitor.url);
    const going = await everyKind(monitor.url, { cookie }, ['a stream of live samples']);
    await expectCutWithinASecond(going, () =>
      monitor.clock.task(() => monitor.clock.sleep(Duration(SESSION_LENGTH + 1))),
    );
    await monitor.end();
  });

  it('ends when the password is another one, for who came by login or session, and tokens go on', async () => {
    let password = PASSWORD;
    const monitor = await onSqlite(() => password);
    const { token } = await tokenOf(monitor.url, ['read']);
    const cookie = await sessionOf(monitor.url);
    const going = [
      ...(await everyKind(monitor.url, BASIC)),
      ...(await everyKind(monitor.url, { cookie }, ['a stream of live samples'])),
    ];
    const [programs] = await everyKind(monitor.url, bearer(token), ['a stream of live samples']);
    await expectCutWithinASecond(going, async () => {
      password = 'another';
    });
    const ask = (headers: Headers) => send(`${monitor.url}/api/v1/health`, { headers });
    expect([(await ask(BASIC)).status, (await ask({ cookie })).status]).toEqual([401, 401]);
    const now = `Basic ${Buffer.from(`${LOGIN}:another`).toString('base64')}`;
    expect((await ask({ Authorization: now })).status).toBe(200);
    expect(programs?.cutAt).toBeUndefined();
    programs?.destroy();
    await monitor.end();
  });
});
