/** `/api/v1`: sensors, samples, latest, health and the live stream. */
import { get, type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Meter, Sample } from '@daisee/meter';
import { Instant, Percent, VirtualClock, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BASIC, NOW, type Served, send, serve } from './served.ts';

const T = 1_795_305_568_000;
const SAMPLES: readonly Sample[] = [
  { at: Instant(T), power: Watts(450), stateOfCharge: Percent(87.5), voltage: 3.98 },
  { at: Instant(T + 8250), power: Watts(450) },
  { at: Instant(T + 16_000), power: Watts(-1.5) },
];

/** A meter that gives what the test pushes. */
const pushed = () => {
  const queue: Sample[] = [];
  let wake: () => void = () => undefined;
  const meter: Meter = {
    name: 'pushed',
    sign: 'load',
    samples: async function* (signal) {
      signal.addEventListener('abort', () => wake());
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
  return {
    meter,
    push: (sample: Sample) => {
      queue.push(sample);
      wake();
    },
  };
};

describe('/api/v1', () => {
  let served: Served;
  let push: (sample: Sample) => void;
  beforeEach(async () => {
    const source = pushed();
    push = source.push;
    served = await serve({
      clock: new VirtualClock({ start: NOW }),
      meters: [{ sensorId: 1, meter: source.meter }],
      before: (store) => store.append(1, SAMPLES),
    });
  });
  afterEach(() => served.end());

  const ask = async (path: string): Promise<{ status: number; body: unknown }> => {
    const { status, text } = await send(`${served.url}/api/v1/${path}`, { headers: BASIC });
    return { status, body: JSON.parse(text) };
  };
  const first = { id: 1, at: T, power: 450, stateOfCharge: 87.5, voltage: 3.98, register: '0.000000' };
  const second = { id: 2, at: T + 8250, power: 450, register: '1.031250' };
  const third = { id: 3, at: T + 16_000, power: -1.5, register: '1.514015' };

  it('says how it is and what its clock shows', async () => {
    expect(await ask('health')).toEqual({
      status: 200,
      body: { status: 'ok', api: 'v1', now: NOW, sensors: 1, waiting: 0 },
    });
  });

  it('lists the sensors with the meaning of their sign', async () => {
    expect(await ask('sensors')).toEqual({
      status: 200,
      body: { sensors: [{ id: 1, name: 'CitizenWatt', type: 'Électricité', sign: 'load' }] },
    });
  });

  it('gives samples with state of charge, voltage and register, by ms or ISO instants', async () => {
    expect(await ask('sensors/1/samples')).toEqual({
      status: 200,
      body: { samples: [first, second, third] },
    });
    expect((await ask(`sensors/1/samples?from=${T}&to=${T + 8250}`)).body).toEqual({ samples: [first] });
    const [from, to] = [T + 1, T + 8251].map((ms) => encodeURIComponent(new Date(ms).toISOString()));
    expect((await ask(`sensors/1/samples?from=${from}&to=${to}`)).body).toEqual({ samples: [second] });
    const zoned = encodeURIComponent('2026-11-22T00:59:28+01:00');
    expect((await ask(`sensors/1/samples?from=${zoned}`)).body).toEqual({ samples: [first, second, third] });
  });

  it('gives a page at a time and says where the next one begins', async () => {
    expect((await ask('sensors/1/samples?limit=2')).body).toEqual({
      samples: [first, second],
      next: T + 8251,
    });
    expect((await ask(`sensors/1/samples?limit=2&from=${T + 8251}`)).body).toEqual({ samples: [third] });
  });

  it('gives the latest sample, or null', async () => {
    expect((await ask('sensors/1/latest')).body).toEqual({ sample: third });
    served.store.addSensor({ name: 'New', sign: 'signed' });
    expect((await ask('sensors/2/latest')).body).toEqual({ sample: null });
    served.store.append(2, [
      { at: Instant(0), power: Watts(-360) },
      { at: Instant(10_000), power: Watts(-360) },
    ]);
    expect((await ask('sensors/2/latest')).body).toMatchObject({
      sample: { register: '0.000000', exported: '1.000000' },
    });
  });

  it.each([
    ['sensors/one/latest', 400],
    ['sensors/0/samples', 400],
    ['sensors/1/samples?from=yesterday', 400],
    ['sensors/1/samples?from=2026-11-22T00:59:28', 400],
    ['sensors/1/samples?limit=0', 400],
    ['sensors/1/samples?limit=10001', 400],
    ['sensors/1/samples?form=1', 400],
    ['sensors/9/latest', 404],
    ['sensors/9/samples', 404],
    ['sensors/9/live', 404],
    ['nothing', 404],
  ])('refuses %s with %i and a problem document (RFC 9457)', async (path, status) => {
    const reply = await send(`${served.url}/api/v1/${path}`, {
      headers: { ...BASIC, Accept: 'text/html' },
    });
    expect(reply).toMatchObject({
      status,
      headers: { 'content-type': expect.stringMatching(/^application\/problem\+json/) as string },
    });
    expect(JSON.parse(reply.text)).toMatchObject({
      type: 'about:blank',
      title: STATUS_CODES[status],
      status,
      detail: expect.stringMatching(/./) as string,
      instance: `/api/v1/${path}`,
      code: expect.stringMatching(/^monitor\./) as string,
    });
  });

  describe('live', () => {
    let open: IncomingMessage[] = [];
    afterEach(() => {
      for (const response of open) response.destroy();
      open = [];
    });

    const connect = (headers: Readonly<Record<string, string>> = {}, query = ''): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        get(`${served.url}/api/v1/sensors/1/live${query}`, {
          agent: false,
          headers: { ...BASIC, ...headers },
        })
          .on('response', (response) => {
            open.push(response.setEncoding('utf8'));
            resolve(response);
          })
          .on('error', reject);
      });

    /** Reads until so many events have come; returns their ids and data. */
    const events = async (
      response: IncomingMessage,
      count: number,
    ): Promise<readonly [string, unknown][]> => {
      let text = '';
      const found = () => [...text.matchAll(/^id: (s?\d+)\nevent: sample\ndata: (.*)\n\n/gm)];
      const iterator = response.iterator({ destroyOnReturn: false });
      for await (const chunk of iterator) {
        text += String(chunk);
        if (found().length >= count) break;
      }
      return found().map(([, id = '', data]) => [id, JSON.parse(data ?? '')]);
    };
    const fourth: Sample = { at: Instant(T + 24_000), power: Watts(100) };
    const fifth: Sample = { at: Instant(T + 32_000), power: Watts(100) };

    it('sends each new sample as an event whose id is its place in the order of storing', async () => {
      const stream = await connect();
      expect(stream.headers['content-type']).toBe('text/event-stream');
      push(fourth);
      push(fifth);
      expect(await events(stream, 2)).toEqual([
        ['s4', expect.objectContaining({ id: 4, at: T + 24_000, power: 100 })],
        ['s5', expect.objectContaining({ id: 5, at: T + 32_000, register: expect.any(String) as string })],
      ]);
    });

    it('resumes after the last event that was seen, by header or query, and after an instant', async () => {
      const resumed = await connect({ 'Last-Event-ID': String(T) });
      push(fourth);
      expect((await events(resumed, 3)).map(([id]) => id)).toEqual([`${T + 8250}`, `${T + 16_000}`, 's4']);
      const again = await connect({}, '?lastEventId=s2');
      expect((await events(again, 2)).map(([id]) => id)).toEqual(['s3', 's4']);
    });

    it('resumes over many pages without losing or doubling one while samples keep coming', async () => {
      const old = Array.from({ length: 2500 }, (_, i) => ({ at: Instant(i * 100), power: Watts(1) }));
      served.store.append(1, old);
      const resumed = connect({ 'Last-Event-ID': '99' });
      push(fourth);
      const stream = await resumed;
      push(fifth);
      const instants = (await events(stream, 2499 + 5)).map(([, data]) => (data as Sample).at);
      expect(instants).toEqual([...old.slice(1), ...SAMPLES, fourth, fifth].map(({ at }) => Number(at)));
    });

    it('sends nothing of other sensors and nothing twice', async () => {
      const stream = await connect();
      served.store.append(1, [fourth]);
      push(fourth);
      push(fifth);
      expect((await events(stream, 1)).map(([id]) => id)).toEqual(['s5']);
    });

    it('ends when the monitor stops', async () => {
      const stream = await connect();
      const ended = new Promise((resolve) =>
        stream
          .once('close', resolve)
          .resume()
          .on('error', () => undefined),
      );
      await served.monitor.stop();
      await ended;
    });
  });
});
