/**
 * Quantities of the energy exchange as branded types. A brand costs nothing at run time and keeps a register from
 * being added where an interval's energy is meant, or a price where an amount is.
 *
 * Energy and coin are integers (`bigint`) with 6 decimals, on chain and off; power is a float in watts, as sensors
 * give it. Sign conventions belong to the meter that produced the number.
 */
import { DaiseeError } from './errors.ts';

declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** Instantaneous power in watts (float). A meter's sign: import into the node positive, export negative. */
export type Watts = Branded<number, 'Watts'>;
/** Energy of an interval in micro-watt-hours (integer, may be negative as a difference). */
export type Energy = Branded<bigint, 'Energy'>;
/** State of a cumulative register in micro-watt-hours (integer, never negative, only ever rises). */
export type Register = Branded<bigint, 'Register'>;
/** An amount of DaiseeCoin in millionths of a coin (integer). */
export type Coin = Branded<bigint, 'Coin'>;
/** Price of energy: millionths of a coin per watt-hour (integer, never negative). */
export type Price = Branded<bigint, 'Price'>;
/** A UTC instant in milliseconds since 1970 (float allowed: sensors and v0.2 clients give fractions). */
export type Instant = Branded<number, 'Instant'>;
/** A length of time in milliseconds. */
export type Duration = Branded<number, 'Duration'>;
/** State of charge of a battery in percent, 0 to 100. */
export type Percent = Branded<number, 'Percent'>;

/** Units of one whole: 1 Wh in µWh, 1 coin in millionths. */
export const MICRO = 1_000_000n;

/** Thrown when a number or text cannot be the quantity asked for. */
export class QuantityError extends DaiseeError {
  constructor(quantity: string, got: unknown, expected: string) {
    super({
      code: 'units.quantity',
      message: `${quantity} cannot be ${JSON.stringify(typeof got === 'bigint' ? got.toString() : got)}: expected ${expected}.`,
      retryable: false,
      values: { quantity, got: String(got), expected },
    });
  }
}

const finite = (quantity: string, value: number): number => {
  if (!Number.isFinite(value)) throw new QuantityError(quantity, value, 'a finite number');
  return value;
};

export const Watts = (value: number): Watts => finite('Power', value) as Watts;
export const Instant = (milliseconds: number): Instant => finite('An instant', milliseconds) as Instant;
export const Duration = (milliseconds: number): Duration => finite('A duration', milliseconds) as Duration;
export const Seconds = (seconds: number): Duration => Duration(seconds * 1000);
export const Energy = (microWattHours: bigint): Energy => microWattHours as Energy;
export const Coin = (millionths: bigint): Coin => millionths as Coin;

export const Register = (microWattHours: bigint): Register => {
  if (microWattHours < 0n) throw new QuantityError('A register', microWattHours, 'zero or more µWh');
  return microWattHours as Register;
};

export const Price = (millionthsPerWh: bigint): Price => {
  if (millionthsPerWh < 0n) throw new QuantityError('A price', millionthsPerWh, 'zero or more');
  return millionthsPerWh as Price;
};

export const Percent = (value: number): Percent => {
  if (!(value >= 0 && value <= 100)) throw new QuantityError('A state of charge', value, '0 to 100 %');
  return value as Percent;
};

/**
 * Reads a decimal number with up to 6 places into millionths, exactly: `"1.5"` → `1500000n`.
 * @throws QuantityError when the text is no decimal number or has more than 6 decimals.
 */
export const parseMicro = (text: string, quantity = 'An amount'): bigint => {
  const match = /^([+-]?)(\d+)(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!match) throw new QuantityError(quantity, text, 'a decimal number with at most 6 decimals, like 1.5');
  const [, sign = '', whole = '0', fraction = ''] = match;
  const value = BigInt(whole) * MICRO + BigInt(fraction.padEnd(6, '0'));
  return sign === '-' ? -value : value;
};

/** Writes millionths as a decimal with 6 places, exactly: `1500000n` → `"1.500000"`. */
export const formatMicro = (millionths: bigint): string => {
  const sign = millionths < 0n ? '-' : '';
  const size = millionths < 0n ? -millionths : millionths;
  return `${sign}${size / MICRO}.${(size % MICRO).toString().padStart(6, '0')}`;
};

/** Energy from watt-hours given as a number (settings, simulation), rounded to the nearest µWh. */
export const wattHours = (value: number): Energy => Energy(BigInt(Math.round(finite('Energy', value) * 1e6)));
/** Energy in watt-hours as a float: for display and physics only, never for books. */
export const toWattHours = (energy: bigint): number => Number(energy) / 1e6;
