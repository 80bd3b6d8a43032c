import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { type Manifest, readArchive } from '../backup/archive.ts';
import { BackupUnusable } from '../backup/errors.ts';
import { describedKey, isKey } from '../backup/keys.ts';
import { checkPlaces, placingsOf, putBack } from '../backup/restore.ts';
import { isSealed, unseal } from '../backup/seal.ts';
import { namedPaths, SETTINGS_FILE, STATE_DIRECTORY } from '../install/plan.ts';
import { createOutput, type Output } from '../output.ts';
import { readSettings } from '../settings/read.ts';
import { homeDirectory } from '../settings/translate.ts';
import { passphraseFrom } from './backup.ts';
import type { CommonOptions } from './run.ts';

interface RestoreOptions extends CommonOptions {
  readonly into?: string;
  readonly passphraseFile?: string;
  readonly force?: boolean;
  readonly outside?: boolean;
  readonly list?: boolean;
}

/** What is in a backup, whose keys above all: `unpacked` has its files. */
const tellContents = (output: Output, manifest: Manifest, unpacked: string): void => {
  for (const { name } of manifest.files.filter((one) => isKey(one.name))) {
    const { text, account, own } = describedKey(name, join(unpacked, 'files', name), manifest.node);
    output.result(`key of ${text}`, { type: 'key', name, account: account ?? null, own });
  }
};

/** Settings that were moved may still name the places they came from. */
const tellPlaces = (output: Output, into: string): void => {
  const file = join(resolve(into), 'parameters.yml');
  if (!existsSync(file)) return;
  for (const { key, path } of namedPaths(readSettings(file)))
    output.note(`${file}: ${key} still names ${path}; correct it if that is not the place any more.`);
  output.line(`\nNext: DAISEE_HOME=${resolve(into)} daisee up -c ${file}`);
};

const restore = async (file: string, options: RestoreOptions, output: Output): Promise<void> => {
  if (!existsSync(file)) throw new BackupUnusable(file, 'there is no such file');
  // Unpacked where it is going, or beside the backup: /tmp may be small and in memory.
  const near = options.into === undefined || options.list ? dirname(resolve(file)) : resolve(options.into);
  await mkdir(near, { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(near, '.daisee-restore-')).catch(() =>
    mkdtemp(join(tmpdir(), 'daisee-restore-')),
  );
  let hasBooks = false;
  try {
    let archive = file;
    if (await isSealed(file)) {
      const passphrase = passphraseFrom(options.passphraseFile);
      if (passphrase === undefined)
        throw new BackupUnusable(file, 'it is closed: give --passphrase-file or DAISEE_BACKUP_PASSPHRASE');
      archive = join(scratch, 'opened');
      await unseal(file, passphrase, archive);
    }
    const manifest = await readArchive(archive, scratch, file);
    hasBooks = manifest.files.some(({ name }) => name.endsWith('/agent.sqlite'));
    const placings = placingsOf(manifest, options.into);
    if (options.list) {
      for (const { name, source, bytes } of manifest.files)
        output.result(`${name}  (from ${source}, ${bytes} bytes)`, { type: 'file', name, source, bytes });
      tellContents(output, manifest, scratch);
      output.result(
        `\n${manifest.files.length} files as of ${manifest.made} (${manifest.node ?? 'no node'} on ${manifest.host}), made by version ${manifest.version}; nothing was restored`,
        {
          type: 'backup',
          made: manifest.made,
          host: manifest.host,
          version: manifest.version,
          files: manifest.files.length,
          node: manifest.node ?? null,
        },
      );
      return;
    }
    if (options.into === undefined && !options.outside)
      checkPlaces(file, placings, [homeDirectory(), process.cwd(), dirname(SETTINGS_FILE), STATE_DIRECTORY]);
    putBack(file, scratch, placings, options.force ?? false);
    for (const { name, target } of placings)
      output.result(`restored  ${target}`, { type: 'file', name, target });
    tellContents(output, manifest, scratch);
    output.result(
      `\n${placings.length} files as of ${manifest.made} (${manifest.node ?? 'no node'} on ${manifest.host})`,
      {
        type: 'restored',
        made: manifest.made,
        host: manifest.host,
        files: placings.length,
        ...(manifest.node ? { node: manifest.node } : {}),
      },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  if (hasBooks)
    output.note(
      'If the node reported to the ledger after this backup, the agent will refuse its old books and say so: move agent.sqlite away then, and it goes on from the ledger.',
    );
  if (options.into !== undefined) tellPlaces(output, options.into);
};

export const restoreCommand = (): Command =>
  new Command('restore')
    .description('Put the files of a backup back, after checking each of them.')
    .argument('<file>', 'the backup')
    .option('--into <directory>', 'put everything below this directory instead of where it was')
    .option('--passphrase-file <file>', 'passphrase of a closed backup (or DAISEE_BACKUP_PASSPHRASE)')
    .option('--force', 'replace files that are there')
    .option('--outside', 'also where none of DAISEE’s files are known to be: only for backups that you made')
    .option('--list', 'only say what is in it, and whose keys: nothing is restored')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee restore daisee.backup --into ./restored')
    .action(async (file: string, options: RestoreOptions) => {
      await restore(file, options, createOutput(options.json ?? false));
    });
