/** What a campaign says: a line for each fault, each violation with its evidence, and a table at the end. */
import { type Duration, messageOf } from '@daisee/units';
import type { CampaignEvent, Found, Outcome, Struck } from './campaign.ts';
import type { Fault } from './doors.ts';
import { inWords } from './faults/lasting.ts';

/** Lab time as `1:02:03`. */
const clockOf = (duration: number): string => {
  const whole = Math.floor(duration / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
};

const lawsOf = ({ tries }: Fault): string => `law${tries.length > 1 ? 's' : ''} ${tries.join(', ')}`;

const struckLine = ({ fault, at, seen, happened, failed, recovery, isBesideAnother }: Struck): string => {
  const after = recovery === undefined ? 'NOT RECOVERED' : `works again after ${inWords(recovery)}`;
  const outcome = failed ? 'could not be done: ' : happened ? '' : 'did not come about: ';
  const beside = isBesideAnother ? ' (with another)' : '';
  return `${clockOf(at)}  ${fault.name}${beside}, ${lawsOf(fault)}: ${outcome}${seen}; ${after}`;
};

const violationLines = ({ law, what, at, faults }: Found): string => {
  const during = faults.length > 0 ? `during ${faults.join(' and ')}` : 'at the end';
  return `VIOLATION of law ${law} at ${new Date(at).toISOString()}, ${during}\n    ${what}`;
};

/** The event as a line for people. */
export const lineOf = (event: CampaignEvent): string => {
  if (event.type === 'struck') return struckLine(event.struck);
  return event.type === 'violation' ? violationLines(event.found) : event.message;
};

/** The event as a record for programs. */
export const recordOf = (event: CampaignEvent): Readonly<Record<string, unknown>> => {
  if (event.type === 'violation') return { type: 'violation', ...event.found };
  if (event.type === 'phase') return event;
  const { fault, ...struck } = event.struck;
  return { type: 'struck', fault: fault.name, laws: fault.tries, ...struck };
};

const median = (sorted: readonly Duration[]): Duration | undefined => sorted[Math.floor(sorted.length / 2)];

/** A kind of fault over a whole campaign. */
export interface Row {
  readonly fault: string;
  readonly laws: readonly number[];
  /** Those that happened. */
  readonly struck: number;
  readonly failed: number;
  /** Found nothing to disturb. */
  readonly missed: number;
  /** Found in its steps: the other fault of such a step may be the cause. */
  readonly violations: number;
  /** Lab time, ms. */
  readonly median: Duration | undefined;
  readonly worst: Duration | undefined;
}

/** A row for each kind of fault struck, in the order of the list of faults. */
export const rowsOf = (outcome: Outcome, faults: readonly Fault[]): readonly Row[] =>
  faults.flatMap((fault) => {
    const struck = outcome.struck.filter((one) => one.fault.name === fault.name);
    if (struck.length === 0) return [];
    const times = struck.flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery]));
    times.sort((a, b) => a - b);
    return [
      {
        fault: fault.name,
        laws: fault.tries,
        struck: struck.filter(({ happened }) => happened).length,
        failed: struck.filter(({ failed }) => failed).length,
        missed: struck.filter(({ happened, failed }) => !happened && !failed).length,
        violations: outcome.found.filter(({ faults: names }) => names.includes(fault.name)).length,
        median: median(times),
        worst: times.at(-1),
      },
    ];
  });

const injectedOf = ({ struck, failed, missed }: Row): string => {
  const others = [
    ...(failed > 0 ? [`${failed} not done`] : []),
    ...(missed > 0 ? [`${missed} did not come about`] : []),
  ];
  return `${struck}${others.length > 0 ? ` (${others.join(', ')})` : ''}`;
};

/** Rows as a Markdown table, readable as it is. */
export const tableOf = (rows: readonly Row[]): string => {
  const time = (value: Duration | undefined): string => (value === undefined ? '–' : inWords(value));
  const cells = rows.map((row) => [
    row.fault,
    injectedOf(row),
    row.laws.join(' '),
    String(row.violations),
    time(row.median),
    time(row.worst),
  ]);
  const head = ['fault', 'injected', 'laws tried', 'violations', 'recovery: median', 'worst'];
  const widths = head.map((word, column) =>
    Math.max(word.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...cells.map(line)].join(
    '\n',
  );
};

/** A campaign that was ended early has not passed, whatever it found until then. */
const verdictOf = ({ found, isWhole }: Outcome): string => {
  if (found.length > 0) return `${found.length} VIOLATION${found.length === 1 ? '' : 'S'}.`;
  return isWhole ? 'No violation.' : 'NOT JUDGED: no violation was seen until then.';
};

/** As the shell has it for Ctrl-C: 128 + SIGINT. */
const ENDED_EARLY = 130;

/** 0 only for a campaign that came to its end without a violation. */
export const exitCodeOf = ({ found, isWhole }: Pick<Outcome, 'found' | 'isWhole'>): number =>
  found.length > 0 ? 1 : isWhole ? 0 : ENDED_EARLY;

/** The closing sentences. */
export const summaryOf = (outcome: Outcome, rows: readonly Row[], speed: number, repeat: string): string => {
  const { looks, tries, isWhole, lasted } = outcome;
  const struck = rows.reduce((sum, row) => sum + row.struck, 0);
  const kinds = rows.filter((row) => row.struck > 0).length;
  const missed = rows.reduce((sum, row) => sum + row.failed + row.missed, 0);
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
  const ends = isWhole
    ? 'The books were closed and compared.'
    : 'It was ended early: the books were not compared.';
  return [
    `${count(struck, 'fault')} of ${count(kinds, 'kind')}${missed > 0 ? ` (${missed} more did not come about)` : ''} in ${inWords(lasted)} of lab time (${speed} times real), laws checked ${looks} times. ${ends}`,
    `Leases outlasted while contacts were away from rest: ${tries.agent} with the agent away, ${tries.link} with its connection, ${tries.device} at the device.`,
    verdictOf(outcome),
    `The same again: ${repeat}`,
  ].join('\n');
};

/** Why a campaign could not be held. */
export const failureLine = (error: unknown): string => `The campaign failed: ${messageOf(error)}`;
