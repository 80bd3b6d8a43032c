/** What of the settings runs on this machine, and what that needs of the machine. */
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import type { RestPins } from '@daisee/relay';
import { UsageError } from '../options.ts';
import { ownPins } from '../parts/relay-driver.ts';
import { SettingsError } from '../settings/problems.ts';
import type { Settings } from '../settings/schema.ts';
import { wiringOf } from '../settings/translate.ts';

/** Where the settings live once installed. */
export const SETTINGS_FILE = '/etc/daisee/parameters.yml';
/** Home of the system user: keys and stores are in `.daisee` below it, as in anybody's home. */
export const STATE_DIRECTORY = '/var/lib/daisee';

/**
 * Whoever looks at the settings of the services, root mostly, means their keys and stores, not those of its own home.
 */
export const useHomeOf = (
  file: string,
  environment: Record<string, string | undefined> = process.env,
): void => {
  if (resolve(file) === SETTINGS_FILE) environment['DAISEE_HOME'] ??= join(STATE_DIRECTORY, '.daisee');
};

/** Compiled modules of the services; made anew when it is lost. `PrivateTmp` would lose them at each stop. */
export const CACHE_DIRECTORY = '/var/cache/daisee';

export interface Program {
  /** The Node that runs the services. */
  readonly node: string;
  /** `bin/daisee.cjs`. */
  readonly script: string;
  /** That Node can write to the service manager's socket (see notify.ts). */
  readonly speaksItself: boolean;
}

export interface InstallPlan {
  readonly user: string;
  readonly program: Program;
  /** The relay board is here: it gets a unit of its own, which the end of an agent does not touch. */
  readonly board: boolean;
  /** The board hangs on pins of this machine, which something has to bring to rest when its service is gone. */
  readonly pins?: RestPins;
  /** Chain, monitor and agent that run here. */
  readonly parts: readonly ('chain' | 'monitor' | 'agent')[];
  readonly serial: boolean;
  /** The services tell the journal what they do in JSON, for programs. */
  readonly jsonLog: boolean;
  /** Folders outside of the state directory that the settings name, of the board and of the rest. */
  readonly folders: { readonly board: readonly string[]; readonly parts: readonly string[] };
}

interface NamedPath {
  /** Where in the settings, like `monitor.meters.0.passwordFile`. */
  readonly key: string;
  readonly path: string;
  /** The services write there. */
  readonly written: boolean;
}

/** Keys whose value is a file or folder, whatever the section. */
const isPathKey = (key: string): boolean =>
  key.endsWith('File') || ['data', 'keystore', 'gauge', 'file', 'ca', 'cert', 'key', 'tokens'].includes(key);

/** The values of the settings that name files or folders. */
export const namedPaths = (settings: Settings): readonly NamedPath[] => {
  const walk = (value: unknown, at: readonly string[]): readonly NamedPath[] => {
    const last = at.at(-1) ?? '';
    if (typeof value === 'string')
      return isPathKey(last) ? [{ key: at.join('.'), path: value, written: last === 'data' }] : [];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => walk(inner, [...at, key]));
  };
  return walk(settings, []);
};

/** The pins of a board that is on this machine's GPIO; undefined when it is elsewhere or simulated. */
export const pinsOf = (settings: Settings): RestPins | undefined => {
  const { relay } = settings;
  if (!relay?.serve || relay.driver !== 'gpio') return undefined;
  const { driver, pins, chip, activeLow, breakTime, devices } = relay;
  return {
    ...(pins ? { pins } : {}),
    ...(chip === undefined ? {} : { chip }),
    ...(activeLow === undefined ? {} : { activeLow }),
    ...(breakTime === undefined ? {} : { breakTime }),
    own: ownPins({ driver, ...(pins ? { pins } : {}), ...(devices ? { devices } : {}) }, wiringOf(settings)),
  };
};

/** Homes are closed to the services (`ProtectHome`). */
const isInHome = (path: string): boolean => /^\/(home|root|run\/user)(\/|$)/.test(path);

export interface PlanOptions {
  readonly settings: Settings;
  readonly file: string;
  readonly user: string;
  readonly program: Program;
  readonly jsonLog?: boolean;
}

/**
 * @throws SettingsError with every path that a service could not reach, and when there is nothing to run
 * @throws UsageError when the program itself lies where a service cannot reach it
 */
export const planOf = ({ settings, file, user, program, jsonLog = false }: PlanOptions): InstallPlan => {
  const { chain, monitor, node, relay } = settings;
  if (!/^[a-z_][a-z0-9_-]{0,30}$/.test(user))
    throw new UsageError(`"${user}" cannot be a system user: small letters, digits, - and _, up to 31.`);
  for (const path of [program.node, program.script])
    if (isInHome(path))
      throw new UsageError(
        `The program is in ${path}, and services cannot see into homes: move the clone, for example with "sudo mv ${path.split('/').slice(0, 4).join('/')} /opt/daisee", and install from there.`,
      );
  const parts = [
    ...(chain ? (['chain'] as const) : []),
    ...(monitor ? (['monitor'] as const) : []),
    ...(node ? (['agent'] as const) : []),
  ];
  const board = relay?.serve === true;
  const pins = pinsOf(settings);
  const problems: string[] = [];
  if (parts.length === 0 && !board)
    problems.push(
      'describes nothing to run: it needs a section node, monitor, chain, or relay with serve: true',
    );
  if (node && !node.accountpswd && !node.accountpswdFile)
    problems.push(
      'node.accountpswdFile: is missing; a service has nobody to ask, name a file that only it can read',
    );
  if (node && !node.password && !node.passwordFile)
    problems.push('node.passwordFile: is missing; a service needs the password of its monitor in a file');
  const paths = namedPaths(settings);
  for (const { key, path } of paths)
    if (!isAbsolute(path))
      problems.push(`${key}: needs a whole path, the service runs in ${STATE_DIRECTORY} (got ${path})`);
    else if (isInHome(path))
      problems.push(
        `${key}: ${path} is in a home, which services cannot see; move it to /etc/daisee or ${STATE_DIRECTORY}`,
      );
  if (problems.length > 0) throw new SettingsError(file, problems);
  const foldersOf = (isWanted: (key: string) => boolean): readonly string[] => [
    ...new Set(
      paths
        .filter(({ key, written }) => written && isWanted(key))
        .map(({ path }) => resolve(path))
        .filter((path) => !path.startsWith(`${STATE_DIRECTORY}/`)),
    ),
  ];
  return {
    user,
    program,
    board,
    ...(pins ? { pins } : {}),
    parts,
    jsonLog,
    serial: [monitor?.meter, ...(monitor?.meters ?? [])].some((meter) => meter?.driver === 'serial'),
    folders: {
      board: foldersOf((key) => key === 'relay.data'),
      parts: foldersOf((key) => key !== 'relay.data'),
    },
  };
};

/** This very program: the Node that runs now and the script beside these sources. */
export const runningProgram = (): Program => ({
  node: process.execPath,
  script: resolve(import.meta.dirname, '../../bin/daisee.cjs'),
  speaksItself: isBuiltin('node:ffi'),
});

/** The settings that were named, else those installed before, else those of this folder. */
export const settingsToInstall = (given: string | undefined, root: string): string =>
  given ?? (existsSync(`${root}${SETTINGS_FILE}`) ? `${root}${SETTINGS_FILE}` : 'parameters.yml');
