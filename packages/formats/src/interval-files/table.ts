/**
 * Rows of separated values as intervals: which columns hold times and values is decided elsewhere (`at-dso.ts`,
 * `columns.ts`), what they mean here. Local times are placed in the order of the rows, which alone tells the hour that
 * comes twice apart.
 */
import { type Energy, type EnergyDirection, Instant, type Measure, type Quality } from '@daisee/units';
import { LocalSequence, type LocalZone } from '../local-time.ts';
import { energyOf, instantOf, type Unit, unitOf, wallOf } from './fields.ts';
import {
  IntervalCollector,
  type IntervalFile,
  type IntervalFormat,
  IntervalFileWrong,
  type Stamps,
} from './interval-file.ts';
import { stepsOf } from './steps.ts';
import type { Row } from './text.ts';

export interface ValueColumn {
  readonly column: number;
  readonly direction: EnergyDirection;
  readonly measure: Measure;
  readonly unit: Unit;
  /** Of files that have one column for each point. */
  readonly point?: string | undefined;
  readonly status?: number | undefined;
  /** A cumulative register beside it, kWh, at the end of the interval. */
  readonly register?: number | undefined;
}

/** Columns of times, and of the values that belong to them. A time is one column, or a date and a time of day. */
export interface TableGroup {
  readonly start: readonly number[];
  readonly end: readonly number[];
  readonly values: readonly ValueColumn[];
}

export interface TableLayout {
  readonly format: IntervalFormat;
  /** Index of the first row that has values, and of the row after the last. */
  readonly first: number;
  readonly end?: number | undefined;
  /** What the only time of a group is; undefined where it has both, or where the rows must tell. */
  readonly stamps?: 'start' | 'end' | undefined;
  readonly groups: readonly TableGroup[];
  readonly zone: LocalZone;
  /** Of the whole file, or a column with it. */
  readonly point: string;
  readonly pointColumn?: number | undefined;
  readonly unitColumn?: number | undefined;
  /** A column whose text says the direction of its row. */
  readonly directionColumn?: number | undefined;
  readonly directionOf?: ((text: string) => EnergyDirection | undefined) | undefined;
  readonly qualityOf: (text: string) => Quality | undefined;
  /** Length of every interval in ms, where one end alone is given and the rows must not tell it. */
  readonly length?: number | undefined;
  readonly notes?: readonly string[] | undefined;
}

const DAY = 86_400_000;
const MINUTE = 60_000;
const BLANK = /^(?:|-|–|n\/?a|null)$/i;

/** A time as its cells say it: placed by an offset, or local. */
interface Time {
  readonly instant?: Instant | undefined;
  readonly wall: number;
  /** A time of day alone, whose date is the start's. */
  readonly isTimeOfDay: boolean;
}

const timeOf = (row: Row, columns: readonly number[]): Time | undefined => {
  const text = columns
    .map((column) => row.cells[column] ?? '')
    .filter((cell) => cell !== '')
    .join(' ');
  if (text === '') return undefined;
  const instant = instantOf(text);
  if (instant !== undefined) return { instant, wall: instant, isTimeOfDay: false };
  const wall = wallOf(text);
  if (wall === undefined)
    throw new IntervalFileWrong(
      `${JSON.stringify(text.slice(0, 40))} as a time`,
      'a date and time like 01.03.2023 00:15 or 2023-03-01T00:15:00+01:00',
      row.line,
    );
  return { wall, isTimeOfDay: false };
};

/** What is missing at an end that is written as the last second or minute of its interval: 23:59:59, 23:59. */
const shortOf = (wall: number): number => {
  const second = (wall / 1000) % 60;
  const minute = (wall / MINUTE) % 60;
  if (second === 59) return 1000;
  return second === 0 && minute % 5 === 4 ? MINUTE : 0;
};

interface Entry {
  readonly row: Row;
  readonly start: Time | undefined;
  readonly end: Time | undefined;
}

/** Orders rows that are not: only a step back into the hour that comes twice is in order. */
const ordered = (
  entries: readonly Entry[],
  zone: LocalZone,
  collector: IntervalCollector,
): readonly Entry[] => {
  const wallIn = ({ start, end }: Entry): number => (start ?? end)?.wall ?? 0;
  const isTwice = (entry: Entry): boolean => zone.instants(wallIn(entry)).length === 2;
  const isInOrder = entries.every((entry, index) => {
    const before = entries[index - 1];
    if (!before) return true;
    const step = wallIn(entry) - wallIn(before);
    return step >= 0 || (step >= -60 * MINUTE && isTwice(entry));
  });
  if (isInOrder) return entries;
  collector.note('the rows are not in the order of time: ordered');
  return entries.toSorted((a, b) => wallIn(a) - wallIn(b));
};

/** Whether single times are starts or ends, by the days that they fill; undefined when the rows do not tell. */
const stampsOf = (walls: readonly number[]): 'start' | 'end' | undefined => {
  const first = walls[0];
  const last = walls.at(-1);
  if (first === undefined || last === undefined || walls.length < 3) return undefined;
  const step = Math.min(
    ...walls
      .slice(1)
      .map((wall, index) => wall - (walls[index] ?? 0))
      .filter((s) => s > 0),
  );
  const time = (wall: number): number => ((wall % DAY) + DAY) % DAY;
  if (time(first) === 0 && time(last) === DAY - step) return 'start';
  if (time(first) !== 0 && time(last) === 0) return 'end';
  return undefined;
};

interface Placed {
  readonly row: Row;
  readonly start: Instant;
  readonly end: Instant;
}

/** Places the rows of one group and point in time. */
const placed = (
  entries: readonly Entry[],
  layout: TableLayout,
  collector: IntervalCollector,
  stamps: Stamps,
): readonly Placed[] => {
  const { zone } = layout;
  const sequence = new LocalSequence(zone);
  const skip = (entry: Entry): void =>
    collector.note('a local time that does not exist (the clock goes forward) is left out', entry.row.line);
  if (stamps === 'both') {
    const found: Placed[] = [];
    for (const entry of entries) {
      const { start, end } = entry;
      if (!start || !end) continue;
      const from = start.instant ?? sequence.next(start.wall);
      if (from === undefined) {
        skip(entry);
        continue;
      }
      const { wall } = end;
      const candidates = [wall, ...(end.isTimeOfDay ? [wall + DAY] : [])].flatMap((one) => {
        const instants = end.instant !== undefined ? [end.instant] : zone.instants(one);
        const [before] = instants.length === 0 ? zone.instants(one - 1) : [];
        return before === undefined ? [...instants] : [Instant(before + 1)];
      });
      const [to] = candidates.filter((instant) => instant > from).toSorted((a, b) => a - b);
      if (to === undefined)
        throw new IntervalFileWrong(
          'an end that is not after its start',
          'the end of the interval',
          entry.row.line,
        );
      found.push({ row: entry.row, start: from, end: Instant(to + shortOf(wall)) });
    }
    return found;
  }
  const times: { readonly entry: Entry; readonly at: Instant }[] = [];
  for (const entry of entries) {
    const time = entry.start ?? entry.end;
    if (!time) continue;
    const at = time.instant ?? sequence.next(time.wall, stamps === 'end');
    if (at === undefined) skip(entry);
    else times.push({ entry, at });
  }
  // A row that is there twice has no distance.
  const distinct = [...new Set(times.map(({ at }) => at))].toSorted((a, b) => a - b);
  const steps = new Map(
    stepsOf(distinct, stamps).map((step, index) => [distinct[index] ?? 0, layout.length ?? step]),
  );
  return times.map(({ entry, at }) => {
    const step = steps.get(at) ?? Number.NaN;
    if (!(step > 0))
      throw new IntervalFileWrong(
        'a single row',
        'two rows or more, or the length of an interval (--length 15m)',
        entry.row.line,
      );
    return stamps === 'end'
      ? { row: entry.row, start: Instant(at - step), end: at }
      : { row: entry.row, start: at, end: Instant(at + step) };
  });
};

/** Registers have three decimals: two readings and a value may differ by that much. */
const TOLERANCE = 2_000_000n;

interface Grouped {
  readonly layout: TableLayout;
  readonly group: TableGroup;
  /** By point and kind. */
  readonly byPoint: ReadonlyMap<string, readonly Entry[]>;
}

const groupsOf = (rows: readonly Row[], layout: TableLayout): readonly Grouped[] =>
  layout.groups.map((group) => {
    const byPoint = new Map<string, Entry[]>();
    for (const row of rows.slice(layout.first, layout.end)) {
      const start = group.start.length > 0 ? timeOf(row, group.start) : undefined;
      const end = group.end.length > 0 ? endOf(row, group, start) : undefined;
      if (!start && !end) continue;
      const point = layout.pointColumn === undefined ? '' : (row.cells[layout.pointColumn] ?? '');
      const kind = layout.directionColumn === undefined ? '' : (row.cells[layout.directionColumn] ?? '');
      const key = JSON.stringify([point, kind]);
      const list = byPoint.get(key) ?? [];
      list.push({ row, start, end });
      byPoint.set(key, list);
    }
    return { layout, group, byPoint };
  });

const stampsOfGroup = ({ layout, group, byPoint }: Grouped): Stamps => {
  if (group.start.length > 0 && group.end.length > 0) return 'both';
  const { zone } = layout;
  const [sample = []] = [...byPoint.values()];
  const aside = new IntervalCollector(layout.format, 'both', zone);
  const stamps =
    layout.stamps ??
    stampsOf(ordered(sample, zone, aside).map(({ start, end }) => (start ?? end)?.wall ?? 0));
  if (stamps === undefined)
    throw new IntervalFileWrong(
      'times of which the rows do not tell whether they are the start or the end of their interval',
      'whole days, or --stamps start or --stamps end',
      sample[0]?.row.line,
    );
  return stamps;
};

/** Reads the rows of a file that holds one table or several, one below the other. @throws IntervalFileWrong */
export const readTables = (rows: readonly Row[], layouts: readonly TableLayout[]): IntervalFile => {
  const groups = layouts
    .flatMap((layout) => groupsOf(rows, layout))
    .filter(({ byPoint }) => byPoint.size > 0);
  const [first] = groups;
  if (!first)
    throw new IntervalFileWrong(
      'no row with values',
      'rows below the header',
      rows[(layouts[0]?.first ?? 1) - 1]?.line,
    );
  const collector = new IntervalCollector(first.layout.format, stampsOfGroup(first), first.layout.zone);
  for (const note of new Set(layouts.flatMap(({ notes = [] }) => notes))) collector.note(note);
  for (const grouped of groups) {
    const { layout, group, byPoint } = grouped;
    const stamps = stampsOfGroup(grouped);
    for (const [key, entries] of byPoint) {
      const [point = '', kind = ''] = JSON.parse(key) as string[];
      const own = layout.directionOf?.(kind);
      const all = placed(ordered(entries, layout.zone, collector), layout, collector, stamps);
      for (const value of group.values)
        addValues(
          all,
          value,
          { point: value.point ?? (point || layout.point), direction: own ?? value.direction },
          layout,
          collector,
        );
    }
  }
  return collector.finish();
};

/** The end of a row; where it is a time of day alone, on the date of the start. */
const endOf = (row: Row, group: TableGroup, start: Time | undefined): Time | undefined => {
  const [only] = group.end;
  const text = group.end.length === 1 && only !== undefined ? (row.cells[only] ?? '') : '';
  const [, hour, minute, second = '0'] = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (hour === undefined || !start) return timeOf(row, group.end);
  const midnight = Math.floor(start.wall / DAY) * DAY;
  return {
    wall: midnight + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000,
    isTimeOfDay: true,
  };
};

const addValues = (
  all: readonly Placed[],
  value: ValueColumn,
  { point, direction }: { readonly point: string; readonly direction: EnergyDirection },
  layout: TableLayout,
  collector: IntervalCollector,
): void => {
  const { column, measure, unit, status, register } = value;
  let previous: { readonly end: Instant; readonly register: bigint } | undefined;
  for (const [index, { row, start, end }] of all.entries()) {
    const text = row.cells[column] ?? '';
    const ownUnit = layout.unitColumn === undefined ? unit : (unitOf(row.cells[layout.unitColumn]) ?? unit);
    const shown = register === undefined ? '' : (row.cells[register] ?? '');
    const reading = BLANK.test(shown) ? undefined : energyOf(shown, 'kWh', 0, row.line);
    let energy: Energy | undefined = BLANK.test(text)
      ? undefined
      : energyOf(text, ownUnit, end - start, row.line);
    const difference =
      reading !== undefined && previous && previous.end === start ? reading - previous.register : undefined;
    if (reading !== undefined) {
      if (energy === undefined && difference !== undefined && difference >= 0n) {
        energy = difference as Energy;
        collector.note(
          `${point}: a value is blank and taken from the register's difference`,
          row.line,
          'from the register',
        );
      } else if (energy !== undefined && difference !== undefined && difference > 0n) {
        const gap = energy - difference;
        if (gap > TOLERANCE || gap < -TOLERANCE)
          collector.note(
            `${point}: the value and the register's difference contradict each other: the value is taken`,
            row.line,
            'contradiction',
          );
      }
      previous = { end, register: reading };
    }
    // The register at the beginning of the file belongs to no interval of it.
    if (energy === undefined && index === 0 && reading !== undefined) continue;
    const statement = status === undefined ? '' : (row.cells[status] ?? '');
    collector.add({
      point,
      start,
      end,
      direction,
      measure,
      energy,
      quality: statement === '' ? 'measured' : (layout.qualityOf(statement) ?? 'measured'),
      line: row.line,
    });
  }
};
