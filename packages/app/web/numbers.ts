/** Numbers as people of a place write and read them. */

/** At most so many digits after the sign, and no minus before what is nothing when it is rounded. */
export const written = (value: number, digits: number, locale: string): string =>
  (Number(value.toFixed(digits)) === 0 ? 0 : value).toLocaleString(locale, { maximumFractionDigits: digits });

/** All six digits of a coin where three would hide what is there. */
export const coinDigits = (amount: number): number => (Math.abs(amount) < 1 ? 6 : 3);

const GROUPED = /^\d{1,3}(,\d{3})+(\.\d*)?$/;

/**
 * Decimal text of what somebody wrote, with spaces between groups and a comma where the language has it. Where it has a
 * point instead, a comma before three digits groups: 1,000 is a thousand there.
 */
export const decimalOf = (text: string, locale: string): string => {
  const bare = text.replace(/\s/g, '');
  const hasPoint = (1.5).toLocaleString(locale).includes('.');
  return hasPoint && GROUPED.test(bare) ? bare.replaceAll(',', '') : bare.replace(',', '.');
};
