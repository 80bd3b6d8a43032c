/** Single values of operators' files. */
import { Energy, Instant } from '@daisee/units';
import { scaledDecimal } from '../decimal.ts';
import { wallClock } from '../local-time.ts';
import { IntervalFileWrong } from './interval-file.ts';

/** What a value is in: an energy, or the mean power of its interval. */
export type Unit = 'Wh' | 'kWh' | 'MWh' | 'W' | 'kW';

const HOUR = 3_600_000;
const ENERGY: Readonly<Record<string, number>> = { Wh: 6, kWh: 9, MWh: 12 };
const POWER: Readonly<Record<string, number>> = { W: 6, kW: 9 };

/** Reads a unit, whatever its letters' case. */
export const unitOf = (text: string | undefined): Unit | undefined =>
  (['Wh', 'kWh', 'MWh', 'W', 'kW'] as const).find(
    (unit) => unit.toLowerCase() === text?.trim().toLowerCase(),
  );

const EXPONENT = /^([+-]?\d+(?:[.,]\d+)?)[eE]([+-]?\d{1,3})$/;

/**
 * An energy in µWh: of energy its own amount, of mean power that times the interval's length, rounded half up.
 * @throws IntervalFileWrong when the text is no number
 */
export const energyOf = (text: string, unit: Unit, length: number, line?: number | string): Energy => {
  // Small numbers of programs: 5.6e-05.
  const [, mantissa = text, power = '0'] = EXPONENT.exec(text) ?? [];
  const exponent = (ENERGY[unit] ?? POWER[unit] ?? 0) + Number(power);
  const value = scaledDecimal(mantissa, exponent);
  if (value === undefined)
    throw new IntervalFileWrong(
      `${JSON.stringify(text.slice(0, 40))} as a value`,
      `a number of ${unit} like ${unit === 'kWh' ? '0.125' : '125'}`,
      line,
    );
  if (POWER[unit] === undefined) return Energy(value);
  const product = value * BigInt(Math.round(length));
  const half = BigInt(HOUR) / 2n;
  return Energy(product < 0n ? -((-product + half) / BigInt(HOUR)) : (product + half) / BigInt(HOUR));
};

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)$/i;

/** An instant in ISO 8601 with its offset; undefined when the text is none. */
export const instantOf = (text: string | undefined): Instant | undefined => {
  const match = ISO.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((field) => Number(field ?? 0));
  const wall = wallClock({ year, month, day, hour, minute, second });
  if (wall === undefined) return undefined;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(match[7] ?? '') ?? [];
  const offset = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return Instant(wall - offset * 60_000);
};

const LOCAL_FORMS: readonly (readonly [
  RegExp,
  readonly ['year' | 'month' | 'day', 'month', 'year' | 'day'],
])[] = [
  [
    /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?$/,
    ['year', 'month', 'day'],
  ],
  [
    /^(\d{1,2})[./](\d{1,2})[./](\d{4})(?:[T ]+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?$/,
    ['day', 'month', 'year'],
  ],
];

/** A local date, with a time or without: `2024-07-01 12:00:00`, `01.07.2024 12:00`, `2024/07/01 24:00`; as `wallClock`. */
export const wallOf = (text: string): number | undefined => {
  for (const [form, [first, , last]] of LOCAL_FORMS) {
    const match = form.exec(text.trim());
    if (!match) continue;
    const [a = 0, month = 0, c = 0, hour = 0, minute = 0, second = 0] = match
      .slice(1, 7)
      .map((field) => Number(field ?? 0));
    return wallClock({
      year: first === 'year' ? a : c,
      month,
      day: last === 'day' ? c : a,
      hour,
      minute,
      second,
    });
  }
  return undefined;
};

/** Minutes and more of an ISO 8601 duration without months and years, in milliseconds. */
export const durationOf = (text: string | undefined): number | undefined => {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text?.trim() ?? '');
  if (!match) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1, 5)
    .map((field) => Number(field ?? 0));
  const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  return total > 0 ? total * 1000 : undefined;
};
