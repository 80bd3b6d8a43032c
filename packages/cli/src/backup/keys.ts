/** Whose keys a backup has: the node's own, and those that were asked for by name. */
import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Address, BadAddress, findKeyFile, NoKey, toAddress } from '@daisee/chain';
import { defaultKeystore } from '../commands/connect.ts';
import type { Settings } from '../settings/schema.ts';
import { BackupFailed } from './errors.ts';

/** Where the keys stand in a backup. */
const KEYS = 'keystore/';
/** The embedded chain's own key: in the folder of the chain, and worth nothing without it. */
const TREASURY = 'chain/treasury.key';

export interface Key {
  readonly name: string;
  readonly source: string;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

const keyAt = (file: string): Key => ({ name: `${KEYS}${basename(file)}`, source: resolve(file) });

/** The key of the node that the settings describe. @throws BackupFailed where it is not */
const ownKey = async ({ node }: Settings): Promise<readonly Key[]> => {
  if (!node) return [];
  const keystore = node.keystore ?? defaultKeystore();
  if (isFile(keystore)) return [keyAt(keystore)];
  try {
    return [keyAt(await findKeyFile(keystore, toAddress(node.address)))];
  } catch (error) {
    if (!(error instanceof NoKey)) throw error;
    throw new BackupFailed(
      `There is no key of ${node.address} in ${keystore}: run it as the user that runs the node, or with sudo and the settings of the services. Nothing was written.`,
      { node: node.address },
      error,
    );
  }
};

/** A key that somebody names: an account's whose key is beside the node's, or the key file. @throws BackupFailed */
const namedKey = async ({ node }: Settings, named: string): Promise<Key> => {
  const keystore = node?.keystore ?? defaultKeystore();
  const folder = isFile(keystore) ? defaultKeystore() : keystore;
  if (isFile(named)) return keyAt(named);
  try {
    return keyAt(await findKeyFile(folder, toAddress(named)));
  } catch (error) {
    if (error instanceof BadAddress)
      throw new BackupFailed(
        `--key ${named} is neither an account (0x and 40 hexadecimal digits) nor a key file. Nothing was written.`,
        { named },
        error,
      );
    if (error instanceof NoKey)
      throw new BackupFailed(
        `--key ${named}: there is no such key in ${folder}. "daisee account list" shows which there are; a key file elsewhere can be named by its path. Nothing was written.`,
        { named, folder },
        error,
      );
    throw error;
  }
};

/**
 * The keys that belong into a backup of these settings: the node's own, and `named` ones. The others of a keystore, an
 * admin's or a neighbour's, are nobody's to carry about.
 * @throws BackupFailed
 */
export const keysOf = async (settings: Settings, named: readonly string[]): Promise<readonly Key[]> => {
  const found = [
    ...(await ownKey(settings)),
    ...(await Promise.all(named.map((one) => namedKey(settings, one)))),
  ];
  const keys = new Map<string, Key>();
  for (const key of found) {
    // Files of one name in two folders.
    let { name } = key;
    for (let n = 2; keys.has(name) && keys.get(name)?.source !== key.source; n++)
      name = `${KEYS}${n}-${basename(key.source)}`;
    keys.set(name, { ...key, name });
  }
  return [...keys.values()];
};

export const isKey = (name: string): boolean => name.startsWith(KEYS) || name === TREASURY;

const addressIn = (text: unknown): Address | undefined => {
  try {
    return typeof text === 'string' ? toAddress(text.toLowerCase()) : undefined;
  } catch (error) {
    if (error instanceof BadAddress) return undefined;
    throw error;
  }
};

const addressInside = (file: string): Address | undefined => {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as { readonly address?: unknown } | null;
    return addressIn(content?.address);
  } catch (error) {
    // No key file of ours: it is still said to be there.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Whose key a file is, by what it says itself, else by its name; undefined where neither tells. */
const accountOf = (name: string, file: string): Address | undefined =>
  addressInside(file) ?? addressIn(/(?:^|--|\/)(?:0x)?([0-9a-f]{40})(?:\.json)?$/i.exec(name)?.[1]);

/** A key of a backup as a person is told of it. `file`: where its content can be read. */
export const describedKey = (
  name: string,
  file: string,
  node: string | undefined,
): { readonly text: string; readonly account: Address | undefined; readonly own: boolean } => {
  if (name === TREASURY)
    return { text: 'the treasury of the embedded chain, not encrypted', account: undefined, own: true };
  const account = accountOf(name, file);
  const own = account !== undefined && account.toLowerCase() === node?.toLowerCase();
  return {
    text: `${account ?? `an account that ${basename(name)} does not name`}${own ? ', the node’s own' : ''}`,
    account,
    own,
  };
};
