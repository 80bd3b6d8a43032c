/** Interval energies: what grid operators deliver, read. */
import { readFile } from 'node:fs/promises';
import {
  COLUMN_ROLES,
  type ColumnRole,
  fileRecord,
  INTERVAL_FORMATS,
  type IntervalFormat,
  intervalRecords,
  readIntervalFile,
  type Unit,
} from '@daisee/formats';
import { DaiseeError, type Duration, messageOf } from '@daisee/units';
import { Command, InvalidArgumentError, Option } from 'commander';
import { duration, list } from '../options.ts';
import { createOutput } from '../output.ts';
import type { CommonOptions } from './run.ts';

interface ReadOptions extends CommonOptions {
  readonly format?: IntervalFormat;
  readonly point?: string;
  readonly direction?: 'import' | 'export';
  readonly zone?: string;
  readonly stamps?: 'start' | 'end';
  readonly columns?: Readonly<Partial<Record<ColumnRole, string>>>;
  readonly unit?: Unit;
  readonly length?: Duration;
  readonly report?: boolean;
}

/** Thrown for a file that cannot be opened or read: nothing of it is printed. */
class IntervalFileFailed extends DaiseeError {
  constructor(file: string, why: string, cause?: unknown) {
    super({
      code: 'cli.interval-file',
      message: `${file}: ${why}`,
      retryable: false,
      values: { file },
      cause,
    });
  }
}

/** `time=Datum,in=Verbrauch (kWh)`: role and header, or number from 1. */
const columns = (text: string): Partial<Record<ColumnRole, string>> => {
  const named: Partial<Record<ColumnRole, string>> = {};
  for (const part of list(text)) {
    const [role = '', ...rest] = part.split('=');
    const name = rest.join('=').trim();
    if (!COLUMN_ROLES.includes(role as ColumnRole) || name === '')
      throw new InvalidArgumentError(
        `It needs roles and headers like time=Date,in=Energy; the roles are ${COLUMN_ROLES.join(', ')}.`,
      );
    named[role as ColumnRole] = name;
  }
  return named;
};

const wattHours = (micro: number | null | undefined): string =>
  micro === null || micro === undefined ? '–' : `${micro / 1e6} Wh`;

const read = async (file: string, options: ReadOptions): Promise<void> => {
  const output = createOutput(options.json ?? false);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new IntervalFileFailed(file, `it cannot be read: ${messageOf(error)}.`, error);
  }
  let found: ReturnType<typeof readIntervalFile>;
  try {
    found = readIntervalFile(bytes, { ...options, length: options.length });
  } catch (error) {
    if (error instanceof DaiseeError) throw new IntervalFileFailed(file, error.message, error);
    throw error;
  }
  const about = fileRecord(found);
  if (options.report) {
    output.result(
      Object.entries(about)
        .filter(([name]) => name !== 'notes')
        .map(
          ([name, value]) =>
            `${name.padEnd(12)} ${Array.isArray(value) ? value.join(', ') : (JSON.stringify(value) ?? '–')}`,
        )
        .join('\n'),
      about,
    );
  } else {
    for (const record of intervalRecords(found))
      output.result(
        `${record.start}  ${String(record.length / 60).padStart(4)} min  in ${wattHours(record.in)}  out ${wattHours(record.out)}  ${record.quality}  ${record.point}`,
        { ...record },
      );
    for (const window of found.memberships)
      output.result(
        `${window.point}  ${window.from} to ${window.until ?? 'open'}  ${window.direction}  factor ${window.factor ?? '–'} %  share ${window.share ?? '–'}  ${window.community}`,
        { type: 'membership', ...window, until: window.until ?? null },
      );
  }
  for (const { line, note } of found.notes)
    output.note(`${file}${line === undefined ? '' : `, line ${line}`}: ${note}`);
  if (found.intervals.length === 0 && found.memberships.length === 0)
    throw new IntervalFileFailed(file, 'it holds no interval of electric energy.');
};

export const intervalCommand = (): Command =>
  new Command('interval').description("Interval energies in grid operators' files.").addCommand(
    new Command('read')
      .description(
        "Read an operator's file: one line an interval, with point, start (UTC), length (s), µWh in and out, quality.",
      )
      .argument(
        '<file>',
        'of Enedis, EDA, an Austrian portal, SDAT, Datadis, Fluvius, Energinet, Green Button; or a table',
      )
      .addOption(
        new Option('--format <format>', 'what it is; found by what it holds').choices([...INTERVAL_FORMATS]),
      )
      .option('--point <id>', 'the metering point, where the file does not name it')
      .addOption(
        new Option(
          '--direction <way>',
          'what a file that does not say it holds (Data Connect); import',
        ).choices(['import', 'export']),
      )
      .option('--zone <zone>', 'time zone of its local times; the operator’s (a table: UTC)')
      .addOption(
        new Option(
          '--stamps <end>',
          'whether its times are the start or the end of intervals, where the rows do not tell',
        ).choices(['start', 'end']),
      )
      .addOption(
        new Option('--columns <roles>', 'columns of a table, like time=Date,in=Energy').argParser(columns),
      )
      .addOption(
        new Option('--unit <unit>', 'unit of a table’s values').choices(['Wh', 'kWh', 'MWh', 'W', 'kW']),
      )
      .addOption(
        new Option('--length <time>', 'length of a table’s intervals, like 15m; by its rows').argParser(
          duration,
        ),
      )
      .option('--report', 'what the file holds instead of its intervals')
      .option('--json', 'one JSON object a line')
      .addHelpText(
        'after',
        '\nA file is read whole or not at all. What is not there or came twice is told on standard error.\nExample: daisee interval read consumption.xml --json',
      )
      .action(read),
  );
