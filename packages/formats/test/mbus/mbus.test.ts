import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMbusDecoder } from '../../src/index.ts';
import { all, only, problemsOf } from '../made/decoding.ts';
import { little, longFrame, response } from '../made/mbus.ts';

const read = (records: readonly number[], medium?: number) =>
  only(createMbusDecoder(), response(records, medium));

describe('an electricity meter on an M-Bus', () => {
  it('gives its register and power, in integers and BCD', () => {
    expect(read([0x04, 0x03, ...little(123_456, 4), 0x02, 0x2b, ...little(-750, 2)])).toMatchObject({
      meter: 'ABC 12345678',
      variant: 'electricity',
      imported: 123_456_000_000n,
      power: -750,
      problems: [],
    });
    expect(read([0x0c, 0x05, 0x56, 0x34, 0x12, 0x00, 0x0b, 0x2a, 0x56, 0x34, 0x12])).toMatchObject({
      imported: 12_345_600_000_000n,
      power: 12_345.6,
    });
    // The first digit F of a BCD is a minus.
    expect(read([0x0a, 0x2b, 0x50, 0xf7]).power).toBe(-750);
  });

  it.each([
    [0x00, 1n],
    [0x03, 1000n],
    [0x05, 100_000n],
    [0x06, 1_000_000n],
    [0x07, 10_000_000n],
  ])('reads energy with the unit %i', (vif, milliWattHours) => {
    expect(read([0x04, vif, ...little(7, 4)]).imported).toBe(7n * milliWattHours * 1000n);
  });

  it('reads megawatt-hours of the extension table, joules and floats', () => {
    expect(read([0x04, 0xfb, 0x00, ...little(7, 4)]).imported).toBe(700_000_000_000n);
    expect(read([0x04, 0x0b, ...little(3600, 4)]).imported).toBe(1_000_000_000n);
    const float = Buffer.alloc(4);
    float.writeFloatLE(1.5);
    expect(read([0x05, 0x2b, ...float]).power).toBe(1.5);
    expect(read([0x05, 0x2e, ...float]).power).toBe(1500);
  });

  it('takes only what is as of now: no stored value, no maximum, no tariff twice', () => {
    const reading = read([
      0x44,
      0x03,
      ...little(1, 4),
      0x14,
      0x2b,
      ...little(9000, 4),
      0x84,
      0x10,
      0x03,
      ...little(300, 4),
      0x84,
      0x20,
      0x03,
      ...little(200, 4),
    ]);
    expect(reading).toMatchObject({ imported: 500_000_000n, power: undefined, problems: [] });
    expect(reading.registers).toEqual({ 'import 1': 300_000_000n, 'import 2': 200_000_000n });
    expect(read([0x04, 0x03, ...little(510, 4), 0x84, 0x10, 0x03, ...little(500, 4)]).imported).toBe(
      510_000_000n,
    );
  });

  it('counts what flows backward (VIFE 3C) as export, and not a maker’s own registers', () => {
    const reading = read([
      0x04,
      0x83,
      0x3b,
      ...little(100, 4),
      0x04,
      0x83,
      0x3c,
      ...little(40, 4),
      0x04,
      0x83,
      0xff,
      0x01,
      ...little(7, 4),
    ]);
    expect(reading).toMatchObject({ imported: 100_000_000n, exported: 40_000_000n });
    // VIFE 00 says that there is no error.
    expect(read([0x04, 0x83, 0x00, ...little(5, 4)]).imported).toBe(5_000_000n);
  });

  it('reads the whole and three phases where there are four of a kind', () => {
    const reading = read([10, 1, 2, 7].flatMap((watts) => [0x02, 0x2b, ...little(watts, 2)]));
    expect(reading.power).toBe(10);
    expect(reading.phases.map(({ power }) => power)).toEqual([1, 2, 7]);
    // Three of a kind may be anything: none is the whole.
    expect(read([1, 2, 7].flatMap((watts) => [0x02, 0x2b, ...little(watts, 2)])).power).toBeUndefined();
  });

  it('leaves the values of another medium to the records', () => {
    const reading = read([0x04, 0x13, ...little(1234, 4)], 7);
    expect(reading).toMatchObject({ variant: 'water', imported: undefined, problems: [] });
    expect(reading.records).toMatchObject([{ quantity: 'volume', unit: 'm3', value: 1.234 }]);
  });

  it('stops at what is the maker’s own, and skips filler', () => {
    expect(read([0x2f, 0x2f, 0x04, 0x03, ...little(5, 4), 0x0f, 1, 2, 3])).toMatchObject({
      imported: 5_000_000n,
      problems: [],
    });
  });
});

describe('what goes wrong on the bus', () => {
  const good = response([0x04, 0x03, ...little(5, 4)]);

  it('a wrong checksum takes nothing, and is told by its byte', () => {
    const bytes = Buffer.from(good);
    bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
    const reading = only(createMbusDecoder(), bytes);
    expect(reading.imported).toBeUndefined();
    expect(reading.problems[0]?.offset).toBe(bytes.length - 2);
  });

  it('a record that is cut off is told by its byte, and the ones before it are read', () => {
    const bytes = response([0x04, 0x03, ...little(5, 4), 0x04, 0x2b, 1]);
    const reading = only(createMbusDecoder(), bytes);
    expect(reading).toMatchObject({ imported: 5_000_000n, problems: [{ offset: 25 }] });
  });

  it('acknowledgements are no frames; errors and fixed data are told', () => {
    expect(all(createMbusDecoder(), Buffer.concat([Buffer.of(0xe5), good, Buffer.of(0xe5)]))).toHaveLength(1);
    expect(problemsOf(only(createMbusDecoder(), longFrame([0x08, 0, 0x70, 8])))[0]).toContain('error 8');
    expect(problemsOf(only(createMbusDecoder(), longFrame([0x08, 0, 0x73, 0, 0, 0, 0])))[0]).toContain('72');
  });

  it('gives the same readings whatever the pieces are', () => {
    const bytes = Buffer.concat([
      Buffer.of(0xe5, 0x68, 0x05),
      good,
      good,
      Buffer.of(0x10),
      good,
      good.subarray(0, 9),
    ]);
    const whole = all(createMbusDecoder(), bytes);
    expect(whole.filter(({ problems }) => problems.length === 0)).toHaveLength(3);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (size) => {
        const pieces = all(createMbusDecoder(), bytes, size);
        expect(pieces.filter(({ problems }) => problems.length === 0)).toEqual(
          whole.filter(({ problems }) => problems.length === 0),
        );
      }),
      { numRuns: 30 },
    );
  });
});
