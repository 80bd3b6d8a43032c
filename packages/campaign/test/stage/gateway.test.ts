import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Truth } from '@daisee/sim';
import { Duration, Instant, Percent, pacedClock, Seconds, systemClock, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createChance } from '../../src/chance.ts';
import { type OwnedGateway, startGateway } from '../../src/stage/gateway.ts';

const clock = pacedClock({ real: systemClock.now(), instant: Instant(Date.UTC(2026, 5, 21, 9)), speed: 200 });
const truth = { stateOfCharge1: Percent(50) } as Truth;
let server: Server;
let gateway: OwnedGateway;
/** The instants of each request. */
let posts: number[][];
let status: number;
const generous = { timeout: 20_000 };

beforeEach(async () => {
  posts = [];
  status = 200;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      posts.push((JSON.parse(body) as { at: number }[]).map(({ at }) => at));
      response.writeHead(status);
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  gateway = startGateway({
    clock,
    chance: createChance(1, 'gateway'),
    period: Seconds(8),
    read: (at) => ({ sample: { at, power: Watts(20) }, truth: { ...truth, at } }),
    url: `http://127.0.0.1:${port}/`,
    login: 'lab',
    password: 'word',
  });
});
afterEach(async () => {
  await gateway.close();
  server.closeAllConnections();
  server.close();
});

const arrived = () => posts.flat();
const witnessed = () => gateway.witnessed.map(({ sample }) => sample.at as number);

describe('the gateway of a meter', () => {
  it('pushes every sample once, in order', async () => {
    await vi.waitFor(() => expect(arrived().length).toBeGreaterThan(5), generous);
    expect(arrived()).toEqual(witnessed().slice(0, arrived().length));
  });

  it('sends again what was not acknowledged', async () => {
    status = 500;
    await vi.waitFor(() => expect(posts.length).toBeGreaterThan(3), generous);
    status = 200;
    const waited = gateway.waiting;
    expect(waited).toBeGreaterThan(0);
    expect(await gateway.drained(AbortSignal.timeout(20_000))).toBe(true);
    expect(new Set(arrived())).toEqual(new Set(witnessed().slice(0, new Set(arrived()).size)));
  });

  it('writes down when each sample was sent first, and when it was acknowledged', async () => {
    status = 500;
    await vi.waitFor(() => expect(posts.length).toBeGreaterThan(3), generous);
    const [first = 0] = witnessed();
    const before = gateway.delivery(Instant(first));
    expect(before?.sent).toBeGreaterThanOrEqual(first);
    expect(before?.acknowledged).toBeUndefined();
    status = 200;
    expect(await gateway.drained(AbortSignal.timeout(20_000))).toBe(true);
    const after = gateway.delivery(Instant(first));
    expect(after?.sent).toBe(before?.sent);
    expect(after?.acknowledged).toBeGreaterThan(after?.sent ?? 0);
    expect(gateway.delivery(Instant(1))).toBeUndefined();
  });

  it('sends everything twice, or in another order, while it is asked to', async () => {
    const end = gateway.twice();
    await vi.waitFor(() => expect(posts.length).toBeGreaterThan(4), generous);
    expect(arrived().length).toBeGreaterThan(new Set(arrived()).size);
    end();
    const before = arrived().length;
    gateway.shuffled();
    await vi.waitFor(() => expect(arrived().length).toBeGreaterThan(before + 20), generous);
    const order = arrived().slice(before);
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
  });

  it('takes nothing while samples are dropped, and sends late what it took', async () => {
    const begin = clock.now();
    gateway.drop(Seconds(100));
    const from = witnessed().length;
    gateway.late(Seconds(200));
    await vi.waitFor(() => expect(gateway.waiting).toBeGreaterThan(3), generous);
    expect(witnessed().length - from).toBeLessThan(20);
    await vi.waitFor(() => expect(gateway.waiting).toBeLessThan(2), generous);
    const gaps = witnessed().map((at, index) => at - (witnessed()[index - 1] ?? begin));
    expect(Math.max(...gaps)).toBeGreaterThan(Duration(60_000));
  });
});
