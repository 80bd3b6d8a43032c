/** Where a command's words go: lines for people, or one JSON object a line for programs. */
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

export const createOutput = (json: boolean): Output => {
  const line = (text = '') => {
    if (!json) process.stdout.write(`${text}\n`);
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
      process.stderr.write(`${text}\n`);
    },
  };
};

/** The lines that an error deserves: its own message; where it came from only when it was not thrown on purpose. */
export const explain = (error: unknown): string => {
  if (error instanceof DaiseeError) return error.message;
  if (error instanceof Error) return `${messageOf(error)}\n${error.stack ?? ''}`;
  return String(error);
};
