/** Where a command's words go: lines for people, or one JSON object a line for programs. */
import { fstatSync } from 'node:fs';
import { DaiseeError, messageOf } from '@daisee/units';

export interface Output {
  readonly json: boolean;
  /** A line for people; nothing with --json. */
  readonly line: (text?: string) => void;
  /** A record for programs; nothing without --json. */
  readonly record: (value: Readonly<Record<string, unknown>>) => void;
  /** One result, for either: the text for people, the record for programs. */
  readonly result: (text: string, value: Readonly<Record<string, unknown>>) => void;
  /** Progress or a warning: always to standard error, so that standard output stays a program's. */
  readonly note: (text: string) => void;
}

const jsonValue = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

/** Whether a stream is the journal's (systemd.exec(5), JOURNAL_STREAM): the file's device and inode tell. */
export const isJournal = (descriptor: number, named: string | undefined): boolean => {
  if (!named) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return named === `${dev}:${ino}`;
  } catch (error) {
    // A closed stream is nobody's.
    if ((error as NodeJS.ErrnoException).code === 'EBADF') return false;
    throw error;
  }
};

/** Levels of syslog(3); the journal takes them from the beginning of a line (sd-daemon(3)). */
const levels = { err: 3, warning: 4, info: 6 } as const;

/** Marks each line with its level where the journal reads it; changes nothing elsewhere. */
export const journalLevel =
  (level: keyof typeof levels, stream: { readonly fd: number }) =>
  (text: string): string =>
    isJournal(stream.fd, process.env['JOURNAL_STREAM']) ? text.replaceAll(/^/gm, `<${levels[level]}>`) : text;

/** A line that begins with the instant it tells of: the journal writes its own beside each. */
const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z /;

export const createOutput = (json: boolean): Output => {
  const inJournal = isJournal(process.stdout.fd, process.env['JOURNAL_STREAM']);
  const warning = journalLevel('warning', process.stderr);
  const line = (text = '') => {
    if (!json) process.stdout.write(`${inJournal ? text.replace(INSTANT, '') : text}\n`);
  };
  const record = (value: Readonly<Record<string, unknown>>) => {
    if (json) process.stdout.write(`${JSON.stringify(value, jsonValue)}\n`);
  };
  return {
    json,
    line,
    record,
    result: (text, value) => {
      line(text);
      record(value);
    },
    note: (text) => {
      process.stderr.write(`${warning(text)}\n`);
    },
  };
};

/** The lines that an error deserves: its own message; where it came from only when it was not thrown on purpose. */
export const explain = (error: unknown): string => {
  if (error instanceof DaiseeError) return error.message;
  if (error instanceof Error) return `${messageOf(error)}\n${error.stack ?? ''}`;
  return String(error);
};
