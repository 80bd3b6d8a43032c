/** Kilowatt-hours as decimal text, the unit of operators' files: 9 decimals are whole µWh. */
import { Energy, QuantityError } from './quantities.ts';

/** Decimals of a kWh in whole µWh. */
const DECIMALS = 9;
/** Decimals that are always written: what operators give. */
const ALWAYS = 6;
/** More digits than any meter has; a longer number is garbage and would cost time. */
const MOST_DIGITS = 40;

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Energy read from text, and whether it had to be rounded. */
export interface ReadEnergy {
  readonly energy: Energy;
  /** Whether the text had digits below the µWh; it was rounded half away from zero. */
  readonly rounded: boolean;
}

/**
 * Reads decimal kilowatt-hours: `"0.25"` → 250,000,000 µWh. Takes an exponent as programs write small floats (`5.6e-05`)
 * and digits below the µWh, which are the noise of floats, and says so. Undefined for anything else.
 */
export const readKilowattHours = (text: string): ReadEnergy | undefined => {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  if (whole.length + fraction.length > MOST_DIGITS) return undefined;
  const digits = BigInt(whole + fraction);
  const exponent = DECIMALS - fraction.length + Number(power);
  const factor = 10n ** BigInt(Math.abs(exponent));
  const size = exponent >= 0 ? digits * factor : (digits + factor / 2n) / factor;
  return {
    energy: Energy(sign === '-' ? -size : size),
    rounded: exponent < 0 && digits % factor !== 0n,
  };
};

/**
 * Reads decimal kilowatt-hours exactly. @throws QuantityError when the text is no decimal number or has digits below the
 * µWh.
 */
export const parseKilowattHours = (text: string, quantity = 'An amount of energy'): Energy => {
  const read = readKilowattHours(text.trim());
  if (!read || read.rounded)
    throw new QuantityError(quantity, text, 'kilowatt-hours with at most 9 decimals, like 0.25');
  return read.energy;
};

/**
 * Writes whole µWh as kilowatt-hours, exactly: with 6 decimals, as operators do, or 9 where 6 do not say it all. A number
 * must be a safe integer.
 */
export const formatKilowattHours = (energy: bigint | number): string => {
  const sign = energy < 0 ? '-' : '';
  const digits = String(energy)
    .slice(sign.length)
    .padStart(DECIMALS + 1, '0');
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(-DECIMALS);
  const isShort = fraction.endsWith('0'.repeat(DECIMALS - ALWAYS));
  return `${sign}${whole}.${isShort ? fraction.slice(0, ALWAYS) : fraction}`;
};
