/** The settings files of the lab's parts, as people write them; JSON is YAML. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Address, Deployment } from '@daisee/chain';
import type { Link, LinkName, PartName } from '../doors.ts';
import { DELTA_WH, LIMIT, MAX_GAP, OWN_CHANNEL, RESUME, SELLER_CHANNEL } from './world.ts';

export const LOGIN = 'lab';
export const CHAIN_ID = 20171;
export const BLOCK_SECONDS = 5;
/** Registers go to the chain this often, s. */
const REPORT = 16;
/** An order through the v0.2 port lasts so long without a reading, over HTTP without a renewal, s. */
export const LEASES = { v02: 120, http: 60 } as const;

/** Real seconds that the device keeps what is on: its driver's time-outs are real, so the lease is as many lab seconds. */
const DEVICE_LEASE_REAL = 9;
const deviceLease = (speed: number): number => Math.max(60, DEVICE_LEASE_REAL * speed);
/** By then an own source has closed by itself, too (the driver gives it 5/3 and two time-outs of 2 s), lab seconds. */
export const deviceRest = (speed: number): number => (deviceLease(speed) * 5) / 3 + 4;

export interface Ports {
  readonly chain: number;
  readonly monitor1: number;
  readonly monitor2: number;
  readonly relay: number;
  readonly relayHttp: number;
  readonly app: number;
}

export interface Files {
  readonly folder: string;
  readonly directory: (part: PartName) => string;
  readonly settings: (part: PartName) => string;
  readonly keystore: string;
  readonly password: string;
  readonly passwordFile: string;
}

/** The folders of the lab; every password in it is the same. */
export const layOut = (folder: string, password: string): Files => {
  const directory = (part: PartName): string => join(folder, part);
  for (const part of ['chain', 'monitor1', 'monitor2', 'relay', 'agent1', 'agent2', 'app'] as const)
    mkdirSync(directory(part), { mode: 0o700 });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  return {
    folder,
    directory,
    settings: (part) => join(folder, `${part}.yml`),
    keystore: join(folder, 'keystore'),
    password,
    passwordFile,
  };
};

const write = (file: string, settings: unknown): void =>
  writeFileSync(file, JSON.stringify(settings, undefined, 2), { mode: 0o600 });

/** What does not need the contracts: monitors and the relay. */
export const writeServices = (
  { directory, settings, passwordFile }: Files,
  ports: Ports,
  links: Pick<Readonly<Record<LinkName, Link>>, 'relay-board'>,
  speed: number,
): void => {
  for (const part of ['monitor1', 'monitor2'] as const)
    write(settings(part), {
      monitor: {
        host: '127.0.0.1',
        port: ports[part],
        data: directory(part),
        login: LOGIN,
        passwordFile,
        maxGap: MAX_GAP / 1000,
        holdFor: false,
      },
    });
  const { host, port } = links['relay-board'].address;
  write(settings('relay'), {
    relay: {
      host: '127.0.0.1',
      port: ports.relay,
      serve: true,
      data: directory('relay'),
      devices: [
        {
          driver: 'shelly',
          host: `${host}:${port}`,
          passwordFile,
          outputs: [OWN_CHANNEL, SELLER_CHANNEL],
          lease: deviceLease(speed),
        },
      ],
      wiring: { 'Node 1': { own: OWN_CHANNEL, sellers: { 'Node 2': SELLER_CHANNEL } } },
      tokenFile: passwordFile,
      lease: LEASES.v02,
      http: { host: '127.0.0.1', port: ports.relayHttp, lease: LEASES.http },
    },
  });
};

const urlOf = ({ address: { host, port } }: Link): string => `http://${host}:${port}`;

/** The agents and the App. */
export const writeNodes = (
  { directory, settings, passwordFile, keystore }: Files,
  ports: Ports,
  links: Readonly<Record<LinkName, Link>>,
  relay: 'v02' | 'http',
  { node1, node2, exchange, coin }: Deployment & { readonly node1: Address; readonly node2: Address },
): void => {
  const contracts = (link: LinkName) => ({
    daisee: exchange,
    token: coin,
    node: urlOf(links[link]),
    chainId: CHAIN_ID,
  });
  const node = (part: 'agent1' | 'agent2', address: Address, monitor: LinkName) => ({
    address,
    data: directory(part),
    url: urlOf(links[monitor]),
    id: 1,
    login: LOGIN,
    passwordFile,
    keystore,
    report: REPORT,
    maxGap: MAX_GAP / 1000,
  });
  const consumer = (monitor: LinkName) => ({
    ...node('agent1', node1, monitor),
    type: 'C',
    name: 'Node 1',
    limit: LIMIT,
    resume: RESUME,
    delta: DELTA_WH,
    channel: [OWN_CHANNEL],
  });
  const sellers = { 'Node 2': { account: node2, channel: [SELLER_CHANNEL] } };
  /** Over HTTP the App asks the relay, too; over the v0.2 port a reading would renew the agent's order, so it must not. */
  const relayBehind = (link: Link) =>
    relay === 'v02' ? link.address : { host: link.address.host, url: urlOf(link), tokenFile: passwordFile };
  write(settings('agent1'), {
    contracts: contracts('agent1-chain'),
    node: { ...consumer('agent1-monitor1'), accountpswdFile: passwordFile },
    sellers,
    relay: relayBehind(links['agent1-relay']),
  });
  write(settings('agent2'), {
    contracts: contracts('agent2-chain'),
    node: {
      ...node('agent2', node2, 'agent2-monitor2'),
      accountpswdFile: passwordFile,
      type: 'P',
      name: 'Node 2',
    },
  });
  write(settings('app'), {
    contracts: contracts('app-chain'),
    node: consumer('app-monitor1'),
    sellers,
    relay: relayBehind(links['app-relay']),
    app: { port: ports.app },
  });
};
