/** Where the parts of a node keep their files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeSettings, Settings } from './schema.ts';
import { homeDirectory } from './translate.ts';

/** The agent's books and outbox. */
export const agentDirectory = (node: NodeSettings): string =>
  node.data ?? join(homeDirectory(), 'nodes', node.address.toLowerCase());

/** The monitor's samples, names and tokens. */
export const monitorDirectory = (monitor: NonNullable<Settings['monitor']>): string =>
  monitor.data ?? join(homeDirectory(), 'monitor');

/**
 * Where in memory the monitor keeps samples that are not on the disk yet, so that they outlive the process: what systemd
 * gave the service, else a folder of this user's own. Undefined where the machine has no such place.
 */
export const memoryDirectory = (): string | undefined => {
  // Several are divided by colons (systemd.exec(5)).
  const [given] = (process.env['RUNTIME_DIRECTORY'] ?? '').split(':');
  if (given) return join(given, 'held');
  return process.platform === 'linux' && existsSync('/dev/shm')
    ? `/dev/shm/daisee-${process.getuid?.()}`
    : undefined;
};

/** Where a monitor of whatever user may hold samples for a store of that owner: for whoever copies the store. */
export const memoryDirectories = (owner: number): readonly string[] => {
  const own = memoryDirectory();
  const all = [...(own === undefined ? [] : [own]), '/run/daisee/held', `/dev/shm/daisee-${owner}`];
  return [...new Set(all)].filter((directory) => existsSync(directory));
};

/** The embedded chain. */
export const chainDirectory = (chain: NonNullable<Settings['chain']>): string =>
  chain.data ?? join(homeDirectory(), 'chain');
