/** Who may ask a monitor, and where it may listen. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { SESSION_LENGTH } from '@daisee/http';
import { Duration, Instant, Seconds, SleepAborted, VirtualClock } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMonitor, openStore } from '../src/index.ts';
import { BASIC, FORM, LOGIN, PASSWORD, type Reply, type Served, send, serve } from './served.ts';

const JSON_HEADER = { 'Content-Type': 'application/json' };
const FORM_HEADER = { 'Content-Type': 'application/x-www-form-urlencoded' };
const json = (login: unknown, password: unknown) => JSON.stringify({ login, password });

describe('the login of a monitor', () => {
  let served: Served;
  let clock: VirtualClock;
  beforeAll(async () => {
    clock = new VirtualClock({ start: Instant(0) });
    served = await serve({ clock });
  });
  afterAll(() => served.end());

  const post = (
    body: string,
    headers: Readonly<Record<string, string>>,
    path = '/api/time',
  ): Promise<Reply> => send(served.url + path, { method: 'POST', headers, body });

  it.each([
    ["form data under the header of JSON, as v0.2's client sends it", FORM, JSON_HEADER],
    ['form data under its own header', FORM, FORM_HEADER],
    ['form data under no header', FORM, {}],
    ['a JSON body', json(LOGIN, PASSWORD), JSON_HEADER],
  ])('is taken as %s', async (_what, body, headers) => {
    expect(await post(body, headers)).toMatchObject({ status: 200, text: '{"data": 0.0}' });
  });

  it.each([
    ['a wrong password', 'login=user&password=other', JSON_HEADER],
    ['a wrong login', FORM.replace('login=user', 'login=root'), JSON_HEADER],
    ['an empty password', 'login=user&password=', JSON_HEADER],
    ['no password', 'login=user', JSON_HEADER],
    ['nothing', '', JSON_HEADER],
    ['a number for a password', json(LOGIN, 1), JSON_HEADER],
    ['an object for a password', json(LOGIN, {}), JSON_HEADER],
  ])('is refused with 403 for %s', async (_what, body, headers) => {
    const reply = await post(body, headers);
    expect(reply.status).toBe(403);
    expect(JSON.parse(reply.text)).toEqual({
      code: 'monitor.bad-login',
      message: expect.stringContaining('password') as string,
    });
  });

  it('that is broken JSON or far too long is refused, and the monitor goes on', async () => {
    expect(await post('{"login": ', JSON_HEADER)).toMatchObject({ status: 400 });
    expect(await post(`login=${'x'.repeat(100_000)}`, JSON_HEADER)).toMatchObject({ status: 413 });
    expect(await post(FORM, JSON_HEADER)).toMatchObject({ status: 200 });
  });

  it('is asked for on the login page: GET without a session goes there', async () => {
    for (const path of ['/', '/api/time', '/api/sensors', '/api/1/get/watts/by_time/0/1']) {
      const reply = await send(served.url + path);
      expect(reply).toMatchObject({ status: 303, headers: { location: '/login' } });
    }
    const page = await send(`${served.url}/login`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('<form method="post" action="/login">');
  });

  it('opens a session whose cookie opens everything until logout', async () => {
    const login = await post(FORM, FORM_HEADER, '/login');
    expect(login).toMatchObject({ status: 303, headers: { location: '/' } });
    const [cookie = ''] = [login.headers['set-cookie']].flat();
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const session = { Cookie: cookie.split(';')[0] ?? '' };
    expect(await send(`${served.url}/api/time`, { headers: session })).toMatchObject({ status: 200 });
    expect((await send(served.url, { headers: session })).text).toContain('CitizenWatt');
    expect(await send(`${served.url}/api/v1/health`, { headers: session })).toMatchObject({ status: 200 });
    await send(`${served.url}/logout`, { method: 'POST', headers: session });
    expect(await send(`${served.url}/api/time`, { headers: session })).toMatchObject({ status: 303 });
  });

  it('that a POST brings sets no cookie and opens no session (v0.2: a session file for each request)', async () => {
    const [cookie = ''] = [(await post(FORM, FORM_HEADER, '/login')).headers['set-cookie']].flat();
    const session = { Cookie: cookie.split(';')[0] ?? '' };
    const replies: Reply[] = [];
    // More than a monitor keeps sessions: if each were one, the first would be closed for them.
    for (let i = 0; i < 1050; i += 50)
      replies.push(...(await Promise.all(Array.from({ length: 50 }, () => post(FORM, JSON_HEADER)))));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(replies.filter(({ headers }) => headers['set-cookie'] !== undefined)).toEqual([]);
    expect(await send(`${served.url}/api/time`, { headers: session })).toMatchObject({ status: 200 });
    for (const headers of [BASIC, session])
      expect((await send(`${served.url}/api/v1/health`, { headers })).headers['set-cookie']).toBeUndefined();
  });

  it('is asked for again when a session was not used for long, or was made up', async () => {
    const [cookie = ''] = [(await post(FORM, FORM_HEADER, '/login')).headers['set-cookie']].flat();
    const session = { Cookie: cookie.split(';')[0] ?? '' };
    await clock.sleep(SESSION_LENGTH);
    expect(await send(`${served.url}/api/time`, { headers: session })).toMatchObject({ status: 200 });
    await clock.task(() => clock.sleep(Duration(SESSION_LENGTH + 1)));
    expect(await send(`${served.url}/api/time`, { headers: session })).toMatchObject({ status: 303 });
    const madeUp = { Cookie: 'daisee_session=AAAA' };
    expect(await send(`${served.url}/api/time`, { headers: madeUp })).toMatchObject({ status: 303 });
  });

  it('shows the form again, with the reason, when it was wrong', async () => {
    const reply = await post('login=user&password=other', FORM_HEADER, '/login');
    expect(reply.status).toBe(403);
    expect(reply.text).toContain('role="alert"');
    expect(reply.headers['set-cookie']).toBeUndefined();
  });

  it('may be HTTP basic; /api/v1 asks for that', async () => {
    expect(await send(`${served.url}/api/time`, { headers: BASIC })).toMatchObject({ status: 200 });
    expect(await send(`${served.url}/api/v1/health`, { headers: BASIC })).toMatchObject({ status: 200 });
    const wrong = { Authorization: `Basic ${Buffer.from('user:other').toString('base64')}` };
    expect(await send(`${served.url}/api/time`, { headers: wrong })).toMatchObject({ status: 403 });
    for (const headers of [{}, wrong, { Authorization: 'Basic ' }, { Authorization: 'Bearer x' }])
      expect(await send(`${served.url}/api/v1/health`, { headers })).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': expect.stringContaining('Basic') as string },
      });
  });

  it('is checked in line, and an address that sends too many wrong ones must wait', async () => {
    const [cookie = ''] = [(await post(FORM, FORM_HEADER, '/login')).headers['set-cookie']].flat();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post(`login=user&password=${i}`, JSON_HEADER)),
    );
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([403, 429]));
    const session = { Cookie: cookie.split(';')[0] ?? '' };
    // The right one is not told apart from wrong ones meanwhile, wherever it is tried; who is in stays in.
    const told = await post(FORM, JSON_HEADER);
    expect(told).toMatchObject({ status: 429, headers: { 'retry-after': expect.any(String) as string } });
    for (const path of ['/api/time', '/api/v1/health']) {
      expect(await send(served.url + path, { headers: BASIC })).toMatchObject({ status: 429 });
      expect(await send(served.url + path, { headers: session })).toMatchObject({ status: 200 });
    }
    expect(await post(FORM, FORM_HEADER, '/login')).toMatchObject({ status: 429 });
    await clock.task(() => clock.sleep(Seconds(Number(told.headers['retry-after']))));
    expect(await post(FORM, JSON_HEADER)).toMatchObject({ status: 200 });
  });

  it('that sixteen clients send for the first time at once is right for all of them', async () => {
    const fresh = await serve();
    const replies = await Promise.all(
      Array.from({ length: 16 }, () => send(`${fresh.url}/api/v1/health`, { headers: BASIC })),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    await fresh.end();
  });

  it('answers errors as JSON, or as HTML to who prefers that', async () => {
    const url = `${served.url}/api/nowhere`;
    const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    expect(await send(url, { headers: { Accept: browser } })).toMatchObject({
      status: 404,
      headers: { 'content-type': expect.stringContaining('text/html') as string },
    });
    for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.9'])
      expect(JSON.parse((await send(url, { headers: { Accept: accept } })).text)).toMatchObject({
        code: 'monitor.not-found',
      });
  });

  it('does not let a name in an address become part of a page', async () => {
    const { text } = await send(`${served.url}/<script>alert(1)</script>`, {
      headers: { Accept: 'text/html' },
    });
    expect(text).not.toContain('<script>');
  });
});

describe('where a monitor listens', () => {
  const make = (options: { host?: string; port?: number; login?: string; password?: string }) => {
    const store = openStore({ file: ':memory:' });
    return createMonitor({ store, clock: new VirtualClock({ start: Instant(0) }), port: 0, ...options });
  };

  it.each([
    { host: '0.0.0.0' },
    { host: '::' },
    { host: '192.168.0.10', login: 'user' },
    { host: '0.0.0.0', login: 'user', password: '' },
    { login: 'user' },
    { password: 'secret' },
  ])('is nowhere without credentials: %j says which options to give', async (options) => {
    const monitor = make(options);
    await expect(monitor.start()).rejects.toMatchObject({
      code: 'monitor.exposed',
      message: expect.stringMatching(/--login and --password .*--host 127\.0\.0\.1/) as string,
    });
    expect(() => monitor.url).toThrow(/start it first/);
  });

  it('may be everywhere with credentials, and this machine without', async () => {
    const open = make({});
    await open.start();
    expect(await send(`${open.url}/api/time`)).toMatchObject({ status: 200, text: '{"data": 0.0}' });
    expect(await send(`${open.url}/api/time`, { method: 'POST', body: 'login=a&password=b' })).toMatchObject({
      status: 200,
    });
    await open.stop();
    const secured = make({ host: '0.0.0.0', login: 'user', password: 'secret' });
    await secured.start();
    expect(secured.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
    await secured.stop();
  });

  it('is said when another program has the port, with the option that changes it', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(make({ port }).start()).rejects.toMatchObject({
      code: 'monitor.port-in-use',
      message: expect.stringContaining(
        `port ${port}: another program uses that port: give another one with --port`,
      ) as string,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('is nowhere when the start was aborted', async () => {
    const monitor = make({});
    await expect(monitor.start(AbortSignal.abort())).rejects.toThrow(SleepAborted);
    expect(() => monitor.url).toThrow(/start it first/);
  });

  it('is free again after stopping, which may be said twice', async () => {
    const monitor = make({});
    await monitor.stop();
    await monitor.start();
    const { url } = monitor;
    await Promise.all([monitor.stop(), monitor.stop()]);
    await monitor.stop();
    await expect(send(url)).rejects.toThrow(/ECONNREFUSED/);
    await monitor.start();
    await monitor.stop();
  });
});
