/** Putting the files of a backup in their places. */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '@daisee/units';
import { SETTINGS_FILE, STATE_DIRECTORY } from '../install/plan.ts';
import type { Manifest } from './archive.ts';
import { BackupUnusable, GoesElsewhere, RestoreBroken, WouldOverwrite } from './errors.ts';

export interface Placing {
  readonly name: string;
  readonly target: string;
  readonly kind: 'file' | 'store';
}

/** Where each file goes: below `into`, or where it was when the backup was made. */
export const placingsOf = ({ files }: Manifest, into: string | undefined): readonly Placing[] =>
  files.map(({ name, source, kind }) => ({
    name,
    kind,
    target: into === undefined ? resolve(source) : join(resolve(into), name),
  }));

/**
 * An archive that is not closed with a passphrase is whoever's made it, and so are the places in it: they must lie in
 * folders that are known to be DAISEE's.
 * @throws GoesElsewhere
 */
export const checkPlaces = (file: string, placings: readonly Placing[], known: readonly string[]): void => {
  const isIn = (folder: string, target: string): boolean => {
    const way = relative(resolve(folder), target);
    return way !== '' && !way.startsWith('..') && !isAbsolute(way);
  };
  const elsewhere = placings
    .map(({ target }) => target)
    .filter((to) => !known.some((place) => isIn(place, to)));
  if (elsewhere.length > 0) throw new GoesElsewhere(file, elsewhere, known);
};

/** A store that some process has open cannot leave its write-ahead log. @throws BackupUnusable */
const checkIdle = (file: string, store: string): void => {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(store, { timeout: 0 });
    const said = database.prepare('PRAGMA journal_mode = DELETE').get();
    if (said?.['journal_mode'] !== 'delete')
      throw new BackupUnusable(file, `${store} is in use: stop the node first`);
  } catch (error) {
    if (error instanceof BackupUnusable) throw error;
    if (/locked|busy/i.test(messageOf(error)))
      throw new BackupUnusable(file, `${store} is in use: stop the node first`, error);
    // Damaged, perhaps: that is what backups are for.
  } finally {
    database?.close();
  }
};

const found = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/** Whose a file becomes that root puts back; a service could not read root's. Undefined for anybody else. */
const ownerOf = (target: string): Stats | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const there = found(target);
  if (there) return there;
  // The folder of their settings is root's, and what they name there the services'.
  const services = dirname(target) === dirname(SETTINGS_FILE) ? found(STATE_DIRECTORY) : undefined;
  if (services) return services;
  let above = dirname(target);
  while (!found(above)) above = dirname(above);
  return found(above);
};

/** Copies beside the target and renames: it is whole or not there. */
const place = (from: string, { kind, target }: Placing): void => {
  const owner = ownerOf(target);
  const replaced = owner && found(target);
  const made = mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  if (owner && made !== undefined)
    for (let folder = dirname(target); folder.startsWith(made); folder = dirname(folder))
      lchownSync(folder, owner.uid, owner.gid);
  const part = join(dirname(target), `.${basename(target)}.part`);
  // The folder may be another user's, who must not lead root elsewhere by a link.
  rmSync(part, { force: true });
  copyFileSync(from, part, constants.COPYFILE_EXCL);
  const descriptor = openSync(part, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    if (owner) fchownSync(descriptor, owner.uid, owner.gid);
    // The settings of the services are root's, and readable for their group.
    if (replaced) fchmodSync(descriptor, replaced.mode & 0o777);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  // An old log beside a new store would be applied to it.
  if (kind === 'store') for (const end of ['-wal', '-shm', '-journal']) rmSync(target + end, { force: true });
  renameSync(part, target);
};

/**
 * Moves the unpacked files to their places, each whole or not at all.
 * @throws WouldOverwrite, BackupUnusable before anything is written, RestoreBroken after
 */
export const putBack = (
  file: string,
  unpacked: string,
  placings: readonly Placing[],
  force: boolean,
): void => {
  const there = placings.filter(({ target }) => existsSync(target));
  if (!force && there.length > 0) throw new WouldOverwrite(there.map(({ target }) => target));
  for (const { kind, target } of there) if (kind === 'store') checkIdle(file, target);
  for (const [done, placing] of placings.entries())
    try {
      place(join(unpacked, 'files', placing.name), placing);
    } catch (error) {
      throw new RestoreBroken(placing.target, done, placings.length, messageOf(error), error);
    }
};
