import { hostile, hostileJson, hostileText, nearly, type Speaker, serveAnswers } from '@daisee/fuzz';
import { Instant, Seconds } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { MonitorAnswer, MonitorRefused, MonitorUnreachable, NoSuchSensor } from '../../src/client/errors.ts';
import { createMonitorClient } from '../../src/index.ts';

/** What callers are promised. */
const REFUSALS = [MonitorAnswer, MonitorUnreachable, MonitorRefused, NoSuchSensor];
const FROM = 1_795_348_000_000;
const sample = {
  id: 1,
  at: FROM + 1000,
  power: 12.5,
  register: '1.500000',
  counter: '2.5',
  stateOfCharge: 80,
};

/** What an honest monitor says, by the end of the address. */
const HONEST: Readonly<Record<string, readonly unknown[]>> = {
  health: [{ status: 'ok', api: 'v1', now: FROM, sensors: 1, waiting: 0 }],
  samples: [
    { samples: [sample] },
    { samples: [sample], next: FROM + 1001 },
    { samples: [], next: FROM },
    { samples: [sample, sample], next: FROM + 500_000 },
  ],
  latest: [{ sample }, { sample: null }],
  power: [
    {
      steps: [
        { at: FROM, power: 12.5 },
        { at: FROM + 1000, power: null },
      ],
    },
  ],
  energy: [{ steps: [{ from: FROM, to: FROM + 3_600_000, energy: '1.500000' }] }],
  '1': [{ id: 1, name: 'House', type: 'power', sign: 'load' }],
  time: [{ data: FROM / 1000 }],
  watts: [
    { data: [{ value: 12, timestamp: FROM / 1000 }], rate: null },
    { data: null, rate: null },
    { data: { value: 12, timestamp: FROM / 1000 } },
  ],
  kwatthours: [{ data: [{ value: 0.5 }, null] }],
};

const said = fc.record(
  Object.fromEntries(
    Object.entries(HONEST).map(([name, honest]) => [
      name,
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...honest).map((one) => JSON.stringify(one)) },
        { weight: 4, arbitrary: nearly(...honest) },
        { weight: 1, arbitrary: hostileText },
        { weight: 1, arbitrary: hostileJson.map((one) => JSON.stringify(one)) },
      ),
    ]),
  ),
);

describe('what answers as a monitor', () => {
  let liar: Speaker;
  beforeAll(async () => {
    liar = await serveAnswers();
  });
  afterAll(() => liar.close());

  hostile('is believed or refused, and asked no more often than there is to ask', {
    input: fc.tuple(
      said,
      fc.constantFrom(true, true, false),
      fc.constantFrom(200, 200, 200, 200, 404, 500, 303, 401),
      fc.nat(5),
    ),
    feed: async ([answers, isV1, status, which]) => {
      let asked = 0;
      liar.answer = (request, response) => {
        asked += 1;
        const path = new URL(request.url ?? '/', 'http://liar').pathname;
        const name = /(kwatthours|watts)\//.exec(path)?.[1] ?? path.split('/').at(-1) ?? '';
        if (name === 'health') {
          response.writeHead(isV1 ? 200 : 303);
          response.end(isV1 ? JSON.stringify(HONEST['health']?.[0]) : '');
          return;
        }
        response.writeHead(asked > 500 ? 500 : status, { 'content-type': 'application/json' });
        response.end(answers[name] ?? '{}');
      };
      const client = createMonitorClient({ url: liar.url, sensorId: 1, timeout: Seconds(10) });
      const [from, to] = [Instant(FROM), Instant(FROM + 3_600_000)];
      try {
        if (which === 0) await client.time();
        else if (which === 1)
          for (const { at, power } of await client.samples(from, to))
            expect(Number.isFinite(at + power)).toBe(true);
        else if (which === 2) await client.latest();
        else if (which === 3) await client.powerBySteps(from, to, Seconds(60));
        else if (which === 4) await client.energyBySteps(from, to, 'PT1H', 'UTC');
        else await client.rule();
      } catch (error) {
        if (!REFUSALS.some((one) => error instanceof one))
          throw new TypeError('no refusal of the client', { cause: error });
        throw error;
      } finally {
        expect(asked).toBeLessThan(100);
      }
    },
  });
});
