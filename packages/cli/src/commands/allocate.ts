import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  createIntervalAllocator,
  createTableReader,
  readShares,
  ruleNamed,
  rules,
  type SharesSource,
  type TableColumns,
  type TableRow,
} from '@daisee/allocation';
import { formatKilowattHours, messageOf } from '@daisee/units';
import { Command, Option } from 'commander';
import { UsageError, zoneText } from '../options.ts';
import { createOutput, type Output } from '../output.ts';
import { drained } from '../output-drain.ts';

interface AllocateOptions {
  readonly rule?: string;
  readonly shares?: string;
  readonly zone?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** A file's text; what cannot be read is told in one line. */
const textOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}.`, { file });
  }
};

/** The names of the points, as JSON keys: made once, written in every line. */
const keysOf = (ids: readonly string[]): readonly string[] => ids.map((id) => `${JSON.stringify(id)}:"`);

const amounts = (keys: readonly string[], values: Float64Array): string => {
  let text = '{';
  for (let i = 0; i < keys.length; i++)
    text += `${i === 0 ? '' : ','}${keys[i]}${formatKilowattHours(values[i] as number)}"`;
  return `${text}}`;
};

/** What each point had in the whole file, µWh. */
interface Sums {
  readonly of: Float64Array;
  readonly covered: Float64Array;
}

const add = (sums: Float64Array, values: Float64Array): void => {
  for (let i = 0; i < values.length; i++) sums[i] = (sums[i] as number) + (values[i] as number);
};

const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
const short = (energy: number): string => (energy / 1e9).toFixed(3);

const tableLines = (columns: TableColumns, consumed: Sums, produced: Sums): readonly string[] => {
  const rows = [
    ['point', 'kWh', 'within the community', 'part', 'with the grid'],
    ...columns.consumers.map((id, i) => {
      const [whole, part] = [consumed.of[i] ?? 0, consumed.covered[i] ?? 0];
      return [`consumer ${id}`, short(whole), short(part), percent(part, whole), short(whole - part)];
    }),
    ...columns.producers.map((id, j) => {
      const [whole, part] = [produced.of[j] ?? 0, produced.covered[j] ?? 0];
      return [`producer ${id}`, short(whole), short(part), percent(part, whole), short(whole - part)];
    }),
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};

const listRules = (output: Output): void => {
  for (const { name, title, since, source, needs, country } of rules)
    output.result(`${name.padEnd(16)} ${title}${needs === 'nothing' ? '' : ` (needs ${needs})`}`, {
      type: 'rule',
      name,
      title,
      country,
      since,
      needs,
      source,
    });
};

const run = async (file: string, options: AllocateOptions, output: Output): Promise<void> => {
  if (!options.rule) throw new UsageError('By which rule? Give --rule NAME; --list shows them.');
  const rule = ruleNamed(options.rule);
  const sharesText = options.shares === undefined ? undefined : await textOf(options.shares);
  if (rule.needs !== 'nothing' && sharesText === undefined)
    throw new UsageError(
      `${rule.name} needs ${rule.needs}: give them with --shares FILE, a CSV like point,${rule.needs === 'ranks' ? 'rank' : 'share'} (see --help).`,
    );

  let columns: TableColumns = { consumers: [], producers: [] };
  let shares: SharesSource | undefined;
  let lines: string[] = [];
  let early = 0;
  let handle: (row: TableRow) => void = () => undefined;
  let sums: readonly [Sums, Sums] | undefined;

  const begin = (found: TableColumns): void => {
    columns = found;
    const { consumers, producers } = found;
    if (sharesText !== undefined)
      shares = readShares(sharesText, {
        file: options.shares ?? '',
        rule,
        columns,
        zone: options.zone,
      });
    const allocate = createIntervalAllocator(rule, columns);
    const [consumerKeys, producerKeys] = [keysOf(consumers), keysOf(producers)];
    const room = (length: number): Sums => ({
      of: new Float64Array(length),
      covered: new Float64Array(length),
    });
    const [consumed, produced] = [room(consumers.length), room(producers.length)];
    sums = [consumed, produced];
    handle = (row) => {
      const { consumption, production, allocation } = allocate(row, shares?.at(row.start));
      const start = `${new Date(row.start).toISOString().slice(0, 19)}Z`;
      if (rule.since && start.slice(0, 10) < rule.since) early++;
      if (output.json)
        lines.push(
          `{"start":"${start}","share":${amounts(consumerKeys, allocation.share)},"covered":${amounts(consumerKeys, allocation.covered)},"surplus":${amounts(producerKeys, allocation.surplus)}}\n`,
        );
      add(consumed.of, consumption);
      add(consumed.covered, allocation.covered);
      add(produced.of, production);
      add(produced.covered, allocation.sold);
    };
  };

  const reader = createTableReader({
    file,
    zone: options.zone,
    onColumns: begin,
    onRow: (row) => handle(row),
  });
  const source = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 });
  try {
    for await (const piece of source) {
      reader.push(piece as Buffer);
      const text = lines.join('');
      lines = [];
      if (text !== '') await drained(text);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}.`, { file });
  }
  const { rows, notes } = reader.end();
  await drained(lines.join(''));
  if (sums) {
    output.line(`${rule.name}: ${rule.title}; ${rows} intervals`);
    for (const line of tableLines(columns, ...sums)) output.line(line);
  }
  for (const note of [...notes, ...(shares?.notes() ?? [])]) output.note(note);
  if (early > 0)
    output.note(`${early} intervals are before ${rule.since}, from when on ${rule.name} is in force.`);
};

export const allocateCommand = (): Command =>
  new Command('allocate')
    .description("Share a community's energy out by a rule: try it on a file.")
    .argument(
      '[file]',
      'CSV: first column the start, then consumer:ID and producer:ID in kWh; - reads standard input',
    )
    .option('--rule <name>', 'like at/dynamic; --list shows all')
    .option(
      '--shares <file>',
      'coefficients, participation factors, ranks, windows; for rules that need them',
    )
    .option(
      '--zone <name>',
      'of times without an offset, like Europe/Vienna (default: they are UTC)',
      zoneText,
    )
    .addOption(new Option('--list', 'show the rules'))
    .option('--json', 'one JSON object an interval: start, share, covered, surplus; kWh as decimal text')
    .addHelpText(
      'after',
      `
Example: daisee allocate --rule at/dynamic quarters.csv --json

  start;consumer:A;consumer:B;producer:P
  2026-11-01T00:00Z;0.100;0.250;0.200

--shares takes a list, one line a point and window (only the columns that are needed):
  point,share,factor,rank,producer,from,until
  A,0.25,,,,2026-11-01,
or coefficients for each interval (start,consumer:A,consumer:B), or Spain's CUPS;0,123456.`,
    )
    .action(async (file: string | undefined, options: AllocateOptions) => {
      const output = createOutput(options.json ?? false);
      if (options.list) {
        listRules(output);
        return;
      }
      if (file === undefined) throw new UsageError('Which file? Give a CSV, or - for standard input.');
      await run(file, options, output);
    });
