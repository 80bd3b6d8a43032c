/** What of a node is worth keeping, and where each file stands in a backup. */
import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { namedPaths } from '../install/plan.ts';
import { agentDirectory, chainDirectory, monitorDirectory } from '../settings/places.ts';
import type { Settings } from '../settings/schema.ts';
import { relayDirectory } from '../settings/translate.ts';
import type { Key } from './keys.ts';

export interface Content {
  /** Path inside the backup; below a home of its own (`DAISEE_HOME`) the files stand where a node looks for them. */
  readonly name: string;
  readonly source: string;
  /** An SQLite store is copied as of one instant while others write to it. */
  readonly kind: 'file' | 'store';
}

/** What SQLite and running processes keep beside their files, worth nothing in a copy. */
const isPassing = (name: string): boolean =>
  /(-wal|-shm|-journal|\.pid|\.lock|\.holder|\.new|\.part)$/.test(name);

/** The monitor's store, by its name in a backup. */
export const SAMPLES = 'monitor/monitor.sqlite';

const entries = (directory: string): readonly Dirent[] => {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    // Not every node has every folder.
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return [];
    throw error;
  }
};

const filesIn = (directory: string, name: string): readonly Content[] =>
  entries(directory)
    .filter((entry) => entry.isFile() && !isPassing(entry.name))
    .map((entry) => ({
      name: `${name}/${entry.name}`,
      source: join(resolve(directory), entry.name),
      kind: entry.name.endsWith('.sqlite') ? ('store' as const) : ('file' as const),
    }));

/** Passwords, tokens, certificates: what the settings name and a node cannot do without. */
const isSecret = (key: string): boolean => /(File|\.(tokens|ca|cert|key))$/.test(key);

/** The settings, what they name, the keys given, and every store of the parts that run here. */
export const contentsOf = (settings: Settings, file: string, keys: readonly Key[]): readonly Content[] => {
  const { node, monitor, chain } = settings;
  const contents: Content[] = [{ name: 'parameters.yml', source: resolve(file), kind: 'file' }];
  for (const { key, path } of namedPaths(settings))
    if (isSecret(key)) contents.push({ name: `secrets/${key}`, source: resolve(path), kind: 'file' });
  for (const key of keys) contents.push({ ...key, kind: 'file' });
  if (node) contents.push(...filesIn(agentDirectory(node), `nodes/${node.address.toLowerCase()}`));
  if (monitor) contents.push(...filesIn(monitorDirectory(monitor), 'monitor'));
  if (settings.relay?.serve) contents.push(...filesIn(relayDirectory(settings.relay), 'relay'));
  if (chain) contents.push(...filesIn(chainDirectory(chain), 'chain'));
  const seen = new Set<string>();
  return contents.filter(({ source }) => {
    const real = statSync(source, { throwIfNoEntry: false }) ? realpathSync(source) : source;
    if (seen.has(real)) return false;
    seen.add(real);
    return true;
  });
};
