/** The App of a real node: what its settings say of it, at an address that is open before the chain answers. */
import { join } from 'node:path';
import { AppListen, type AppOptions, type Front, type SourceWires } from '@daisee/app';
import { isLoopback } from '@daisee/http';
import { DaiseeError, messageOf, systemClock } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import { lockApp } from '../lock/node-locks.ts';
import type { Output } from '../output.ts';
import { APP_PORT } from '../settings/app.ts';
import { agentDirectory } from '../settings/places.ts';
import type { NodeSettings, Settings } from '../settings/schema.ts';
import { appPasswordNow } from '../settings/secrets.ts';
import { startApp, startFront } from './app.ts';

export interface NodeAppOptions {
  readonly settings: Settings;
  readonly node: NodeSettings;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
}

/** Instead of what the settings say. */
export interface AppGiven {
  readonly host?: string;
  readonly port?: number;
  readonly hosts?: readonly string[] | undefined;
  readonly password?: string | (() => string) | undefined;
}

/** An address for the App, and who may act there. */
export interface AppDoor {
  readonly front: Front;
  readonly password?: string | (() => string) | undefined;
  readonly view: boolean;
}

/** An App that anybody in the network could use. */
class AppUnguarded extends DaiseeError {
  constructor(host: string) {
    super({
      code: 'cli.appUnguarded',
      message: `The App does not listen on ${host} without a password: give one (app.passwordFile, --password-file, or DAISEE_APP_PASSWORD), or listen on 127.0.0.1.`,
      retryable: false,
      values: { host },
    });
  }
}

/**
 * Opens the App's address. Where nobody named a port and the usual one is taken, any free one serves.
 * @throws AppListen, AppUnguarded
 */
export const openAppDoor = async (
  { settings, output, lifecycle }: NodeAppOptions,
  given: AppGiven = {},
): Promise<AppDoor> => {
  const section = settings.app || {};
  const host = given.host ?? section.host;
  const port = given.port ?? section.port;
  const password = given.password ?? appPasswordNow(section, output.note);
  const hosts = given.hosts ?? section.hosts;
  const common = { ...(host === undefined ? {} : { host }), hosts, lifecycle };
  if (host !== undefined && !isLoopback(host) && !password) throw new AppUnguarded(host);
  const open = async (): Promise<Front> => {
    try {
      return await startFront({ ...common, port: port ?? APP_PORT });
    } catch (error) {
      if (port !== undefined || !(error instanceof AppListen && error.retryable)) throw error;
      return await startFront({ ...common, port: 0 });
    }
  };
  const front = await open();
  front.awaits('It waits for its chain.');
  output.result(`DAISEE App: ${front.url}`, { type: 'app', url: front.url });
  return { front, view: section.view ?? false, ...(password ? { password } : {}) };
};

/** The sources that the relay can put on a consumer's load. */
export const sourcesOf = (node: NodeSettings, sellers: Settings['sellers'] = {}): readonly SourceWires[] =>
  node.type === 'C' && node.channel
    ? [
        { source: 'own', name: 'own', channels: node.channel },
        ...Object.entries(sellers).map(([name, { account, channel }]) => ({
          source: account,
          name,
          channels: channel,
        })),
      ]
    : [];

const nameOf = ({ name, address, type }: NodeSettings): string =>
  name ?? `${type === 'C' ? 'Consumer' : 'Producer'} ${address.slice(0, 6)}…${address.slice(-4)}`;

/** What a node's App needs beyond its settings: the connections of its agent, or of its own. */
export type NodeParts = Pick<AppOptions, 'clock' | 'ledger' | 'monitor' | 'relay' | 'agent'>;

/** Starts the App of the node at its address. @throws PageUnbuilt, HistoryDamaged */
export const startNodeApp = async (
  { settings, node, output, lifecycle }: NodeAppOptions,
  door: AppDoor,
  parts: NodeParts,
): Promise<void> => {
  const names = Object.fromEntries(
    Object.entries(settings.sellers ?? {}).map(([name, { account }]) => [account, name]),
  );
  await startApp({
    ...door,
    ...parts,
    name: nameOf(node),
    kind: node.type === 'C' ? 'consumer' : 'producer',
    account: node.address,
    names,
    historyFile: join(agentDirectory(node), 'history.sqlite'),
    ...(node.maxGap ? { maxGap: node.maxGap } : {}),
    lifecycle,
    onTrouble: output.note,
  });
};

/** The same with the lock of its App, for a node that goes on without its App when that fails: trading comes first. */
export const tryNodeApp = async (...given: Parameters<typeof startNodeApp>): Promise<void> => {
  const [{ output, node, lifecycle }, { front }] = given;
  try {
    lockApp(node, systemClock.now(), lifecycle).tell({ url: front.url });
    await startNodeApp(...given);
  } catch (error) {
    front.awaits(messageOf(error));
    output.note(`The node runs without its App: ${messageOf(error)}`);
  }
};
