/** Separated values whose columns are named by whoever gives the file, or by their own headers. */
import type { EnergyDirection, Quality } from '@daisee/units';
import { LocalZone } from '../local-time.ts';
import { type Unit, unitOf } from './fields.ts';
import { type IntervalFile, IntervalFileWrong } from './interval-file.ts';
import { readTables, type ValueColumn } from './table.ts';
import type { Row } from './text.ts';

/** What a column may be: the time (of the interval's start or end), both ends, energies, the point, the quality. */
export const COLUMN_ROLES = ['time', 'start', 'end', 'in', 'out', 'point', 'quality'] as const;
export type ColumnRole = (typeof COLUMN_ROLES)[number];

export interface ColumnsOptions {
  /** Header of each role's column, or its number from 1. */
  readonly columns?: Readonly<Partial<Record<ColumnRole, string>>> | undefined;
  readonly unit?: Unit | undefined;
  readonly stamps?: 'start' | 'end' | undefined;
  /** Zone of times without an offset. */
  readonly zone?: string | undefined;
  readonly point?: string | undefined;
  /** Of files that do not say it; import. */
  readonly direction?: EnergyDirection | undefined;
  /** Length of each interval in ms. */
  readonly length?: number | undefined;
}

/** Headers that say their role themselves. */
const NAMES: readonly (readonly [ColumnRole, RegExp])[] = [
  [
    'start',
    /^(?:start|from|begin|interval[ _]?start|start[ _]?(?:time|date|datetime|utc)?|début|debut|date de début|inicio)$/i,
  ],
  ['end', /^(?:end|to|until|interval[ _]?end|end[ _]?(?:time|date|datetime|utc)?|fin|date de fin)$/i],
  ['time', /^(?:time|timestamp|date|datetime|instant|ts|utc|horodate|horodatage|fecha)$/i],
  [
    'out',
    /(?:^|\b|_)(?:out|export|exported|injection|injected|production|produced|feed[ -]?in|surplus|received)(?:\b|_|$)/i,
  ],
  [
    'in',
    /(?:^|\b|_)(?:in|import|imported|consumption|consumed|consommation|energy|usage|withdrawal|soutirage|delivered|value|valeur|consumo|k?wh)(?:\b|_|$)/i,
  ],
  ['point', /^(?:point|metering[ _]?point|meter|ean|prm|pdl|cups|mpan|mprn|pod|malo)$/i],
  ['quality', /^(?:quality|status|qualité|qualite|validation)$/i],
];

const EXPECTED =
  'a column of times and one of energies: name them, as in --columns time=Date,in=Energy (or by number: time=1,in=2)';

const qualityOf = (text: string): Quality | undefined => {
  if (/^(?:e|est|estimated|l3)\b/i.test(text)) return 'estimated';
  if (/^(?:s|sub|substituted|l2)\b/i.test(text)) return 'substituted';
  return /^(?:m|measured|read|real|actual|ok|valid|val|l1)\b/i.test(text) ? 'measured' : undefined;
};

/** Reads a table by its columns. */
export const readColumns = (rows: readonly Row[], options: ColumnsOptions): IntervalFile => {
  const head = rows[0];
  if (!head) throw new IntervalFileWrong('an empty file', EXPECTED);
  const named = options.columns ?? {};
  const byNumber = Object.values(named).some((name) => /^\d+$/.test(name) && !head.cells.includes(name));
  const hasHeader = !byNumber || !head.cells.some((cell) => /^\d/.test(cell));
  const find = (role: ColumnRole): number => {
    const name = named[role];
    if (name === undefined) return -1;
    const place = head.cells.findIndex((cell) => cell.toLowerCase() === name.toLowerCase());
    if (place >= 0) return place;
    const number = Number(name);
    if (Number.isInteger(number) && number >= 1 && number <= head.cells.length) return number - 1;
    throw new IntervalFileWrong(
      `the columns ${head.cells.map((cell) => JSON.stringify(cell)).join(', ')}`,
      `one that is called ${JSON.stringify(name)} (${role})`,
      head.line,
    );
  };
  const roles = new Map<ColumnRole, number>();
  for (const role of COLUMN_ROLES) {
    const place = find(role);
    if (place >= 0) roles.set(role, place);
  }
  if (Object.keys(named).length === 0)
    for (const [index, cell] of head.cells.entries()) {
      const name = cell.replace(/\s*[([].*$/, '').trim();
      const [role] = NAMES.find(([, pattern]) => pattern.test(name)) ?? [];
      if (role === undefined) continue;
      if (roles.has(role))
        throw new IntervalFileWrong(
          `${JSON.stringify(head.cells[roles.get(role) ?? 0])} and ${JSON.stringify(cell)}, which may both be ${role}`,
          EXPECTED,
          head.line,
        );
      roles.set(role, index);
    }
  const start = roles.get('start');
  const end = roles.get('end');
  const time = roles.get('time');
  const values: ValueColumn[] = (['in', 'out'] as const).flatMap((role) => {
    const column = roles.get(role);
    if (column === undefined) return [];
    const [, inHeader] =
      /[([]\s*([a-zµ]+)\s*[)\]]/i.exec(head.cells[column] ?? '') ??
      /(?:^|[_ ])(k?wh?|mwh)$/i.exec(head.cells[column] ?? '') ??
      [];
    const unit = options.unit ?? unitOf(inHeader);
    if (unit === undefined)
      throw new IntervalFileWrong(
        `the column ${JSON.stringify(head.cells[column])} without a unit`,
        'a unit in its header, like "energy (kWh)", or --unit kWh (W and kW are mean powers)',
        head.line,
      );
    return [
      {
        column,
        direction: role === 'in' ? (options.direction ?? 'import') : ('export' as const),
        measure: 'metered' as const,
        unit,
        status: roles.get('quality'),
      },
    ];
  });
  const only = time ?? (end === undefined ? start : start === undefined ? end : undefined);
  if (values.length === 0 || (only === undefined && (start === undefined || end === undefined)))
    throw new IntervalFileWrong(
      `the columns ${head.cells.map((cell) => JSON.stringify(cell)).join(', ')}`,
      EXPECTED,
      head.line,
    );
  const pointColumn = roles.get('point');
  return readTables(rows, [
    {
      format: 'columns',
      first: hasHeader ? 1 : 0,
      stamps:
        options.stamps ??
        (time !== undefined
          ? undefined
          : end === undefined
            ? 'start'
            : start === undefined
              ? 'end'
              : undefined),
      groups: [
        only === undefined
          ? { start: start === undefined ? [] : [start], end: end === undefined ? [] : [end], values }
          : { start: [only], end: [], values },
      ],
      zone: new LocalZone(options.zone ?? 'UTC'),
      point: options.point ?? 'unknown',
      pointColumn: options.point === undefined ? pointColumn : undefined,
      qualityOf,
      length: options.length,
      notes:
        options.point === undefined && pointColumn === undefined
          ? ['the file names no metering point: it is called "unknown" (give --point)']
          : [],
    },
  ]);
};
