import { hostile, hostileText, nearly, type Speaker, serveAnswers } from '@daisee/fuzz';
import { Seconds, systemClock } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createShellyMeter } from '../../src/index.ts';

const ANSWERS: readonly unknown[] = [
  { 'em:0': { id: 0, total_act_power: 30.5 }, 'emdata:0': { total_act: 12.5, total_act_ret: 1 } },
  { id: 0, total_act_power: 30.5, a_act_power: 1 },
  { 'switch:0': { apower: 12.5, aenergy: { total: 300.25, minute_ts: 1_795_348_740 } } },
  { id: 0, output: true, apower: 12.5, aenergy: { total: 300.25 }, ret_aenergy: { total: 2 } },
  { code: -105, message: "Argument 'id', value 0 not found!" },
];

describe('what answers as a Shelly', () => {
  let device: Speaker;
  beforeAll(async () => {
    device = await serveAnswers();
  });
  afterAll(() => device.close());

  hostile('gives a sample within bounds or a typed refusal', {
    input: fc.tuple(
      fc.array(nearly(...ANSWERS), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(200, 200, 200, 200, 401, 404, 500, 302, 204),
      fc.oneof(fc.constant('Digest qop="auth", realm="r", nonce="n", algorithm=SHA-256'), hostileText),
      fc.constantFrom(undefined, 'em:0', 'switch:0'),
    ),
    feed: async ([bodies, status, challenge, component]) => {
      let asked = 0;
      device.answer = (_request, response) => {
        response.writeHead(status, {
          'content-type': 'application/json',
          'www-authenticate': Buffer.from(challenge)
            .toString('latin1')
            .replace(/[^\t\x20-\x7e\x80-\xff]/g, ''),
        });
        response.end(bodies[asked++ % bodies.length]);
      };
      const meter = createShellyMeter({
        name: 'm',
        host: device.host,
        clock: systemClock,
        timeout: Seconds(5),
        ...(asked % 2 === 0 ? { password: 'p' } : {}),
        ...(component === undefined ? {} : { component }),
      });
      const sample = await meter.read?.();
      if (sample) expect(Math.abs(sample.power)).toBeLessThanOrEqual(1e5);
    },
  });
});
