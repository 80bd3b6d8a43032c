import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Duration,
  Energy,
  formatKilowattHours,
  Instant,
  type IntervalEnergy,
  intervalEnergy,
  parseKilowattHours,
  QuantityError,
  readKilowattHours,
} from '../src/index.ts';

const quarter: IntervalEnergy = {
  point: 'AT0010000000000000000000000000001',
  start: Instant(Date.UTC(2026, 10, 1)),
  length: Duration(900_000),
  direction: 'import',
  measure: 'metered',
  energy: Energy(250_000_000n),
  quality: 'measured',
};

describe('the energy of an interval', () => {
  it('is taken as it is when its parts can be', () => {
    expect(intervalEnergy(quarter)).toBe(quarter);
    expect(intervalEnergy({ ...quarter, energy: undefined, quality: 'missing' }).energy).toBeUndefined();
  });

  it('that is missing is not zero, and one that is there has an amount', () => {
    expect(() => intervalEnergy({ ...quarter, quality: 'missing' })).toThrow(/expected nothing/);
    expect(() => intervalEnergy({ ...quarter, energy: undefined })).toThrow(/expected an amount/);
  });

  it('is never negative: the direction has the sign', () => {
    expect(() => intervalEnergy({ ...quarter, energy: Energy(-1n) })).toThrow(/direction/);
  });

  it.each([{ point: '' }, { start: Instant(0.5) }, { length: Duration(0) }])('refuses %j', (wrong) => {
    expect(() => intervalEnergy({ ...quarter, ...wrong })).toThrow(QuantityError);
  });
});

describe('kilowatt-hours', () => {
  it('read back every amount they write, to the µWh', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 24n), 10n ** 24n),
        (n) => parseKilowattHours(formatKilowattHours(n)) === n,
      ),
    );
  });

  it('have 6 decimals as operators give them, and 9 where there are µWh', () => {
    expect(formatKilowattHours(123_456_000n)).toBe('0.123456');
    expect(formatKilowattHours(-1_500_000_001n)).toBe('-1.500000001');
    expect(formatKilowattHours(0n)).toBe('0.000000');
    expect(formatKilowattHours(123_456_789)).toBe('0.123456789');
  });

  it.each([
    ['5.6e-05', 56_000n, false],
    ['1E+1', 10_000_000_000n, false],
    ['0.30000000000000004', 300_000_000n, true],
    ['0.0000000005', 1n, true],
    ['-0.0000000005', -1n, true],
    ['2.', 2_000_000_000n, false],
  ])('reads %s as programs write floats', (text, energy, rounded) => {
    expect(readKilowattHours(text)).toEqual({ energy, rounded });
  });

  it.each(['', '.', '1,5', '1 000', 'NaN', '0x1', '1e400', '9'.repeat(50)])('refuses %j', (text) => {
    expect(readKilowattHours(text)).toBeUndefined();
    expect(() => parseKilowattHours(text)).toThrow(QuantityError);
  });

  it('read exactly take no digits below the µWh', () => {
    expect(() => parseKilowattHours('0.1234567891')).toThrow(/at most 9 decimals/);
  });
});
