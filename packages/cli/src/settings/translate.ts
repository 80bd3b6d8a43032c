/** From settings as people write them to the options that rooms take. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Wiring } from '@daisee/relay';
import { Duration, Seconds } from '@daisee/units';
import { SettingsError } from './problems.ts';
import type { Settings } from './schema.ts';

/** Where keys and stores live unless the settings name another place. */
export const homeDirectory = (): string => process.env['DAISEE_HOME'] ?? join(homedir(), '.daisee');

/** A section that a command cannot do without. @throws SettingsError naming it */
export const need = <K extends keyof Settings>(
  settings: Settings,
  file: string,
  section: K,
  why: string,
): NonNullable<Settings[K]> => {
  const value = settings[section];
  if (value === undefined || value === null)
    throw new SettingsError(file, [`${section}: is missing; ${why}`]);
  return value;
};

/** The wiring that a consumer's settings describe: its own contacts and each seller's. */
export const wiringOf = (settings: Settings): Wiring | undefined => {
  const { node, sellers } = settings;
  if (!node?.channel || !sellers) return undefined;
  return {
    loads: [
      {
        name: node.name ?? 'consumer',
        own: node.channel,
        sellers: Object.entries(sellers).map(([name, seller]) => ({ name, channels: seller.channel })),
      },
    ],
  };
};

export interface BoardSettings {
  readonly host?: string;
  readonly port?: number;
  readonly allow?: readonly string[];
  readonly channels?: number;
  readonly breakTime?: Duration;
  readonly lease?: Duration;
  readonly wiring?: Wiring;
}

/** The board that settings describe, for a machine that serves it. */
export const boardOptions = (settings: Settings, file: string): BoardSettings => {
  const relay = need(settings, file, 'relay', 'the board needs host (and port)');
  const wiring = wiringOf(settings);
  return {
    host: relay.host,
    ...(relay.port === undefined ? {} : { port: relay.port }),
    ...(relay.allow ? { allow: relay.allow } : {}),
    ...(relay.channels ? { channels: relay.channels } : {}),
    ...(relay.breakTime === undefined ? {} : { breakTime: Duration(relay.breakTime) }),
    ...(relay.lease === undefined ? {} : { lease: Seconds(relay.lease) }),
    ...(wiring ? { wiring } : {}),
  };
};
