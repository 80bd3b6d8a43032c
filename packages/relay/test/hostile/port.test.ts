import { hostile, hostileBytes, torn } from '@daisee/fuzz';
import { Duration } from '@daisee/units';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { decode, decodeReply } from '../../src/v02/protocol.ts';
import { createFailingDriver, type FailingDriver } from '../support/failing-driver.ts';
import { ask, type Lab, startLab, talk } from '../support/lab.ts';

const REQUESTS = [
  'ReadDATA|0, 1, 2, 3',
  'ReadDATA|0\r\n',
  '{0: True, 1: True}',
  '{2: True, 3: True, 0: False, 1: False}',
  '0: on\n1: off\n',
  '{9: True}',
  "{0: 'on'}",
];
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const packets = fc.array(
  fc.oneof({ weight: 4, arbitrary: torn(...REQUESTS).map(bytes) }, { weight: 1, arbitrary: hostileBytes }),
  { minLength: 1, maxLength: 3 },
);
const CLIENTS = 10;

describe('the relay’s port of v0.2', () => {
  let lab: Lab;
  let driver: FailingDriver;
  beforeAll(async () => {
    driver = createFailingDriver(4);
    lab = await startLab({
      board: { driver, breakTime: Duration(0) },
      server: {
        idleTimeout: Duration(200),
        quietTime: Duration(1),
        splitQuietTime: Duration(2),
        splitTimeout: Duration(4),
      },
    });
  });
  afterAll(() => lab.stop());

  hostile('answers or closes, serves the next, and never feeds a load from two sources', {
    batch: CLIENTS,
    input: fc.tuple(fc.array(packets, { minLength: CLIENTS, maxLength: CLIENTS }), fc.boolean()),
    feed: async ([clients, halfClose]) => {
      const talks = await Promise.all(clients.map((all) => talk(lab.port, all, { gap: 1, halfClose })));
      for (const { reply } of talks) expect(reply).toMatch(/^(|True|False|\{(\d+: (True|False)(, )?)*\})$/);
      expect(await ask(lab.port, 'ReadDATA|2\r\n')).toMatch(/^\{2: (True|False)\}$/);
      for (const step of driver.steps)
        if (step.type === 'states') {
          const [a, b, c, d] = step.states;
          expect((!a || !b) && (c || d)).toBe(false);
        }
      driver.steps.length = 0;
    },
  });

  hostile('reads requests and replies of any bytes', {
    refuses: false,
    input: fc.oneof(
      torn(...REQUESTS),
      hostileBytes.map((some) => Buffer.from(some).toString('latin1')),
    ),
    feed: (text) => {
      const reception = decode(text);
      if ('request' in reception && reception.request.type === 'order')
        for (const channel of reception.request.changes.keys()) expect(channel).toBeGreaterThanOrEqual(0);
      decodeReply(text);
    },
  });
});
