/** Secrets may stand in the settings, in a file of their own or in the environment; nothing else reads them. */
import { readFileSync } from 'node:fs';
import { DaiseeError, messageOf } from '@daisee/units';
import type { NodeSettings } from './schema.ts';

/** A secret that is nowhere to be found, with the places where it may stand. */
class SecretMissing extends DaiseeError {
  constructor(what: string, key: string, variable: string) {
    super({
      code: 'cli.secretMissing',
      message: `The password of ${what} is missing: set ${key} or ${key}File in the settings, or ${variable} in the environment.`,
      retryable: false,
      values: { key, variable },
    });
  }
}

class SecretFileUnreadable extends DaiseeError {
  constructor(file: string, cause: unknown) {
    super({
      code: 'cli.secretFile',
      message: `The file with the password, ${file}, cannot be read: ${messageOf(cause)}.`,
      retryable: false,
      values: { file },
      cause,
    });
  }
}

/** The first line of a secret's file. */
export const secretFrom = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw new SecretFileUnreadable(file, error);
  }
};

/** The password of the node's account. */
export const accountPassword = (node: NodeSettings): string => {
  const value =
    node.accountpswd ??
    (node.accountpswdFile ? secretFrom(node.accountpswdFile) : process.env['DAISEE_ACCOUNTPSWD']);
  if (value === undefined)
    throw new SecretMissing(`account ${node.address}`, 'node.accountpswd', 'DAISEE_ACCOUNTPSWD');
  return value;
};

/** The password of the node's monitor. */
export const monitorPassword = (node: NodeSettings): string => {
  const value =
    node.password ?? (node.passwordFile ? secretFrom(node.passwordFile) : process.env['DAISEE_PASSWORD']);
  if (value === undefined)
    throw new SecretMissing(`the monitor at ${node.url}`, 'node.password', 'DAISEE_PASSWORD');
  return value;
};
