/** Single values of a power CSV: instants and numbers as instruments and spreadsheets write them. */
import type { Separator } from './csv-columns.ts';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ]+(\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)? ?(?:(Z)|([+-])(\d{2}):?(\d{2})?)?$/i;
const UNIX = /^\d{1,10}(?:[.,]\d+)?$|^\d{11,14}(?:[.,]\d+)?$/;
/** Unix times from here on are milliseconds: as seconds it is the year 5138, as milliseconds 1973. */
const FIRST_MILLISECONDS = 1e11;

/** An instant read from text; `inSeconds` is set for Unix time, which keeps its unit for the whole file. */
export interface ParsedInstant {
  readonly at: number;
  readonly inSeconds?: boolean;
}

const parseIso = (text: string): number | undefined => {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour = '0',
    minute = '0',
    second = '0',
    fraction,
    ,
    sign,
    east,
    eastMinute = '0',
  ] = match;
  const fields = [Number(month), Number(day), Number(hour), Number(minute), Number(second)] as const;
  const [m, d, h, min, s] = fields;
  if (m < 1 || m > 12 || d < 1 || h > 24 || min > 59 || s > 60) return undefined;
  if (h === 24 && (min > 0 || s > 0)) return undefined;
  const midnight = Date.UTC(Number(year), m - 1, d);
  // 31 April would silently become 1 May.
  if (new Date(midnight).getUTCDate() !== d) return undefined;
  const milliseconds = fraction ? Number(`0.${fraction}`) * 1000 : 0;
  const offset = sign ? (sign === '-' ? -1 : 1) * (Number(east) * 60 + Number(eastMinute)) : 0;
  return midnight + ((h * 60 + min - offset) * 60 + s) * 1000 + milliseconds;
};

/**
 * Reads an instant into UTC milliseconds, or undefined. Text without offset counts as UTC; `inSeconds` is the unit of
 * Unix time where the file has shown it already.
 */
export const parseInstant = (text: string, inSeconds?: boolean): ParsedInstant | undefined => {
  const trimmed = text.trim();
  if (UNIX.test(trimmed)) {
    const value = Number(trimmed.replace(',', '.'));
    const seconds = inSeconds ?? value < FIRST_MILLISECONDS;
    return { at: seconds ? value * 1000 : value, inSeconds: seconds };
  }
  const at = parseIso(trimmed);
  return at === undefined ? undefined : { at };
};

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Reads a number, with a decimal comma too (in a comma-separated file only quoted cells can hold one). */
export const parseNumber = (text: string, separator: Separator): number | undefined => {
  const trimmed = text.trim();
  const decimal = trimmed.includes('.') ? trimmed : trimmed.replace(',', '.');
  if (!DECIMAL.test(decimal)) return undefined;
  // "1,234" in quotes between commas is as likely a thousand as a decimal: refused rather than guessed.
  if (separator === ',' && /^[+-]?\d{1,3},\d{3}$/.test(trimmed)) return undefined;
  const value = Number(decimal);
  return Number.isFinite(value) ? value : undefined;
};
