/** What a file says now, as long as the program runs: read again when it has changed. */
import { statSync } from 'node:fs';
import { DaiseeError } from '@daisee/units';

/** Tells one state of a file from the next; undefined while it is not there. */
const stateOf = (file: string): string | undefined => {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
};

/**
 * Reads a file, and again whenever it is asked and the file is another than before. A file that cannot be used any more is
 * told once, and what it said last holds on: one that is being written is not whole for a moment.
 * @throws what `read` throws the first time
 */
export const inForce = <T>(
  file: string,
  read: (file: string) => T,
  tell: (text: string) => void,
): (() => T) => {
  let state = stateOf(file);
  let value = read(file);
  return () => {
    const now = stateOf(file);
    if (now === state) return value;
    state = now;
    try {
      value = read(file);
    } catch (error) {
      if (!(error instanceof DaiseeError)) throw error;
      tell(`${error.message} What it said before holds on.`);
    }
    return value;
  };
};
