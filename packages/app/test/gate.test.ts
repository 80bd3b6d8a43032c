import { Seconds } from '@daisee/units';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { Problem, Session } from '../src/api.ts';
import { createServer } from '../src/server/server.ts';
import { createLive } from '../src/view/live.ts';
import { emptyHistory, type HandClock, handClock, quietLedger, tellableAgent } from './support/stand-ins.ts';

const DAY = 24 * 3_600_000;
const servers: FastifyInstance[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

interface Made {
  readonly server: FastifyInstance;
  readonly clock: HandClock;
}

const made = async (options: {
  readonly password?: string | (() => string);
  readonly view?: boolean;
}): Promise<Made> => {
  const clock = handClock();
  const ledger = quietLedger();
  const server = await createServer({
    identity: {
      name: 'Home',
      kind: 'consumer',
      address: ledger.exchange,
      exchange: ledger.exchange,
      coin: ledger.coin,
      chainId: 7,
      names: {},
      speed: 1,
      signs: false,
      relay: false,
      agent: true,
    },
    clock,
    pace: clock,
    live: createLive({ clock, pace: clock, looks: [] }),
    ledger,
    history: emptyHistory(),
    agent: tellableAgent(clock, { limit: 20 }),
    view: false,
    patience: Seconds(60),
    page: import.meta.dirname,
    onFailure: (request, error) => {
      throw new Error(request, { cause: error });
    },
    ...options,
  });
  servers.push(server);
  return { server, clock };
};

const login = async (server: FastifyInstance, password: string, remoteAddress = '10.0.0.9') => {
  const answer = await server.inject({
    method: 'POST',
    url: '/api/login',
    payload: { password },
    remoteAddress,
  });
  const cookie = String(answer.headers['set-cookie'] ?? '').split(';')[0] ?? '';
  return { answer, cookie, csrf: answer.json<Session>().csrf ?? '' };
};

const change = (server: FastifyInstance, headers: Record<string, string>) =>
  server.inject({ method: 'PATCH', url: '/api/settings', payload: { limit: 30 }, headers });

describe('who may see and act', () => {
  it('answers nobody without a login, and says so in plain words', async () => {
    const { server } = await made({ password: 'right' });
    for (const url of ['/api/state', '/api/settings', '/api/transactions', '/api/events']) {
      const answer = await server.inject({ url });
      expect(answer.statusCode).toBe(401);
      expect(answer.json<Problem>()).toMatchObject({ code: 'app.no-login', detail: 'Log in first.' });
    }
  });

  it('lets in with the password, by a cookie that scripts and other sites do not get', async () => {
    const { server } = await made({ password: 'right' });
    const { answer, cookie, csrf } = await login(server, 'right');
    expect(answer.statusCode).toBe(200);
    expect(String(answer.headers['set-cookie'])).toMatch(/HttpOnly.*SameSite=Strict/);
    expect((await server.inject({ url: '/api/state', headers: { cookie } })).statusCode).toBe(200);
    const changed = await change(server, { cookie, 'x-csrf-token': csrf });
    expect(changed.json()).toEqual({ limit: 30 });
  });

  it('refuses a wrong password', async () => {
    const { server } = await made({ password: 'right' });
    const { answer, cookie } = await login(server, 'wrong');
    expect(answer.statusCode).toBe(403);
    expect(answer.json<Problem>().detail).toBe('That password is wrong.');
    expect(cookie).toBe('');
  });

  it('slows an address that guesses, and only that one, and lets it in again later', async () => {
    const { server, clock } = await made({ password: 'right' });
    for (let guess = 0; guess < 10; guess++)
      expect((await login(server, 'wrong')).answer.statusCode).toBe(403);
    const late = (await login(server, 'right')).answer;
    expect(late.statusCode).toBe(429);
    expect(late.json<Problem>().detail).toMatch(/^Too many wrong passwords: try again in \d+ s\.$/);
    expect((await login(server, 'right', '10.0.0.10')).answer.statusCode).toBe(200);
    await clock.pass(60_000);
    expect((await login(server, 'right')).answer.statusCode).toBe(200);
  });

  it('counts guesses that come all at once', async () => {
    const { server } = await made({ password: 'right' });
    const answers = await Promise.all(Array.from({ length: 30 }, () => login(server, 'wrong')));
    const statuses = answers.map(({ answer }) => answer.statusCode);
    expect(statuses.filter((status) => status === 403)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  });

  it('changes nothing for a page elsewhere that has the cookie sent along', async () => {
    const { server } = await made({ password: 'right' });
    const { cookie } = await login(server, 'right');
    const { csrf: another } = await login(server, 'right');
    for (const headers of [
      { cookie },
      { cookie, 'x-csrf-token': 'guess' },
      { cookie, 'x-csrf-token': another },
    ]) {
      const answer = await change(server, headers);
      expect(answer.statusCode).toBe(403);
      expect(answer.json<Problem>().code).toBe('app.csrf');
    }
    const form = await server.inject({
      method: 'POST',
      url: '/api/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'password=right',
    });
    expect(form.statusCode).toBe(415);
  });

  it('shows an open view to everybody, but neither settings nor anything to change', async () => {
    const { server } = await made({ password: 'right', view: true });
    expect((await server.inject({ url: '/api/state' })).statusCode).toBe(200);
    expect((await server.inject({ url: '/api/session' })).json()).toEqual({ loggedIn: false, view: true });
    expect((await server.inject({ url: '/api/settings' })).statusCode).toBe(401);
    expect((await change(server, {})).statusCode).toBe(401);
  });

  it('ends a session at log-out and after a week without use', async () => {
    const { server, clock } = await made({ password: 'right' });
    const first = await login(server, 'right');
    await server.inject({
      method: 'POST',
      url: '/api/logout',
      payload: {},
      headers: { cookie: first.cookie },
    });
    expect((await server.inject({ url: '/api/state', headers: { cookie: first.cookie } })).statusCode).toBe(
      401,
    );
    const { cookie } = await login(server, 'right');
    const look = () => server.inject({ url: '/api/state', headers: { cookie } });
    await clock.pass(6 * DAY);
    expect((await look()).statusCode).toBe(200);
    await clock.pass(6 * DAY);
    expect((await look()).statusCode).toBe(200);
    await clock.pass(7 * DAY + 1);
    expect((await look()).statusCode).toBe(401);
  });

  it('ends an event stream with the session that it was opened in, and no other', async () => {
    const { server, clock } = await made({ password: 'right' });
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const stream = async (cookie: string) => {
      const answer = await fetch(`${url}/api/events`, { headers: { cookie } });
      expect(answer.status).toBe(200);
      const reader = answer.body?.getReader();
      let ended = false;
      const read = async (): Promise<void> => {
        while (!(await reader?.read())?.done);
      };
      const end = read().catch(() => undefined);
      void end.then(() => {
        ended = true;
      });
      return { end, isOpen: () => !ended };
    };
    const [first, second] = [await login(server, 'right'), await login(server, 'right')];
    const [one, another, others] = [
      await stream(first.cookie),
      await stream(first.cookie),
      await stream(second.cookie),
    ];
    await fetch(`${url}/api/logout`, {
      method: 'POST',
      headers: { cookie: first.cookie, 'content-type': 'application/json' },
      body: '{}',
    });
    await Promise.all([one.end, another.end]);
    expect(others.isOpen()).toBe(true);
    // A session that is used meanwhile goes on for a week from then.
    await clock.pass(6 * DAY);
    expect((await fetch(`${url}/api/state`, { headers: { cookie: second.cookie } })).status).toBe(200);
    await clock.pass(6 * DAY);
    expect(others.isOpen()).toBe(true);
    await clock.pass(DAY + 1);
    await others.end;
  });

  it('ends what goes on by a password that is another one now, and asks for that', async () => {
    let password = 'right';
    const { server } = await made({ password: () => password });
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const { cookie } = await login(server, 'right');
    const answer = await fetch(`${url}/api/events`, { headers: { cookie } });
    expect(answer.status).toBe(200);
    const read = async (): Promise<void> => {
      for await (const piece of answer.body ?? []) void piece;
    };
    const end = read().catch(() => undefined);
    password = 'another';
    const since = performance.now();
    await end;
    expect(performance.now() - since).toBeLessThan(1000);
    expect((await server.inject({ url: '/api/state', headers: { cookie } })).statusCode).toBe(401);
    expect((await login(server, 'right')).answer.statusCode).toBe(403);
    expect((await login(server, 'another')).answer.statusCode).toBe(200);
  });

  it('answers its own machine alone without a password, so that a name made to point here gets nothing', async () => {
    const { server } = await made({});
    const ask = (host: string) => server.inject({ url: '/api/state', headers: { host } });
    for (const host of ['localhost:8000', '127.0.0.1:8000', '[::1]:8000'])
      expect((await ask(host)).statusCode).toBe(200);
    for (const host of ['evil.example:8000', '127.0.0.1.evil.example', '192.168.0.9:8000']) {
      const answer = await ask(host);
      expect(answer.statusCode).toBe(421);
      expect(answer.json<Problem>().detail).toContain('app.password');
    }
  });

  it('sends every answer with a policy that allows no script written into the page and nothing from elsewhere', async () => {
    const { server } = await made({});
    const answer = await server.inject({ url: '/api/session', headers: { host: 'localhost' } });
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});
