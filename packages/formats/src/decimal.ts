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

const POINT = 0x2e;
const COMMA = 0x2c;

/** Most numbers of meters are some digits with a point: read without a pattern. Undefined for anything else. */
const plain = (text: string): { readonly digits: number; readonly decimals: number } | undefined => {
  if (text.length === 0 || text.length > 15) return undefined;
  let digits = 0;
  let decimals = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) {
      digits = digits * 10 + code - 0x30;
      if (decimals >= 0) decimals++;
    } else if ((code === POINT || code === COMMA) && decimals < 0 && at > 0) decimals = 0;
    else return undefined;
  }
  return { digits, decimals: Math.max(0, decimals) };
};

/**
 * A decimal number times `10^exponent` as a whole number, rounded half away from zero: `scaledDecimal('1.5', 9)` of kWh
 * is 1,500,000,000 µWh. Point or comma; undefined when the text is no plain decimal number.
 */
export const scaledDecimal = (text: string, exponent: number): bigint | undefined => {
  const simple = plain(text);
  if (simple) return scaled(BigInt(simple.digits), exponent - simple.decimals);
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
  const simple = plain(text);
  // A quotient of whole numbers below 2^53 and a power of ten up to 10^22 is the nearest float, as Number reads it.
  if (simple) return simple.digits / 10 ** simple.decimals;
  const match = DECIMAL.exec(text);
  if (!match || ((match[2] ?? '') === '' && (match[3] ?? '') === '') || text.length > MOST_DIGITS)
    return undefined;
  return Number(text.replace(',', '.'));
};
