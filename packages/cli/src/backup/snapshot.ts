/** Copies of files and stores as of one instant, while a node writes to them. */
import { copyFile, rm, stat } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { takeHeld } from '@daisee/monitor';
import { messageOf } from '@daisee/units';
import { memoryDirectories } from '../settings/places.ts';
import { type Content, SAMPLES } from './contents.ts';
import { BackupFailed } from './errors.ts';

/** How long to wait for a store that another process is just writing, real ms. */
const BUSY_TIMEOUT = 10_000;
const ATTEMPTS = 5;
/** SQLITE_BUSY; the embedded chain holds its journal for itself. */
const BUSY = 5;

const isBusy = (error: unknown): boolean =>
  Number((error as { errcode?: unknown } | undefined)?.errcode) % 256 === BUSY ||
  /locked|busy/i.test(messageOf(error));

const checkWhole = (copy: string): void => {
  const database = new DatabaseSync(copy);
  try {
    // One file: what the copy's log held goes into it, and no log stays beside it.
    database.exec('PRAGMA journal_mode = DELETE');
    const answer = database.prepare('PRAGMA quick_check(1)').get();
    const [said] = Object.values(answer ?? {});
    if (said !== 'ok') throw new BackupFailed(`a copy is not whole: ${String(said)}`);
  } finally {
    database.close();
  }
};

/**
 * A store that its owner never lets go of. Its main file changes only when SQLite moves the log into it
 * (https://www.sqlite.org/wal.html#checkpointing), and the log only grows in between, so main file and log belong
 * together when the main file was the same before and after both were copied; what of the log was half written fails its
 * checksum and is left out.
 */
const copyLocked = async (source: string, target: string): Promise<void> => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await stat(source, { bigint: true });
    await copyFile(source, target);
    await copyFile(`${source}-wal`, `${target}-wal`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const after = await stat(source, { bigint: true });
    if (before.mtimeNs === after.mtimeNs && before.size === after.size) return;
    await rm(`${target}-wal`, { force: true });
  }
  throw new BackupFailed(`${source} is being changed all the time; try again, or stop its process first.`, {
    source,
  });
};

/** Copies one thing to `target`, samples with what their monitor holds in memory. @throws BackupFailed */
export const snapshot = async ({ name, source, kind }: Content, target: string): Promise<void> => {
  try {
    if (kind === 'file') {
      await copyFile(source, target);
      return;
    }
    const memory = name === SAMPLES ? memoryDirectories((await stat(source)).uid) : [];
    const putHeld = memory.map((directory) => takeHeld(source, directory));
    try {
      const database = new DatabaseSync(source, { readOnly: true, timeout: BUSY_TIMEOUT });
      try {
        // Tells a lock as such; a backup that meets one does not.
        database.prepare('SELECT count(*) FROM sqlite_schema').get();
        // All pages in one step: a step that others' writes interrupt begins anew, and they write every few seconds.
        await backup(database, target, { rate: 2 ** 31 - 1 });
      } finally {
        database.close();
      }
    } catch (error) {
      if (!isBusy(error)) throw error;
      await rm(target, { force: true });
      await copyLocked(source, target);
    }
    for (const put of putHeld) put(target);
    checkWhole(target);
  } catch (error) {
    if (error instanceof BackupFailed) throw error;
    throw new BackupFailed(
      `${source} cannot be copied: ${messageOf(error)}. Run it as the user that runs the node, or with sudo.`,
      { source },
      error,
    );
  }
};
