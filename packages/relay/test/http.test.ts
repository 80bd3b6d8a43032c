import { request } from 'node:http';
import { systemClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import {
  createBoard,
  createRelayClient,
  createRelayHttpServer,
  createRelayServer,
  createSimulatedDriver,
  ListenFailed,
  TokenNeeded,
} from '../src/index.ts';
import { type HttpLab, startHttpLab, token, until } from './support/http.ts';

const API = '/api/v1';
const quiet = { 0: false, 1: false, 2: false, 3: false, 4: false };
const toEast = { reason: 'test', load: 'home', seller: 'east' };

/** What an event stream has sent so far. */
const listen = async (lab: HttpLab, headers: Record<string, string> = {}) => {
  const abort = new AbortController();
  const response = await fetch(`${lab.server.url}${API}/events`, { headers, signal: abort.signal });
  let text = '';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  })().catch(() => undefined); // ended by the test
  const events = () =>
    [...text.matchAll(/id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n/g)].map(([, id, name, data = '']) => ({
      id: Number(id),
      name,
      data: JSON.parse(data) as Record<string, unknown>,
    }));
  return {
    events,
    end: async () => {
      abort.abort();
      await reading;
    },
  };
};

describe('the HTTP of the relay', () => {
  it('tells channels, loads, what feeds them and since when, and counts operations', async () => {
    await using lab = await startHttpLab();
    const before = await lab.get(`${API}/state`);
    expect(before).toMatchObject({
      status: 200,
      json: {
        channels: quiet,
        atRest: true,
        loads: [
          { name: 'home', channels: [0, 1, 2], source: 'own', leaseUntil: null, reason: 'start' },
          { name: 'shed', channels: [3], source: null },
        ],
        others: [{ name: 'Channel 4', channels: [4] }],
        operations: [0, 0, 0, 0, 0],
        fault: null,
        faults: 0,
      },
    });
    const started = Date.now();
    const after = await lab.post(`${API}/switch`, { ...toEast, reason: 'sun is up' });
    const [home] = after.json['loads'] as Record<string, unknown>[];
    expect(after.status).toBe(200);
    expect(home).toMatchObject({ source: 'east', reason: 'sun is up', by: '127.0.0.1' });
    expect(Number(home?.['since'])).toBeGreaterThanOrEqual(started);
    expect(Number(home?.['leaseUntil']) - Number(home?.['since'])).toBeGreaterThanOrEqual(60_000);
    expect(after.json).toMatchObject({ atRest: false, operations: [1, 1, 0, 0, 0] });
  });

  it('switches by channels, by load and seller, and back to the own source', async () => {
    await using lab = await startHttpLab();
    const channels = async (body: unknown) => (await lab.post(`${API}/switch`, body)).json['channels'];
    expect(await channels({ reason: 'a', channels: { 0: true, 2: true } })).toEqual({
      ...quiet,
      0: true,
      2: true,
    });
    expect(await channels(toEast)).toEqual({ ...quiet, 0: true, 1: true });
    expect(await channels({ reason: 'b', load: 'home', seller: null })).toEqual(quiet);
  });

  it('answers a switch without a body to who prefers none, and a refusal with its reason', async () => {
    await using lab = await startHttpLab();
    const order = (prefer: string, body: object) =>
      fetch(`${lab.server.url}${API}/switch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer },
        body: JSON.stringify(body),
      });
    for (const prefer of ['return=minimal', 'respond-async, return="minimal"; x=1']) {
      const answer = await order(prefer, toEast);
      expect(answer.status, prefer).toBe(204);
      expect(answer.headers.get('preference-applied')).toBe('return=minimal');
      expect(await answer.text()).toBe('');
    }
    expect(lab.board.report().loads[0]?.source?.name).toBe('east');
    for (const prefer of ['return=representation', 'x-return=minimal', 'return=minimalist'])
      expect((await order(prefer, toEast)).status, prefer).toBe(200);
    const refused = await order('return=minimal', { ...toEast, seller: 'nobody' });
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      404,
      'relay.unknown-seller',
    ]);
  });

  it('changes nothing when it refuses, and says why', async () => {
    await using lab = await startHttpLab();
    const refusals: [unknown, number, string][] = [
      [{ reason: 'a', channels: { 1: true } }, 409, 'relay.two-sources'],
      [{ reason: 'a', channels: { 4: true, 9: true } }, 404, 'relay.unknown-channel'],
      [{ reason: 'a', load: 'attic', seller: null }, 404, 'relay.unknown-load'],
      [{ reason: 'a', load: 'home', seller: 'north' }, 404, 'relay.unknown-seller'],
      [{ channels: { 4: true } }, 400, 'relay.bad-request'],
      [{ reason: ' ', channels: { 4: true } }, 400, 'relay.bad-request'],
      [{ reason: 'a', channels: { 4: 'on' } }, 400, 'relay.bad-request'],
      [{ reason: 'a', channels: { '-1': true } }, 400, 'relay.bad-request'],
      [{ reason: 'a', channels: { 4: true }, lease: 0 }, 400, 'relay.bad-request'],
      ['{', 400, 'relay.bad-request'],
    ];
    for (const [body, status, code] of refusals) {
      const reply = await lab.post(`${API}/switch`, body);
      expect([body, reply.type, reply.json]).toEqual([
        body,
        'application/problem+json; charset=utf-8',
        expect.objectContaining({ status, code, instance: `${API}/switch` }),
      ]);
    }
    expect((await lab.get(`${API}/state`)).json['channels']).toEqual(quiet);
    expect((await lab.get('/nothing')).json).toMatchObject({ status: 404, code: 'relay.not-found' });
  });

  it('takes no order that a page elsewhere could send without asking', async () => {
    await using lab = await startHttpLab();
    const response = await fetch(`${lab.server.url}${API}/rest`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify({ reason: 'a' }),
    });
    expect(response.status).toBe(415);
    const status = await new Promise((resolve, reject) => {
      const { port } = new URL(lab.server.url);
      const asked = request(
        { host: '127.0.0.1', port, path: `${API}/state`, headers: { host: 'evil.example' } },
        (reply) => {
          reply.resume();
          resolve(reply.statusCode);
        },
      );
      asked.on('error', reject);
      asked.end();
    });
    expect(status).toBe(421);
  });

  it('lets a load go to rest when its lease is not renewed, whoever reads meanwhile', async () => {
    await using lab = await startHttpLab();
    await lab.post(`${API}/switch`, { ...toEast, lease: 300 });
    await until(async () => (await lab.get(`${API}/state`)).json['atRest'] === true);
    expect(lab.logbook.entries(1)).toMatchObject([{ type: 'rested', reason: 'lease' }]);
    expect((await lab.post(`${API}/lease`, { load: 'home' })).json).toEqual({ leases: [] });
    await lab.post(`${API}/switch`, toEast);
    const { leases } = (await lab.post(`${API}/lease`, { load: 'home' })).json as { leases: unknown[] };
    expect(leases).toMatchObject([{ load: 'home' }]);
  });

  it('keeps a lease of its own, whoever reads on the v0.2 port', async () => {
    await using lab = await startHttpLab();
    const v02 = createRelayServer({ board: lab.board, clock: systemClock, port: 0 });
    await v02.start();
    const client = createRelayClient(v02.address);
    await lab.post(`${API}/switch`, { ...toEast, lease: 400 });
    await until(async () => (await client.read([0])).get(0) === false);
    expect(lab.logbook.entries(1)).toMatchObject([{ reason: 'lease' }]);
    await v02.stop();
  });

  it('goes to rest when asked, a load or the whole board', async () => {
    await using lab = await startHttpLab();
    await lab.post(`${API}/switch`, toEast);
    await lab.post(`${API}/switch`, { reason: 'b', load: 'shed', seller: 'east' });
    expect((await lab.post(`${API}/rest`, { reason: 'enough', load: 'home' })).json['channels']).toEqual({
      ...quiet,
      3: true,
    });
    expect((await lab.post(`${API}/rest`, { reason: 'good night' })).json['channels']).toEqual(quiet);
    expect(lab.logbook.entries(2)).toMatchObject([
      { reason: 'enough', by: '127.0.0.1' },
      { reason: 'good night' },
    ]);
  });

  it('makes a fault visible in state, health, metrics, history and events until rest is confirmed', async () => {
    await using lab = await startHttpLab();
    const stream = await listen(lab);
    lab.driver.stuck.add(1);
    const reply = await lab.post(`${API}/switch`, toEast);
    expect(reply.json).toMatchObject({ status: 503, code: 'relay.read-back-differs' });
    const { json } = await lab.get(`${API}/state`);
    expect(json).toMatchObject({
      atRest: true,
      faults: 1,
      fault: { code: 'relay.read-back-differs', over: true },
    });
    expect((await lab.get(`${API}/health`)).status).toBe(200);
    lab.driver.stuck.clear();
    await lab.post(`${API}/switch`, toEast);
    lab.driver.stuck.add(1);
    expect((await lab.post(`${API}/rest`, { reason: 'a' })).status).toBe(503);
    expect((await lab.get(`${API}/metrics`)).status).toBe(404);
    await until(() => stream.events().some(({ name }) => name === 'restFailed'));
    await stream.end();
    expect(stream.events().map(({ name }) => name)).toEqual(['fault', 'rested', 'switched', 'restFailed']);
    expect((await lab.get(`${API}/history?limit=3`)).json['entries']).toMatchObject([
      { type: 'rested', reason: 'fault' },
      { type: 'switched' },
      { type: 'restFailed', code: 'relay.read-back-differs' },
    ]);
    const health = await lab.get(`${API}/health`);
    expect([health.status, health.json['status']]).toEqual([503, 'fault']);
    expect((await lab.get('/metrics')).text).toMatch(/daisee_relay_fault 1/);
  });

  it('streams events, and resumes after the last one seen', async () => {
    await using lab = await startHttpLab();
    const stream = await listen(lab);
    await lab.post(`${API}/switch`, toEast);
    await until(() => stream.events().length === 1);
    await stream.end();
    const [first] = stream.events();
    await lab.post(`${API}/rest`, { reason: 'meanwhile' });
    const resumed = await listen(lab, { 'last-event-id': String(first?.id) });
    await lab.post(`${API}/switch`, { ...toEast, seller: 'west' });
    await until(() => resumed.events().length === 2);
    await resumed.end();
    expect(resumed.events().map(({ data }) => data['reason'])).toEqual(['meanwhile', 'test']);
  });

  it('shows what Prometheus needs', async () => {
    await using lab = await startHttpLab();
    await lab.post(`${API}/switch`, toEast);
    const { text, type } = await lab.get('/metrics');
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    for (const line of [
      'daisee_relay_operations_total{channel="0"} 1',
      'daisee_relay_operations_total{channel="2"} 0',
      'daisee_relay_channel_on{channel="1"} 1',
      'daisee_relay_source{load="home",source="east"} 1',
      'daisee_relay_faults_total 0',
      'daisee_relay_fault 0',
      'daisee_relay_at_rest 0',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('describes every operation in OpenAPI 3.1, browsable, with all its shapes', async () => {
    await using lab = await startHttpLab();
    const { json } = await lab.get(`${API}/openapi.json`);
    expect(json['openapi']).toBe('3.1.0');
    expect(Object.keys(json['paths'] as object)).toEqual(
      ['health', 'state', 'switch', 'lease', 'rest', 'history', 'events'].map((name) => `${API}/${name}`),
    );
    const docs = await lab.get(`${API}/docs/`);
    expect([docs.status, docs.type]).toEqual([200, 'text/html; charset=utf-8']);
  });
});

describe('who may ask over HTTP', () => {
  const tokens = [
    token('page', 'a-secret-that-reads', 'read'),
    token('agent', 'a-secret-that-switches', 'read', 'switch'),
  ];

  it('is whoever has a token with the scope, and health is for everybody', async () => {
    await using lab = await startHttpLab({ server: { tokens } });
    expect((await lab.get(`${API}/health`)).status).toBe(200);
    const paths = ['/metrics', `${API}/state`, `${API}/history`];
    for (const path of paths) {
      expect([path, (await lab.get(path)).json['code']]).toEqual([path, 'relay.no-token']);
      expect((await lab.get(path, 'a-secret-that-readz')).json['code']).toBe('relay.bad-token');
      expect((await lab.get(path, 'a-secret-that-reads')).status).toBe(200);
    }
    expect((await lab.post(`${API}/switch`, toEast)).status).toBe(401);
    expect((await lab.post(`${API}/switch`, toEast, 'a-secret-that-reads')).json).toMatchObject({
      status: 403,
      code: 'relay.scope',
    });
    expect((await lab.post(`${API}/switch`, toEast, 'a-secret-that-switches')).status).toBe(200);
    expect(lab.logbook.entries(1)).toMatchObject([{ by: 'agent (127.0.0.1)' }]);
  });

  it('is only this machine while there is no token', async () => {
    const board = createBoard({ driver: createSimulatedDriver(), clock: systemClock });
    const server = createRelayHttpServer({ board, clock: systemClock, host: '0.0.0.0', port: 0 });
    await expect(server.start()).rejects.toThrow(TokenNeeded);
    await server.stop();
  });

  it('names a port in use, and can be started again', async () => {
    await using lab = await startHttpLab();
    const { port } = new URL(lab.server.url);
    const second = createRelayHttpServer({ board: lab.board, clock: systemClock, port: Number(port) });
    await expect(second.start()).rejects.toThrow(ListenFailed);
    await lab.server.stop();
    await lab.server.start();
    expect((await lab.get(`${API}/health`)).status).toBe(200);
  });
});
