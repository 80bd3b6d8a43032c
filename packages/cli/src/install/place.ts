/** Putting files where they belong, without losing what somebody changed there. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DaiseeError, messageOf } from '@daisee/units';
import { type InstallFile, MARK } from './units.ts';

/** A file could not be put in its place. */
export class PlaceFailed extends DaiseeError {
  constructor(path: string, cause: unknown) {
    const denied = ['EACCES', 'EPERM', 'EROFS'].includes(String((cause as NodeJS.ErrnoException).code));
    super({
      code: 'cli.install.place',
      message: `${path} cannot be written: ${messageOf(cause)}.${denied ? ' Run it with sudo; --print only shows what would be written.' : ''}`,
      retryable: false,
      values: { path },
      cause,
    });
  }
}

export type Placed = 'written' | 'unchanged' | 'replaced' | 'removed' | 'kept';

/** The first free name for the copy of a file. */
const backupName = (path: string): string => {
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${path}.bak` : `${path}.bak${n}`;
    if (!existsSync(name)) return name;
  }
};

/**
 * Writes the file below `root`, whole or not at all; one with other content is kept beside it.
 * @returns what was done, and where the old content is now
 * @throws PlaceFailed
 */
export const place = (
  { path, mode, content }: InstallFile,
  root: string,
): { readonly done: Placed; readonly backup?: string } => {
  const target = join(root, path);
  try {
    const old = existsSync(target) ? readFileSync(target, 'utf8') : undefined;
    if (old === content) {
      if ((statSync(target).mode & 0o777) === mode) return { done: 'unchanged' };
      chmodSync(target, mode);
      return { done: 'written' };
    }
    const made = mkdirSync(dirname(target), { recursive: true });
    // This process makes what it makes for its user alone, and these are the system's.
    if (made !== undefined)
      for (let folder = dirname(target); folder.startsWith(made); folder = dirname(folder))
        chmodSync(folder, 0o755);
    const part = `${target}.new`;
    rmSync(part, { force: true });
    const descriptor = openSync(part, 'wx', mode);
    try {
      writeSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(part, mode);
    const backup = old === undefined ? undefined : backupName(target);
    if (backup) renameSync(target, backup);
    renameSync(part, target);
    return backup ? { done: 'replaced', backup } : { done: 'written' };
  } catch (error) {
    throw new PlaceFailed(target, error);
  }
};

/** Removes a file that this program wrote; another's stays. @returns undefined where there was none @throws PlaceFailed */
export const takeAway = (path: string, root: string): Placed | undefined => {
  const target = join(root, path);
  try {
    if (!existsSync(target)) return undefined;
    const isOurs = readFileSync(target, 'utf8')
      .split('\n', 2)
      .some((line) => line.startsWith(MARK));
    if (isOurs) rmSync(target);
    return isOurs ? 'removed' : 'kept';
  } catch (error) {
    throw new PlaceFailed(target, error);
  }
};
