/** Neighbours of the relay that lie: relays asked by its clients, and the devices that its drivers switch. */
import {
  distorted,
  hostile,
  hostileBytes,
  hostileText,
  nearly,
  type Speaker,
  serveAnswers,
  torn,
} from '@daisee/fuzz';
import { Seconds } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import {
  createRelayClient,
  createRelayHttpClient,
  createShellyDriver,
  createTasmotaDriver,
} from '../../src/index.ts';
import { startBroker, startTasmota, type TestBroker, type TestTasmota } from '../support/mqtt.ts';

const timeout = Seconds(10);

describe('what answers as a relay', () => {
  let raw: Speaker;
  let http: Speaker;
  beforeAll(async () => {
    [raw, http] = await Promise.all([serveAnswers({ raw: true }), serveAnswers()]);
  });
  afterAll(async () => {
    await raw.close();
    await http.close();
  });

  const replies = [
    '{0: False, 1: True}',
    'True',
    'False',
    '{1: True}',
    '{0: True, 0: False}',
    `{${'0: True, '.repeat(900)}`,
  ];
  hostile('on v0.2’s port', {
    input: fc.tuple(
      fc.array(
        fc.oneof(
          torn(...replies).map((text) => Buffer.from(text, 'latin1')),
          hostileBytes,
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.constantFrom('end', 'reset'),
      fc.boolean(),
    ),
    feed: async ([pieces, how, isOrder]) => {
      raw.talk = (socket) => {
        socket.once('data', () => {
          for (const piece of pieces) socket.write(piece);
          if (how === 'end') socket.end();
          else socket.destroySoon();
        });
      };
      const client = createRelayClient({ host: '127.0.0.1', port: raw.port, timeout });
      if (isOrder) await client.order(new Map([[0, true]]));
      else expect([...(await client.read([0, 1])).keys()]).toEqual([0, 1]);
    },
  });

  hostile('over HTTP', {
    input: fc.tuple(
      nearly(
        { channels: { '0': true, '1': false }, loads: [] },
        { channels: null },
        { code: 'relay.two-sources', detail: 'no' },
      ),
      fc.constantFrom(200, 200, 200, 201, 204, 302, 400, 401, 404, 409, 429, 500, 503),
      fc.nat(2),
    ),
    feed: async ([body, status, which]) => {
      http.answer = (_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body);
      };
      const client = createRelayHttpClient({ url: http.url, token: 't', timeout });
      try {
        if (which === 0) expect((await client.read([0, 1])).size).toBe(2);
        else if (which === 1) await client.order(new Map([[0, true]]));
        else await client.renew([0]);
      } finally {
        client.close();
      }
    },
  });

  hostile('as the Shelly that is switched', {
    input: fc.tuple(
      fc.array(
        nearly(
          { initial_state: 'off', auto_on: false },
          { id: 0, output: true, timer_duration: 60 },
          { id: 0, output: false },
          { was_on: true },
          { code: -103, message: 'no' },
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.constantFrom(200, 200, 200, 401, 404, 500),
      fc.oneof(fc.constant('Digest qop="auth", realm="r", nonce="n", algorithm=SHA-256'), hostileText),
    ),
    feed: async ([bodies, status, challenge]) => {
      let asked = 0;
      http.answer = (_request, response) => {
        response.writeHead(status, { 'www-authenticate': challenge.replace(/[^\x20-\x7e]/g, '') });
        response.end(bodies[asked++ % bodies.length]);
      };
      const driver = createShellyDriver({ host: http.host, password: 'p', timeout });
      try {
        await driver.open();
        await driver.write(new Map([[0, true]]));
        for (const on of await driver.read()) expect(typeof on).toBe('boolean');
      } finally {
        await driver.close();
      }
    },
  });
});

describe('what a broker says of the device that is switched', () => {
  let broker: TestBroker;
  let device: TestTasmota;
  const driver = { now: createTasmotaDriver({ url: 'mqtt://127.0.0.1:1', topic: 'tasmota_1' }) };
  const faults: unknown[] = [];
  beforeAll(async () => {
    broker = await startBroker();
    device = await startTasmota(broker.url, { relays: 1 });
    driver.now = createTasmotaDriver({ url: broker.url, topic: 'tasmota_1', timeout });
    driver.now.watch?.((error) => faults.push(error));
    await driver.now.open();
  });
  afterAll(async () => {
    await driver.now.close();
    await device[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
  });

  const said = fc.tuple(
    fc.constantFrom(
      'stat/tasmota_1/RESULT',
      'stat/tasmota_1/POWER',
      'stat/tasmota_1/POWER1',
      'stat/tasmota_1/x',
      'tele/tasmota_1/LWT',
    ),
    fc.oneof(
      nearly({ POWER: 'ON', Uptime: '1' }, { PulseTime1: { Set: 160 } }, 'ON', 'Online'),
      distorted({ Uptime: 1, POWER1: 'ON' }).map((one) => JSON.stringify(one) ?? ''),
      hostileBytes.map((bytes) => Buffer.from(bytes)),
    ),
  );
  hostile('between its own answers', {
    batch: 20,
    // mqtt-packet, in which this test's broker and device write, keeps two bytes for each length of a packet that it has
    // met, and each pins the 64 kB that Node cut them from: 8 MiB here, bounded by the lengths there are.
    allowance: 16 * 1024 * 1024,
    input: fc.array(said, { minLength: 20, maxLength: 20 }),
    feed: async (all) => {
      for (const [topic, payload] of all) device.client.publish(topic, payload);
      const asked = driver.now.read();
      for (const on of await asked) expect([true, false, undefined]).toContain(on);
      expect(faults.length).toBeLessThanOrEqual(all.length);
      faults.length = 0;
    },
  });
});
