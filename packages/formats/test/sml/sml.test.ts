import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSmlDecoder } from '../../src/index.ts';
import { all, iso, only, problemsOf } from '../made/decoding.ts';
import { type Entry, type FileOptions, integer, list, smlFile } from '../made/sml.ts';

const unsigned = (value: bigint | number, width: number): Buffer => integer(BigInt(value), width, false);
const signed = (value: bigint | number, width: number): Buffer => integer(BigInt(value), width, true);
const energy = (code: string, value: Buffer, scaler = -1): Entry => ({ code, value, unit: 30, scaler });
const power = (value: Buffer, scaler = 0, code = '16.7.0'): Entry => ({ code, value, unit: 27, scaler });
const read = (entries: readonly Entry[], options?: FileOptions) =>
  only(createSmlDecoder(), smlFile(entries, options));

const HOUSE: readonly Entry[] = [
  energy('1.8.0', unsigned(123_456_789, 8)),
  energy('2.8.0', unsigned(4_567, 5)),
  power(signed(-1234, 3)),
  { code: '32.7.0', value: unsigned(2301, 2), unit: 35, scaler: -1 },
  { code: '31.7.0', value: unsigned(534, 2), unit: 33, scaler: -2 },
];

describe('a file', () => {
  it('gives registers, signed power, phases and the meter', () => {
    expect(read(HOUSE)).toMatchObject({
      meter: '1EMH0001715004',
      power: -1234,
      imported: 12_345_678_900_000n,
      exported: 456_700_000n,
      phases: [{ phase: 1, voltage: 230.1, current: 5.34 }],
      problems: [],
    });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('reads numbers of %i bytes, with and without sign', (width) => {
    const highest = (1n << BigInt(8 * width - 1)) - 1n;
    expect(read([energy('1.8.0', unsigned(highest, width))]).imported).toBe(highest * 100_000n);
    expect(read([power(signed(-highest - 1n, width), -2)]).power).toBeCloseTo(Number(-highest - 1n) / 100, 5);
    expect(read([power(unsigned(200, width))]).power).toBe(200);
  });

  it('goes past 429,496.7296 kWh, where a number outgrows four bytes', () => {
    expect(read([energy('1.8.0', unsigned(4_294_967_296n, 5))]).imported).toBe(429_496_729_600_000n);
  });

  it.each([
    [-4, 1_234_500n],
    [-1, 1_234_500_000n],
    [0, 12_345_000_000n],
    [3, 12_345_000_000_000n],
  ])('applies the power of ten %i', (scaler, micro) => {
    expect(read([energy('1.8.0', unsigned(12_345, 4), scaler)]).imported).toBe(micro);
  });

  it('of a meter that sends only the register has no power', () => {
    expect(read([energy('1.8.0', unsigned(2_043, 4), 3)])).toMatchObject({
      imported: 2_043_000_000_000n,
      power: undefined,
      problems: [],
    });
  });

  it('adds tariffs where there is no total, and does not where there is one', () => {
    const tariffs = [energy('1.8.1', unsigned(10, 4)), energy('1.8.2', unsigned(20, 4))];
    expect(read(tariffs).imported).toBe(3_000_000n);
    expect(read([energy('1.8.0', unsigned(31, 4)), ...tariffs]).imported).toBe(3_100_000n);
  });

  it('tells the direction of a power without sign (15.7.0) by the status word, and gives none without it', () => {
    const absolute = power(signed(1271, 4), -1, '15.7.0');
    const register = (status: number): Entry => ({
      ...energy('1.8.0', unsigned(1, 4)),
      status: unsigned(status, 2),
    });
    expect(read([register(0x182), absolute]).power).toBe(127.1);
    expect(read([register(0x1b0), absolute]).power).toBe(-127.1);
    expect(read([energy('1.8.0', unsigned(1, 4)), absolute]).power).toBeUndefined();
  });

  it('reads a power of DZG’s older meters as they mean it, and of the newer ones as they say it', () => {
    const meter = (number: number): Buffer => {
      const server = Buffer.from('0a01445a470000000000', 'hex');
      server.writeUInt32BE(number, 6);
      return server;
    };
    const at = (number: number, value: Buffer) => read([power(value, -2)], { server: meter(number) }).power;
    expect(at(42_082_910, signed(0x8025 - 0x10000, 2))).toBe(328.05);
    expect(at(55_000_001, signed(0x8025 - 0x10000, 2))).toBe(328.05);
    expect(at(42_082_910, signed(-126_061, 4))).toBe(-1260.61);
    expect(at(60_694_611, signed(-10_550, 3))).toBe(-105.5);
    expect(at(40_051_478, signed(-31_064, 2))).toBe(-310.64);
  });

  it('knows the meter’s time only where it is one', () => {
    const time = (choice: number, value: Buffer) =>
      iso(read([], { time: list(unsigned(choice, 1), value) }).at);
    expect(time(2, unsigned(1_719_830_096, 4))).toBe('2024-07-01T10:34:56.000Z');
    expect(time(3, list(unsigned(1_719_830_096, 4), signed(60, 2), signed(60, 2)))).toBe(
      '2024-07-01T10:34:56.000Z',
    );
    expect(time(1, unsigned(6_825_875, 4))).toBeUndefined();
    // Holley's DTZ541 leaves the choice out.
    expect(read(HOUSE, { time: unsigned(1_347_075, 4) })).toMatchObject({
      at: undefined,
      power: -1234,
      problems: [],
    });
  });

  it('leaves out a value of another unit than its object’s', () => {
    expect(read([{ code: '1.8.0', value: unsigned(5, 4), unit: 32, scaler: -1 }]).imported).toBeUndefined();
  });

  it('is read with its checksum in either order of bytes, and as Holley makes it', () => {
    for (const checksum of ['low byte first', 'high byte first', 'kermit'] as const)
      expect(read(HOUSE, { checksum })).toMatchObject({ power: -1234, problems: [] });
    const wrong = read(HOUSE, { checksum: 'wrong' });
    expect(wrong.power).toBeUndefined();
    expect(problemsOf(wrong)[0]).toContain('checksum');
  });

  it('may hold an escape sequence, which is doubled on the line', () => {
    const value = 0x1b1b_1b1bn;
    const file = smlFile([energy('1.8.0', unsigned(value, 4)), energy('2.8.0', unsigned(value, 8))]);
    expect(file.indexOf(Buffer.alloc(8, 0x1b))).toBeGreaterThan(0);
    expect(only(createSmlDecoder(), file)).toMatchObject({
      imported: value * 100_000n,
      exported: value * 100_000n,
      problems: [],
    });
  });

  it('may have a list of more than 15 entries', () => {
    const entries = Array.from({ length: 20 }, (_, index) => energy(`8.8.${index}`, unsigned(index, 1)));
    expect(read([...entries, ...HOUSE])).toMatchObject({ power: -1234, problems: [] });
  });
});

describe('a line', () => {
  it('that begins in the middle or loses bytes is told, and the files on it are read', () => {
    const one = smlFile(HOUSE);
    const bytes = Buffer.concat([one.subarray(33), one, one.subarray(0, 60), one, one.subarray(0, 50)]);
    const readings = all(createSmlDecoder(), bytes);
    expect(readings.map((reading) => problemsOf(reading)[0] ?? reading.power)).toEqual([
      expect.stringContaining('belong to no file'),
      -1234,
      'a file without its end (1B1B1B1B1A)',
      -1234,
      'a file without its end (1B1B1B1B1A)',
    ]);
    expect(readings.map(({ offset }) => offset)).toEqual([
      0,
      one.length - 33,
      2 * one.length - 33,
      2 * one.length + 27,
      3 * one.length + 27,
    ]);
  });

  it('gives the same readings whatever the pieces are', () => {
    const bytes = Buffer.concat([smlFile(HOUSE), smlFile([power(signed(7, 1))]), smlFile(HOUSE)]);
    const whole = all(createSmlDecoder(), bytes);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (size) => {
        expect(all(createSmlDecoder(), bytes, size)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('never gives another number for a damaged file', () => {
    const bytes = smlFile(HOUSE);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        for (const reading of all(createSmlDecoder(), damaged))
          if (reading.power !== undefined) expect(reading.power).toBe(-1234);
      }),
      { numRuns: 500 },
    );
  });
});
