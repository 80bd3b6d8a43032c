import { Duration, systemClock } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createModbusClient,
  ModbusAnswerWrong,
  type ModbusClient,
  ModbusRefused,
  ModbusTimeout,
  ModbusUnreachable,
} from '../src/index.ts';
import { addresses, type Behaviour, type Device, serveDevice } from './device.ts';

const never = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const bus = async (
  protocol: 'rtu' | 'tcp',
  behave: Parameters<typeof serveDevice>[1],
  timeout = 60,
): Promise<{ readonly device: Device; readonly client: ModbusClient }> => {
  const device = await serveDevice(protocol, behave);
  const client = createModbusClient({
    at: { kind: protocol === 'tcp' ? 'tcp' : 'rtu-over-tcp', host: '127.0.0.1', port: device.port },
    clock: systemClock,
    timeout: Duration(timeout),
  });
  closing.push(device.close, () => client.close());
  return { device, client };
};

const question = (address: number, count = 2, unit = 1) => ({ unit, function: 3, address, count }) as const;

describe.each(['rtu', 'tcp'] as const)('a client over %s', (protocol) => {
  it('reads registers and floats, and gives exceptions as refusals', async () => {
    const { client } = await bus(protocol, (asked) =>
      asked.address === 500
        ? { exception: 2 }
        : { registers: asked.address === 0x0c ? [0x4366, 0x3334] : addresses(asked) },
    );
    const registers = await client.read(question(40_000, 3), never);
    expect([registers.uint16(40_000), registers.uint16(40_002), registers.uint16(40_003)]).toEqual([
      40_000,
      40_002,
      undefined,
    ]);
    expect((await client.read(question(0x0c), never)).float32(0x0c)).toBeCloseTo(230.2, 4);
    const refused = client.read(question(500), never);
    await expect(refused).rejects.toThrow(ModbusRefused);
    await expect(refused).rejects.toMatchObject({ exception: 2, retryable: false });
  });

  it('takes no answer with fewer registers than it asked for', async () => {
    const { client } = await bus(protocol, () => ({ registers: [1] }));
    await expect(client.read(question(0, 4), never)).rejects.toThrow(ModbusAnswerWrong);
  });

  it('has one question open at a time, whoever asks', async () => {
    let open = 0;
    let most = 0;
    const { client } = await bus(protocol, (asked) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => (open -= 1), 5);
      return { after: 6, registers: addresses(asked) };
    });
    const all = await Promise.all(
      [1, 2, 3, 4].map((unit) => client.read(question(100 * unit, 2, unit), never)),
    );
    expect(all.map((registers) => registers.start)).toEqual([100, 200, 300, 400]);
    expect(most).toBe(1);
  });

  it('never takes a late answer for the answer to the next question', async () => {
    const { client } = await bus(protocol, (asked, number) => ({
      after: number === 1 ? 90 : 0,
      registers: addresses(asked),
    }));
    await expect(client.read(question(1000), never)).rejects.toThrow(ModbusTimeout);
    const next = await client.read(question(2000), never);
    expect(next.uint16(2000)).toBe(2000);
  });

  it('goes on after a device that was silent for a while, and after a lost connection', async () => {
    const { device, client } = await bus(protocol, (asked, number) =>
      number <= 2 ? undefined : { registers: addresses(asked) },
    );
    await expect(client.read(question(1), never)).rejects.toThrow(ModbusTimeout);
    await expect(client.read(question(1), never)).rejects.toThrow(ModbusTimeout);
    expect((await client.read(question(7), never)).uint16(7)).toBe(7);
    await device.close();
    await expect(client.read(question(1), never)).rejects.toThrow(ModbusUnreachable);
  });

  it('ends at once when it is told to', async () => {
    const { client } = await bus(protocol, () => undefined, 10_000);
    const end = new AbortController();
    const asked = client.read(question(1), end.signal);
    setTimeout(() => end.abort(), 20);
    await expect(asked).rejects.toThrow();
  });
});

describe('whatever a device on RTU does with the time', () => {
  it('an answer is that of its question', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            /** In tenths of the time-out: above 10 it is late. */
            delay: fc.constantFrom(0, 0, 0, 8, 12, 25),
            what: fc.constantFrom('registers', 'registers', 'registers', 'exception', 'nothing'),
          }),
          { minLength: 4, maxLength: 8 },
        ),
        async (plan) => {
          const timeout = 20;
          const behaviours: Behaviour[] = [];
          const device = await serveDevice('rtu', (asked, number) => {
            const { delay = 0, what = 'registers' } = plan[(number - 1) % plan.length] ?? {};
            if (what === 'nothing') return undefined;
            const behaviour: Behaviour =
              what === 'exception'
                ? { after: delay * (timeout / 10), exception: 4 }
                : { after: delay * (timeout / 10), registers: addresses(asked) };
            behaviours.push(behaviour);
            return behaviour;
          });
          const client = createModbusClient({
            at: { kind: 'rtu-over-tcp', host: '127.0.0.1', port: device.port },
            clock: systemClock,
            timeout: Duration(timeout),
          });
          try {
            for (let number = 0; number < plan.length; number++) {
              const address = 1000 * (number + 1);
              try {
                const registers = await client.read(question(address, 3), never);
                expect([registers.uint16(address), registers.uint16(address + 2)]).toEqual([
                  address,
                  address + 2,
                ]);
              } catch (error) {
                if (!(error instanceof ModbusTimeout || error instanceof ModbusRefused)) throw error;
              }
            }
          } finally {
            await client.close();
            await device.close();
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});
