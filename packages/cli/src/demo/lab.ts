/**
 * The lab of the v0.2 page in one process: every part is the real one (chain, monitors, relay, agents, talking over
 * their real ports on loopback), wired to a digital twin of the batteries, the panel, the load and the wires.
 */
import { type Agent, type AgentEvent, createConsumer, createProducer } from '@daisee/agent';
import type { AppAgent, AppRelay, NodeSettings } from '@daisee/app';
import {
  type Address,
  connectLedger,
  createEmbeddedChain,
  type EmbeddedChain,
  type Ledger,
  unlock,
} from '@daisee/chain';
import { createSimulatedMeter } from '@daisee/meter';
import {
  createMonitor,
  createMonitorClient,
  type Monitor,
  type MonitorClient,
  type MonitorStore,
  openStore,
} from '@daisee/monitor';
import { createBoard, createRelayClient, createRelayServer, createSimulatedDriver } from '@daisee/relay';
import { createTwin, labWiring, type Truth, type Twin } from '@daisee/sim';
import {
  Duration,
  formatMicro,
  Instant,
  MICRO,
  Price,
  Seconds,
  sleepOrStop,
  untilNext,
  VirtualClock,
} from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import { agentContacts, createAppAgent, localAgent } from '../parts/app-agent.ts';
import { consumerWishes, openWishes, producerWishes, type Wished } from '../parts/wishes.ts';
import type { LabDirectory, LabRecord } from './directory.ts';
import type { WireTruth } from './summary.ts';
import type { World } from './world.ts';

/** The sensors of the page give a sample every 8 s. */
const SAMPLE_PERIOD = Seconds(8);
const MAX_GAP = Seconds(60);
const LOGIN = 'lab';

export interface LabOptions {
  readonly directory: LabDirectory;
  readonly record: LabRecord;
  readonly world: World;
  readonly speed: number;
  readonly report: Duration;
  /** Between two blocks of this run. */
  readonly blockTime: Duration;
  readonly lifecycle: Lifecycle;
  readonly onAgent: (node: Address, event: AgentEvent) => void;
  readonly onTrouble: (text: string) => void;
}

interface Node {
  readonly account: Address;
  readonly store: MonitorStore;
  readonly monitor: Monitor;
  readonly client: MonitorClient;
  readonly ledger: Ledger;
  readonly agent: Agent;
  /** The agent as the App sees it. */
  readonly seen: AppAgent;
  readonly sensorId: number;
}

export interface Lab {
  readonly clock: VirtualClock;
  readonly chain: EmbeddedChain;
  /** The first block of this run. */
  readonly firstBlock: number;
  /** What Node 1 had bought of each seller before this run, µWh. */
  readonly purchased: ReadonlyMap<string, bigint>;
  /** Node 1, the consumer, and Node 2. */
  readonly nodes: readonly [Node, Node];
  /** The relay's contacts as Node 1's agent last saw them. */
  readonly contacts: AppRelay;
  /** A reader's connection to the ledger. */
  readonly ledger: Ledger;
  readonly twin: Twin;
  /** Ends the agents: relay at rest, last samples taken, books complete. Returns the wires' truth at that instant. */
  finish(): Promise<WireTruth>;
  readonly gaps: () => readonly { readonly node: Address; readonly from: Instant; readonly to: Instant }[];
}

/** Starts the lab; every part is stopped by the lifecycle. Time stands still until all of it runs. */
export const startLab = async (options: LabOptions): Promise<Lab> => {
  const { directory, record, world, blockTime, lifecycle, onTrouble } = options;
  const { node1, node2, exchange, coin } = record;
  const twin = createTwin({
    ...world.settings,
    wiring: labWiring,
    file: directory.file('world', 'world.sqlite'),
    start: Instant(record.start),
    onEvent: (event) => {
      if (event.type === 'repeats')
        onTrouble(`The ${event.series} of ${event.file} has ended and begins again.`);
      else onTrouble('TWO SOURCES FEED THE LOAD: the relay is broken.');
    },
  });
  lifecycle.started({ name: 'the twin', stop: async () => twin.close() });
  const clock = new VirtualClock({ start: twin.now, speed: options.speed });

  return clock.task(async () => {
    const chain = createEmbeddedChain({
      directory: directory.file('chain'),
      port: 0,
      blockTime,
      clock,
      survives: 'process',
      onEvent: (event) => {
        if (event.type !== 'started' && event.type !== 'snapshot') onTrouble(event.message);
      },
    });
    // The world is kept up to every block's instant before the block is: a restart then goes on at the world's instant
    // and no part has seen a later one. (It sleeps on the same grid as the miner, and was there first.)
    const keeping = new AbortController();
    const keeper = clock.task(async () => {
      do twin.checkpoint(clock.now());
      while (await sleepOrStop(clock, untilNext(clock.now(), blockTime), keeping.signal));
    });
    lifecycle.started({
      name: 'the world',
      stop: async () => {
        keeping.abort();
        await keeper;
      },
    });
    lifecycle.started({ name: 'the chain', stop: () => chain.stop() });
    await chain.start(lifecycle.signal);
    const firstBlock = chain.latest().number + 1;

    const driver = createSimulatedDriver({ channels: 4, onChange: twin.onChange(clock) });
    const board = createBoard({
      driver,
      wiring: labWiring,
      clock,
      onEvent: (event) => 'error' in event && onTrouble(event.error.message),
    });
    await board.start();
    lifecycle.started({ name: 'the relay board', stop: () => board.stop() });
    const relayServer = createRelayServer({ board, clock, port: 0 });
    await relayServer.start();
    lifecycle.started({ name: 'the relay server', stop: () => relayServer.stop() });
    const relay = createRelayClient(relayServer.address);

    const connect = async (account: Address | undefined, folder: string): Promise<Ledger> => {
      const signer = account
        ? await unlock({
            directory: directory.file('keystore'),
            address: account,
            password: directory.password('keystore'),
          })
        : undefined;
      const ledger = connectLedger({
        url: chain.url,
        exchange,
        coin,
        clock,
        deployedAt: record.deployedAt,
        // A mined transaction is looked for twice a block.
        pollInterval: Duration(blockTime / 2),
        survives: 'process',
        settles: false,
        ...(signer ? { signer, outbox: directory.file(folder, 'outbox.sqlite') } : {}),
        onEvent: ({ type, message }) => {
          if (type === 'waiting' || type === 'back' || type === 'stuck') onTrouble(message);
        },
      });
      lifecycle.started({ name: 'the connection to the chain', stop: () => ledger.stop() });
      await ledger.start(lifecycle.signal);
      return ledger;
    };

    const startNode = async (
      account: Address,
      folder: string,
      sensor: { readonly name: string; readonly sign: 'load' | 'source'; readonly read: Twin['sample1'] },
      settings: NodeSettings,
      agentOf: (parts: {
        ledger: Ledger;
        monitor: MonitorClient;
        store: string;
        onEvent: (event: AgentEvent) => void;
        wished: () => Wished;
      }) => Agent,
    ): Promise<Node> => {
      const store = openStore({ file: directory.file(folder, 'monitor.sqlite'), survives: 'process' });
      lifecycle.started({ name: 'the store of a monitor', stop: async () => store.close() });
      const { id: sensorId } =
        store.sensors()[0] ?? store.addSensor({ name: sensor.name, sign: sensor.sign });
      const password = directory.password('monitor');
      const monitor = createMonitor({
        store,
        clock,
        port: 0,
        login: LOGIN,
        password,
        maxGap: MAX_GAP,
        meters: [
          {
            sensorId,
            meter: createSimulatedMeter({
              name: sensor.name,
              sign: sensor.sign,
              clock,
              period: SAMPLE_PERIOD,
              read: sensor.read,
            }),
          },
        ],
        onWarning: (warning) => onTrouble(warning.message),
      });
      await monitor.start(lifecycle.signal);
      lifecycle.started({ name: 'a monitor', stop: () => monitor.stop() });
      const ledger = await connect(account, folder);
      const client = createMonitorClient({ url: monitor.url, login: LOGIN, password, sensorId });
      const wishes = openWishes(directory.file(folder, 'wishes.json'));
      const file = directory.file(folder, 'agent.sqlite');
      const agent = agentOf({
        ledger,
        monitor: client,
        store: file,
        wished: () => wishes.current(),
        onEvent: (event) => options.onAgent(account, event),
      });
      const seen = createAppAgent({ clock, agent: localAgent(agent), wishes, settings });
      await agent.start();
      return { account, store, monitor, client, ledger, agent, seen, sensorId };
    };

    const ledger = await connect(undefined, 'reader');
    const purchased = new Map(
      (await ledger.purchases(node1)).map((row) => [row.seller as string, row.purchased as bigint]),
    );
    const one = await startNode(
      node1,
      'node1',
      { name: 'ACS712 of Node 1', sign: 'load', read: (now) => twin.sample1(now) },
      {
        limit: world.limit,
        delta: formatMicro(world.delta),
        resume: Math.min(100, world.limit + 10),
        priceCap: null,
        budget: null,
      },
      ({ wished, ...parts }) =>
        createConsumer({
          ...parts,
          clock,
          relay,
          wishes: () => consumerWishes(wished()),
          since: Instant(record.start),
          settings: {
            limit: world.limit,
            delta: world.delta,
            fuelgauge: true,
            channels: [0, 1],
            sellers: [{ name: 'Node 2', account: node2, channels: [2, 3] }],
            report: options.report,
            maxGap: MAX_GAP,
          },
        }),
    );
    const two = await startNode(
      node2,
      'node2',
      { name: 'INA219 of Node 2', sign: 'source', read: (now) => twin.sample2(now) },
      { price: formatMicro(MICRO) },
      ({ wished, ...parts }) =>
        createProducer({
          ...parts,
          clock,
          wishes: () => producerWishes(wished()),
          since: Instant(record.start),
          settings: { price: Price(MICRO), report: options.report, maxGap: MAX_GAP },
        }),
    );

    let finished: Promise<WireTruth> | undefined;
    // Each node's wires are read at the instant of its last sample: what flows while the last blocks are mined is later.
    const stopNode = async ({ agent, monitor }: Node): Promise<Truth> => {
      let truth: Truth | undefined;
      await agent.stop({
        finalSamples: async () => {
          await monitor.readMeters();
          truth = twin.truth(clock.now());
        },
      });
      return truth ?? twin.truth(clock.now());
    };
    const finish = (): Promise<WireTruth> =>
      (finished ??= clock.task(async () => {
        clock.hurry();
        const first = await stopNode(one);
        const second = await stopNode(two);
        // The world must not go on while its meters stop one after another: nobody would have measured it.
        clock.freeze();
        return { own1: first.fromOwn, from2: first.fromNode2, produced2: second.panel, own2: 0 };
      }));
    lifecycle.started({ name: 'the agents', stop: async () => void (await finish()) });
    return {
      clock,
      chain,
      firstBlock,
      purchased,
      nodes: [one, two],
      contacts: agentContacts(localAgent(one.agent)),
      ledger,
      twin,
      finish,
      gaps: () =>
        [
          { node: node1, ...one },
          { node: node2, ...two },
        ].flatMap(({ node, store, sensorId }) =>
          store
            .gaps(sensorId, Instant(record.start), clock.now())
            .map(({ from, to = clock.now() }) => ({ node, from, to })),
        ),
    };
  });
};
