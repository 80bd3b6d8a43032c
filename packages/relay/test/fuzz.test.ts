/** Raw bytes against the server: every connection is answered or closed, and the next client is served. */
import { Duration } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { decode } from '../src/v02/protocol.ts';
import { createFailingDriver } from './support/failing-driver.ts';
import { ask, type Lab, startLab, talk } from './support/lab.ts';

let lab: Lab;
afterEach(() => lab.stop());

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 200, maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        'ReadDATA|',
        '{',
        '}',
        '0',
        '1',
        '2',
        '3',
        '9',
        ',',
        ':',
        ' ',
        'True',
        'False',
        'yes',
        'off',
        '\r\n',
        '\0',
        'é',
      ),
      { maxLength: 16 },
    )
    .map((words) => new Uint8Array(Buffer.from(words.join('')))),
);

describe('raw bytes', () => {
  it('never harm the server, its other clients or the interlock', async () => {
    const driver = createFailingDriver(4);
    lab = await startLab({
      board: { driver, breakTime: Duration(0) },
      server: {
        idleTimeout: Duration(200),
        quietTime: Duration(1),
        splitQuietTime: Duration(5),
        splitTimeout: Duration(10),
      },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(piece, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 16 }),
        fc.boolean(),
        async (clients, halfClose) => {
          const talks = await Promise.all(
            clients.map((packets) => talk(lab.port, packets, { gap: 1, halfClose })),
          );
          for (const { reply } of talks)
            expect(reply).toMatch(/^(|True|False|\{(\d: (True|False)(, )?)*\})$/);
          expect(await ask(lab.port, 'ReadDATA|2\r\n')).toMatch(/^\{2: (True|False)\}$/);
        },
      ),
      { numRuns: 150 },
    );
    for (const step of driver.steps)
      if (step.type === 'states') {
        const [a, b, c, d] = step.states;
        expect((!a || !b) && (c || d)).toBe(false);
      }
  }, 60_000);

  it('are never read as a request that a longer text would not contain: a part stays a part until it ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('ReadDATA|0, 1, 2', '{0: True, 1: False}', '0: on\n1: off\n', 'ReadDATA|10\r\n'),
        fc.nat(30),
        (request, length) => {
          expect(decode(request.slice(0, Math.min(length, request.length))).state).not.toBe('garbage');
        },
      ),
    );
  });
});
