/** The client against this monitor and against one that speaks v0.2 only. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duration, Instant, Percent, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMonitorClient,
  MonitorAnswer,
  MonitorRefused,
  MonitorUnreachable,
  NoSuchSensor,
} from '../src/index.ts';
import { LOGIN, NOW, PASSWORD, serve } from './served.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const T = 1_795_305_568_000;
const clientOf = (url: string, other: { sensorId?: number; password?: string; timeout?: Duration } = {}) =>
  createMonitorClient({ url, login: LOGIN, password: PASSWORD, sensorId: 1, ...other });

interface Asked {
  readonly line: string;
  readonly type: string | undefined;
  readonly body: string;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

/** A server with the answers of a v0.2 monitor (rows with whole seconds, T0 and T1 rounded), for what it is asked. */
const v02Monitor = async (
  answers: {
    rows?: readonly (readonly [seconds: number, watts: number])[];
    byId?: boolean;
    text?: string;
    status?: number;
  } = {},
  port = 0,
) => {
  const asked: Asked[] = [];
  const { rows = [], byId = true } = answers;
  const row = ([timestamp, value]: readonly [number, number], i: number) => ({
    id: i + 1,
    sensor_id: 1,
    value,
    timestamp,
    night_rate: 1,
  });
  const reply = (line: string, body: string): { status: number; data?: unknown } => {
    if (!line.startsWith('POST ')) return { status: line.startsWith('GET /api/v1') ? 404 : 303 };
    if (body !== `login=${LOGIN}&password=${encodeURIComponent(PASSWORD)}`) return { status: 403 };
    if (line === 'POST /api/time') return { status: 200, data: 1_795_329_388.352_18 };
    if (line === 'POST /api/1/get/watts/by_id/-1' && byId)
      return { status: 200, data: rows.map(row).at(-1) ?? null };
    const window = /by_time\/([\d.]+)\/([\d.]+)$/.exec(line);
    if (!window) return { status: 404 };
    const [from = 0, to = 0] = window.slice(1).map((text) => Math.round(Number(text)));
    const found = rows.map(row).filter(({ timestamp }) => timestamp >= from && timestamp < to);
    return { status: 200, data: found.length === 0 ? null : found };
  };
  const server: Server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const line = `${request.method} ${request.url}`;
      asked.push({ line, type: request.headers['content-type'], body });
      const { status, data } = reply(line, body);
      response.statusCode = answers.status ?? status;
      if (response.statusCode === 303) response.setHeader('Location', '/login');
      response.end(
        answers.text ?? (status === 200 ? JSON.stringify({ data, rate: null }) : '<html>Error</html>'),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  ends.push(stop);
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, asked, stop };
};

describe('a client of this monitor', () => {
  it('reads time, samples with state of charge, and the latest', async () => {
    const served = await serve();
    ends.push(() => served.end());
    const client = clientOf(`${served.url}/`);
    expect(await client.time()).toBe(NOW);
    expect(await client.latest()).toBeUndefined();
    const first = { at: Instant(T), power: Watts(194), stateOfCharge: Percent(87.5), voltage: 3.98 };
    const second = { at: Instant(T + 250), power: Watts(-0.5) };
    served.store.append(1, [first, second]);
    expect(await client.samples(Instant(T), Instant(T + 251))).toEqual([first, second]);
    expect(await client.samples(Instant(T), Instant(T + 250))).toEqual([first]);
    expect(await client.samples(Instant(T + 0.5), Instant(T + 250.5))).toEqual([second]);
    expect(await client.samples(Instant(T), Instant(T))).toEqual([]);
    expect(await client.latest()).toEqual(second);
  });

  it('reads windows of many pages whole', async () => {
    const served = await serve();
    ends.push(() => served.end());
    const samples = Array.from({ length: 20_001 }, (_, i) => ({ at: Instant(T + i), power: Watts(i) }));
    served.store.append(1, samples);
    expect(await clientOf(served.url).samples(Instant(T), Instant(T + 1e6))).toEqual(samples);
  });

  it('says which settings to check when the login is refused, and for which sensor', async () => {
    const served = await serve();
    ends.push(() => served.end());
    const refused = clientOf(served.url, { password: 'other' }).latest();
    await expect(refused).rejects.toThrow(MonitorRefused);
    await expect(refused).rejects.toMatchObject({
      retryable: false,
      message: expect.stringMatching(/login "user" for sensor 1 .*node\.login and node\.password/) as string,
    });
  });

  it('says which sensors there are when its own is not', async () => {
    const served = await serve();
    ends.push(() => served.end());
    const asked = clientOf(served.url, { sensorId: 4 }).latest();
    await expect(asked).rejects.toThrow(NoSuchSensor);
    await expect(asked).rejects.toThrow(
      /sensor 4: set node\.sensorId. It says: There is no sensor 4 here; there is 1 \(CitizenWatt\)/,
    );
  });
});

describe("a client of v0.2's monitor", () => {
  it("asks exactly as v0.2's client does, after one question whether there is more", async () => {
    const monitor = await v02Monitor({ rows: [[T / 1000, 194]] });
    const client = clientOf(monitor.url);
    expect(await client.time()).toBe(1_795_329_388_352.18);
    expect(await client.samples(Instant(T), Instant(T + 16_000))).toEqual([{ at: T, power: 194 }]);
    expect(await client.latest()).toEqual({ at: T, power: 194 });
    const [question, ...asked] = monitor.asked;
    expect(question?.line).toBe('GET /api/v1/health');
    expect(asked.map(({ line }) => line)).toEqual([
      'POST /api/time',
      `POST /api/1/get/watts/by_time/${T / 1000}/${T / 1000 + 16}`,
      'POST /api/1/get/watts/by_id/-1',
    ]);
    for (const { type, body } of asked)
      expect({ type, body }).toEqual({
        type: 'application/json',
        body: `login=${LOGIN}&password=${encodeURIComponent(PASSWORD)}`,
      });
  });

  it('loses no sample between two polls at sub-second instants, though that monitor rounds what it is asked', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => [T / 1000 + i * 0.7, i] as const);
    const client = clientOf((await v02Monitor({ rows })).url);
    const seen: number[] = [];
    for (let from = T; from < T + 140_000; from += 16_250)
      for (const { power } of await client.samples(Instant(from), Instant(from + 16_250))) seen.push(power);
    expect(seen).toEqual(rows.map(([, watts]) => watts));
  });

  it('finds the latest sample without by_id, and none when there is none', async () => {
    const newest = [1_795_329_388 - 1800, 7] as const;
    const { url } = await v02Monitor({ rows: [[T / 1000, 1], newest], byId: false });
    expect(await clientOf(url).latest()).toEqual({ at: newest[0] * 1000, power: 7 });
    expect(await clientOf((await v02Monitor({ byId: false })).url).latest()).toBeUndefined();
    expect(await clientOf((await v02Monitor()).url).latest()).toBeUndefined();
  });

  it('has no data without an error (v0.2: crashed)', async () => {
    expect(await clientOf((await v02Monitor()).url).samples(Instant(T), Instant(T + 1000))).toEqual([]);
  });

  it('is told a bad login (v0.2: crashed)', async () => {
    const { url } = await v02Monitor();
    await expect(clientOf(url, { password: 'other' }).latest()).rejects.toThrow(MonitorRefused);
  });
});

describe('a client of something else', () => {
  it.each([
    ['a page', { text: '<html>It works!</html>', status: 200 }],
    ['JSON of another kind', { text: '{"data": [{"watts": 1}]}', status: 200 }],
    ['a time for rows', { text: '{"data": 12}', status: 200 }],
    ['a page that is not there', { text: 'Not found', status: 404 }],
  ])('says that %s is no answer of a monitor', async (_what, answers) => {
    const asked = clientOf((await v02Monitor(answers)).url).samples(Instant(T), Instant(T + 1000));
    await expect(asked).rejects.toThrow(MonitorAnswer);
    await expect(asked).rejects.toThrow(/node\.url/);
  });

  it('counts a monitor that fails as unreachable, to be tried again', async () => {
    const asked = clientOf((await v02Monitor({ status: 500 })).url).time();
    await expect(asked).rejects.toThrow(MonitorUnreachable);
    await expect(asked).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('HTTP 500') as string,
    });
  });

  it('says that nothing answers, or not in time', async () => {
    const { url, stop } = await v02Monitor();
    await stop();
    await expect(clientOf(url).time()).rejects.toMatchObject({
      code: 'monitor.unreachable',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    ends.push(
      () =>
        new Promise((resolve) => {
          silent.close(() => resolve());
          silent.closeAllConnections();
        }),
    );
    const { port } = silent.address() as AddressInfo;
    await expect(clientOf(`http://127.0.0.1:${port}`, { timeout: Duration(50) }).time()).rejects.toThrow(
      /no answer within 0.05 s/,
    );
  });

  it('asks again which monitor it is after it was away', async () => {
    const old = await v02Monitor({ rows: [[T / 1000, 194]] });
    const client = clientOf(old.url);
    expect(await client.latest()).toEqual({ at: T, power: 194 });
    await old.stop();
    await expect(client.latest()).rejects.toThrow(MonitorUnreachable);
    const served = await serve({ port: old.port });
    ends.push(() => served.end());
    served.store.append(1, [{ at: Instant(T), power: Watts(194), stateOfCharge: Percent(50) }]);
    expect(await client.latest()).toEqual({ at: T, power: 194, stateOfCharge: 50 });
  });
});
