/** The agents on the real chain, contracts, relay server and monitors, in one process and faster than real time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectLedger,
  createEmbeddedChain,
  createKey,
  deployContracts,
  type EmbeddedChain,
  type Ledger,
  type Signer,
  signerOf,
} from '@daisee/chain';
import { createSimulatedMeter, type Sample } from '@daisee/meter';
import { createMonitor, createMonitorClient, type Monitor, openStore } from '@daisee/monitor';
import { createBoard, createRelayClient, createRelayServer, createSimulatedDriver } from '@daisee/relay';
import {
  Coin,
  Duration,
  Instant,
  Percent,
  Price,
  Seconds,
  VirtualClock,
  Watts,
  wattHours,
} from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentEvent, createConsumer, createProducer } from '../src/index.ts';
import { createLife, type Life } from './world/faults.ts';

const START = Instant(Date.UTC(2026, 5, 1, 12));
const clock = new VirtualClock({ start: START });
const directory = mkdtempSync(join(tmpdir(), 'daisee-agents-'));
const file = (name: string) => join(directory, name);
const ends: (() => unknown)[] = [];
const later = <T extends { stop(): Promise<unknown> }>(part: T): T => {
  ends.push(() => part.stop());
  return part;
};

let chain: EmbeddedChain;
let exchange: Ledger['exchange'];
let coin: Ledger['coin'];
const consumerKey = signerOf(createKey());
const producerKey = signerOf(createKey());
const events: AgentEvent[] = [];

/** 300 W on a battery of 100 Wh with a charger of 60 W; what each wire carried, in W·ms. */
const POWER = 300;
const wires = { own: 0, seller: 0, produced: 0 };
let fromSeller = false;
let since: number = START;
const advance = (): void => {
  const elapsed = clock.now() - since;
  since = clock.now();
  wires[fromSeller ? 'seller' : 'own'] += POWER * elapsed;
  wires.produced += 500 * elapsed;
};
const charge = (): Percent => {
  const hours = (clock.now() - START) / 3_600_000;
  return Percent(Math.min(100, Math.max(0, 38 + 60 * hours - wires.own / 3_600_000)));
};
const readLoad = (): Sample => {
  advance();
  return { at: clock.now(), power: Watts(POWER), stateOfCharge: charge() };
};
const readPanel = (): Sample => {
  advance();
  return { at: clock.now(), power: Watts(500) };
};

const connect = async (signer: Signer, outbox: string): Promise<Ledger> => {
  const ledger = later(
    connectLedger({ url: chain.url, exchange, coin, signer, clock, outbox: file(outbox) }),
  );
  await ledger.start();
  return ledger;
};
const monitorOf = async (name: string, sign: 'load' | 'source', read: () => Sample) => {
  const store = openStore({ file: file(`${name}.sqlite`) });
  const { id } = store.addSensor({ name, sign });
  const meter = createSimulatedMeter({ name, sign, clock, period: Seconds(8), read });
  const monitor: Monitor = later(
    createMonitor({
      store,
      clock,
      port: 0,
      login: 'user',
      password: 'secret',
      meters: [{ sensorId: id, meter }],
    }),
  );
  await monitor.start();
  ends.unshift(() => store.close());
  return { monitor, sensorId: id };
};
const clientOf = ({ monitor, sensorId }: { monitor: Monitor; sensorId: number }) =>
  createMonitorClient({ url: monitor.url, login: 'user', password: 'secret', sensorId });

beforeAll(async () => {
  chain = createEmbeddedChain({
    directory: file('chain'),
    port: 0,
    blockTime: Seconds(5),
    clock,
    genesis: START,
  });
  await chain.start();
  ends.push(() => chain.stop());
  const { treasury } = chain;
  ({ exchange, coin } = await deployContracts({
    url: chain.url,
    signer: treasury,
    admin: treasury.address,
    clock,
  }));
  const admin = await connect(treasury, 'admin');
  await Promise.all([
    admin.registerNode({ account: consumerKey.address, kind: 'consumer' }),
    admin.registerNode({ account: producerKey.address, kind: 'producer', price: Price(2_000_000n) }),
    admin.mint(consumerKey.address, Coin(500_000_000n)),
  ]);
});
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
  rmSync(directory, { recursive: true, force: true });
});

describe('consumer and producer on the real parts', () => {
  // In a task, so that the clock moves only while the test waits for it.
  it(
    'live a story with a kill in it, and every register is what its wire carried',
    () =>
      clock.task(async () => {
        const driver = createSimulatedDriver({
          channels: 4,
          onChange: () => {
            advance();
            fromSeller = board.states().get(2) === true;
          },
        });
        const board = createBoard({
          driver,
          clock,
          breakTime: Duration(1),
          onEvent: ({ type }) => {
            if (type !== 'switched' && type !== 'rested') return;
            advance();
            fromSeller = board.states().get(2) === true;
          },
        });
        await board.start();
        later(board);
        const server = later(createRelayServer({ board, clock, port: 0 }));
        await server.start();
        const load = await monitorOf('load', 'load', readLoad);
        const panel = await monitorOf('panel', 'source', readPanel);
        const from = clock.now();
        Object.assign(wires, { own: 0, produced: 0 });
        since = from;
        await Promise.all([load.monitor.readMeters(), panel.monitor.readMeters()]);

        const seller = { name: 'Node 2', account: producerKey.address, channels: [2, 3] };
        const makeConsumer = async (life?: Life) => {
          const ledger = await connect(consumerKey, 'consumer-outbox');
          const relay = createRelayClient({ host: server.address.host, port: server.address.port });
          return createConsumer({
            clock: life?.clock ?? clock,
            ledger: life ? life.port(ledger) : ledger,
            monitor: life ? life.port(clientOf(load)) : clientOf(load),
            relay: life ? life.port(relay) : relay,
            store: file('consumer'),
            since: from,
            settings: {
              limit: 20,
              delta: wattHours(30),
              fuelgauge: true,
              channels: [0, 1],
              sellers: [seller],
            },
            onEvent: (event) => {
              if (!life?.isDead) events.push(event);
            },
          });
        };
        const producer = createProducer({
          clock,
          ledger: await connect(producerKey, 'producer-outbox'),
          monitor: clientOf(panel),
          store: file('producer'),
          since: from,
          settings: { price: Price(1_000_000n) },
          onEvent: (event) => void events.push(event),
        });
        await producer.start();
        const life = createLife(clock);
        await (await makeConsumer(life)).start();

        const of = (type: AgentEvent['type']) => events.filter((event) => event.type === type);
        const until = async (isSo: () => boolean) => {
          for (let seconds = 0; !isSo(); seconds++) {
            if (seconds > 3600) throw new Error('it did not happen');
            await clock.sleep(Seconds(1));
          }
        };
        await until(() => of('switched').length === 1);
        expect(fromSeller).toBe(true);
        await clock.sleep(Seconds(45));
        life.kill();
        await clock.sleep(Seconds(40));
        const consumer = await makeConsumer();
        await consumer.start();
        await until(() => of('bought').length >= 2 && of('switched').length >= 3);

        // What the wires had carried at the last sample; the load draws on from its own source after it.
        const carried = { own: 0, seller: 0 };
        await consumer.stop({
          finalSamples: async () => {
            await load.monitor.readMeters();
            Object.assign(carried, wires);
          },
        });
        const books = await connect(consumerKey, 'reader-outbox');
        const [purchase] = await books.purchases(consumerKey.address);
        const own = await books.consumption(consumerKey.address, consumerKey.address);
        expect(Math.abs(Number(own) - carried.own / 3.6)).toBeLessThanOrEqual(1);
        expect(Math.abs(Number(purchase?.consumed) - carried.seller / 3.6)).toBeLessThanOrEqual(1);
        expect(purchase?.overdrawn).toBe(0n);
        expect(purchase?.allowance).toBe((purchase?.purchased ?? 0n) - (purchase?.consumed ?? 0n));
        expect(await books.balance(producerKey.address)).toBe(purchase?.spent);
        expect([...board.states().values()]).toEqual([false, false, false, false]);

        let stoppedAt = 0;
        await producer.stop({
          finalSamples: async () => {
            await panel.monitor.readMeters();
            stoppedAt = clock.now();
          },
        });
        const produced = await books.production(producerKey.address);
        expect(Math.abs(Number(produced) - (500 * (stoppedAt - from)) / 3.6)).toBeLessThanOrEqual(1);
        expect(of('trouble')).toEqual([]);
        expect(of('switched').map((event) => event.type === 'switched' && event.why)).toEqual(
          expect.arrayContaining(['below-limit', 'recovered']),
        );
      }),
    120_000,
  );
});
