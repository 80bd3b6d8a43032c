/** The columns of a power CSV: how lines split, and which column is what. */

export type Separator = ',' | ';' | '\t';

/** Which columns hold the instant (one, or a date and a time) and the power, and watts per unit of the latter. */
export interface Columns {
  readonly time: readonly number[];
  readonly watts: number;
  readonly factor: number;
}

/** The separator of a line: a tab or semicolon wins over commas, which may be decimal. */
export const separatorOf = (line: string): Separator =>
  line.includes('\t') ? '\t' : line.includes(';') ? ';' : ',';

/** The cells of a line; double quotes around a cell hold its separators (RFC 4180). */
export const splitLine = (line: string, separator: Separator): string[] => {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let cell = '';
  let inQuotes = false;
  for (const character of line) {
    if (character === '"') inQuotes = !inQuotes;
    else if (character === separator && !inQuotes) {
      cells.push(cell);
      cell = '';
    } else cell += character;
  }
  return [...cells, cell];
};

/** A header has a letter or a symbol first in every cell; a row begins with a number. */
export const isHeader = (cells: readonly string[]): boolean =>
  cells.every((cell) => !/^\s*[-+.]?\d/.test(cell)) && cells.some((cell) => /[a-z]/i.test(cell));

/** `Power (kW)` → `power`, `kw`. */
const words = (cell: string): string[] =>
  cell
    .toLowerCase()
    .split(/[^a-zµ]+/)
    .filter((word) => word !== '');

const INSTANT = new Set(['timestamp', 'datetime', 'instant', 'utc', 'unix', 'epoch', 'at', 'ts']);
const POWER = new Set([
  'watts',
  'watt',
  'power',
  'w',
  'p',
  'kw',
  'kilowatts',
  'kilowatt',
  'mw',
  'milliwatts',
]);
const UNITS: Readonly<Record<string, number>> = {
  kw: 1000,
  kilowatt: 1000,
  kilowatts: 1000,
  mw: 1e-3,
  milliwatts: 1e-3,
};
/** Words of a column that is no power even where the name has one in it (`power factor`, `P max`, `W h`). */
const OTHER = new Set(['factor', 'wh', 'kwh', 'h', 'max', 'min', 'var', 'va', 'energy']);

const EXPECTED =
  'a column of instants (timestamp, time or date) and one of power (watts, power, W or kW); name them so, or leave two columns';

const timeColumns = (headers: readonly string[][]): number[] => {
  const find = (matches: (names: string[]) => boolean) => headers.findIndex(matches);
  const instant = find((names) => names.some((name) => INSTANT.has(name)));
  if (instant >= 0) return [instant];
  const both = find((names) => names.includes('date') && names.includes('time'));
  if (both >= 0) return [both];
  return [find((names) => names.includes('date')), find((names) => names.includes('time'))].filter(
    (at) => at >= 0,
  );
};

/** Finds the columns by the names of a header; a text is what was expected instead. */
export const chooseColumns = (cells: readonly string[]): Columns | string => {
  const headers = cells.map(words);
  const time = timeColumns(headers);
  // With only two columns there is no question which is which.
  if (time.length === 0 && headers.length === 2) time.push(0);
  if (time.length === 0) return EXPECTED;
  const others = headers.map((_, index) => index).filter((index) => !time.includes(index));
  const powers = others.filter((index) => {
    const names = headers[index] ?? [];
    return names.some((name) => POWER.has(name)) && !names.some((name) => OTHER.has(name));
  });
  const candidates = powers.length === 0 && others.length === 1 ? others : powers;
  const [watts] = candidates;
  if (watts === undefined) return EXPECTED;
  if (candidates.length > 1) {
    const named = candidates.map((index) => JSON.stringify(cells[index]?.trim())).join(' and ');
    return `one column of power, not ${named}; leave one of them`;
  }
  const unit = (headers[watts] ?? []).find((name) => UNITS[name] !== undefined);
  return { time, watts, factor: unit === undefined ? 1 : (UNITS[unit] ?? 1) };
};
