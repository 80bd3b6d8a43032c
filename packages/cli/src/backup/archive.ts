/** The archive: a gzipped tar (POSIX ustar) whose first file, `manifest.json`, lists the others with their SHA-256. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { messageOf } from '@daisee/units';
import { extract, pack } from 'tar-stream';
import { z } from 'zod';
import { BackupUnusable } from './errors.ts';

const MANIFEST = 'manifest.json';
/** Bytes of the list of contents: thousands of files. */
const LONGEST_MANIFEST = 4 * 1024 * 1024;
/** Files of an archive: a node has some dozens. */
const MOST_FILES = 10_000;
/** How many times its own size an archive may unpack to, beyond the first 256 MiB: stores of samples come to ten. */
const MOST_GROWTH = 100;
const ALWAYS_ALLOWED = 256 * 1024 * 1024;

/** Characters of a part of a name: with what is put around it while it is written, a file system takes 255. */
const LONGEST_PART = 200;

/** A name inside an archive: relative, downward, plain. */
const name = z
  .string()
  .regex(/^[^/\\\0]+(\/[^/\\\0]+)*$/)
  .refine(
    (text) => !text.split('/').some((part) => part === '..' || part === '.' || part.length > LONGEST_PART),
  );

const manifestShape = z.object({
  format: z.literal(1),
  made: z.string(),
  version: z.string(),
  host: z.string(),
  node: z.string().optional(),
  files: z.array(
    z.object({
      name,
      source: z.string(),
      bytes: z.number().int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      kind: z.enum(['file', 'store']),
    }),
  ),
});

export type Manifest = z.output<typeof manifestShape>;

export const sha256 = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

/** Writes what the manifest lists, found below `directory`, to `file` (only its owner may read it). */
export const writeArchive = async (
  file: string,
  manifest: Manifest,
  directory: string,
  seal: Transform | undefined,
): Promise<void> => {
  const tar = pack();
  const fill = async (): Promise<void> => {
    tar.entry({ name: MANIFEST, mode: 0o600 }, `${JSON.stringify(manifest, undefined, 2)}\n`);
    for (const { name: path } of manifest.files) {
      const source = join(directory, path);
      const { size } = await stat(source);
      await pipeline(createReadStream(source), tar.entry({ name: path, mode: 0o600, size }));
    }
    tar.finalize();
  };
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true });
  await Promise.all([
    seal ? pipeline(tar, createGzip(), seal, target) : pipeline(tar, createGzip(), target),
    fill(),
  ]);
};

/**
 * Unpacks an archive below `directory` and checks every sum.
 * @throws BackupUnusable; what is below `directory` then is worth nothing
 */
export const readArchive = async (file: string, directory: string, shown = file): Promise<Manifest> => {
  const tar = extract();
  const unpacked = new Set<string>();
  let text = '';
  let entries = 0;
  let bytes = 0;
  const most = ALWAYS_ALLOWED + MOST_GROWTH * (await stat(file)).size;
  const take = async (): Promise<void> => {
    for await (const entry of tar) {
      const path = name.parse(entry.header.name);
      entries += 1;
      bytes += entry.header.size ?? 0;
      if (entries > MOST_FILES) throw new BackupUnusable(shown, `it has more than ${MOST_FILES} files`);
      if (bytes > most || (path === MANIFEST && bytes > LONGEST_MANIFEST))
        throw new BackupUnusable(
          shown,
          `it would unpack to ${bytes} bytes or more, which no backup of its size does`,
        );
      if (entry.header.type !== 'file') throw new BackupUnusable(shown, `${path} in it is no plain file`);
      const target = join(directory, 'files', path);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      if (path === MANIFEST) for await (const chunk of entry) text += String(chunk);
      else {
        await pipeline(entry, createWriteStream(target, { flags: 'wx', mode: 0o600 }));
        unpacked.add(path);
      }
    }
  };
  try {
    await Promise.all([pipeline(createReadStream(file), createGunzip(), tar), take()]);
  } catch (error) {
    if (error instanceof BackupUnusable || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
    throw new BackupUnusable(shown, `it is no whole backup (${messageOf(error)})`, error);
  }
  let manifest: Manifest;
  try {
    manifest = manifestShape.parse(JSON.parse(text));
  } catch (error) {
    throw new BackupUnusable(shown, 'it has no list of contents that this version understands', error);
  }
  for (const { name: path, sha256: sum } of manifest.files)
    if (!unpacked.delete(path)) throw new BackupUnusable(shown, `${path} is missing in it`);
    else if ((await sha256(join(directory, 'files', path))) !== sum)
      throw new BackupUnusable(shown, `${path} in it was changed (its SHA-256 differs)`);
  const [more] = unpacked;
  if (more !== undefined) throw new BackupUnusable(shown, `${more} in it is not on its list`);
  return manifest;
};
