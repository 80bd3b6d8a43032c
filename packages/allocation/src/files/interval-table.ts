/**
 * A table of a community's interval energies: first column the start of the interval, then a column a point, named
 * `consumer:ID` or `producer:ID`, in kWh. A blank field is a value that is missing.
 *
 * Columns are separated by semicolons, tabs or commas, as the first line shows. Numbers have a decimal point or, where no
 * commas separate, a decimal comma. What can be read in two ways is refused, by file and line.
 */
import type { Instant } from '@daisee/units';
import { createKilowattHourReader } from './decimal-field.ts';
import { FileRefused } from './file-error.ts';
import { createLineSplitter, fieldsOf, SEPARATORS, textOf } from './lines.ts';
import { createStampReader, STAMPS } from './start-stamp.ts';

export interface TableColumns {
  /** Ascending by id. */
  readonly consumers: readonly string[];
  readonly producers: readonly string[];
}

/** One interval of a table. The arrays are valid until the next one only. */
export interface TableRow {
  readonly line: number;
  readonly start: Instant;
  /** µWh in the order of `consumers`; NaN where the field is blank. */
  readonly consumption: Float64Array;
  readonly production: Float64Array;
}

/** What there is to say of a table that was read, in words for its sender. */
export interface TableNotes {
  readonly rows: number;
  readonly blanks: number;
  readonly notes: readonly string[];
}

export interface TableReader {
  readonly push: (bytes: Uint8Array) => void;
  /** @throws FileRefused where the file has no rows */
  readonly end: () => TableNotes;
}

export interface TableReaderOptions {
  /** Its name, for messages. */
  readonly file: string;
  /** Of starts without an offset, like `Europe/Vienna`; undefined: they are UTC. */
  readonly zone?: string | undefined;
  readonly onColumns: (columns: TableColumns) => void;
  readonly onRow: (row: TableRow) => void;
}

type Role = 'consumer' | 'producer';
interface Column {
  readonly role: Role;
  readonly id: string;
}

const POINT = /^(consumer|producer):\s*(.+)$/i;

const columnOf = (name: string): Column | undefined => {
  const [, role, id] = POINT.exec(name) ?? [];
  return role && id ? { role: role.toLowerCase() as Role, id } : undefined;
};

interface Header {
  readonly separator: string;
  readonly columns: readonly Column[];
  /** A separator stands at the end of each line. */
  readonly endsWithSeparator: boolean;
}

const readHeader = (file: string, line: string): Header => {
  const readings = SEPARATORS.map((separator) => {
    const names = fieldsOf(line, separator);
    const endsWithSeparator = names.length > 1 && names.at(-1) === '';
    return { separator, names: endsWithSeparator ? names.slice(0, -1) : names, endsWithSeparator };
  });
  // The one by which most columns are points.
  const known = ({ names }: { readonly names: readonly string[] }): number =>
    names.slice(1).filter((name) => columnOf(name)).length;
  const [best] = readings.toSorted((a, b) => known(b) - known(a));
  if (!best || known(best) === 0)
    throw new FileRefused(
      file,
      1,
      `The first line names no point: ${JSON.stringify(line.slice(0, 80))}. Expected a line like start;consumer:A;consumer:B;producer:C.`,
    );
  const { names, separator, endsWithSeparator } = best;
  const [first = ''] = names;
  if (columnOf(first))
    throw new FileRefused(
      file,
      1,
      `The first column is ${JSON.stringify(first)}: expected the start of the interval.`,
    );
  if (/^(end|ende|fin|bis|to|until)\b/i.test(first))
    throw new FileRefused(
      file,
      1,
      `The first column is named ${JSON.stringify(first)}: intervals are named by their start here. Move the stamps back by one interval and name the column start.`,
    );
  const seen = new Map<string, number>();
  const columns = names.slice(1).map((name, i) => {
    const column = columnOf(name);
    if (!column)
      throw new FileRefused(
        file,
        1,
        `Column ${i + 2} is named ${JSON.stringify(name)}: expected consumer:ID or producer:ID.`,
        { column: i + 2 },
      );
    const key = `${column.role}:${column.id}`;
    const before = seen.get(key);
    if (before !== undefined)
      throw new FileRefused(file, 1, `Columns ${before} and ${i + 2} are both ${key}. Keep one of them.`, {
        point: key,
      });
    seen.set(key, i + 2);
    return column;
  });
  return { separator, columns, endsWithSeparator };
};

/** Whether a line has nothing but separators and spaces: spreadsheets leave such at the end. */
const isBlank = (line: Uint8Array, separator: number): boolean => {
  for (const byte of line) if (byte !== separator && byte !== 32) return false;
  return true;
};

/** Reads a table as its bytes come. What it throws is a `FileRefused`, and nothing of that line was given. */
export const createTableReader = ({ file, zone, onColumns, onRow }: TableReaderOptions): TableReader => {
  const readStamp = createStampReader(zone);
  const starts = new Map<number, number>();
  let rows = 0;
  let blanks = 0;
  let firstBlank = 0;
  let bareLine = 0;
  let readRow: ((line: Uint8Array, number: number) => void) | undefined;
  let rounded: () => { readonly count: number; readonly line: number } = () => ({ count: 0, line: 0 });

  const startOf = (text: string, number: number): Instant => {
    const stamp = readStamp(text);
    if (stamp === 'not a time of the zone')
      throw new FileRefused(
        file,
        number,
        `${JSON.stringify(text)} is no time in ${zone}: clocks go forward over it. Write offsets (+02:00), or give the zone that the file is in.`,
      );
    if (stamp === 'not a stamp')
      throw new FileRefused(
        file,
        number,
        `The start ${JSON.stringify(text.slice(0, 40))} is no date and time that has one meaning: expected ${STAMPS}.`,
      );
    if (stamp.isBare) bareLine ||= number;
    const before = starts.get(stamp.instant);
    if (before !== undefined)
      throw new FileRefused(
        file,
        number,
        `The interval ${text} is on line ${before} already. Keep one of them${zone ? '' : '; where clocks went back, give the zone or write offsets'}.`,
        { before },
      );
    starts.set(stamp.instant, number);
    return stamp.instant;
  };

  const begin = (text: string): void => {
    const { separator, columns, endsWithSeparator } = readHeader(file, text);
    const sorted = (role: Role): readonly string[] =>
      Object.freeze(
        columns
          .filter((column) => column.role === role)
          .map(({ id }) => id)
          .toSorted((a, b) => (a < b ? -1 : 1)),
      );
    const consumers = sorted('consumer');
    const producers = sorted('producer');
    const consumption = new Float64Array(consumers.length);
    const production = new Float64Array(producers.length);
    const places = columns.map(({ role, id }) => ({
      into: role === 'consumer' ? consumption : production,
      at: (role === 'consumer' ? consumers : producers).indexOf(id),
      name: `${role}:${id}`,
    }));
    const energies = createKilowattHourReader(file, separator !== ',');
    rounded = energies.rounded;
    const byte = separator.charCodeAt(0);
    const row: { line: number; start: Instant; consumption: Float64Array; production: Float64Array } = {
      line: 0,
      start: 0 as Instant,
      consumption,
      production,
    };

    /** Where a field ends: at the next separator that is not in quotes. */
    const endOf = (line: Uint8Array, from: number): number => {
      if (line[from] === 34) {
        const close = line.indexOf(34, from + 1);
        const next = close < 0 ? -1 : line.indexOf(byte, close);
        return next < 0 ? line.length : next;
      }
      const next = line.indexOf(byte, from);
      return next < 0 ? line.length : next;
    };

    readRow = (line, number) => {
      if (isBlank(line, byte)) return;
      const first = endOf(line, 0);
      const [text = ''] = fieldsOf(textOf(line.subarray(0, first)), separator);
      let from = first + 1;
      let column = 0;
      for (; column < places.length && from <= line.length; column++) {
        const place = places[column] as (typeof places)[number];
        const end = endOf(line, from);
        const energy = energies.read(line, from, end, number, place.name);
        if (Number.isNaN(energy)) {
          blanks++;
          firstBlank ||= number;
        }
        place.into[place.at] = energy;
        from = end + 1;
      }
      const isWhole = from > line.length || (endsWithSeparator && from === line.length);
      if (column < places.length || !isWhole) {
        const found = fieldsOf(textOf(line), separator).length - (endsWithSeparator ? 1 : 0);
        throw new FileRefused(
          file,
          number,
          `${found} columns, and the first line has ${places.length + 1}. ${separator === ',' ? 'Decimal commas cannot stand where commas separate: separate by semicolons.' : 'Write each value, or leave its field blank.'}`,
        );
      }
      row.line = number;
      row.start = startOf(text, number);
      rows++;
      onRow(row);
    };
    onColumns({ consumers, producers });
  };

  const splitter = createLineSplitter(file, (line, number) => {
    if (readRow) readRow(line, number);
    else begin(textOf(line));
  });

  return {
    push: splitter.push,
    end: () => {
      splitter.end();
      if (rows === 0)
        throw new FileRefused(
          file,
          1,
          'There is no interval in it: expected a line for each below the names of the columns.',
        );
      const { count, line } = rounded();
      const notes = [
        ...(bareLine
          ? [
              `${file}:${bareLine}: the starts say neither zone nor offset and were taken as UTC; --zone NAME says otherwise.`,
            ]
          : []),
        ...(count
          ? [`${file}:${line}: ${count} values had digits below the µWh and were rounded to it.`]
          : []),
        ...(blanks
          ? [
              `${file}:${firstBlank}: ${blanks} fields are blank: those points took no part in those intervals.`,
            ]
          : []),
      ];
      return { rows, blanks, notes };
    },
  };
};
