/** Marks, standings and corrections over HTTP, and the client's side of them. */
import { Duration, Instant, Percent, Seconds, VirtualClock, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createMonitorClient } from '../src/index.ts';
import { bearer, type Kept, serveKept } from './kept.ts';
import { LOGIN, NOW, PASSWORD } from './served.ts';

let kept: Kept;
afterEach(() => kept.end());

const send = async (samples: readonly { at: number; power: number }[], query = '') =>
  await kept.ask(`POST /sensors/1/samples${query}`, samples);

describe('samples that say something else of an instant', () => {
  const first = [
    { at: NOW, power: 100 },
    { at: NOW + 8000, power: 9000 },
    { at: NOW + 16_000, power: 100 },
  ];

  it('are named conflicting, and the first one stays', async () => {
    kept = await serveKept();
    expect((await send(first)).body).toEqual({ stored: 3, repeated: 0 });
    expect((await send(first)).body).toEqual({ stored: 0, repeated: 3 });
    expect((await send(first.map((one) => ({ ...one, power: Math.min(one.power, 900) })))).body).toEqual({
      stored: 0,
      repeated: 3,
      conflicting: 1,
    });
    expect((await kept.ask('GET /sensors/1/latest')).body).toMatchObject({
      sample: { register: '20.222222' },
    });
  });

  it('take its place when they are told to, in JSON, in lines and in CSV, and registers follow', async () => {
    kept = await serveKept();
    await send(first);
    const register = async () =>
      ((await kept.ask('GET /sensors/1/latest')).body as { sample: { register: string } }).sample.register;
    const corrected = [{ at: NOW + 8000, power: 900 }];
    expect((await send(corrected, '?replace=true')).body).toEqual({ stored: 0, repeated: 0, replaced: 1 });
    expect(await register()).toBe('2.222222');
    const lines = `{"at": ${NOW + 8000}, "power": 1000}`;
    const type = { 'Content-Type': 'application/x-ndjson' };
    expect((await kept.ask('POST /sensors/1/samples?replace=true', lines, type)).body).toMatchObject({
      replaced: 1,
    });
    const csv = await kept.ask(
      'POST /sensors/1/samples.csv?replace=true',
      `at,power\n${new Date(NOW + 8000).toISOString()},1900\n${NOW + 24_000},0`,
      { 'Content-Type': 'text/csv' },
    );
    expect(JSON.parse(csv.text)).toEqual({ lines: 3, stored: 1, repeated: 0, replaced: 1, done: true });
    expect((await send([{ at: NOW, power: 1 }], '?replace=yes')).status).toBe(400);
  });

  it('of a long list are all counted', async () => {
    kept = await serveKept();
    const long = Array.from({ length: 5000 }, (_, i) => ({ at: NOW - 5e7 + i * 8000, power: i % 7 }));
    await send(long);
    const others = long.map((one, i) => (i % 10 === 0 ? { ...one, power: 1000 } : one));
    expect((await send(others)).body).toEqual({ stored: 0, repeated: 5000, conflicting: 500 });
    expect((await send(others, '?replace=true')).body).toEqual({ stored: 0, repeated: 4500, replaced: 500 });
  });
});

describe('for those who keep books on a register', () => {
  const setUp = async () => {
    const clock = new VirtualClock({ start: NOW });
    kept = await serveKept({ clock });
    const client = createMonitorClient({
      url: kept.url,
      login: LOGIN,
      password: PASSWORD,
      sensorId: 1,
    });
    const pass = (seconds: number) => clock.task(() => clock.sleep(Seconds(seconds)));
    return { clock, client, pass };
  };

  it('a mark is where the power is a step, and standing tells the register at it', async () => {
    const { client, pass } = await setUp();
    expect(await client.standing({ after: 0 })).toMatchObject({
      now: NOW,
      store: expect.stringMatching(/^[0-9a-f]{32}$/),
      revision: 0,
      id: 0,
      end: undefined,
      newest: undefined,
      age: undefined,
      gaps: [],
      marks: [],
    });
    await send([{ at: NOW, power: 3000 }]);
    await pass(5);
    const mark = await client.mark({ key: 'to the seller', ago: Seconds(2), note: '{"to": "0x1"}' });
    expect(mark).toEqual({ id: 1, key: 'to the seller', at: NOW + 3000, note: '{"to": "0x1"}' });
    await pass(3);
    await send([{ at: NOW + 8000, power: 2000 }]);
    await pass(1);
    const standing = await client.standing({ after: 0, firstMark: 1 });
    expect(standing).toMatchObject({
      now: NOW + 9000,
      revision: 0,
      end: { at: NOW + 8000, register: 5_277_777n },
      newest: { at: NOW + 8000, power: 2000 },
      age: 1000,
      marks: [{ ...mark, register: 2_500_000n }],
    });
    expect(standing?.charge).toBeUndefined();
    // Sent again since its answer was lost, whenever that is.
    await pass(500);
    expect(await client.mark({ key: 'to the seller', ago: Seconds(502) })).toEqual(mark);
    expect(await client.marks(NOW, Instant(NOW + 9000))).toEqual([mark]);
    expect(await client.marks(NOW, Instant(NOW + 3000))).toEqual([]);
    expect(await client.standing({ after: standing?.id ?? 0 })).toMatchObject({
      marks: [],
      gaps: [],
    });
  });

  it('a mark may be named by its instant, and needs exactly one of the two', async () => {
    await setUp();
    expect((await kept.ask('POST /sensors/1/marks', { key: 'a', at: '2026-11-22T12:00:00Z' })).body).toEqual({
      id: 1,
      key: 'a',
      at: Date.UTC(2026, 10, 22, 12),
    });
    for (const bad of [
      { key: 'b' },
      { key: 'b', at: NOW, ago: 3 },
      { key: 'b', ago: -1 },
      { key: '', ago: 0 },
      { key: 'nul\u0000', ago: 0 },
      { key: 'b', ago: 0, note: 'x'.repeat(4001) },
    ])
      expect((await kept.ask('POST /sensors/1/marks', bad)).status).toBe(400);
    expect((await kept.ask('POST /sensors/7/marks', { key: 'b', ago: 0 })).body).toMatchObject({
      code: 'monitor.unknown-sensor',
    });
    const { body } = await kept.ask('POST /tokens', { name: 'reader', scopes: ['read'] });
    const reader = bearer((body as { token: string }).token);
    expect((await kept.ask('GET /sensors/1/standing', undefined, reader)).status).toBe(200);
    expect((await kept.ask('POST /sensors/1/marks', { key: 'b', ago: 0 }, reader)).status).toBe(403);
  });

  it('ages and marks are by the clock that stamps the samples, whatever this machine shows', async () => {
    const { clock, client, pass } = await setUp();
    await send([{ at: NOW, power: 1000 }]);
    clock.step(Seconds(3600));
    await pass(4);
    expect(await client.standing({ after: 0 })).toMatchObject({ now: NOW + 4000, age: 4000 });
    expect(await client.mark({ key: 'in the wrong hour', ago: Duration(0) })).toMatchObject({
      at: NOW + 4000,
    });
    clock.step(Seconds(-7200));
    await pass(4);
    await send([{ at: NOW + 8000, power: 1000 }]);
    expect(await client.standing({ after: 0 })).toMatchObject({ now: NOW + 8000, age: 0 });
  });

  it('the newest sample is none that a wrong clock has stamped later', async () => {
    const clock = new VirtualClock({ start: NOW });
    const charged = (at: number, stateOfCharge: number) =>
      ({ at: Instant(at), power: Watts(stateOfCharge), stateOfCharge: Percent(stateOfCharge) }) as const;
    kept = await serveKept({
      clock,
      before: (store) =>
        void store.append(1, [
          charged(NOW - 16_000, 48),
          charged(NOW - 8000, 49),
          charged(NOW + 3_600_000, 50),
        ]),
    });
    const client = createMonitorClient({ url: kept.url, login: LOGIN, password: PASSWORD, sensorId: 1 });
    expect(await client.standing({ after: 0 })).toMatchObject({
      now: NOW,
      end: { at: NOW + 3_600_000 },
      newest: { at: NOW - 8000, power: 49 },
      age: 8000,
      interval: 8000,
      charge: { age: 8000, value: 49, interval: 8000 },
    });
  });
});
