/**
 * A lock on a file that the system itself holds and lets go of when its holder ends, however that comes: no lock is left
 * over by `kill -9`, and none is held by a number that another process has now.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy } from '@daisee/units';

/** Who holds a lock, as far as it said so. */
export interface Holder {
  readonly pid: number;
  /** Since when, Unix milliseconds. */
  readonly since: number;
  /** What else it said. */
  readonly [more: string]: string | number | undefined;
}

export interface Lock {
  /** Says more of the holder, for those who find it locked. */
  tell(more: Readonly<Record<string, string | number | undefined>>): void;
  release(): void;
}

/** What the holder said of itself; undefined when that cannot be read. */
export const parseHolder = (text: string): Holder | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, since } = value as Record<string, unknown>;
    return typeof pid === 'number' && typeof since === 'number' ? (value as Holder) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const holderFile = (file: string): string => `${file}.holder`;

const readHolder = (file: string): Holder | undefined => {
  try {
    return parseHolder(readFileSync(holderFile(file), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/**
 * Takes the lock of `file`, made with its folder (0700) when it is not there. SQLite locks the file (`fcntl` on POSIX
 * systems) for as long as its transaction is open; nothing is ever written to it. Nobody in this process may open the
 * file by another way: the system lets go of a process's locks on a file with any of its descriptors.
 * @returns the lock, or who holds it: undefined where that is not known
 */
export const lockFile = (file: string, now: number): Lock | { readonly holder: Holder | undefined } => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    return { holder: readHolder(file) };
  }
  const tell: Lock['tell'] = (more) =>
    writeFileSync(holderFile(file), `${JSON.stringify({ pid: process.pid, since: now, ...more })}\n`, {
      mode: 0o600,
    });
  tell({});
  return {
    tell,
    release: () => {
      if (database.isOpen) database.close();
    },
  };
};
