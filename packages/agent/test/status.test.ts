import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, Instant, Percent, Seconds } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { type AgentStatus, createStatusClient, createStatusServer, silentFor } from '../src/index.ts';
import { createLab, type Lab, NODE, SELLER_1, START } from './world/lab.ts';
import { lowSoon } from './world/scene.ts';

let lab: Lab | undefined;
const directories: string[] = [];
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await lab?.end();
  lab = undefined;
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'daisee-agent-'));
  directories.push(directory);
  return directory;
};

const status: AgentStatus = {
  role: 'consumer',
  account: NODE,
  pid: 4711,
  startedAt: START,
  now: Instant(START + 60_000),
  period: Seconds(8),
  sinceLook: Duration(900),
  measuredAt: Instant(START + 56_000),
  stateOfCharge: Percent(42.5),
  contacts: {
    age: Duration(950),
    feed: SELLER_1,
    states: new Map([
      [0, true],
      [2, false],
    ]),
  },
  lastSwitch: { at: START, why: 'below-limit' },
  troubles: [
    {
      area: 'relay',
      code: 'relay.unreachable',
      message: 'Away.',
      retryable: true,
      since: START,
      values: { port: 1 },
    },
  ],
};

const serve = async (file: string, agent: Partial<Parameters<typeof createStatusServer>[1]> = {}) => {
  const server = createStatusServer(file, {
    status: () => status,
    sources: () => [],
    wake: () => undefined,
    ...agent,
  });
  await server.start();
  closing.push(() => server.stop());
  return server;
};

describe('the status of an agent', () => {
  it('is the same on the other side of its socket', async () => {
    const file = join(scratch(), 'agent.sock');
    const asked: unknown[] = [];
    await serve(file, {
      sources: (from, to) => {
        asked.push([from, to]);
        return [{ at: START, origin: NODE }];
      },
      wake: () => void asked.push('wake'),
    });
    const client = createStatusClient(file);
    expect(await client.status()).toEqual(status);
    expect(await client.sources(Instant(5), Instant(7))).toEqual([{ at: START, origin: NODE }]);
    await client.wake();
    expect(asked).toEqual([[5, 7], 'wake']);
  });

  it('of a producer that has measured nothing has no more than it knows', async () => {
    const file = join(scratch(), 'agent.sock');
    const { role: _, contacts: _c, lastSwitch: _l, measuredAt: _m, stateOfCharge: _s, ...rest } = status;
    const bare: AgentStatus = { role: 'producer', ...rest, troubles: [] };
    await serve(file, { status: () => bare });
    expect(await createStatusClient(file).status()).toEqual(bare);
  });

  it('can be asked by whoever may open its folder, and by nobody else', async () => {
    const folder = join(scratch(), 'node');
    const file = join(folder, 'agent.sock');
    await serve(file);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('takes the place of what an agent left that was killed', async () => {
    const file = join(scratch(), 'agent.sock');
    writeFileSync(file, '');
    await serve(file);
    expect(await createStatusClient(file).status()).toEqual(status);
  });

  it('can be asked however long its path is', async () => {
    const file = join(scratch(), 'a'.repeat(120), 'b'.repeat(120), 'agent.sock');
    await serve(file);
    expect(await createStatusClient(file).status()).toEqual(status);
  });

  it('that cannot be had says why, and what to look at', async () => {
    const folder = scratch();
    const file = join(folder, 'agent.sock');
    const client = createStatusClient(file);
    await expect(client.status()).rejects.toMatchObject({ code: 'agent.away' });
    await expect(client.status()).rejects.toThrow(`does not answer at ${file} (nothing runs there)`);
    const server = await serve(file, { status: () => undefined });
    await expect(client.status()).rejects.toThrow('The agent is stopping.');
    await server.stop();
    await expect(client.status()).rejects.toThrow('nothing runs there');
    // Something else of this user answers there.
    const other = createServer((_, response) => response.end('{"role":"cook"}'));
    await new Promise<void>((resolve) => other.listen({ path: file }, resolve));
    closing.push(() => new Promise((resolve) => other.close(() => resolve())));
    await expect(client.status()).rejects.toThrow('what answers there is no agent of this version');
    await expect(createStatusClient(join(folder, 'none', 'agent.sock')).status()).rejects.toThrow(
      'nothing runs there',
    );
  });

  it('answers questions that it does not know with those that it does', async () => {
    const file = join(scratch(), 'agent.sock');
    await serve(file, {
      sources: () => {
        throw new RangeError('no such file');
      },
    });
    const ask = (method: string, path: string): Promise<readonly [number | undefined, string]> =>
      new Promise((resolve, reject) => {
        request({ socketPath: file, method, path }, (response) => {
          let text = '';
          response.on('data', (part: Buffer) => (text += part.toString()));
          response.on('end', () => resolve([response.statusCode, text]));
        })
          .on('error', reject)
          .end();
      });
    for (const [method, path] of [
      ['GET', '/'],
      ['POST', '/status'],
      ['GET', '/wake'],
      ['GET', '/sources'],
      ['GET', '/sources?from=&to=1'],
      ['GET', '/sources?from=1e999&to=1'],
      ['GET', '//x'],
    ] as const) {
      const [code, text] = await ask(method, path);
      expect({ method, path, code }).toEqual({ method, path, code: 404 });
      expect(text).toContain('GET /status');
    }
    expect(await ask('GET', '/sources?from=1&to=2')).toEqual([500, '{"message":"no such file"}']);
  });

  it('says that it lives by its looks, whatever it reports', () => {
    expect(silentFor({ ...status, sinceLook: Seconds(26) })).toBeUndefined();
    expect(silentFor({ ...status, sinceLook: Seconds(26.1) })).toBe(26_100);
    // A producer looks as often as it reports.
    expect(silentFor({ ...status, period: Seconds(900), sinceLook: Seconds(2600) })).toBeUndefined();
  });
});

describe('a running consumer', () => {
  it('tells what it saw, what is wrong, and which source fed it when, without anybody opening its file', async () => {
    const here = createLab({ battery: lowSoon });
    lab = here;
    const agent = here.consumer();
    expect(agent.status()).toBeUndefined();
    expect(agent.sources(START, here.clock.now())).toEqual([]);
    await agent.start();
    await here.until(() => here.source() === SELLER_1);
    await here.pass(Seconds(60));
    const told = agent.status();
    expect(told).toMatchObject({
      role: 'consumer',
      account: NODE,
      pid: process.pid,
      startedAt: START,
      now: here.clock.now(),
      period: 8000,
      contacts: { feed: SELLER_1 },
      lastSwitch: { why: 'below-limit' },
      troubles: [],
    });
    expect([...(told?.contacts?.states ?? [])]).toEqual(
      expect.arrayContaining([
        [0, true],
        [2, true],
      ]),
    );
    expect(told?.sinceLook).toBeLessThanOrEqual(8000);
    expect(told?.stateOfCharge).toBeLessThan(20);
    const sources = agent.sources(START, here.clock.now());
    expect(sources.map(({ origin }) => origin)).toEqual([NODE, SELLER_1]);
    const since = sources[1]?.at ?? START;
    expect(told?.lastSwitch?.at).toBe(since);
    expect(agent.sources(Instant(since + 1), here.clock.now())).toEqual(sources.slice(1));

    here.moods.relay = 'unreachable';
    const reading = here.clock.now();
    await here.pass(Seconds(20));
    const away = agent.status();
    expect(away?.contacts?.age).toBeGreaterThan(here.clock.now() - reading - 1);
    expect(away?.troubles).toMatchObject([
      { area: 'relay', code: 'relay.unreachable', since: expect.any(Number) },
    ]);
    here.moods.relay = 'works';
    await here.pass(Seconds(20));
    expect(agent.status()).toMatchObject({ troubles: [] });
    await agent.stop(here.stopped);
    expect(agent.status()).toBeUndefined();
  });

  it('is woken also while it looks: what it has read by then may have changed', async () => {
    const here = createLab({ battery: { ...lowSoon, charge: 90 } });
    lab = here;
    let looks = 0;
    const agent = here.consumer({
      wishes: () => {
        looks += 1;
        if (looks === 1) agent.wake();
        return {};
      },
    });
    await agent.start();
    await here.pass(Duration(100));
    expect(looks).toBe(2);
    await agent.stop(here.stopped);
  });
});
