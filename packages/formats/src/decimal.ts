/** Numbers of meters and operators, exactly: decimal text and scaled integers to micro-units. */

const DECIMAL = /^([+-]?)(\d*)(?:[.,](\d*))?$/;
/** More digits than any meter has; a longer number is garbage and would cost time. */
const MOST_DIGITS = 40;

/** `digits · 10^exponent` rounded half away from zero to a whole number. */
export const scaled = (digits: bigint, exponent: number): bigint => {
  if (exponent >= 0) return digits * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  const half = divisor / 2n;
  return digits < 0n ? -((-digits + half) / divisor) : (digits + half) / divisor;
};

/**
 * A decimal number times `10^exponent` as a whole number, rounded half away from zero: `scaledDecimal('1.5', 9)` of kWh
 * is 1,500,000,000 µWh. Point or comma; undefined when the text is no plain decimal number.
 */
export const scaledDecimal = (text: string, exponent: number): bigint | undefined => {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  if (whole.length + fraction.length > MOST_DIGITS) return undefined;
  const value = scaled(BigInt(whole + fraction), exponent - fraction.length);
  return sign === '-' ? -value : value;
};

/** A plain decimal number as a float, point or comma; undefined when it is none. */
export const decimal = (text: string): number | undefined => {
  const match = DECIMAL.exec(text);
  if (!match || ((match[2] ?? '') === '' && (match[3] ?? '') === '') || text.length > MOST_DIGITS)
    return undefined;
  return Number(text.replace(',', '.'));
};
