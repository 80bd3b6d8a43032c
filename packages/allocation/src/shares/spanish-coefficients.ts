/**
 * The coefficients β as Spain's distributors take them: text without a first line, `CUPS;0,123456` for the same all year,
 * `CUPS;hhhh;0,123456` for each hour, a decimal comma and 6 decimals, CR LF between the lines and none after the last.
 *
 * Hours count from 0001 (0000 where the file has it) on through the year in winter time (UTC+1): so a year has 8,760 of
 * them, leap years 8,784, and none is missing or double where clocks change. What the order's annex says of that was not
 * found; the assumption is ours.
 */
import type { Instant } from '@daisee/units';
import { AllocationError } from '../block.ts';
import { FileRefused } from '../files/file-error.ts';
import { WHOLE, WHOLE_WITHIN } from '../rules/rule.ts';
import { createSumCheck, decimalOf } from './coefficient-sums.ts';
import { readCoefficient } from './share-list.ts';
import type { SharesOptions, SharesSource } from './shares.ts';

const LINE = /^([^;]+);(?:(\d{4});)?(\d+,\d{1,6})$/;
const HOUR = 3_600_000;

/** Whether a first line is one of such a file. */
export const isSpanish = (line: string): boolean => LINE.test(line);

/** The place of the hour in its year, winter time, from 0 on. */
const hourOfYear = (start: number): number => {
  const local = start + HOUR;
  const newYear = Date.UTC(new Date(local).getUTCFullYear(), 0, 1);
  return Math.floor((local - newYear) / HOUR);
};

/** Reads the file for the consumers of a table, whose ids are its CUPS. @throws FileRefused */
export const readSpanishCoefficients = (
  text: string,
  { file, rule, columns }: SharesOptions,
): SharesSource => {
  const { consumers } = columns;
  if (rule.needs !== 'coefficients' && rule.needs !== 'coefficients by interval')
    throw new FileRefused(file, 1, `${rule.name} takes no file of coefficients CUPS;0,123456.`);
  /** By hour, or one alone. */
  const hours = new Map<
    number,
    { readonly line: number; readonly values: Float64Array; readonly seen: Set<number> }
  >();
  let isHourly: boolean | undefined;
  for (const [i, written] of text.split(/\r?\n/).entries()) {
    if (written.trim() === '') continue;
    const line = i + 1;
    const [, cups = '', hour, beta = ''] = LINE.exec(written.trim()) ?? [];
    const coefficient = readCoefficient(beta);
    if (coefficient === undefined)
      throw new FileRefused(
        file,
        line,
        `${JSON.stringify(written.slice(0, 60))}: expected ${isHourly === false ? 'CUPS;0,123456' : isHourly ? 'CUPS;hhhh;0,123456' : 'CUPS;0,123456 or CUPS;hhhh;0,123456'}.`,
      );
    isHourly ??= hour !== undefined;
    if (isHourly !== (hour !== undefined))
      throw new FileRefused(
        file,
        line,
        'Lines with and without an hour. Write all of them with one, or none.',
      );
    const place = consumers.indexOf(cups);
    if (place < 0) throw new FileRefused(file, line, `${cups} is no consumer of the table.`, { point: cups });
    const key = Number(hour ?? 0);
    const entry = hours.get(key) ?? {
      line,
      values: new Float64Array(consumers.length),
      seen: new Set<number>(),
    };
    if (entry.seen.has(place))
      throw new FileRefused(
        file,
        line,
        `${cups} has a coefficient${isHourly ? ` for hour ${hour}` : ''} already.`,
      );
    entry.seen.add(place);
    entry.values[place] = coefficient;
    hours.set(key, entry);
  }
  for (const [key, { line, seen }] of hours) {
    const missing = consumers.find((_, place) => !seen.has(place));
    if (missing !== undefined)
      throw new FileRefused(
        file,
        line,
        `Consumer ${missing} has no coefficient${isHourly ? ` for hour ${String(key).padStart(4, '0')}` : ''}.`,
        { point: missing },
      );
  }
  const first = hours.has(0) ? 0 : 1;
  const sums = createSumCheck(file, rule);
  for (const [key, { line, values }] of hours)
    sums.check(
      values.reduce((a, b) => a + b, 0),
      line,
      isHourly ? ` of hour ${String(key).padStart(4, '0')}` : '',
    );
  return {
    at: (start: Instant) => {
      const key = isHourly ? hourOfYear(start) + first : 0;
      const entry = hours.get(key);
      if (!entry)
        throw new FileRefused(
          file,
          1,
          `There are no coefficients for hour ${String(key).padStart(4, '0')} (${new Date(start).toISOString()}).`,
          { hour: key },
        );
      return { shares: { coefficients: entry.values } };
    },
    notes: sums.notes,
  };
};

/** One coefficient of the file: of a supply point, for an hour of the year or for all of them. */
export interface SpanishCoefficient {
  readonly cups: string;
  /** From 1 on. */
  readonly hour?: number | undefined;
  /** Millionths. */
  readonly coefficient: number;
}

/**
 * Writes the file: hour by hour, within an hour as given.
 * @throws AllocationError where the coefficients of an hour do not add up to one, within a millionth
 */
export const writeSpanishCoefficients = (coefficients: readonly SpanishCoefficient[]): string => {
  const groups = Map.groupBy(coefficients, ({ hour }) => hour ?? 0);
  for (const [hour, group] of groups) {
    const sum = group.reduce((a, { coefficient }) => a + coefficient, 0);
    if (Math.abs(sum - WHOLE) > WHOLE_WITHIN)
      throw new AllocationError(
        'coefficients',
        `The coefficients${hour ? ` of hour ${hour}` : ''} add up to ${decimalOf(sum)}: the distributor takes 1.000000 only, within a millionth.`,
        { hour, sum: decimalOf(sum) },
      );
  }
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, group]) => group)
    .map(({ cups, hour, coefficient }) =>
      [
        cups,
        ...(hour === undefined ? [] : [String(hour).padStart(4, '0')]),
        decimalOf(coefficient).replace('.', ','),
      ].join(';'),
    )
    .join('\r\n');
};

/** The name that the distributor expects. @param code of the self-consumption (CAU) */
export const spanishFileName = (code: string, year: number): string => `${code}_${year}.txt`;
