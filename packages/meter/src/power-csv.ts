/**
 * Measured power from a CSV file: one column of instants, one of watts.
 *
 * Instants: ISO 8601 (`2024-06-01T12:00`, a space for the T, seconds and fractions optional, `Z` or an offset; a
 * local time without either counts as UTC) or Unix time in seconds or milliseconds. A header or none; comma,
 * semicolon or tab; a decimal comma where the comma separates no columns, or in quotes; BOM, CR LF, blank lines and
 * lines that begin with # are accepted. Rows are in order of time, each instant once.
 */
import { readFile } from 'node:fs/promises';
import { DaiseeError, type Duration, Instant, messageOf, Watts } from '@daisee/units';
import {
  type Columns,
  chooseColumns,
  isHeader,
  type Separator,
  separatorOf,
  splitLine,
} from './csv-columns.ts';
import { parseInstant, parseNumber } from './csv-values.ts';

/** A power curve: straight lines between its rows. */
export interface PowerSeries {
  readonly file: string;
  /** UTC milliseconds, ascending, at least two. */
  readonly instants: Float64Array;
  /** Watts at each instant, in the file's own sign. */
  readonly watts: Float64Array;
  /** The most common time between two rows (the median). */
  readonly step: Duration;
}

/** Thrown when a CSV file cannot be read as power over time: names the file, the line, what was found and expected. */
export class PowerCsvError extends DaiseeError {
  constructor(file: string, line: number | undefined, found: string, expected: string, cause?: unknown) {
    super({
      code: 'meter.csv',
      message: `${file}${line === undefined ? '' : `, line ${line}`}: found ${found}; expected ${expected}.`,
      retryable: false,
      values: { file, line, found, expected },
      cause,
    });
  }
}

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** In watts: a grid of continents takes less, and sums of such numbers stay finite. */
const HIGHEST_POWER = 1e15;

const EXAMPLE = 'rows like 2024-06-01T12:00:00Z,123.4 (instant, watts)';

interface Layout {
  readonly separator: Separator;
  readonly columns: Columns;
}

/** Decides what the columns are from the first line that is no comment; true when that line is itself a row. */
const layoutOf = (file: string, line: number, text: string): Layout & { readonly row: boolean } => {
  const separator = separatorOf(text);
  const cells = splitLine(text, separator);
  if (cells.length < 2) throw new PowerCsvError(file, line, quoted(text), `two columns, ${EXAMPLE}`);
  if (!isHeader(cells)) return { separator, row: true, columns: { time: [0], watts: 1, factor: 1 } };
  const columns = chooseColumns(cells);
  if (typeof columns === 'string') throw new PowerCsvError(file, line, `the header ${quoted(text)}`, columns);
  return { separator, row: false, columns };
};

const medianStep = (instants: Float64Array): number => {
  const steps = new Float64Array(instants.length - 1);
  for (let row = 1; row < instants.length; row++)
    steps[row - 1] = (instants[row] ?? 0) - (instants[row - 1] ?? 0);
  return steps.sort()[steps.length >> 1] ?? 0;
};

/**
 * Reads the text of a CSV file; `file` is its name for messages.
 * @throws PowerCsvError
 */
const parsePowerCsv = (text: string, file: string): PowerSeries => {
  const instants: number[] = [];
  const watts: number[] = [];
  let layout: Layout | undefined;
  let inSeconds: boolean | undefined;
  let line = 0;
  let from = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (from < text.length) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    const row = text.slice(from, end).trim();
    from = end + 1;
    line += 1;
    if (row === '' || row.startsWith('#')) continue;
    if (!layout) {
      const first = layoutOf(file, line, row);
      layout = first;
      if (!first.row) continue;
    }
    const cells = splitLine(row, layout.separator);
    const { time, watts: column, factor } = layout.columns;
    const when = time.map((index) => cells[index] ?? '').join(' ');
    const instant = parseInstant(when, inSeconds);
    if (!instant) {
      throw new PowerCsvError(
        file,
        line,
        `${quoted(when)} as the time`,
        'an ISO 8601 instant like 2024-06-01T12:00:00Z or Unix time like 1717243200',
      );
    }
    inSeconds ??= instant.inSeconds;
    const power = parseNumber(cells[column] ?? '', layout.separator);
    if (power === undefined || Math.abs(power * factor) > HIGHEST_POWER) {
      throw new PowerCsvError(
        file,
        line,
        `${quoted(cells[column] ?? '')} as the power`,
        'a number of watts like 123.4',
      );
    }
    const previous = instants.at(-1);
    if (previous !== undefined && instant.at <= previous) {
      throw new PowerCsvError(
        file,
        line,
        `${quoted(when)}, ${instant.at === previous ? 'the same time as' : 'earlier than'} the row before`,
        'rows in order of time, each time once',
      );
    }
    instants.push(instant.at);
    watts.push(power * factor);
  }
  if (instants.length < 2) {
    throw new PowerCsvError(file, undefined, `${instants.length} rows`, `at least two ${EXAMPLE}`);
  }
  const series = Float64Array.from(instants);
  return { file, instants: series, watts: Float64Array.from(watts), step: medianStep(series) as Duration };
};

/**
 * Reads a CSV file of power over time; see the top of this file for what it may look like.
 * @throws PowerCsvError with the file, the line, what was found and what was expected
 */
export const readPowerCsv = async (file: string): Promise<PowerSeries> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new PowerCsvError(file, undefined, messageOf(error), 'a CSV file that can be read', error);
  }
  return parsePowerCsv(text, file);
};

/** The power at an instant, linear between rows; before the first and after the last row, that row's. */
export const powerAt = (series: PowerSeries, instant: Instant): Watts => {
  const { instants, watts } = series;
  let low = 0;
  let high = instants.length - 1;
  if (instant <= (instants[low] ?? 0)) return Watts(watts[low] ?? 0);
  if (instant >= (instants[high] ?? 0)) return Watts(watts[high] ?? 0);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((instants[middle] ?? 0) <= instant) low = middle;
    else high = middle;
  }
  const start = instants[low] ?? 0;
  const share = (instant - start) / ((instants[high] ?? 0) - start);
  const first = watts[low] ?? 0;
  return Watts(first + ((watts[high] ?? 0) - first) * share);
};

/** First and last instant of a series. */
export const spanOf = (series: PowerSeries): { readonly from: Instant; readonly to: Instant } => ({
  from: Instant(series.instants[0] ?? 0),
  to: Instant(series.instants.at(-1) ?? 0),
});
