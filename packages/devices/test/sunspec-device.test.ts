import { type AddressInfo, connect } from 'node:net';
import { Duration, systemClock } from '@daisee/units';
import ModbusRTU from 'modbus-serial';
import { afterEach, describe, expect, it } from 'vitest';
import { createModbusClient, discoverSunSpec, readSunSpec, SunSpecMissing } from '../src/index.ts';
import { serveDevice } from './device.ts';

const never = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const words = (text: string, count: number): readonly number[] => {
  const bytes = Buffer.alloc(2 * count);
  bytes.write(text, 'latin1');
  return Array.from({ length: count }, (_, index) => bytes.readUInt16BE(2 * index));
};
const filled = (length: number, values: Readonly<Record<number, number>>): readonly number[] =>
  Array.from({ length }, (_, index) => (values[index] ?? 0) & 0xffff);

/** A three-phase inverter with a meter, as a chain of models from its mark on. */
const chain = (maker: string): readonly number[] => [
  0x5375,
  0x6e53,
  1,
  66,
  ...words(maker, 16),
  ...words('Hybrid 10', 16),
  ...words('', 8),
  ...words('1.0', 8),
  ...words('SN123', 16),
  1,
  0,
  ...filled(52, {
    0: 103,
    1: 50,
    10: 2301,
    11: 2302,
    12: 2303,
    13: -1,
    14: 4321,
    15: 0,
    24: 1,
    25: 0,
    26: 0,
  }),
  ...filled(107, {
    0: 203,
    1: 105,
    18: -1500,
    19: -500,
    20: -500,
    21: -500,
    22: 0,
    38: 0,
    39: 7000,
    46: 0,
    47: 9000,
    54: 0,
  }),
  0xffff,
  0,
];

/** The registers of a device whose mark is at `base`; others are refused. */
const registersAt = (base: number, all: readonly number[]) => (address: number, count: number) =>
  address < base || address + count > base + all.length
    ? undefined
    : all.slice(address - base, address - base + count);

describe('a device that describes itself by SunSpec', () => {
  it.each([40_000, 0, 50_000])('is found with its mark at %i, and read', async (base) => {
    const registers = registersAt(base, chain('Fronius'));
    const device = await serveDevice('tcp', ({ address, count }) => {
      const values = registers(address, count);
      return values ? { registers: values } : { exception: 2 };
    });
    const client = createModbusClient({
      at: { kind: 'tcp', host: '127.0.0.1', port: device.port },
      clock: systemClock,
    });
    closing.push(device.close, () => client.close());
    const found = await discoverSunSpec(client, 1, never);
    expect(found).toMatchObject({
      base,
      identity: { maker: 'Fronius', model: 'Hybrid 10', serial: 'SN123' },
    });
    expect(found.models.map(({ id }) => id)).toEqual([1, 103, 203]);
    const [inverter, meter] = await readSunSpec(client, found, never);
    expect(inverter).toMatchObject({ model: 103, kind: 'inverter', power: 4321, exported: 65_536_000_000n });
    expect(inverter?.phases.map(({ voltage }) => voltage)).toEqual([230.1, 230.2, 230.3]);
    expect(meter).toMatchObject({
      model: 203,
      kind: 'meter',
      power: -1500,
      imported: 9_000_000_000n,
      exported: 7_000_000_000n,
    });
  });

  it('of SolarEdge has the meter’s power the other way round', async () => {
    const registers = registersAt(40_000, chain('SolarEdge'));
    const device = await serveDevice('tcp', ({ address, count }) => {
      const values = registers(address, count);
      return values ? { registers: values } : { exception: 2 };
    });
    const client = createModbusClient({
      at: { kind: 'tcp', host: '127.0.0.1', port: device.port },
      clock: systemClock,
    });
    closing.push(device.close, () => client.close());
    const [, meter] = await readSunSpec(client, await discoverSunSpec(client, 1, never), never);
    expect(meter?.power).toBe(1500);
  });

  it('that is none is told', async () => {
    const device = await serveDevice('tcp', ({ count }) => ({
      registers: Array.from({ length: count }, () => 7),
    }));
    const client = createModbusClient({
      at: { kind: 'tcp', host: '127.0.0.1', port: device.port },
      clock: systemClock,
    });
    closing.push(device.close, () => client.close());
    await expect(discoverSunSpec(client, 1, never)).rejects.toThrow(SunSpecMissing);
  });

  it('is read from an independent server (modbus-serial)', async () => {
    const registers = registersAt(40_000, chain('Kostal'));
    const server = new ModbusRTU.ServerTCP(
      {
        getMultipleHoldingRegisters: (
          address: number,
          count: number,
          _unit: number,
          done: (error: Error | null, values: number[]) => void,
        ) => {
          const values = registers(address, count);
          if (values) done(null, [...values]);
          else done(Object.assign(new Error('none'), { modbusErrorCode: 2 }), []);
        },
      },
      { host: '127.0.0.1', port: 0, unitID: 71 },
    );
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const port = await new Promise<number>((resolve) => {
      const look = (): void => {
        const address = (
          server as unknown as { readonly _server: { address(): AddressInfo | null } }
        )._server.address();
        if (address) resolve(address.port);
        else setTimeout(look, 5);
      };
      look();
    });
    await new Promise<void>((resolve) => {
      const probe = connect(port, '127.0.0.1', () => {
        probe.destroy();
        resolve();
      });
    });
    const client = createModbusClient({
      at: { kind: 'tcp', host: '127.0.0.1', port },
      clock: systemClock,
      timeout: Duration(2000),
    });
    closing.push(() => client.close());
    const found = await discoverSunSpec(client, 71, never);
    expect(found.identity?.maker).toBe('Kostal');
    const readings = await readSunSpec(client, found, never);
    expect(readings.map(({ model, power }) => [model, power])).toEqual([
      [103, 4321],
      [203, -1500],
    ]);
  });
});
