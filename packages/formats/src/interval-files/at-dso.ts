/**
 * The files that Austrian grid operators' portals give to their customers: each operator has its own, and several have
 * had more than one. They are recognised by the words of their headers, as seen in published samples of fourteen
 * operators; what a single time is was found by each operator's own words ("Messzeitpunkt", "Ende Ablesezeitraum" are
 * ends) or by registers beside the values.
 */
import type { EnergyDirection, Measure, Quality } from '@daisee/units';
import { LocalZone } from '../local-time.ts';
import type { Unit } from './fields.ts';
import { readTables, type TableGroup, type TableLayout, type ValueColumn } from './table.ts';
import type { IntervalFile } from './interval-file.ts';
import type { Row } from './text.ts';

const ZONE = 'Europe/Vienna';
/** A header is among the first rows; above it stand customer, point and period. */
const ROWS_ABOVE = 30;

const START =
  /^(?:start|beginn|datum von|startdatum|\S*zeitraum beginn|beginn der messreihe|date_from|von)$/i;
const END = /^(?:ende|datum bis|enddatum|\S*zeitraum ende|ende der messreihe|date_to|bis)$/i;
const ONLY_END = /^(?:messzeitpunkt|ende ablesezeitraum|ablesezeitpunkt)$/i;
const UNCLEAR = /^(?:datum|datum und uhrzeit|datumuhrzeit|zeitstempel)$/i;
const VALUE =
  /kwh|verbrauch|vorschub|energiemenge|^wert$|lastg[aä]ng|^value$|messwert in|einspeis|eigendeckung|ideeller anteil|restnetzbezug|^AT\d/i;
const REGISTER = /z[aä]e?hlerstand/i;
const STATUS = /^(?:status|qualit[aä]t|ersatzwert|messwert: val)/i;
const POINT = /\bAT[0-9A-Z]{18,31}\b/;
const POINT_COLUMN = /^z[aä]e?hlpunkt(?:bezeichnung|nummer)?$/i;
const POINT_KEY = /^(?:zp-nummer|z[aä]e?hlpunkt)$/i;

const exact = (pattern: RegExp, cells: readonly string[]): number =>
  cells.findIndex((cell) => pattern.test(cell));

/** Whether a row is a header: words for times and one for a value. */
const isHeader = ({ cells }: Row): boolean =>
  ((cells.some((cell) => START.test(cell)) && cells.some((cell) => END.test(cell))) ||
    cells.some((cell) => ONLY_END.test(cell) || UNCLEAR.test(cell))) &&
  cells.some((cell) => VALUE.test(cell) && !START.test(cell) && !END.test(cell));

/** Place of the header among the rows, or -1. */
export const headerOf = (rows: readonly Row[]): number => rows.slice(0, ROWS_ABOVE).findIndex(isHeader);

const directionOf = (text: string): EnergyDirection | undefined =>
  /einspeis|r[uü]ck?lieferung|wirk lieferung|1-\d:2\.[89]\.0/i.test(text)
    ? 'export'
    : /bezug|verbrauch|1-\d:1\.[89]\.0/i.test(text)
      ? 'import'
      : undefined;

const measureOf = (header: string): Measure | 'residual' | undefined => {
  if (/erneuerb/i.test(header)) return undefined;
  if (/eigendeckung/i.test(header)) return 'covered';
  if (/ideeller anteil/i.test(header)) return 'share';
  if (/restnetzbezug|restverbrauch/i.test(header)) return 'residual';
  return VALUE.test(header) ? 'metered' : undefined;
};

/** Watts where the header says so; kilowatt-hours otherwise. */
const unitOfHeader = (header: string): Unit =>
  /\(W\)|\[W\]/.test(header) ? 'W' : /\(kW\)|\[kW\]/.test(header) ? 'kW' : 'kWh';

const qualityOf = (text: string): Quality | undefined => {
  if (/\bL2\b|ersatz|substitut/i.test(text)) return 'substituted';
  if (/\bL3\b|^EST|gesch[aä]tzt|rechnerisch|fraglich|nicht belastbar/i.test(text)) return 'estimated';
  if (/\bL1\b|^VAL|g[uü]ltig|wahrer wert|echtwert|gemessen|^G$/i.test(text)) return 'measured';
  return undefined;
};

interface Sides {
  readonly start: readonly number[];
  readonly end: readonly number[];
  readonly stamps?: 'start' | 'end' | undefined;
}

/** Which columns of a part of the header are times; columns count within the whole header. */
const sidesOf = (cells: readonly string[], from: number, to: number): Sides => {
  const part = cells.map((cell, index) => (index >= from && index < to ? cell : ''));
  const start = exact(START, part);
  const end = exact(END, part);
  const startTime = exact(/^(?:startuhrzeit|zeit von)$/i, part);
  const endTime = exact(/^(?:enduhrzeit|zeit bis)$/i, part);
  const date = exact(/^datum$/i, part);
  if (start >= 0 && end >= 0)
    return {
      start: startTime >= 0 ? [start, startTime] : [start],
      end: endTime >= 0 ? [end, endTime] : [end],
    };
  if (date >= 0 && startTime >= 0 && endTime >= 0) return { start: [date, startTime], end: [endTime] };
  const onlyEnd = exact(ONLY_END, part);
  if (onlyEnd >= 0) return { start: [], end: [onlyEnd], stamps: 'end' };
  const time = exact(/^(?:zeit|uhrzeit)$/i, part);
  // Kärnten: date and time of the start.
  if (date >= 0 && time >= 0) return { start: [date, time], end: [], stamps: 'start' };
  const unclear = exact(UNCLEAR, part);
  return { start: unclear >= 0 ? [unclear] : [], end: [] };
};

export interface AtDsoOptions {
  readonly point?: string | undefined;
  readonly direction?: EnergyDirection | undefined;
  readonly stamps?: 'start' | 'end' | undefined;
  readonly zone?: string | undefined;
}

/** Rows that begin with a date are values: what is above a later header begins after the last of them. */
const isValueRow = ({ cells }: Row): boolean =>
  cells.some((cell) => /^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}/.test(cell)) && !POINT.test(cells[0] ?? '');

/** Reads a portal's file; `at` is the place of its (first) header. */
export const readAtDso = (rows: readonly Row[], at: number, options: AtDsoOptions): IntervalFile => {
  const headers = rows.flatMap((row, index) =>
    index >= at && !isValueRow(row) && isHeader(row) ? [index] : [],
  );
  const sections = headers.map((header, index) => {
    const before = headers[index - 1];
    let from = header;
    while (from - 1 > (before ?? -1) && !isValueRow(rows[from - 1] ?? { cells: [], line: 0 })) from--;
    return { header, from: before === undefined ? 0 : from };
  });
  return readTables(
    rows,
    sections.map(({ header, from }, index) =>
      layoutOf(rows, from, header, sections[index + 1]?.from ?? rows.length, options),
    ),
  );
};

/** What the columns of one table are: `from` is where the words above its header begin. */
const layoutOf = (
  rows: readonly Row[],
  top: number,
  at: number,
  end: number,
  options: AtDsoOptions,
): TableLayout => {
  const header = rows[at]?.cells ?? [];
  const above = rows.slice(top, at);
  const aboveText = above.flatMap(({ cells }) => cells);
  const known =
    options.point ??
    above
      .map(({ cells }) => (POINT_KEY.test(cells[0] ?? '') ? cells[1] : undefined))
      .find((point) => point) ??
    [...aboveText, ...header].map((cell) => POINT.exec(cell)?.[0]).find((point) => point);
  // Tirol: several tables side by side, each with its own times.
  const starts = header.flatMap((cell, index) => (START.test(cell) ? [index] : []));
  const bounds = starts.length > 1 ? [...starts, header.length] : [0, header.length];
  const fileDirection =
    options.direction ??
    above.map(({ cells }) => directionOf(cells.join(' '))).find((direction) => direction);
  const notes: string[] = [];
  let stamps: 'start' | 'end' | undefined;
  const groups: TableGroup[] = [];
  for (let index = 0; index + 1 < bounds.length; index++) {
    const from = bounds[index] ?? 0;
    const to = bounds[index + 1] ?? header.length;
    const sides = sidesOf(header, from, to);
    stamps ??= sides.stamps;
    const taken = new Set([...sides.start, ...sides.end]);
    const columns = header
      .map((name, column) => ({ name, column }))
      .filter(({ column }) => column >= from && column < to && !taken.has(column));
    const candidates = columns.filter(
      ({ name }) =>
        measureOf(name) !== undefined &&
        !REGISTER.test(name) &&
        !STATUS.test(name) &&
        !POINT_COLUMN.test(name),
    );
    // A total beside its tariffs.
    const total = candidates.filter(({ name }) => /gesamt|einheitstarif|1\.8\.0|2\.8\.0/i.test(name));
    const hasTariffs = candidates.some(({ name }) => /hochtarif|niedertarif/i.test(name));
    const chosen = hasTariffs && total.length > 0 ? total : candidates;
    const hasWhole = chosen.some(({ name }) => measureOf(name) === 'metered');
    const values: ValueColumn[] = [];
    for (const { name, column } of chosen) {
      const measure = measureOf(name);
      if (measure === undefined) continue;
      if (measure === 'residual') {
        if (hasWhole) {
          notes.push(`${JSON.stringify(name)} is left out: it is the consumption less what is covered`);
          continue;
        }
        notes.push(`the file has only ${JSON.stringify(name)}: what a community covered is not in it`);
      }
      const status =
        columns.find((one) => STATUS.test(one.name) && one.column > column) ??
        columns.find((one) => STATUS.test(one.name));
      const register = columns.find(
        (one) => REGISTER.test(one.name) && /gesamt|einheitstarif|1\.8\.0|2\.8\.0/i.test(one.name),
      );
      values.push({
        column,
        direction:
          measure === 'share' || measure === 'covered'
            ? 'import'
            : directionOf(name) === 'export'
              ? 'export'
              : (fileDirection ?? directionOf(name) ?? 'import'),
        measure: measure === 'residual' ? 'metered' : measure,
        unit: unitOfHeader(name),
        point: POINT.exec(name)?.[0],
        status: status?.column,
        register: stamps === 'end' ? register?.column : undefined,
      });
    }
    if (values.length > 0) groups.push({ start: sides.start, end: sides.end, values });
  }
  const pointColumn = exact(POINT_COLUMN, header);
  const obis = exact(/^obis/i, header);
  const unitColumn = exact(/^einheit$/i, header);
  if (known === undefined && pointColumn < 0)
    notes.push('the file names no metering point: it is called "unknown" (give --point)');
  // Salzburg: a date and time of the start, with words for the status.
  const isSalzburg =
    header.some((cell) => /^(?:lastg[aä]nge|restverbrauch|verbrauch) \(/i.test(cell)) &&
    header.some((cell) => /^status$/i.test(cell));
  return {
    format: 'at-dso',
    first: at + 1,
    end,
    stamps: options.stamps ?? stamps ?? (isSalzburg ? 'start' : undefined),
    groups,
    zone: new LocalZone(options.zone ?? ZONE),
    point: known ?? 'unknown',
    pointColumn: pointColumn >= 0 && options.point === undefined ? pointColumn : undefined,
    unitColumn: unitColumn >= 0 ? unitColumn : undefined,
    directionColumn: obis >= 0 ? obis : undefined,
    directionOf,
    qualityOf,
    notes,
  };
};
