import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Duration,
  formatMicro,
  Instant,
  Percent,
  parseMicro,
  QuantityError,
  Register,
  untilNext,
  Watts,
} from '../src/index.ts';

describe('quantities', () => {
  it('reads back every amount it writes, to the last millionth', () => {
    fc.assert(fc.property(fc.bigInt(-(10n ** 24n), 10n ** 24n), (n) => parseMicro(formatMicro(n)) === n));
  });

  it.each(['', 'x', '1.', '.5', '1.0000001', '1e3', '0x1', 'NaN', '1,5'])(
    'refuses %j as an amount',
    (text) => {
      expect(() => parseMicro(text)).toThrow(QuantityError);
    },
  );

  it('refuses a register below zero, a charge over 100 % and power that is no number', () => {
    expect(() => Register(-1n)).toThrow(/zero or more/);
    expect(() => Percent(100.1)).toThrow(/0 to 100/);
    expect(() => Percent(Number.NaN)).toThrow(QuantityError);
    expect(() => Watts(Number.POSITIVE_INFINITY)).toThrow(/finite/);
  });

  it('keeps loops on one grid: the next multiple of the period is always ahead', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 41 }),
        fc.integer({ min: 1, max: 86_400_000 }),
        (now, period) => {
          const wait = untilNext(Instant(now), Duration(period));
          return wait > 0 && wait <= period && (now + wait) % period === 0;
        },
      ),
    );
  });
});
