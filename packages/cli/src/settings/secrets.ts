/** Secrets may stand in the settings, in a file of their own or in the environment; nothing else reads them. */
import { readFileSync, statSync } from 'node:fs';
import type { MqttTls } from '@daisee/meter';
import { DaiseeError, isOpenToOthers, messageOf, modeText } from '@daisee/units';
import { inForce } from './in-force.ts';
import type { MonitorSettings } from './monitor.ts';
import type { RelaySettings } from './relay.ts';
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
  constructor(file: string, what: string, cause: unknown) {
    super({
      code: 'cli.secretFile',
      message: `The file with the ${what}, ${file}, cannot be read: ${messageOf(cause)}.`,
      retryable: false,
      values: { file },
      cause,
    });
  }
}

/** A file with a secret that others than its owner may read or change. */
class SecretFileOpen extends DaiseeError {
  constructor(file: string, what: string, mode: number) {
    super({
      code: 'cli.secretFileOpen',
      message: `The file with the ${what}, ${file}, is open to others on this machine (mode ${modeText(mode)}): expected its owner alone. Close it: chmod 600 ${file}`,
      retryable: false,
      values: { file, mode: modeText(mode) },
    });
  }
}

/** Where a service manager or a container hands secrets out: their modes are not ours to choose, nor to mend. */
const HANDED_OUT = ['/run/credentials/', '/run/secrets/'];

/**
 * That a file is for nobody else; one that is not there is found out by who reads it. Systemd's credentials belong to
 * root and have 0440, which is close enough anywhere.
 * @throws SecretFileOpen
 */
export const expectClosed = (file: string, what: string): void => {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile() || HANDED_OUT.some((place) => file.startsWith(place))) return;
  if (isOpenToOthers(found, process.getuid?.())) throw new SecretFileOpen(file, what, found.mode);
};

const secretOf = (file: string, what: string): string => {
  expectClosed(file, what);
  return contentOf(file, what);
};

const contentOf = (file: string, what: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SecretFileUnreadable(file, what, error);
  }
};

/** The first line of a secret's file. @throws SecretFileOpen, SecretFileUnreadable */
export const secretFrom = (file: string): string => secretOf(file, 'password').split(/\r?\n/)[0] ?? '';

/** A file whose first line should be a password and is empty. */
class SecretFileEmpty extends DaiseeError {
  constructor(file: string) {
    super({
      code: 'cli.secretFileEmpty',
      message: `The file with the password, ${file}, has none in its first line: write it there.`,
      retryable: false,
      values: { file },
    });
  }
}

/**
 * The password in a file as it is whenever it is asked: who changes it shuts out who knows the old one, without a restart.
 * @throws SecretFileOpen, SecretFileUnreadable, SecretFileEmpty at the start; `tell` hears of them later
 */
export const passwordInForce = (file: string, tell: (text: string) => void): (() => string) =>
  inForce(
    file,
    (from) => {
      const password = secretFrom(from);
      if (password === '') throw new SecretFileEmpty(from);
      return password;
    },
    tell,
  );

/** The password of the node's account, where it is given. */
export const accountPasswordIfAny = (node: NodeSettings): string | undefined =>
  node.accountpswd ??
  (node.accountpswdFile ? secretFrom(node.accountpswdFile) : process.env['DAISEE_ACCOUNTPSWD']);

/** The password of the node's account. */
export const accountPassword = (node: NodeSettings): string => {
  const value = accountPasswordIfAny(node);
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

/** The same, as it is whenever the monitor is asked where it is in a file. */
export const monitorPasswordNow = (
  node: NodeSettings,
  tell: (text: string) => void,
): string | (() => string) =>
  node.password === undefined && node.passwordFile !== undefined
    ? passwordInForce(node.passwordFile, tell)
    : monitorPassword(node);

interface Password {
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** A password that need not be there. */
const passwordOf = (
  { password, passwordFile }: Password,
  ...variables: readonly string[]
): string | undefined =>
  password ??
  (passwordFile === undefined
    ? variables.map((name) => process.env[name]).find((value) => value !== undefined)
    : secretFrom(passwordFile));

/** The password at the broker of a meter; a client that names no user shows none. */
export const brokerPassword = (
  settings: Password & { readonly username?: string | undefined },
): string | undefined =>
  settings.username === undefined ? settings.password : passwordOf(settings, 'DAISEE_MQTT_PASSWORD');

/** The password at the broker of Home Assistant, often the meters' one. */
export const homeAssistantPassword = (
  settings: Password & { readonly username?: string | undefined },
): string | undefined =>
  settings.username === undefined
    ? settings.password
    : passwordOf(settings, 'DAISEE_HOMEASSISTANT_PASSWORD', 'DAISEE_MQTT_PASSWORD');

export const shellyPassword = (settings: Password): string | undefined =>
  passwordOf(settings, 'DAISEE_SHELLY_PASSWORD');

/** The address of a database with its password, which may stand apart from it. */
export const databaseUrl = (
  database: string,
  {
    databasePassword,
    databasePasswordFile,
  }: Pick<MonitorSettings, 'databasePassword' | 'databasePasswordFile'>,
): string => {
  const password = passwordOf(
    { password: databasePassword, passwordFile: databasePasswordFile },
    'DAISEE_DATABASE_PASSWORD',
  );
  const url = new URL(database);
  if (password === undefined || url.password !== '') return database;
  url.password = encodeURIComponent(password);
  return url.href;
};

/** The password that a monitor asks its clients for, where it has a login of its own. */
export const ownPassword = (settings: Password & { readonly login: string }): string => {
  const value = passwordOf(settings, 'DAISEE_PASSWORD');
  if (value === undefined)
    throw new SecretMissing(`the monitor's login ${settings.login}`, 'monitor.password', 'DAISEE_PASSWORD');
  return value;
};

interface Certificates {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly servername?: string | undefined;
}

/** The certificates of a connection, out of their files; undefined when none is named. */
export const certificates = ({ ca, cert, key, servername }: Certificates): MqttTls | undefined => {
  if ([ca, cert, key, servername].every((value) => value === undefined)) return undefined;
  return {
    ...(ca === undefined ? {} : { ca: contentOf(ca, 'certificate') }),
    ...(cert === undefined ? {} : { cert: contentOf(cert, 'certificate') }),
    ...(key === undefined ? {} : { key: secretOf(key, 'key') }),
    ...(servername === undefined ? {} : { servername }),
  };
};

/** A certificate out of its file. */
export const certificateFrom = (file: string): string => contentOf(file, 'certificate');

/**
 * The password of the node's App, as it is whenever somebody logs in where it is in a file; without one it answers its own
 * machine only.
 */
export const appPasswordNow = (
  app: Password,
  tell: (text: string) => void,
): string | (() => string) | undefined =>
  app.password === undefined && app.passwordFile !== undefined
    ? passwordInForce(app.passwordFile, tell)
    : passwordOf(app, 'DAISEE_APP_PASSWORD');

/** The token that the agent shows to its relay, and that a relay of these settings takes. */
export const relayToken = ({
  token,
  tokenFile,
}: Pick<RelaySettings, 'token' | 'tokenFile'>): string | undefined =>
  token ??
  (tokenFile === undefined
    ? process.env['DAISEE_RELAY_TOKEN']
    : (secretOf(tokenFile, 'token').split(/\r?\n/)[0] ?? ''));

/** The same, as it is whenever it is asked where it is in a file. */
export const relayTokenNow = (
  relay: Pick<RelaySettings, 'token' | 'tokenFile'>,
  tell: (text: string) => void,
): string | (() => string) | undefined => {
  const { token, tokenFile } = relay;
  return token === undefined && tokenFile !== undefined
    ? inForce(tokenFile, () => relayToken(relay) ?? '', tell)
    : relayToken(relay);
};

/** The key of a certificate out of its file. */
export const keyFrom = (file: string): string => secretOf(file, 'key');
