/** A small community on a real chain: a consumer that has bought of a producer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  connectLedger,
  createEmbeddedChain,
  createKey,
  deployContracts,
  type EmbeddedChain,
  type Ledger,
  type Signer,
  signerOf,
} from '@daisee/chain';
import {
  Coin,
  Duration,
  Energy,
  MICRO,
  Price,
  Register,
  Seconds,
  systemClock,
  wattHours,
} from '@daisee/units';

const SOON = Duration(10);

export interface Community {
  readonly chain: EmbeddedChain;
  readonly admin: Ledger;
  readonly consumer: Ledger;
  readonly producer: Ledger;
  readonly accounts: { readonly consumer: Address; readonly producer: Address };
  /** A folder for a test's files. */
  readonly folder: string;
  connect(signer?: Signer): Promise<Ledger>;
  /** Mines a block each 20 ms while the work goes on. */
  mining<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export const startCommunity = async (): Promise<Community> => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-app-'));
  const chain = createEmbeddedChain({
    directory: join(folder, 'chain'),
    port: 0,
    // Mined when a test says so.
    blockTime: Seconds(3600),
    clock: systemClock,
    survives: 'process',
  });
  await chain.start();
  const mining = async <T>(work: () => Promise<T>): Promise<T> => {
    const over = new AbortController();
    const miner = (async () => {
      while (!over.signal.aborted) {
        await chain.mine();
        await systemClock.sleep(Duration(20));
      }
    })();
    try {
      return await work();
    } finally {
      over.abort();
      await miner;
    }
  };
  const { treasury, url } = chain;
  const { exchange, coin } = await mining(() =>
    deployContracts({
      url,
      signer: treasury,
      admin: treasury.address,
      clock: systemClock,
      pollInterval: SOON,
    }),
  );
  const ledgers: Ledger[] = [];
  const connect = async (signer?: Signer): Promise<Ledger> => {
    const ledger = connectLedger({
      url,
      exchange,
      coin,
      clock: systemClock,
      pollInterval: SOON,
      ...(signer ? { signer } : {}),
    });
    ledgers.push(ledger);
    await ledger.start();
    return ledger;
  };
  const keys = { consumer: signerOf(createKey()), producer: signerOf(createKey()) };
  const accounts = { consumer: keys.consumer.address, producer: keys.producer.address };
  const [admin, consumer, producer] = await Promise.all([
    connect(treasury),
    connect(keys.consumer),
    connect(keys.producer),
  ]);
  await mining(async () => {
    await admin.registerNode({ account: accounts.producer, kind: 'producer', price: Price(2n * MICRO) });
    await admin.registerNode({ account: accounts.consumer, kind: 'consumer' });
    await admin.mint(accounts.consumer, Coin(1000n * MICRO));
    await producer.reportProduction(Register(50n * MICRO));
    const order = { seller: accounts.producer, energy: wattHours(20), maxCost: Coin(40n * MICRO) };
    await consumer.buyEnergy({ ...order, purchasedBefore: Energy(0n) });
    await consumer.reportConsumption(accounts.producer, Register(5n * MICRO));
    await consumer.reportConsumption(accounts.consumer, Register(15n * MICRO));
  });
  return {
    chain,
    admin,
    consumer,
    producer,
    accounts,
    folder,
    connect,
    mining,
    stop: async () => {
      for (const ledger of ledgers) await ledger.stop();
      await chain.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
