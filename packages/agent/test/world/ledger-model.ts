/** The ledger in memory: the laws of the contract, blocks by the clock, an outbox that survives the agent. */
import { type Address, ChainUnreachable, ContractRefused, type Hex, type LedgerEvent } from '@daisee/chain';
import {
  type Clock,
  Coin,
  type Duration,
  Energy,
  type Instant,
  type Price,
  Register,
  Seconds,
  sleepOrStop,
} from '@daisee/units';
import type { Account, AgentLedger, Mined } from '../../src/ports.ts';

interface Trade {
  purchased: bigint;
  consumed: bigint;
  owed: bigint;
  spent: bigint;
}

interface Node {
  kind: 'none' | 'consumer' | 'producer';
  price: bigint;
  produced: bigint;
  sold: bigint;
  /** By buyers, beyond what they bought. */
  drawn: bigint;
  ownUse: bigint;
  balance: bigint;
}

interface Pending {
  readonly from: Address;
  readonly intent: string | undefined;
  readonly apply: () => LedgerEvent[];
  outcome?: Mined | ContractRefused;
}

/** A purchase as mined. */
interface MinedPurchase {
  readonly at: Instant;
  readonly buyer: Address;
  readonly seller: Address;
  readonly energy: bigint;
  /** What had been bought before, and the need it was named for. */
  readonly before: bigint;
  readonly intent: string;
}

const POLL: Duration = Seconds(1);

export const createLedgerModel = (clock: Clock, blockTime: Duration) => {
  const nodes = new Map<Address, Node>();
  const trades = new Map<string, Trade>();
  const pool: Pending[] = [];
  const history: Pending[] = [];
  const purchases: MinedPurchase[] = [];
  const overdrafts: bigint[] = [];
  let block = 1;
  const line = { isDown: false };

  const nodeOf = (account: Address): Node => {
    const there = nodes.get(account);
    if (there) return there;
    const node: Node = {
      kind: 'none',
      price: 0n,
      produced: 0n,
      sold: 0n,
      drawn: 0n,
      ownUse: 0n,
      balance: 0n,
    };
    nodes.set(account, node);
    return node;
  };
  const tradeOf = (buyer: Address, seller: Address): Trade => {
    const key = `${buyer} ${seller}`;
    const trade = trades.get(key) ?? { purchased: 0n, consumed: 0n, owed: 0n, spent: 0n };
    trades.set(key, trade);
    return trade;
  };
  const costOf = (energy: bigint, price: bigint): bigint => (energy * price + 999_999n) / 1_000_000n;
  const availableOf = (seller: Address): bigint => {
    const { produced, sold, drawn } = nodeOf(seller);
    return produced > sold + drawn ? produced - sold - drawn : 0n;
  };
  const refuse = (what: string, errorName: string, args: Record<string, unknown> = {}): never => {
    throw new ContractRefused(what, { errorName, args });
  };
  const hashOf = (number: number): Hex => `0x${number.toString(16)}`;
  const place = (logIndex = 0) => ({
    block,
    at: clock.now(),
    hash: hashOf(block),
    logIndex,
  });

  const report = (account: Address, origin: Address | undefined, register: bigint): LedgerEvent[] => {
    const node = nodeOf(account);
    if (node.kind === 'none') refuse('The report', 'NotANode', { account });
    if (origin && origin !== account && nodeOf(origin).kind !== 'producer')
      refuse('The report', 'UnknownOrigin', { origin });
    const trade = origin && origin !== account ? tradeOf(account, origin) : undefined;
    const stored = trade ? trade.consumed : origin ? node.ownUse : node.produced;
    if (register < stored) refuse('The report', 'RegisterFell', { stored, given: register });
    if (trade) {
      const over = trade.consumed > trade.purchased ? trade.consumed - trade.purchased : 0n;
      const before = trade.purchased + over;
      trade.consumed = register;
      if (register > before) {
        const source = nodeOf(origin ?? account);
        trade.owed += costOf(register - before, source.price);
        source.drawn += register - before;
      }
      if (register > trade.purchased) overdrafts.push(register - trade.purchased);
    } else if (origin) node.ownUse = register;
    else node.produced = register;
    return [];
  };

  const buy = (
    buyer: Address,
    seller: Address,
    energy: bigint,
    maxCost: bigint,
    purchasedBefore: bigint,
    intent: string,
  ): LedgerEvent[] => {
    const source = nodeOf(seller);
    if (nodeOf(buyer).kind === 'none') refuse('The purchase', 'NotANode', { account: buyer });
    if (source.kind !== 'producer') refuse('The purchase', 'NotASeller', { seller });
    if (source.price === 0n) refuse('The purchase', 'NotSelling', { seller });
    const purchased = [...trades].reduce(
      (sum, [key, one]) => (key.startsWith(buyer) ? sum + one.purchased : sum),
      0n,
    );
    if (purchased !== purchasedBefore)
      refuse('The purchase', 'PurchasedMeanwhile', { expected: purchasedBefore, purchased });
    const trade = tradeOf(buyer, seller);
    const over = trade.consumed > trade.purchased ? trade.consumed - trade.purchased : 0n;
    const covered = energy < over ? energy : over;
    const due = covered === over ? trade.owed : (trade.owed * covered + over - 1n) / over;
    const available = availableOf(seller);
    if (energy - covered > available)
      refuse('The purchase', 'NotEnoughEnergy', { seller, available, requested: energy - covered });
    const cost = due + costOf(energy - covered, source.price);
    if (cost > maxCost) refuse('The purchase', 'CostTooHigh', { cost, maxCost });
    const balance = nodeOf(buyer).balance;
    if (cost > balance)
      refuse('The purchase', 'ERC20InsufficientBalance', { sender: buyer, balance, needed: cost });
    nodeOf(buyer).balance -= cost;
    source.balance += cost;
    source.sold += energy;
    source.drawn -= covered;
    trade.owed -= due;
    const before = trade.purchased;
    trade.purchased += energy;
    trade.spent += cost;
    purchases.push({ at: clock.now(), buyer, seller, energy, before, intent });
    return [{ ...place(), type: 'bought', buyer, seller, energy: Energy(energy), cost: Coin(cost) }];
  };

  const payDebt = (buyer: Address, seller: Address, maxCost: bigint, intent: string): LedgerEvent[] => {
    const trade = tradeOf(buyer, seller);
    const over = trade.consumed > trade.purchased ? trade.consumed - trade.purchased : 0n;
    if (over === 0n) refuse('The payment', 'NoDebt', { buyer, seller });
    const cost = maxCost < trade.owed ? maxCost : trade.owed;
    const balance = nodeOf(buyer).balance;
    if (cost > balance)
      refuse('The payment', 'ERC20InsufficientBalance', { sender: buyer, balance, needed: cost });
    const energy = cost === trade.owed ? over : (over * cost) / trade.owed;
    nodeOf(buyer).balance -= cost;
    nodeOf(seller).balance += cost;
    nodeOf(seller).sold += energy;
    nodeOf(seller).drawn -= energy;
    const before = trade.purchased;
    trade.purchased += energy;
    trade.owed -= cost;
    trade.spent += cost;
    purchases.push({ at: clock.now(), buyer, seller, energy, before, intent });
    return [{ ...place(), type: 'bought', buyer, seller, energy: Energy(energy), cost: Coin(cost) }];
  };

  const mine = (): void => {
    block += 1;
    for (const pending of pool.splice(0)) {
      try {
        const events = pending.apply();
        pending.outcome = { block, hash: `0x${block.toString(16)}`, events };
      } catch (error) {
        if (!(error instanceof ContractRefused)) throw error;
        pending.outcome = error;
      }
    }
  };

  /** The client of one account; `patient`: waits for a chain that is away, as the real one does, or throws. */
  const connect = (account: Address, patient = true): AgentLedger => {
    const unreachable = () => new ChainUnreachable('http://model', 'down');
    const read = async <T>(value: () => T): Promise<T> => {
      if (line.isDown) throw unreachable();
      return value();
    };
    const follow = async (pending: Pending): Promise<Mined> => {
      while (!pending.outcome || line.isDown) {
        if (line.isDown && !patient) throw unreachable();
        await clock.sleep(POLL);
      }
      if (pending.outcome instanceof ContractRefused) throw pending.outcome;
      return pending.outcome;
    };
    const send = async (apply: () => LedgerEvent[], intent?: string): Promise<Mined> => {
      const same = history.findLast(
        (one) =>
          intent !== undefined &&
          one.from === account &&
          one.intent === intent &&
          !(one.outcome instanceof ContractRefused),
      );
      if (same) return follow(same);
      while (line.isDown) {
        if (!patient) throw unreachable();
        await clock.sleep(POLL);
      }
      const pending: Pending = { from: account, intent, apply };
      pool.push(pending);
      history.push(pending);
      return follow(pending);
    };
    return {
      address: account,
      exchange: '0x00000000000000000000000000000000000000ee',
      chainId: 20171,
      firstBlock: undefined,
      block: () => read(() => ({ number: block })),
      balance: (owner) => read(() => Coin(nodeOf(owner).balance)),
      purchases: (buyer) =>
        read(() =>
          [...trades]
            .filter(([key]) => key.startsWith(buyer))
            .map(
              ([key, trade]): Account => ({
                seller: key.split(' ')[1] as Address,
                purchased: Energy(trade.purchased),
                consumed: Register(trade.consumed),
                owed: Coin(trade.owed),
                spent: Coin(trade.spent),
              }),
            ),
        ),
      consumption: (consumer, origin) =>
        read(() =>
          Register(consumer === origin ? nodeOf(consumer).ownUse : tradeOf(consumer, origin).consumed),
        ),
      production: (seller) => read(() => Register(nodeOf(seller).produced)),
      available: (seller) => read(() => Energy(availableOf(seller))),
      node: (owner) => read(() => ({ price: nodeOf(owner).price as Price })),
      reportConsumption: (origin, register) => send(() => report(account, origin, register)),
      reportProduction: (register) => send(() => report(account, undefined, register)),
      buyEnergy: ({ seller, energy, maxCost, purchasedBefore }, { intent }) =>
        send(() => buy(account, seller, energy, maxCost, purchasedBefore, intent), intent),
      payDebt: ({ seller, maxCost }, { intent }) =>
        send(() => payDebt(account, seller, maxCost, intent), intent),
      setPrice: (price) =>
        send(() => {
          nodeOf(account).price = price;
          return [];
        }),
      settle: async () => {
        for (const pending of history)
          if (pending.from === account && !pending.outcome)
            await follow(pending).catch((error: unknown) => {
              if (!(error instanceof ContractRefused)) throw error;
            });
      },
    };
  };

  return {
    connect,
    nodeOf,
    tradeOf,
    purchases,
    /** Every uncovered amount that a report ever made. */
    overdrafts,
    /** Transactions ever sent. */
    history,
    setDown: (down: boolean) => {
      line.isDown = down;
    },
    get isDown() {
      return line.isDown;
    },
    /** Mines a block each block time; runs in a clock task. */
    run: (signal: AbortSignal) =>
      clock.task(async () => {
        while (await sleepOrStop(clock, blockTime, signal)) if (!line.isDown) mine();
      }),
    mine,
  };
};
