/** The lab on its stage: every part a process of its own, every connection through a proxy, the twin in this one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createKey,
  DEFAULT_TERMS,
  deployContracts,
  type Hex,
  type Signer,
  signerOf,
  writeKeyFile,
} from '@daisee/chain';
import { Duration, Instant, messageOf } from '@daisee/units';
import { createChance } from '../chance.ts';
import type { Link, LinkName, OpenStage, PartName, StageOptions } from '../doors.ts';
import { type OwnedBoard, startBoard } from './board.ts';
import { type ClockFile, createClockFile } from './clock-file.ts';
import { type Connection, connect, foundCommunity, type OwnedCommunity } from './community.ts';
import { StageFailed } from './errors.ts';
import { type OwnedGateway, startGateway } from './gateway.ts';
import { createPart, type OwnedPart } from './part.ts';
import { freePorts } from './ports.ts';
import {
  BLOCK_SECONDS,
  CHAIN_ID,
  type Files,
  LOGIN,
  layOut,
  type Ports,
  writeNodes,
  writeServices,
} from './settings.ts';
import { startWatcher, type Watcher } from './watcher.ts';
import { createBench, SAMPLE_PERIOD } from './world.ts';

/** geth's light cost: keys made at random, that lie beside their password and open at every start. */
const KEY_COST = 2 ** 12;
/** A token too, so of one word. */
const PASSWORD = 'a-password-of-the-lab-of-no-use-elsewhere';

type OpenLink = Link & { close(): Promise<void> };

/** What the checker needs beyond the stage's own door. */
export interface CheckedStage extends OpenStage {
  readonly gateways: { readonly 1: OwnedGateway; readonly 2: OwnedGateway };
  readonly owned: Readonly<Record<PartName, OwnedPart>>;
  readonly ports: Ports;
  readonly files: Files;
  readonly connection: Connection;
  readonly people: OwnedCommunity;
}

const targets = (ports: Ports, board: OwnedBoard, relay: 'v02' | 'http') => {
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const toRelay =
    relay === 'v02' ? (['tcp', at(ports.relay)] as const) : (['http', at(ports.relayHttp)] as const);
  return {
    'agent1-chain': ['http', at(ports.chain)],
    'agent2-chain': ['http', at(ports.chain)],
    'app-chain': ['http', at(ports.chain)],
    'agent1-monitor1': ['http', at(ports.monitor1)],
    'agent2-monitor2': ['http', at(ports.monitor2)],
    'app-monitor1': ['http', at(ports.monitor1)],
    'agent1-relay': toRelay,
    'app-relay': toRelay,
    'relay-board': ['http', board.address],
    'meter1-monitor1': ['http', at(ports.monitor1)],
    'meter2-monitor2': ['http', at(ports.monitor2)],
  } as const satisfies Record<LinkName, readonly ['tcp' | 'http', { host: string; port: number }]>;
};

const openPorts = async (): Promise<Ports> => {
  const [chain = 0, monitor1 = 0, monitor2 = 0, relay = 0, relayHttp = 0, app = 0] = await freePorts(6);
  return { chain, monitor1, monitor2, relay, relayHttp, app };
};

interface PartsOptions {
  readonly files: Files;
  readonly ports: Ports;
  readonly watcher: Watcher;
  readonly time: ClockFile;
  readonly note: (text: string) => void;
}

const createParts = ({ files, ports, watcher, time, note }: PartsOptions) => {
  const part = (name: PartName, says: string, ...command: readonly string[]): OwnedPart =>
    createPart({
      name,
      command: [...command, '--json'],
      says,
      watcher,
      clock: time.clock,
      note,
      setStep: (by) => time.step(name, by),
      environment: {
        DAISEE_CLOCK: time.environment(name),
        DAISEE_HOME: files.folder,
        // One for all: what is compiled once is not compiled at each start.
        NODE_COMPILE_CACHE: join(files.folder, 'compiled'),
        NODE_NO_WARNINGS: '1',
      },
    });
  const from = (name: PartName) => ['-c', files.settings(name)];
  return {
    chain: part(
      'chain',
      'listening',
      'chain',
      '--port',
      String(ports.chain),
      '--block-time',
      String(BLOCK_SECONDS),
      '--data',
      files.directory('chain'),
    ),
    monitor1: part('monitor1', 'listening', 'monitor', ...from('monitor1')),
    monitor2: part('monitor2', 'listening', 'monitor', ...from('monitor2')),
    relay: part('relay', 'listening', 'relay', ...from('relay')),
    agent1: part('agent1', 'started', 'agent', ...from('agent1')),
    agent2: part('agent2', 'started', 'agent', ...from('agent2')),
    app: part('app', 'started', 'app', ...from('app')),
  } satisfies Record<PartName, OwnedPart>;
};

const makeKeys = async (files: Files, now: Instant): Promise<{ node1: Signer; node2: Signer }> => {
  const make = async (): Promise<Signer> => {
    const key = createKey();
    await writeKeyFile(files.keystore, key, files.password, { now, cost: KEY_COST });
    return signerOf(key);
  };
  return { node1: await make(), node2: await make() };
};

/** Opens the stage and starts every part. What was opened is closed again when something fails. */
export const openStage = async (options: StageOptions): Promise<CheckedStage> => {
  const { seed, speed, relay, link, note, signal } = options;
  const ends: (() => Promise<unknown>)[] = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      for (const end of ends.toReversed())
        try {
          await end();
        } catch (error) {
          note(`While the stage was cleared: ${messageOf(error)}`);
        }
    })());
  const started = <T>(thing: T, end: (thing: T) => unknown): T => {
    ends.push(async () => end(thing));
    return thing;
  };

  try {
    const folder = started(mkdtempSync(join(tmpdir(), 'daisee-campaign-')), (made) =>
      rmSync(made, { recursive: true, force: true, maxRetries: 5 }),
    );
    const files = layOut(folder, PASSWORD);
    const time = createClockFile(folder, speed);
    const { clock } = time;
    const ports = await openPorts();
    const watcher = started(startWatcher(), (one) => one.close());
    const twin = started(
      createBench(seed, clock.now(), (event) => {
        if (event.type === 'twoSources')
          note(`TWO SOURCES on ${event.load}: contacts ${event.states.map(Number).join('')}`);
      }),
      (one) => one.close(),
    );
    const board = started(await startBoard({ clock, twin, password: PASSWORD, outputs: 2 }), (one) =>
      one.close(),
    );
    const opened = await Promise.all(
      Object.entries(targets(ports, board, relay)).map(
        async ([name, [kind, target]]) =>
          [name, started(await link(name as LinkName, kind, target), (one) => one.close())] as const,
      ),
    );
    const links = Object.fromEntries(opened) as unknown as Readonly<Record<LinkName, OpenLink>>;
    const parts = createParts({ files, ports, watcher, time, note });
    ends.push(() => Promise.all(Object.values(parts).map((part) => part.close())));
    const begin = (...names: readonly PartName[]): Promise<unknown> =>
      Promise.all(names.map((name) => parts[name].start(signal ? { signal } : {})));

    writeServices(files, ports, links, speed);
    await begin('chain', 'monitor1', 'monitor2', 'relay');
    signal?.throwIfAborted();
    const admin = signerOf(
      readFileSync(join(files.directory('chain'), 'treasury.key'), 'utf8').trim() as Hex,
    );
    const keys = { admin, ...(await makeKeys(files, clock.now())) };
    const url = `http://127.0.0.1:${ports.chain}`;
    const deployment = await deployContracts({
      url,
      signer: admin,
      admin: admin.address,
      clock,
      // So that a price can change between an order and its block.
      terms: { ...DEFAULT_TERMS, priceNotice: Duration(0) },
    });
    const connection: Connection = { url, clock, deployment };
    const people = started(await foundCommunity(connection, keys), (one) => one.close());
    const ledger = started(connect(connection), (one) => one.stop());
    await ledger.start(signal);
    if (ledger.chainId !== CHAIN_ID)
      throw new StageFailed(`The lab's chain has the id ${ledger.chainId}`, `expected ${CHAIN_ID}`);
    writeNodes(files, ports, links, relay, { ...deployment, node1: people.node1, node2: people.node2 });

    const gateway = (number: 1 | 2): OwnedGateway =>
      started(
        startGateway({
          clock,
          chance: createChance(seed, `meter ${number}`),
          period: SAMPLE_PERIOD,
          read: (at: Instant) => {
            const sample = number === 1 ? twin.sample1(at) : twin.sample2(at);
            return { sample: { ...sample, at: Instant(Math.ceil(sample.at)) }, truth: twin.truth(sample.at) };
          },
          url: `http://127.0.0.1:${links[number === 1 ? 'meter1-monitor1' : 'meter2-monitor2'].address.port}/api/v1/sensors/1/samples`,
          login: LOGIN,
          password: PASSWORD,
        }),
        (one) => one.close(),
      );
    const gateways = { 1: gateway(1), 2: gateway(2) };
    await begin('agent1', 'agent2', 'app');
    signal?.throwIfAborted();

    return {
      clock,
      speed,
      relay,
      twin,
      board,
      parts,
      owned: parts,
      links,
      meters: gateways,
      gateways,
      ledger,
      community: people,
      people,
      connection,
      ports,
      files,
      directory: files.directory,
      note,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
