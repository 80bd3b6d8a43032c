/** What SQLite's failures mean for whoever asked. */
import { DaiseeError, type DaiseeErrorOptions, messageOf } from '@daisee/units';

interface Meaning {
  readonly code: string;
  readonly retryable: boolean;
  readonly text: string;
}

// Primary result codes: https://www.sqlite.org/rescode.html
const meanings: Readonly<Record<number, Meaning>> = {
  5: { code: 'busy', retryable: true, text: 'is being written by another process; try again' },
  8: {
    code: 'read-only',
    retryable: false,
    text: 'cannot be written: check the owner and mode of it and its folder',
  },
  10: { code: 'disk', retryable: true, text: 'could not be read or written: check the disk' },
  11: { code: 'damaged', retryable: false, text: 'is damaged: put it aside and restore a copy' },
  13: { code: 'full', retryable: false, text: 'has no room left: free space on its disk' },
  14: {
    code: 'cannot-open',
    retryable: false,
    text: 'cannot be opened: check that its folder exists and may be written',
  },
  26: { code: 'not-a-store', retryable: false, text: 'is no database: give another file' },
};

/** Code of Node for a database that was closed. */
const CLOSED: Meaning = {
  code: 'closed',
  retryable: false,
  text: 'is closed: nothing more can be asked of it',
};

/** How a room that keeps something in a file makes its errors: of its own class, `room.store-…` their codes. */
export interface Failures {
  /** The room's name, with which the codes of its errors begin. */
  readonly room: string;
  readonly failure: (options: DaiseeErrorOptions) => DaiseeError;
}

/** The typed error for anything that a file's database threw. */
export const failureOf = ({ room, failure }: Failures, file: string, error: unknown): DaiseeError => {
  if (error instanceof DaiseeError) return error;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  const meaning =
    code === 'ERR_INVALID_STATE'
      ? CLOSED
      : typeof errcode === 'number'
        ? meanings[errcode & 0xff]
        : undefined;
  return failure({
    code: `${room}.store-${meaning?.code ?? 'failed'}`,
    message: `The store ${file} ${meaning?.text ?? 'failed'} (${messageOf(error)}).`,
    retryable: meaning?.retryable ?? false,
    values: { file, errcode },
    cause: error,
  });
};

/** Another program's database. */
export const notOurs = ({ room, failure }: Failures, file: string): DaiseeError =>
  failure({
    code: `${room}.store-not-a-store`,
    message: `The store ${file} is another program's database: give another file.`,
    retryable: false,
    values: { file },
  });

/** Written by a later version. */
export const newerSchema = (
  { room, failure }: Failures,
  file: string,
  version: number,
  known: number,
): DaiseeError =>
  failure({
    code: `${room}.store-newer`,
    message: `The store ${file} has schema ${version} and this version knows up to ${known}: start the newer one that wrote it, or give another file.`,
    retryable: false,
    values: { file, version, known },
  });
