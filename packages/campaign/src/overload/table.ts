/** The steps as tables: how late a community became, and what it used. */
import type { StepResult } from './step.ts';

const at = (values: readonly number[], share: number): number | undefined => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : (ms / 1000).toFixed(1));
const middleAndLate = (values: readonly number[]): string =>
  `${seconds(at(values, 0.5))} / ${seconds(at(values, 0.99))}`;
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

type Column = readonly [title: string, cell: (step: StepResult) => string];

const lateness: readonly Column[] = [
  ['speed', ({ speed }) => `${speed}×`],
  ['samples/s', ({ samples, seconds: load, settling }) => (samples / (load + settling)).toFixed(0)],
  ['look, s (8)', ({ told }) => middleAndLate(told.looks)],
  ['report, s (60)', ({ told }) => middleAndLate(told.reports)],
  ['purchase, s', ({ told }) => middleAndLate(told.purchases)],
  ['block age, s (≤ 5)', ({ blockAges }) => middleAndLate(blockAges)],
  [
    'push, ms',
    ({ pushes }) => `${at(pushes, 0.5)?.toFixed(0) ?? '–'} / ${at(pushes, 0.99)?.toFixed(0) ?? '–'}`,
  ],
  ['samples waiting', ({ mostWaiting }) => `${mostWaiting}`],
  ['bought', ({ told }) => `${told.purchases.length}`],
  ['switched', ({ told }) => `${told.switches}`],
  ['troubles', ({ told }) => `${Object.values(told.troubles).reduce((sum, count) => sum + count, 0)}`],
  ['settled after, s', ({ settling }) => settling.toFixed(0)],
  ['wrong', ({ wrong }) => `${wrong.length}`],
];

const parts = ['agents', 'chain', 'monitor', 'postgres', 'boards', 'meters'] as const;
const uses: readonly Column[] = [
  ['speed', ({ speed }) => `${speed}×`],
  ...parts.map((part): Column => [part, ({ uses: by }) => by[part].cpu.toFixed(2)]),
  ['all, cores', ({ uses: by }) => parts.reduce((sum, part) => sum + by[part].cpu, 0).toFixed(2)],
  ...parts.map((part): Column => [`${part}, MB`, ({ uses: by }) => megabytes(by[part].memory)]),
];

const markdown = (columns: readonly Column[], steps: readonly StepResult[]): string[] => {
  const rows = [
    columns.map(([title]) => title),
    ...steps.map((step) => columns.map(([, cell]) => cell(step))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)];
};

/** Two tables: lateness (middle / 99th of a hundred, on the community's clock), and cores and memory by part. */
export const tables = (steps: readonly StepResult[]): string =>
  [...markdown(lateness, steps), '', ...markdown(uses, steps)].join('\n');
