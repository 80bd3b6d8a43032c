/**
 * Quotients a·b/d of whole numbers in doubles, exact to the last unit.
 *
 * A double holds whole numbers up to 2^53, a product of two energies needs twice the digits. So the product is taken as two
 * doubles, high and low part, which together are exact (T. J. Dekker, "A floating-point technique for extending the
 * available precision", Numerische Mathematik 18 (1971), 224–242, with Veltkamp's splitting). It holds without fused
 * operations, which JavaScript does not have: every operation is rounded to nearest, once (ECMA-262, Number::multiply).
 */

/** Whole numbers below this may go into these functions: 2^50 µWh are 1.1 GWh. */
export const LARGEST = 2 ** 50;

/** Veltkamp's constant for 53 bits: 2^27 + 1. */
const SPLITTER = 134_217_729;

/** a·b − (a·b rounded), exactly. */
const lowPart = (a: number, b: number, product: number): number => {
  const scaledA = SPLITTER * a;
  const highA = scaledA - (scaledA - a);
  const lowA = a - highA;
  const scaledB = SPLITTER * b;
  const highB = scaledB - (scaledB - b);
  const lowB = b - highB;
  return highA * highB - product + highA * lowB + lowA * highB + lowA * lowB;
};

/**
 * a·b − q·d, exactly, where q is the quotient a·b/d within one: the result then lies between −d and 2·d.
 *
 * Why it is exact, all four being whole and below 2^50: the high parts of the two products differ by an exact double (for
 * q ≥ 2 they are within a factor of two of one another, Sterbenz' lemma; for q < 2 both are below 2^52). The low parts are
 * whole and at most 2^46, so their difference is exact. The sum of these two exact doubles is the result, which is whole
 * and below 2^52, so rounding changes nothing.
 */
export const remainderOf = (a: number, b: number, q: number, d: number): number => {
  const product = a * b;
  const taken = q * d;
  return product - taken + (lowPart(a, b, product) - lowPart(q, d, taken));
};

/** The whole part of a·b/d, for whole a, b ≥ 0 and d > 0 below `LARGEST` whose quotient is below it too. */
export const floorQuotient = (a: number, b: number, d: number): number => {
  // Two roundings: off by less than one, so the floor is at most one off.
  const q = Math.floor((a / d) * b);
  const rest = remainderOf(a, b, q, d);
  return rest < 0 ? q - 1 : rest >= d ? q + 1 : q;
};

/** a·b/d rounded to the next whole number, halves up; the same bounds. */
export const halfUpQuotient = (a: number, b: number, d: number): number => {
  const q = floorQuotient(a, b, d);
  return 2 * remainderOf(a, b, q, d) >= d ? q + 1 : q;
};

/**
 * Relative error of a quotient that was made with at most four roundings, with room to spare: (4 + 4) · 2^-53. A quotient
 * that is farther than this (times itself) from where rounding turns over was rounded right.
 */
export const QUOTIENT_ERROR = 2 ** -50;

/**
 * A number from 0 to 2^51 to which this is added and taken away again is rounded to the nearest whole one, halves to even:
 * doubles above it have no digits after the point. Whole numbers stay what they are.
 */
export const ROUNDER = 2 ** 52;
