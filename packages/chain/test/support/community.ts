/** An embedded chain with the contracts, a consumer with coins and a producer with energy. */
import { Coin, Duration, type Energy, MICRO, Price, systemClock } from '@daisee/units';
import {
  type Address,
  connectLedger,
  createEmbeddedChain,
  createKey,
  DEFAULT_TERMS,
  type Deployment,
  deployContracts,
  type EmbeddedChain,
  type Ledger,
  type LedgerOptions,
  type Purchase,
  type Signer,
  signerOf,
} from '../../src/index.ts';

export const poll = Duration(10);

export interface Community {
  readonly chain: EmbeddedChain;
  readonly deployment: Deployment;
  readonly admin: Ledger;
  readonly consumer: Ledger;
  readonly producer: Ledger;
  readonly consumerKey: Signer;
  readonly producerKey: Signer;
  /** A key that no meter signs with yet. */
  readonly meterKey: Signer;
  readonly connect: (options?: Partial<LedgerOptions>) => Promise<Ledger>;
  stop(): Promise<void>;
}

export const startCommunity = async (directory: string): Promise<Community> => {
  const chain = createEmbeddedChain({ directory, port: 0, blockTime: Duration(50), clock: systemClock });
  await chain.start();
  const deployment = await deployContracts({
    url: chain.url,
    signer: chain.treasury,
    admin: chain.treasury.address,
    clock: systemClock,
    pollInterval: poll,
    // Prices that tests change take effect at once; test/terms.test.ts waits for one.
    terms: { ...DEFAULT_TERMS, priceNotice: Duration(0) },
  });
  const ledgers: Ledger[] = [];
  const connect = async (options: Partial<LedgerOptions> = {}): Promise<Ledger> => {
    const { exchange, coin } = deployment;
    const ledger = connectLedger({
      url: chain.url,
      exchange,
      coin,
      clock: systemClock,
      pollInterval: poll,
      ...options,
    });
    ledgers.push(ledger);
    await ledger.start();
    return ledger;
  };
  const [consumerKey, producerKey, meterKey] = [
    signerOf(createKey()),
    signerOf(createKey()),
    signerOf(createKey()),
  ];
  const admin = await connect({ signer: chain.treasury });
  await Promise.all([
    admin.registerNode({ account: consumerKey.address, kind: 'consumer' }),
    admin.registerNode({
      account: producerKey.address,
      kind: 'producer',
      price: Price(MICRO),
    }),
    admin.mint(consumerKey.address, Coin(1000n * MICRO)),
  ]);
  return {
    chain,
    deployment,
    admin,
    consumer: await connect({ signer: consumerKey }),
    producer: await connect({ signer: producerKey }),
    consumerKey,
    producerKey,
    meterKey,
    connect,
    stop: async () => {
      for (const ledger of ledgers) await ledger.stop();
      await chain.stop();
    },
  };
};

/** The next order of the ledger's account, on top of all that it has purchased. */
export const nextOrder = async (
  ledger: Ledger,
  seller: Address,
  energy: Energy,
  maxCost: Coin,
): Promise<Purchase> => ({
  seller,
  energy,
  maxCost,
  purchasedBefore: await ledger.totalPurchased(ledger.address ?? seller),
});
