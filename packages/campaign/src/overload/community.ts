/** A community's chain, with all its nodes registered and their coins given, before anything is metered. */
import {
  type Address,
  connectLedger,
  createEmbeddedChain,
  createKey,
  deployContracts,
  type Hex,
  signerOf,
} from '@daisee/chain';
import { Coin, Duration, Instant, Price, Seconds, VirtualClock } from '@daisee/units';

export const BLOCK_TIME = Seconds(5);
/** For setting up, on the chain's clock. */
const BEFORE: Duration = Duration(30 * 60_000);
/** More than a consumer can spend in a step. */
const COINS = Coin(1_000_000_000_000n);
/** Transactions of the treasury under way at once. */
const AT_ONCE = 25;

export interface Community {
  readonly exchange: Address;
  readonly coin: Address;
  readonly deployedAt: number;
  readonly consumers: readonly { readonly account: Address; readonly key: Hex }[];
  readonly producers: readonly { readonly account: Address; readonly key: Hex }[];
}

/** Makes the chain in an empty folder; its last block is shortly before `start`. */
export const foundCommunity = async (
  directory: string,
  pairs: number,
  start: Instant,
): Promise<Community> => {
  const clock = new VirtualClock({ start: Instant(start - BEFORE) });
  const chain = createEmbeddedChain({
    directory,
    port: 0,
    blockTime: BLOCK_TIME,
    clock,
    genesis: clock.now(),
    survives: 'process',
  });
  const people = (count: number) =>
    Array.from({ length: count }, () => {
      const key = createKey();
      return { key, account: signerOf(key).address };
    });
  const consumers = people(pairs);
  const producers = people(pairs);
  return clock.task(async () => {
    await chain.start();
    try {
      const { treasury } = chain;
      const { exchange, coin, block } = await deployContracts({
        url: chain.url,
        signer: treasury,
        admin: treasury.address,
        clock,
      });
      const ledger = connectLedger({ url: chain.url, exchange, coin, signer: treasury, clock });
      await ledger.start();
      try {
        const writes = [
          ...consumers.map(
            ({ account }) =>
              () =>
                ledger.registerNode({ account, kind: 'consumer', price: Price(0n) }),
          ),
          ...producers.map(
            ({ account }) =>
              () =>
                ledger.registerNode({ account, kind: 'producer', price: Price(1_000_000n) }),
          ),
          ...consumers.map(
            ({ account }) =>
              () =>
                ledger.mint(account, COINS),
          ),
        ];
        for (let first = 0; first < writes.length; first += AT_ONCE) {
          const some = writes.slice(first, first + AT_ONCE).map((write) => clock.task(write));
          await clock.aside(() => Promise.all(some));
        }
      } finally {
        await ledger.stop();
      }
      return { exchange, coin, deployedAt: block, consumers, producers };
    } finally {
      await chain.stop();
    }
  });
};
