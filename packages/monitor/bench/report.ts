/** The results as tables for a terminal, as Markdown or as JSON. */
import { cpus, release, totalmem } from 'node:os';
import type { Asked } from './asking.ts';
import type { QuestionResult, Result } from './measure.ts';

type Table = readonly (readonly string[])[];

const milliseconds = (ms: number): string =>
  Number.isNaN(ms) ? '–' : `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
const rate = (perSecond: number): string =>
  `${perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(1)}/s`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
/** Resident bytes that a monitor stays below, whatever it is asked and sent. */
const MOST_MEMORY = 150e6;
const count = (samples: number): string => (samples >= 1e6 ? `${samples / 1e6} M` : `${samples}`);
const NAMES = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;

/** A median with the target that it should keep, if there is one. */
const judged = (text: string, missed: boolean | undefined): string =>
  missed === true ? `${text} (!)` : text;

const errorsOf = ({ errors }: Asked): string => (errors === 0 ? '' : `, ${errors} errors`);

const questionRow = ({
  name,
  v02,
  target,
  alone,
  together,
  cpu,
  stall,
}: QuestionResult): readonly string[] => [
  name,
  v02,
  rate(alone.perSecond) + errorsOf(alone),
  judged(milliseconds(alone.p50), target !== undefined && alone.p50 > target),
  milliseconds(alone.p99),
  milliseconds(cpu),
  rate(together.perSecond) + errorsOf(together),
  milliseconds(together.p99),
  milliseconds(stall),
];

const questionTable = ({ questions }: Result): Table => [
  ['asked for', 'v0.2', 'alone', 'p50', 'p99', 'CPU', '16 clients', 'p99', 'stall'],
  ...questions.map(questionRow),
];

const ingestTable = ({ ingest, grown }: Result): Table => [
  ['samples in', 'v0.2', 'samples', 'p50', 'p99', 'CPU for 1000', 'errors', 'stall', 'memory'],
  ...ingest.map((row) => [
    row.name,
    row.v02,
    judged(rate(row.perSecond), row.target !== undefined && row.perSecond < row.target),
    milliseconds(row.p50),
    milliseconds(row.p99),
    milliseconds(row.cpu),
    String(row.errors),
    milliseconds(row.stall),
    megabytes(row.memory),
  ]),
  ['by 5000, in the same process', '', rate(grown), '', '', '', '', '', ''],
];

const resident = (bytes: number): string => judged(megabytes(bytes), bytes > MOST_MEMORY);

const memoryLine = ({ memory, size }: Result): string =>
  `Memory of the monitor (v0.2: 539 MB): ${resident(memory.idle)} at its start, ${resident(memory.asked)} after the questions (at most ${resident(memory.peakAsked)}), ${resident(memory.fed)} after the ingest (at most ${resident(memory.peak)}). The store has ${megabytes(size)}.`;

/** How the medians move from one size to the next. */
const growthTable = (results: readonly Result[]): Table => {
  const [first] = results;
  if (!first) return [];
  return [
    ['p50, asked alone', ...results.map(({ samples }) => `${count(samples)} samples`)],
    ...first.questions.map(({ name }, i) => [
      name,
      ...results.map(({ questions }) => milliseconds(questions[i]?.alone.p50 ?? Number.NaN)),
    ]),
    ...first.ingest.map(({ name }, i) => [
      name,
      ...results.map(({ ingest }) => rate(ingest[i]?.perSecond ?? Number.NaN)),
    ]),
    ['by 5000, in the same process', ...results.map(({ grown }) => rate(grown))],
    ['memory after the questions', ...results.map(({ memory }) => resident(memory.asked))],
    ['memory at most', ...results.map(({ memory }) => resident(memory.peak))],
    ['the store on the disk', ...results.map(({ size }) => megabytes(size))],
  ];
};

const aligned = (table: Table, cell: (text: string, width: number) => string): readonly string[] => {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  return table.map((row) => row.map((text, i) => cell(text, widths[i] ?? 0)).join(' | '));
};

const asText = (table: Table): string =>
  aligned(table, (text, width) => text.padEnd(width))
    .map((line) => line.trimEnd())
    .join('\n');

const asMarkdown = (table: Table): string => {
  const [head = '', ...rows] = aligned(table, (text, width) => text.padEnd(width)).map(
    (line) => `| ${line} |`,
  );
  return [head, head.replace(/[^|]+/g, (cell) => ` ${'-'.repeat(cell.length - 2)} `), ...rows].join('\n');
};

/** The machine in one line; `now` is the day of the measurement. */
export const machineLine = (now: Date): string => {
  const [cpu] = cpus();
  return `${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.versions.node}, ${now.toISOString().slice(0, 10)}`;
};

const NOTE =
  'v0.2’s numbers are with 1 M rows in PostgreSQL. Each question carries login and password as its clients sent them, unless said otherwise. CPU is of the monitor’s process for each request; stall is the longest time in which it answered nobody; (!) is a target that was missed.';

export const report = (results: readonly Result[], markdown: boolean, now: Date): string => {
  const print = markdown ? asMarkdown : asText;
  const parts = [machineLine(now), NOTE];
  for (const kind of ['sqlite', 'postgres'] as const) {
    const own = results.filter((result) => result.kind === kind);
    for (const result of own.slice(0, 1))
      parts.push(
        `${markdown ? '### ' : ''}${NAMES[kind]}, ${count(result.samples)} samples`,
        print(questionTable(result)),
        print(ingestTable(result)),
        memoryLine(result),
      );
    if (own.length > 1)
      parts.push(`${markdown ? '### ' : ''}${NAMES[kind]}, as it grows`, print(growthTable(own)));
  }
  return `${parts.join('\n\n')}\n`;
};
