/** The lab's folder: what was set up once, and whose it is while a lab runs. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '@daisee/chain';
import { DaiseeError } from '@daisee/units';

/** What the first start of a lab fixed for all later ones. */
export interface LabRecord {
  readonly version: 1;
  readonly start: number;
  readonly node1: Address;
  readonly node2: Address;
  readonly treasury: Address;
  readonly exchange: Address;
  readonly coin: Address;
  readonly deployedAt: number;
  /** Balances before the first trade, in millionths of a coin. */
  readonly before: Readonly<Record<Address, string>>;
}

/** A lab's folder that cannot be used. */
class LabDirectoryError extends DaiseeError {
  constructor(message: string, values: Readonly<Record<string, unknown>>) {
    super({ code: 'cli.labDirectory', message, retryable: false, values });
  }
}

export interface LabDirectory {
  readonly path: string;
  /** Path of something inside; its folder exists. */
  file(...parts: string[]): string;
  record(): LabRecord | undefined;
  write(record: LabRecord): void;
  /** A password kept in the folder, made at the first use. */
  password(name: string): string;
  /** Lets the folder go; removes it when it was a temporary one. */
  close(): void;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The folders of a lab. */
export const LAB_PARTS = ['chain', 'keystore', 'world', 'node1', 'node2'] as const;

/**
 * Closes the parts of a kept lab to other users: before version 0.4 its stores were open to all. The folder itself is left
 * as it is, since `--data` may name one with more in it.
 */
const closeParts = (directory: string): void => {
  const close = (path: string): void => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found || found.isSymbolicLink() || found.uid !== process.getuid?.()) return;
    if ((found.mode & 0o077) !== 0) chmodSync(path, found.mode & 0o700);
    if (found.isDirectory()) for (const name of readdirSync(path)) close(join(path, name));
  };
  const passwords = readdirSync(directory).filter((name) => name.endsWith('.password'));
  for (const part of [...LAB_PARTS, 'lab.json', ...passwords]) close(join(directory, part));
};

/** Opens a lab's folder, or a temporary one; one lab at a time. @throws LabDirectoryError */
export const openLabDirectory = (path: string | undefined): LabDirectory => {
  const directory = path ?? mkdtempSync(join(tmpdir(), 'daisee-lab-'));
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = join(directory, 'lock');
  const holder = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
  if (holder > 0 && holder !== process.pid && alive(holder))
    throw new LabDirectoryError(
      `${directory} is in use by the lab of process ${holder}; stop that one, or name another folder with --data.`,
      {
        directory,
        holder,
      },
    );
  writeFileSync(lock, String(process.pid));
  const recordFile = join(directory, 'lab.json');
  if (existsSync(recordFile)) closeParts(directory);
  return {
    path: directory,
    file: (...parts) => {
      const file = join(directory, ...parts);
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
      return file;
    },
    record: () => {
      if (!existsSync(recordFile)) return undefined;
      const record = JSON.parse(readFileSync(recordFile, 'utf8')) as LabRecord;
      if (record.version !== 1)
        throw new LabDirectoryError(
          `${directory} holds a lab of another version; name another folder with --data.`,
          { directory },
        );
      return record;
    },
    write: (record) => {
      // Written aside and renamed: a kill leaves no half a record, and a set-up without one is done again.
      writeFileSync(`${recordFile}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
      renameSync(`${recordFile}.new`, recordFile);
    },
    password: (name) => {
      const file = join(directory, `${name}.password`);
      if (!existsSync(file)) {
        writeFileSync(`${file}.new`, randomBytes(18).toString('base64url'), { mode: 0o600 });
        renameSync(`${file}.new`, file);
      }
      return readFileSync(file, 'utf8');
    },
    close: () => {
      if (path === undefined) rmSync(directory, { recursive: true, force: true });
      else rmSync(lock, { force: true });
    },
  };
};
