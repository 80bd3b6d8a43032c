/** From settings as people write them to the options that rooms take. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { BearerToken, Wiring } from '@daisee/relay';
import { Duration, Seconds } from '@daisee/units';
import type { DriverOptions } from '../parts/relay-driver.ts';
import { SettingsError } from './problems.ts';
import type { RelayHttpSettings, RelaySettings } from './relay.ts';
import { agentToken, tokensInForce } from './relay-tokens.ts';
import type { Settings } from './schema.ts';
import { relayTokenNow } from './secrets.ts';

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

/** The wiring that `relay.wiring` names, or a consumer's settings describe: own contacts and each seller's. */
export const wiringOf = (settings: Settings): Wiring | undefined => {
  const { node, sellers, relay } = settings;
  if (relay?.wiring)
    return {
      loads: Object.entries(relay.wiring).map(([name, load]) => ({
        name,
        own: load.own,
        sellers: Object.entries(load.sellers).map(([seller, channels]) => ({ name: seller, channels })),
      })),
    };
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

export interface BoardSettings extends DriverOptions {
  readonly host?: string;
  readonly port?: number;
  readonly allow?: readonly string[];
  readonly dwell?: Duration;
  readonly lease?: Duration;
  readonly wiring?: Wiring;
  /** Where its logbook is kept; nowhere without. */
  readonly data?: string;
  readonly http?: RelayHttpSettings;
  /** Tokens that its HTTP takes. */
  readonly tokens?: readonly BearerToken[] | (() => readonly BearerToken[]) | undefined;
}

/** Counts and history of the board. */
export const relayDirectory = (relay: Pick<RelaySettings, 'data'>): string =>
  relay.data ?? join(homeDirectory(), 'relay');

/** The tokens that the board's HTTP takes; undefined where the settings name none. */
const relayTokens = (
  relay: RelaySettings,
  tell: (text: string) => void,
): (() => readonly BearerToken[]) | undefined => {
  const own = relayTokenNow(relay, tell);
  const given = relay.http?.tokens === undefined ? undefined : tokensInForce(relay.http.tokens, tell);
  if (own === undefined) return given;
  return () => [...(given?.() ?? []), agentToken(typeof own === 'function' ? own() : own)];
};

/**
 * The board that settings describe, for a machine that serves it.
 * @param tell hears of files of tokens that cannot be used any more
 */
export const boardOptions = (
  settings: Settings,
  file: string,
  tell: (text: string) => void = () => undefined,
): BoardSettings => {
  const relay = need(settings, file, 'relay', 'the board needs host (and port)');
  const wiring = wiringOf(settings);
  const { driver, pins, chip, activeLow, devices, http } = relay;
  return {
    host: relay.host,
    data: relayDirectory(relay),
    ...(driver ? { driver } : {}),
    ...(pins ? { pins } : {}),
    ...(chip === undefined ? {} : { chip }),
    ...(activeLow === undefined ? {} : { activeLow }),
    ...(devices ? { devices } : {}),
    ...(relay.port === undefined ? {} : { port: relay.port }),
    ...(relay.allow ? { allow: relay.allow } : {}),
    ...(relay.channels ? { channels: relay.channels } : {}),
    ...(relay.breakTime === undefined ? {} : { breakTime: Duration(relay.breakTime) }),
    ...(relay.dwell === undefined ? {} : { dwell: relay.dwell }),
    ...(relay.lease === undefined ? {} : { lease: Seconds(relay.lease) }),
    ...(wiring ? { wiring } : {}),
    ...(http ? { http, tokens: relayTokens(relay, tell) } : {}),
  };
};
