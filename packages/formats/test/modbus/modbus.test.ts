import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRtuDecoder,
  createTcpDecoder,
  eastronBlocks,
  encodeRtu,
  encodeTcp,
  isSunSpec,
  Registers,
  readEastron,
  readModel,
  walkModels,
} from '../../src/index.ts';
import { crc16 } from '../made/p1.ts';

/** Registers of a model at an address, from the values at their offsets. */
const model = (
  id: number,
  length: number,
  values: Readonly<Record<number, number>>,
  address = 100,
): Registers =>
  new Registers(
    address,
    Uint16Array.from(
      { length: length + 2 },
      (_, at) => (at === 0 ? id : at === 1 ? length : (values[at] ?? 0)) & 0xffff,
    ),
  );
const read = (id: number, length: number, values: Readonly<Record<number, number>>, maker?: string) =>
  readModel(model(id, length, values), { id, address: 100, length }, maker);
const floatWords = (value: number): readonly [number, number] => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
};
const floats = (values: Readonly<Record<number, number>>): Record<number, number> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([at, value]) => {
      const [high, low] = floatWords(value);
      return [
        [Number(at), high],
        [Number(at) + 1, low],
      ];
    }),
  );
const NAN = 0x7fc0;

describe('SunSpec', () => {
  it('finds its mark and walks the chain to its end mark', () => {
    const chain = [
      0x5375,
      0x6e53,
      1,
      66,
      ...Array.from({ length: 66 }, () => 0),
      103,
      50,
      ...Array.from({ length: 50 }, () => 0),
      0xffff,
      0,
    ];
    const device = new Registers(40_000, Uint16Array.from(chain));
    expect(isSunSpec(device, 40_000)).toBe(true);
    expect(isSunSpec(device, 0)).toBe(false);
    const walk = walkModels(40_000);
    let step = walk.next(device);
    while (!step.done) step = walk.next(device);
    expect(step.value).toEqual([
      { id: 1, address: 40_002, length: 66 },
      { id: 103, address: 40_070, length: 50 },
    ]);
  });

  it('ends a chain that has no end, or no registers', () => {
    const endless = new Registers(
      0,
      Uint16Array.from({ length: 400 }, (_, at) => (at < 2 ? 0 : at % 2 === 0 ? 7 : 0)),
    );
    for (const device of [endless, new Registers(0, new Uint16Array(0))]) {
      const walk = walkModels(0);
      let step = walk.next(device);
      for (let count = 0; !step.done && count < 1000; count++) step = walk.next(device);
      expect(step.done).toBe(true);
    }
  });

  it('reads an inverter: power and energy with their scale factors', () => {
    expect(
      read(103, 50, { 14: 1234, 15: 1, 24: 0x0001, 25: 0x86a0, 26: 1, 10: 2300, 13: -1, 3: 50, 6: -1 }),
    ).toMatchObject({
      kind: 'inverter',
      power: 12_340,
      exported: 1_000_000_000_000n,
      phases: [{ phase: 1, voltage: 230, current: 5 }, { phase: 2 }, { phase: 3 }],
    });
  });

  it('takes the values that mean "not implemented" for nothing', () => {
    const reading = read(103, 50, {
      14: 0x8000,
      15: 0,
      24: 0,
      25: 0,
      26: 0,
      10: 0xffff,
      11: 0xffff,
      12: 0xffff,
      13: 0,
      3: 0xffff,
      4: 0xffff,
      5: 0xffff,
    });
    expect([reading?.power, reading?.exported, reading?.phases]).toEqual([undefined, undefined, []]);
    // A scale factor that is not there takes its value with it.
    expect(read(101, 50, { 14: 100, 15: 0x8000 })?.power).toBeUndefined();
    const floating = read(113, 60, floats({ 32: 0 }) && { ...floats({ 32: 0 }), 22: NAN, 23: 0 });
    expect([floating?.power, floating?.exported]).toEqual([undefined, undefined]);
  });

  it('reads a meter: export before import, power as the maker counts it', () => {
    const values = { 18: -250, 22: 1, 19: -100, 20: -100, 21: -50, 38: 0, 39: 11, 46: 0, 47: 22, 54: 3 };
    const reading = read(203, 105, values);
    expect(reading).toMatchObject({ power: -2500, exported: 11_000_000_000n, imported: 22_000_000_000n });
    expect(reading?.phases.map(({ power }) => power)).toEqual([-1000, -1000, -500]);
    expect(read(203, 105, values, 'SolarEdge ')?.power).toBe(2500);
  });

  it('reads the float models', () => {
    expect(read(113, 60, floats({ 22: 4321.5, 32: 1_234_567 }))).toMatchObject({
      power: 4321.5,
      exported: 1_234_567_000_000n,
    });
    expect(read(213, 124, floats({ 28: 99.5, 60: 7000, 68: 9000.5 }))).toMatchObject({
      power: 99.5,
      exported: 7_000_000_000n,
      imported: 9_000_500_000n,
    });
  });

  it('adds the inputs of model 160, and leaves out those that are not connected', () => {
    const values = {
      4: 0,
      5: 1,
      8: 3,
      [10 + 11]: 1000,
      [10 + 13]: 5,
      [30 + 11]: 500,
      [30 + 13]: 7,
      [50 + 11]: 0xffff,
    };
    expect(read(160, 8 + 60, values)).toMatchObject({ power: 1500, exported: 120_000_000n });
    // More inputs than the model has room for are not believed.
    expect(read(160, 8 + 20, { ...values, 8: 9 })?.power).toBe(1000);
  });

  it('reads a battery', () => {
    expect(read(802, 62, { 11: 875, 56: -1, 47: -1500, 63: 0 })).toMatchObject({
      kind: 'battery',
      power: -1500,
      stateOfCharge: 87.5,
    });
  });
});

describe('Eastron', () => {
  const blocksOf = (
    name: Parameters<typeof readEastron>[0],
    values: readonly (readonly [address: number, value: number])[],
  ) => {
    const words = floats(Object.fromEntries(values));
    return eastronBlocks(name).map(
      ({ address, count }) =>
        new Registers(
          address,
          Uint16Array.from({ length: count }, (_, at) => words[address + at] ?? 0),
        ),
    );
  };

  it('has the whole power of three phases at 0x0034, where one phase has it at 0x000C', () => {
    const values = [
      [0x00, 230.5],
      [0x06, 4.25],
      [0x0c, 100],
      [0x0e, 200],
      [0x10, 300],
      [0x34, 600],
      [0x48, 1234.5],
      [0x4a, 67.25],
      [0x0156, 9999],
    ] as const;
    const three = readEastron('sdm630', blocksOf('sdm630', values));
    expect(three).toMatchObject({ power: 600, imported: 1_234_500_000_000n, exported: 67_250_000_000n });
    expect(three.phases.map(({ power }) => power)).toEqual([100, 200, 300]);
    for (const name of ['sdm120', 'sdm220', 'sdm230'] as const)
      expect(readEastron(name, blocksOf(name, values))).toMatchObject({
        power: 100,
        imported: 1_234_500_000_000n,
        phases: [{ phase: 1, voltage: 230.5, current: 4.25 }],
      });
  });

  it('does not take floats’ noise for energy', () => {
    expect(readEastron('sdm630', blocksOf('sdm630', [[0x48, 12_345.67]])).imported).toBe(12_345_670_000_000n);
  });
});

describe('frames', () => {
  const asked = { unit: 17, function: 3, address: 0x6b, count: 3 } as const;

  it('of a question are those of the standard', () => {
    expect(encodeRtu(asked).toString('hex')).toBe('1103006b00037687');
    expect(encodeTcp(asked, 0x1501).toString('hex')).toBe('1501000000061103006b0003');
  });

  const rtu = (...bytes: readonly number[]): Buffer => {
    const crc = crc16(Buffer.from(bytes), 0xa001, 0xffff);
    return Buffer.from([...bytes, crc & 0xff, crc >> 8]);
  };

  it('of answers on a serial line are found among noise, in pieces of any size', () => {
    const bytes = Buffer.concat([
      Buffer.from('000311', 'hex'),
      rtu(17, 3, 4, 0x02, 0x2b, 0x00, 0x64),
      Buffer.from('1103f0', 'hex'),
      rtu(17, 0x83, 2),
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), (size) => {
        const decoder = createRtuDecoder();
        const answers = [];
        for (let at = 0; at < bytes.length; at += size)
          answers.push(...decoder.push(bytes.subarray(at, at + size)));
        expect(answers).toEqual([
          { kind: 'registers', unit: 17, function: 3, registers: Uint16Array.of(0x022b, 0x64) },
          { kind: 'exception', unit: 17, function: 3, code: 2 },
        ]);
      }),
    );
  });

  it('with a wrong CRC are none', () => {
    const bytes = rtu(17, 3, 2, 1, 2);
    bytes[4] = 9;
    expect(createRtuDecoder().push(bytes)).toEqual([]);
  });

  it('of answers over TCP carry their transaction; a head that is none breaks the stream', () => {
    const decoder = createTcpDecoder();
    expect(decoder.push(Buffer.from('1501000000051103020007', 'hex'))).toEqual([
      {
        transaction: 0x1501,
        answer: { kind: 'registers', unit: 17, function: 3, registers: Uint16Array.of(7) },
      },
    ]);
    expect(decoder.isBroken()).toBe(false);
    decoder.push(Buffer.from('0000dead00051103020007', 'hex'));
    expect(decoder.isBroken()).toBe(true);
  });
});
