import { describe, expect, it } from 'vitest';
import { coinDigits, decimalOf, written } from '../web/numbers.ts';

describe('numbers', () => {
  it('write no minus before what is nothing when it is rounded', () => {
    expect(written(-0.004, 1, 'en')).toBe('0');
    expect(written(-0.06, 1, 'en')).toBe('-0.1');
    expect(written(1234.56, 1, 'en')).toBe('1,234.6');
    expect(written(1e21, 3, 'en')).toBe('1,000,000,000,000,000,000,000');
  });

  it('show the price of a watt-hour that costs less than a thousandth of a coin', () => {
    const price = 0.00025;
    expect(written(price, coinDigits(price), 'en')).toBe('0.00025');
    expect(written(1633.9604, coinDigits(1633.9604), 'en')).toBe('1,633.96');
  });

  it('are read as the language writes them', () => {
    expect(decimalOf('1,000', 'en-GB')).toBe('1000');
    expect(decimalOf('1,633.96', 'en-US')).toBe('1633.96');
    expect(decimalOf('2,5', 'en-GB')).toBe('2.5');
    expect(decimalOf(' 2.5 ', 'en-GB')).toBe('2.5');
    expect(decimalOf('1,000', 'fr-FR')).toBe('1.000');
    expect(decimalOf(`1\u{202F}633,96`, 'fr-FR')).toBe('1633.96');
    // Neither language writes this.
    expect(decimalOf('1,0,0', 'en-GB')).toBe('1.0,0');
  });
});
