/** What the community's admin does, and what neighbours do with their own keys: past every link. */
import { type Address, connectLedger, type Deployment, type Ledger, type Signer } from '@daisee/chain';
import { type Clock, type Coin, Price, Seconds } from '@daisee/units';
import type { Community } from '../doors.ts';

/** Enough for every purchase of a long campaign. */
const COINS = 100_000_000_000n as Coin;
const PRICE = Price(1_000_000n);

export interface Connection {
  /** Of the chain itself. */
  readonly url: string;
  readonly clock: Clock;
  readonly deployment: Deployment;
}

/** A connection that remembers nothing beyond its own process. */
export const connect = ({ url, clock, deployment }: Connection, signer?: Signer): Ledger =>
  connectLedger({
    url,
    exchange: deployment.exchange,
    coin: deployment.coin,
    deployedAt: deployment.block,
    clock,
    pollInterval: Seconds(2),
    survives: 'process',
    ...(signer ? { signer } : {}),
  });

export interface OwnedCommunity extends Community {
  readonly admin: Address;
  close(): Promise<void>;
}

/** Registers both nodes, gives Node 1 its coins. */
export const foundCommunity = async (
  connection: Connection,
  keys: { readonly admin: Signer; readonly node1: Signer; readonly node2: Signer },
): Promise<OwnedCommunity> => {
  const admin = connect(connection, keys.admin);
  const own1 = connect(connection, keys.node1);
  const own2 = connect(connection, keys.node2);
  const all = [admin, own1, own2];
  await Promise.all(all.map((ledger) => ledger.start()));
  const [node1, node2] = [keys.node1.address, keys.node2.address];
  await Promise.all([
    admin.registerNode({ account: node1, kind: 'consumer' }),
    admin.registerNode({ account: node2, kind: 'producer', price: PRICE }),
    admin.mint(node1, COINS),
  ]);
  return {
    admin: keys.admin.address,
    node1,
    node2,
    setPrice: async (price) => void (await own2.setPrice(price)),
    removeSeller: async () => void (await admin.removeNode(node2)),
    registerSeller: async (price) =>
      void (await admin.registerNode({ account: node2, kind: 'producer', price })),
    mint: async (amount) => void (await admin.mint(node1, amount)),
    takeCoins: async (left) => {
      const amount = ((await own1.balance(node1)) - left) as Coin;
      if (amount > 0n) await own1.transfer(keys.admin.address, amount);
      return amount;
    },
    revokeAllowance: async () => void (await own1.approve(0n as Coin)),
    takeNonce: async () => void (await own1.transfer(node1, 0n as Coin)),
    pause: async () => void (await admin.pause()),
    unpause: async () => void (await admin.unpause()),
    close: async () => {
      await Promise.all(all.map((ledger) => ledger.stop()));
    },
  };
};
