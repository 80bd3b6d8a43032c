import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '@daisee/units';
import { Command } from 'commander';
import { type Manifest, sha256, writeArchive } from '../backup/archive.ts';
import { contentsOf } from '../backup/contents.ts';
import { BackupFailed } from '../backup/errors.ts';
import { describedKey, isKey, keysOf } from '../backup/keys.ts';
import { createSeal } from '../backup/seal.ts';
import { snapshot } from '../backup/snapshot.ts';
import { commandClock } from '../command-clock.ts';
import { useHomeOf } from '../install/plan.ts';
import { createOutput } from '../output.ts';
import { readSettings } from '../settings/read.ts';
import { secretFrom } from '../settings/secrets.ts';
import { VERSION } from '../version.ts';
import type { CommonOptions } from './run.ts';

interface BackupOptions extends CommonOptions {
  readonly config: string;
  readonly passphraseFile?: string;
  readonly key?: readonly string[];
  readonly force?: boolean;
}

export const passphraseFrom = (file: string | undefined): string | undefined =>
  (file === undefined ? process.env['DAISEE_BACKUP_PASSPHRASE'] : secretFrom(file)) || undefined;

const back = async (file: string, options: BackupOptions): Promise<Manifest> => {
  const settings = readSettings(options.config);
  useHomeOf(options.config);
  const contents = contentsOf(settings, options.config, await keysOf(settings, options.key ?? []));
  const target = resolve(file);
  if (existsSync(target) && !options.force)
    throw new BackupFailed(`${target} is there already: name another file, or replace it with --force.`, {
      target,
    });
  const passphrase = passphraseFrom(options.passphraseFile);
  let scratch: string | undefined;
  try {
    // Beside the target, so that the copies need no room on another disk and the last step is a rename.
    scratch = await mkdtemp(join(dirname(target), '.daisee-backup-'));
    const files: Manifest['files'] = [];
    for (const content of contents) {
      const copy = join(scratch, content.name);
      await mkdir(dirname(copy), { recursive: true });
      await snapshot(content, copy);
      files.push({ ...content, bytes: (await stat(copy)).size, sha256: await sha256(copy) });
    }
    const manifest: Manifest = {
      format: 1,
      made: new Date(commandClock().now()).toISOString(),
      version: VERSION,
      host: hostname(),
      ...(settings.node ? { node: settings.node.address } : {}),
      files,
    };
    const part = join(scratch, 'archive.part');
    await writeArchive(part, manifest, scratch, passphrase ? await createSeal(passphrase) : undefined);
    await rename(part, target);
    return manifest;
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== 'string' || error instanceof BackupFailed)
      throw error;
    throw new BackupFailed(`${target} cannot be written: ${messageOf(error)}.`, { target }, error);
  } finally {
    if (scratch) await rm(scratch, { recursive: true, force: true });
  }
};

export const backupCommand = (): Command =>
  new Command('backup')
    .description('Copy keys, settings and stores of a node into one file, while the node runs.')
    .argument('<file>', 'the backup, like daisee-2026-11-22.backup')
    .option('-c, --config <file>', 'settings of the node', 'parameters.yml')
    .option(
      '--passphrase-file <file>',
      'close the backup with the passphrase in this file (or DAISEE_BACKUP_PASSPHRASE)',
    )
    .option(
      '--key <account or file>',
      'also the key of another account in the keystore, or a key file; may be given again',
      (one: string, before: readonly string[] | undefined) => [...(before ?? []), one],
    )
    .option('--force', 'replace a file that is there')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Of the keys only the node's own goes into it (node.address), whoever else's are in the same keystore; --key adds one.

Example: sudo daisee backup /media/usb/daisee.backup -c /etc/daisee/parameters.yml`,
    )
    .action(async (file: string, options: BackupOptions) => {
      const output = createOutput(options.json ?? false);
      const manifest = await back(file, options);
      for (const { name, source, bytes } of manifest.files)
        output.result(`${name}  (${source}, ${bytes} bytes)`, { type: 'file', name, source, bytes });
      for (const { name, source } of manifest.files.filter((one) => isKey(one.name))) {
        const { text, account, own } = describedKey(name, source, manifest.node);
        output.result(`key of ${text}`, { type: 'key', name, account: account ?? null, own });
      }
      const { size } = await stat(file);
      output.result(`\n${resolve(file)}: ${manifest.files.length} files, ${size} bytes`, {
        type: 'backup',
        file: resolve(file),
        files: manifest.files.length,
        bytes: size,
      });
      if (!passphraseFrom(options.passphraseFile))
        output.note(
          'It holds the settings and password files as they are: keep it where only you can read it, or close it with --passphrase-file.',
        );
      if (settingsHasDatabase(options.config))
        output.note('The samples are in PostgreSQL (monitor.database): back that up with pg_dump.');
    });

const settingsHasDatabase = (file: string): boolean => {
  const { monitor } = readSettings(file);
  return monitor !== undefined && 'database' in monitor && monitor.database !== undefined;
};
