/** Every row of `docs/doors.md`: it is there, it is all there is, and nobody else gets in. */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSecret, SESSION_LENGTH } from '@daisee/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addToken, tokensFrom } from '../../src/settings/relay-tokens.ts';
import {
  type Answer,
  handClock,
  PROXY,
  type Question,
  routesOf,
  type Started,
  send,
  startApp,
  startMonitor,
  startRelay,
  token,
} from './servers.ts';
import { type Door, doorsOf, filled } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'daisee-doors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const basic = (login: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`,
});
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
/** A page in this machine's browser, whose name was made to point here. */
const REBOUND = { host: 'evil.example:8000', origin: 'http://evil.example:8000' };
/** Asked by a name that is not the server's, nobody gets anything, whatever he knows; by those that are, all as before. */
const expectOwnNamesAlone = async (
  server: Started,
  door: Door,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<void> => {
  // What is taken away is asked for by another number.
  const there = { ...door, path: door.path.replace(':id', '999') };
  for (const host of ['evil.example:8000', 'localhost.evil.example', `www.${PROXY}`]) {
    const answer = await ask(server, there, { headers: { ...headers, host }, body });
    expect([host, answer.status]).toEqual([host, 421]);
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
  for (const host of [PROXY, `${PROXY}:443`, '127.0.0.1', 'localhost:80'])
    expect([401, 403, 421, 429]).not.toContain(
      (await ask(server, there, { headers: { ...headers, host }, body })).status,
    );
};
const cookieOf = ({ headers }: Answer): string =>
  String([headers['set-cookie']].flat()[0]).split(';')[0] ?? '';
const changes = ({ method }: Door): boolean => method !== 'GET';
const named = (doors: readonly Door[]) => doors.map((door) => [`${door.method} ${door.path}`, door] as const);
const ask = (server: Started, { method, path }: Door, question: Question = {}): Promise<Answer> => {
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const type = !hasBody || question.headers?.['content-type'] ? {} : JSON_TYPE;
  const body = !hasBody ? {} : { body: question.body ?? '{}' };
  return send(server.url + filled(path), method, { headers: { ...type, ...question.headers }, ...body });
};
const expectHeld = (answer: Answer): void => {
  expect(answer.status).toBe(429);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
};
const expectNoSharing = (answer: Answer): void =>
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
const rowsOf = (heading: string): readonly string[] =>
  doorsOf(heading)
    .map(({ method, path }) => `${method} ${path}`)
    .toSorted();

/** What a page elsewhere can send without the browser asking first (https://fetch.spec.whatwg.org, "simple"). */
const SIMPLE = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'];

describe('ports', () => {
  it('are opened by the servers of docs/doors.md alone', () => {
    const root = join(import.meta.dirname, '../../../..');
    const listening = globSync('packages/*/src/**/*.ts', { cwd: root })
      // What injects faults into a lab, and what tries inputs, serves nobody.
      .filter((file) => !/^packages\/(campaign|fuzz)\//.test(file))
      .filter((file) => /\.listen\((\{ host|port, host)/.test(readFileSync(join(root, file), 'utf8')));
    expect(listening.toSorted()).toEqual([
      'packages/app/src/server/front.ts',
      'packages/chain/src/endpoint.ts',
      'packages/monitor/src/monitor.ts',
      'packages/relay/src/http/server.ts',
      'packages/relay/src/v02/server.ts',
    ]);
  });
});

describe("the relay's HTTP", () => {
  const doors = doorsOf('Relay, HTTP');
  const guarded = doors.filter(({ who }) => who !== 'everybody');
  const clock = handClock();
  const file = join(folder, 'tokens');
  const reads = addToken(file, 'reads', ['read']);
  const switches = addToken(file, 'switches', ['switch']);
  const removed = addToken(file, 'removed', ['read', 'switch']);
  const words = 'words-of-a-neighbour';
  let relay: Started;
  let unguarded: Started;
  let routes: readonly string[];
  beforeAll(async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^removed .*\n/m, ''));
    const tokens = [...tokensFrom(file), token('words', words, 'read', 'switch')];
    ({ started: relay, routes } = await routesOf(() => startRelay(clock, tokens)));
    unguarded = await startRelay(clock);
  });
  afterAll(async () => {
    await relay.stop();
    await unguarded.stop();
  });

  it('has the endpoints of docs/doors.md and no others', () => {
    expect(routes.toSorted()).toEqual(rowsOf('Relay, HTTP'));
  });

  it.each(named(doors.filter(({ who }) => who === 'everybody')))('%s: for everybody', async (_, door) => {
    expect([401, 403]).not.toContain((await ask(relay, door)).status);
    expectNoSharing(await ask(relay, door, { headers: { origin: 'http://evil.example' } }));
  });

  it.each(named(guarded))('%s: for its scope alone', async (_, door) => {
    clock.pass(3_600_000);
    const other = door.who === 'read' ? switches : reads;
    expect((await ask(relay, door)).status).toBe(401);
    for (const secret of [newSecret(), removed, 'guess'])
      expect((await ask(relay, door, { headers: bearer(secret) })).status).toBe(401);
    expect((await ask(relay, door, { headers: bearer(other) })).status).toBe(403);
    const right = door.who === 'read' ? reads : switches;
    expect([401, 403, 429]).not.toContain((await ask(relay, door, { headers: bearer(right) })).status);
    const preflight = await send(relay.url + filled(door.path), 'OPTIONS', {
      headers: { origin: 'http://evil.example', 'access-control-request-method': door.method },
    });
    expect(preflight.status).toBe(404);
    expectNoSharing(preflight);
    if (changes(door))
      for (const type of SIMPLE)
        expect((await ask(relay, door, { headers: { ...bearer(right), 'content-type': type } })).status).toBe(
          415,
        );
    expect((await ask(unguarded, door, { headers: REBOUND })).status).toBe(421);
    if (changes(door))
      for (const type of SIMPLE)
        expect((await ask(unguarded, door, { headers: { 'content-type': type } })).status).toBe(415);
  });

  it.each(named(guarded))(
    '%s: holds who guesses tokens, and not who has one that nobody guesses',
    async (_, door) => {
      clock.pass(3_600_000);
      for (let guess = 0; guess < 10; guess++)
        expect((await ask(relay, door, { headers: bearer(`guess-${guess}`) })).status).toBe(401);
      expectHeld(await ask(relay, door, { headers: bearer('guess') }));
      expectHeld(await ask(relay, door, { headers: bearer(newSecret()) }));
      // One of words is refused meanwhile even when it is right: else guessing would go on.
      expectHeld(await ask(relay, door, { headers: bearer(words) }));
      const right = door.who === 'read' ? reads : switches;
      expect([401, 429]).not.toContain((await ask(relay, door, { headers: bearer(right) })).status);
    },
  );

  it.each(named(doors))('%s: by its own names alone', async (_, door) => {
    clock.pass(3_600_000);
    await expectOwnNamesAlone(relay, door, bearer(door.who === 'switch' ? switches : reads));
    await expectOwnNamesAlone(unguarded, door, {});
  });

  it('takes no body beyond its limit', async () => {
    clock.pass(3_600_000);
    const answer = await send(`${relay.url}/api/v1/switch`, 'POST', {
      headers: { ...JSON_TYPE, ...bearer(switches) },
      body: JSON.stringify({ reason: 'x'.repeat(70_000) }),
    });
    expect(answer.status).toBe(413);
  });
});

describe('the monitor', () => {
  const doors = doorsOf('Monitor');
  const clock = handClock();
  const [login, password] = ['owner', 'of the house'];
  const right = basic(login, password);
  let monitor: Started;
  let neighbour: Started;
  let unguarded: Started;
  let routes: readonly string[];
  const tokens: Record<string, string> = {};
  let elsewhere = '';
  let revoked = '';
  let expired = '';

  const makeToken = async (server: Started, scope: string) => {
    const headers = { ...JSON_TYPE, ...(server === monitor ? right : basic('other', 'other')) };
    const body = JSON.stringify({ name: scope, scopes: [scope] });
    const { text } = await send(`${server.url}/api/v1/tokens`, 'POST', { headers, body });
    return JSON.parse(text) as { readonly id: number; readonly token: string };
  };
  const openSession = async (server: Started, form: string) =>
    cookieOf(await send(`${server.url}/login`, 'POST', { headers: FORM_TYPE, body: form }));
  const form = `login=${login}&password=${encodeURIComponent(password)}`;

  beforeAll(async () => {
    ({ started: monitor, routes } = await routesOf(() => startMonitor(folder, clock, { login, password })));
    neighbour = await startMonitor(folder, clock, { login: 'other', password: 'other' });
    unguarded = await startMonitor(folder, clock);
    for (const scope of ['read', 'write', 'admin']) tokens[scope] = (await makeToken(monitor, scope)).token;
    elsewhere = (await makeToken(neighbour, 'admin')).token;
    const made = await makeToken(monitor, 'admin');
    revoked = made.token;
    await send(`${monitor.url}/api/v1/tokens/${made.id}`, 'DELETE', { headers: right });
    expired = await openSession(monitor, form);
    clock.pass(SESSION_LENGTH + 1);
  });
  afterAll(async () => {
    for (const server of [monitor, neighbour, unguarded]) await server.stop();
  });

  it('has the endpoints of docs/doors.md and no others', () => {
    expect(routes.toSorted()).toEqual(rowsOf('Monitor'));
  });

  it.each(named(doors.filter(({ who }) => who === 'everybody')))('%s: for everybody', async (_, door) => {
    const answer = await ask(monitor, door, { headers: { origin: 'http://evil.example' } });
    expect(answer.status).not.toBe(401);
    expectNoSharing(answer);
  });

  it.each(named(doors.filter(({ who }) => who === 'login')))('%s: for the login alone', async (_, door) => {
    clock.pass(3_600_000);
    const refused = changes(door) ? 403 : 303;
    expect((await ask(monitor, door)).status).toBe(refused);
    const foreign = await openSession(neighbour, 'login=other&password=other');
    for (const cookie of [expired, foreign, 'daisee_session=AAAA'])
      expect((await ask(monitor, door, { headers: { cookie } })).status).toBe(refused);
    for (const secret of [elsewhere, revoked, tokens['admin'] ?? ''])
      expect((await ask(monitor, door, { headers: bearer(secret) })).status).toBe(refused);
    expect((await ask(monitor, door, { headers: basic('other', 'other') })).status).toBe(403);
    if (changes(door))
      expect(
        (await ask(monitor, door, { headers: FORM_TYPE, body: 'login=other&password=other' })).status,
      ).toBe(403);
    const answer = await ask(monitor, door, { headers: { ...right, origin: 'http://evil.example' } });
    expect(answer.status).toBe(200);
    // What was measured, and no word of it above: what costs nothing without a tariff is null.
    if (door.path.includes('/get/') && !door.path.includes('/euros/'))
      expect(answer.text).not.toMatch(/"data": (null|\[null)/);
    expectNoSharing(answer);
    expect((await ask(unguarded, door, { headers: REBOUND })).status).toBe(421);
  });

  const scoped = doors.filter(({ who }) => ['read', 'write', 'admin'].includes(who));
  const NEEDS: Readonly<Record<string, readonly string[]>> = {
    read: ['write'],
    write: ['read'],
    admin: ['read', 'write'],
  };
  it.each(named(scoped))('%s: for its scope alone', async (_, door) => {
    clock.pass(3_600_000);
    expect((await ask(monitor, door)).status).toBe(401);
    for (const secret of [elsewhere, revoked, 'guess'])
      expect((await ask(monitor, door, { headers: bearer(secret) })).status).toBe(401);
    for (const cookie of [expired, 'daisee_session=AAAA'])
      expect((await ask(monitor, door, { headers: { cookie } })).status).toBe(401);
    for (const scope of NEEDS[door.who] ?? [])
      expect((await ask(monitor, door, { headers: bearer(tokens[scope] ?? '') })).status).toBe(403);
    const opened = await ask(
      monitor,
      { ...door, path: door.path.replace(':id', '999') },
      {
        headers: bearer(tokens[door.who] ?? ''),
      },
    );
    expect([401, 403, 429]).not.toContain(opened.status);
    const preflight = await send(monitor.url + filled(door.path), 'OPTIONS', {
      headers: { origin: 'http://evil.example', 'access-control-request-method': door.method },
    });
    expect(preflight.status).toBe(405);
    expectNoSharing(preflight);
    expect((await ask(unguarded, door, { headers: REBOUND })).status).toBe(421);
    if (door.method === 'POST')
      for (const type of SIMPLE)
        expect((await ask(unguarded, door, { headers: { 'content-type': type } })).status).toBe(415);
  });

  it.each(named(scoped))('%s: holds who guesses tokens', async (_, door) => {
    clock.pass(3_600_000);
    for (let guess = 0; guess < 10; guess++)
      expect((await ask(monitor, door, { headers: bearer(`guess${guess}`) })).status).toBe(401);
    expectHeld(await ask(monitor, door, { headers: bearer('guess') }));
    expect(
      (
        await ask(
          monitor,
          { ...door, path: door.path.replace(':id', '999') },
          {
            headers: bearer(tokens[door.who] ?? ''),
          },
        )
      ).status,
    ).not.toBe(429);
  });

  it.each(named(doors))('%s: by its own names alone', async (_, door) => {
    clock.pass(3_600_000);
    const withForm = door.path === '/login' ? FORM_TYPE : {};
    const body = door.path === '/login' ? form : undefined;
    const secret = bearer(tokens[door.who] ?? '');
    await expectOwnNamesAlone(monitor, door, { ...withForm, ...(tokens[door.who] ? secret : right) }, body);
    await expectOwnNamesAlone(unguarded, door, withForm, body);
  });

  it('holds who guesses passwords at every door, and lets in again later', async () => {
    clock.pass(3_600_000);
    for (let guess = 0; guess < 10; guess++)
      await send(`${monitor.url}/api/v1/health`, 'GET', { headers: basic(login, `guess ${guess}`) });
    for (const door of doors.filter(({ who }) => who !== 'everybody'))
      expectHeld(await ask(monitor, door, { headers: right }));
    expectHeld(await send(`${monitor.url}/login`, 'POST', { headers: FORM_TYPE, body: form }));
    clock.pass(3_600_000);
    expect((await send(`${monitor.url}/api/v1/health`, 'GET', { headers: right })).status).toBe(200);
  });

  it('takes no body beyond its limits', async () => {
    const long = 'x'.repeat(70_000);
    expect((await send(`${monitor.url}/api/time`, 'POST', { body: `login=${long}` })).status).toBe(413);
    const samples = JSON.stringify([{ at: 1, power: 1, note: 'x'.repeat(11_000_000) }]);
    const headers = { ...JSON_TYPE, ...bearer(tokens['write'] ?? '') };
    const answer = await send(`${monitor.url}/api/v1/sensors/1/samples`, 'POST', { headers, body: samples });
    expect(answer.status).toBe(413);
  });
});

describe('the App', () => {
  const doors = doorsOf('App');
  const clock = handClock();
  let app: Started;
  let other: Started;
  let view: Started;
  let unguarded: Started;
  let routes: readonly string[];
  let expired = '';

  const login = async (server: Started, password: string) => {
    const answer = await send(`${server.url}/api/login`, 'POST', {
      headers: JSON_TYPE,
      body: JSON.stringify({ password }),
    });
    return {
      answer,
      cookie: cookieOf(answer),
      csrf: (JSON.parse(answer.text) as { csrf?: string }).csrf ?? '',
    };
  };
  beforeAll(async () => {
    ({ started: app, routes } = await routesOf(() => startApp(clock, { password: 'mine' })));
    other = await startApp(clock, { password: 'of another' });
    view = await startApp(clock, { password: 'mine', view: true });
    unguarded = await startApp(clock);
    expired = (await login(app, 'mine')).cookie;
    clock.pass(SESSION_LENGTH + 1);
  });
  afterAll(async () => {
    for (const server of [app, other, view, unguarded]) await server.stop();
  });

  it('has the endpoints of docs/doors.md and no others', () => {
    expect(routes.toSorted()).toEqual(rowsOf('App'));
  });

  it.each(named(doors.filter(({ who }) => who === 'everybody')))('%s: for everybody', async (_, door) => {
    const answer = await ask(app, door, { headers: { origin: 'http://evil.example' } });
    expect([401, 403]).not.toContain(answer.status);
    expectNoSharing(answer);
  });

  it.each(named(doors.filter(({ who }) => who !== 'everybody')))('%s: for a session', async (_, door) => {
    clock.pass(3_600_000);
    const foreign = await login(other, 'of another');
    expect((await ask(app, door)).status).toBe(401);
    for (const cookie of [expired, foreign.cookie, 'daisee_app=AAAA'])
      expect((await ask(app, door, { headers: { cookie, 'x-csrf-token': foreign.csrf } })).status).toBe(401);
    expect((await ask(unguarded, door, { headers: REBOUND })).status).toBe(421);
    if (door.who !== 'see') expect((await ask(view, door)).status).toBe(401);
    const { cookie, csrf } = await login(app, 'mine');
    if (door.who === 'act') {
      for (const sent of [{}, { 'x-csrf-token': foreign.csrf }, { 'x-csrf-token': '' }])
        expect((await ask(app, door, { headers: { cookie, ...sent } })).status).toBe(403);
      for (const type of SIMPLE) {
        const headers = { cookie, 'x-csrf-token': csrf, 'content-type': type };
        expect((await ask(app, door, { headers })).status).toBe(415);
      }
    }
    const headers = { cookie, 'x-csrf-token': csrf, origin: 'http://evil.example' };
    const opened = await ask(app, door, { headers });
    expect([401, 403]).not.toContain(opened.status);
    expectNoSharing(opened);
    await ask(app, { method: 'POST', path: '/api/logout', who: 'everybody' }, { headers });
    expect((await ask(app, door, { headers })).status).toBe(401);
  });

  it.each(named(doors))('%s: by its own names alone', async (_, door) => {
    clock.pass(3_600_000);
    const loggedIn = async (server: Started) => {
      const { cookie, csrf } = await login(server, 'mine');
      return { cookie, 'x-csrf-token': csrf };
    };
    await expectOwnNamesAlone(app, door, await loggedIn(app));
    // Without a login too, where everybody may look.
    await expectOwnNamesAlone(view, door, door.who === 'see' ? {} : await loggedIn(view));
    const { text } = await send(`${unguarded.url}/api/session`, 'GET');
    const { csrf } = JSON.parse(text) as { readonly csrf: string };
    await expectOwnNamesAlone(unguarded, door, { 'x-csrf-token': csrf });
  });

  it('gives its word against forgery to nobody but its own machine and who logged in', async () => {
    expect((await send(`${app.url}/api/session`, 'GET')).text).not.toContain('csrf');
    expect((await send(`${unguarded.url}/api/session`, 'GET', { headers: REBOUND })).status).toBe(421);
    const answer = await send(`${unguarded.url}/api/login`, 'POST', {
      headers: { ...JSON_TYPE, ...REBOUND },
      body: '{"password":""}',
    });
    expect(answer.status).toBe(421);
  });

  it.each(named(doors.filter((door) => changes(door) && door.path !== '/api/logout')))(
    '%s: takes no body beyond its limit',
    async (_, door) => {
      clock.pass(3_600_000);
      const { cookie, csrf } = await login(app, 'mine');
      const headers = { cookie, 'x-csrf-token': csrf };
      const body = JSON.stringify({ password: 'x'.repeat(20_000) });
      expect((await ask(app, door, { headers, body })).status).toBe(413);
      const below = JSON.stringify({ password: 'x'.repeat(10_000) });
      expect((await ask(app, door, { headers, body: below })).status).not.toBe(413);
    },
  );

  it('holds who guesses passwords', async () => {
    clock.pass(3_600_000);
    for (let guess = 0; guess < 10; guess++)
      expect((await login(app, `guess ${guess}`)).answer.status).toBe(403);
    expectHeld((await login(app, 'mine')).answer);
    clock.pass(3_600_000);
    expect((await login(app, 'mine')).answer.status).toBe(200);
  });
});
