/** Checks of files: settings, passwords, the key, the agent's books. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isOpenToOthers, messageOf, modeText } from '@daisee/units';
import { defaultKeystore, unlockAt } from '../commands/connect.ts';
import { agentDirectory } from '../settings/places.ts';
import type { Settings } from '../settings/schema.ts';
import { accountPassword } from '../settings/secrets.ts';
import { type Check, type Finding, failed, ok } from './check.ts';

/** Settings that came this far were read: what is wrong with them, their mode too, has its own lines. */
export const settingsCheck = (file: string): Check => ({
  name: 'settings',
  look: async () => ok(`${file} can be used`),
});

export const secretFileCheck = (key: string, file: string): Check => ({
  name: key,
  look: async () => {
    try {
      const content = await readFile(file, 'utf8');
      if ((content.split(/\r?\n/)[0] ?? '') === '')
        return failed(`${file} has no password in its first line`, `write it there, or correct ${key}`);
      const found = await stat(file);
      // As the service sees it: its own file, or root's that was handed to it.
      return isOpenToOthers(found, found.uid === 0 ? -1 : found.uid)
        ? failed(`${file} is open to others (mode ${modeText(found.mode)}) and refused`, `chmod 600 ${file}`)
        : ok(`${file} can be read`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return failed(
        `${file} cannot be read (${code ?? messageOf(error)})`,
        code === 'ENOENT' ? `make it, or correct ${key}` : 'let the user that runs the node read it',
      );
    }
  },
});

export const keyCheck = (settings: Settings): Check => ({
  name: 'key',
  look: async () => {
    const { node } = settings;
    if (!node) return [];
    const place = node.keystore ?? defaultKeystore();
    // The password's absence has its own sentence.
    const password = accountPassword(node);
    const signer = await unlockAt(place, node.address, password);
    return ok(`the key of ${signer.address} in ${place} opens`);
  },
});

const SQLITE_BUSY = 5;

interface Owner {
  readonly role: string;
  readonly account: string;
  readonly exchange: string;
}

const ownerOf = (file: string): Owner | undefined => {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
  try {
    const row = database.prepare('SELECT role, account, exchange FROM agent').get();
    return (
      row && { role: String(row['role']), account: String(row['account']), exchange: String(row['exchange']) }
    );
  } finally {
    database.close();
  }
};

/** Whether another program is in the middle of writing and stays there: an agent writes for milliseconds. */
const isHeld = (file: string): boolean => {
  const database = new DatabaseSync(file, { timeout: 2000 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if (Number((error as { errcode?: number }).errcode) % 256 === SQLITE_BUSY) return true;
    throw error;
  } finally {
    database.close();
  }
};

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The agent's file, when there is one, is whole and this node's. */
export const booksCheck = (settings: Settings): Check => ({
  name: 'books',
  look: async (): Promise<Finding | readonly Finding[]> => {
    const { node, contracts } = settings;
    if (!node || !contracts) return [];
    const file = join(agentDirectory(node), 'agent.sqlite');
    const there = await stat(file).catch(() => undefined);
    if (!there) return ok(`no books yet in ${file}; the first start begins them`);
    try {
      const owner = ownerOf(file);
      if (!owner) return failed(`${file} has no agent in it`, 'restore it from a backup, or move it away');
      const wanted = node.type === 'C' ? 'consumer' : 'producer';
      const fits =
        owner.role === wanted && same(owner.account, node.address) && same(owner.exchange, contracts.daisee);
      // Only its owner: whoever else opened it for writing would leave files of its own beside it.
      if (fits && there.uid === process.getuid?.() && isHeld(file))
        return failed(
          `${file} is locked by another program`,
          'end what holds it ("fuser -v" names it): two agents, or a copy that hangs',
        );
      return fits
        ? ok(`the books in ${file} are this node's`)
        : failed(
            `${file} belongs to ${owner.role} ${owner.account} on ${owner.exchange}`,
            'name another folder in node.data, or move the file away',
          );
    } catch (error) {
      return failed(
        `${file} cannot be read: ${messageOf(error)}`,
        'look at its owner; if it is damaged, "daisee restore" puts a backup back',
      );
    }
  },
});
