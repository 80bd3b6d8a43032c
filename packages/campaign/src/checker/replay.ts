/** The books as the ledger's events alone make them, and what in them breaks a law. Pure. */
import type { Address, LedgerEvent } from '@daisee/chain';
import { formatMicro, MICRO } from '@daisee/units';
import type { Law } from '../doors.ts';

type Say = (law: Law, event: LedgerEvent, what: string) => void;

const NOBODY = '0x0000000000000000000000000000000000000000';

interface Trade {
  purchased: bigint;
  consumed: bigint;
  /** Coins for what is overdrawn, at the prices of when it was drawn. */
  owed: bigint;
}

/** A price, and the one that was announced. */
interface Asked {
  readonly price: bigint;
  readonly next?: { readonly price: bigint; readonly from: number } | undefined;
}

const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const costOf = (energy: bigint, price: bigint): bigint => (energy * price + MICRO - 1n) / MICRO;

/** The books as the events alone make them. */
export const replay = (events: readonly LedgerEvent[], say: Say) => {
  const balances = new Map<string, bigint>();
  const nodes = new Set<string>();
  const prices = new Map<string, Asked>();
  const produced = new Map<string, bigint>();
  /** What of a seller's energy is a buyer's: the higher of purchased and consumed. */
  const taken = new Map<string, bigint>();
  const trades = new Map<string, Trade>();
  let minted = 0n;
  const add = (map: Map<string, bigint>, key: string, amount: bigint) =>
    map.set(key, (map.get(key) ?? 0n) + amount).get(key) ?? 0n;
  const tradeOf = (buyer: string, seller: string): Trade => {
    const key = `${buyer} ${seller}`;
    const trade = trades.get(key) ?? { purchased: 0n, consumed: 0n, owed: 0n };
    trades.set(key, trade);
    return trade;
  };
  /** The last price of a seller: one that was announced and is due is its price. */
  const priceOf = (seller: string, at: number): bigint => {
    const asked = prices.get(seller);
    return asked?.next && at >= asked.next.from ? asked.next.price : (asked?.price ?? 0n);
  };
  /** A debt that is paid comes before the purchase that it is a part of. */
  let paid: { readonly energy: bigint; readonly cost: bigint } = { energy: 0n, cost: 0n };
  const rises = (event: LedgerEvent, before: bigint, energy: bigint, register: bigint) => {
    if (before + energy !== register)
      say(1, event, `a register went from ${before} by ${energy} to ${register} µWh`);
  };
  for (const event of events) {
    switch (event.type) {
      case 'transferred':
        if (event.from === NOBODY) minted += event.amount;
        else if (add(balances, event.from, 0n - event.amount) < 0n)
          say(4, event, `${event.from} paid ${formatMicro(event.amount)} coins that it did not have`);
        add(balances, event.to, event.amount);
        break;
      case 'nodeRegistered':
        nodes.add(event.node);
        if (event.price > 0n) prices.set(event.node, { price: event.price });
        break;
      case 'nodeRemoved':
        nodes.delete(event.node);
        break;
      case 'priceChanged': {
        const price = priceOf(event.seller, event.at);
        if (event.price > 0n)
          prices.set(
            event.seller,
            event.from > event.at
              ? { price, next: { price: event.price, from: event.from } }
              : { price: event.price },
          );
        else prices.set(event.seller, { price });
        break;
      }
      case 'produced':
        if (!nodes.has(event.node)) say(5, event, `${event.node} reported and is no node`);
        rises(event, produced.get(event.node) ?? 0n, event.energy, event.register);
        produced.set(event.node, event.register);
        break;
      case 'consumed': {
        if (!nodes.has(event.consumer)) say(5, event, `${event.consumer} reported and is no node`);
        const trade = tradeOf(event.consumer, event.origin);
        rises(event, trade.consumed, event.energy, event.register);
        const before = most(trade.purchased, trade.consumed);
        trade.consumed = event.register;
        const over = most(trade.purchased, trade.consumed) - before;
        if (event.origin === event.consumer || over === 0n) break;
        add(taken, event.origin, over);
        trade.owed += costOf(over, priceOf(event.origin, event.at));
        break;
      }
      case 'overdrawn': {
        const { owed } = tradeOf(event.consumer, event.origin);
        if (event.consumer !== event.origin && event.owed !== owed)
          say(3, event, `${formatMicro(event.owed)} coins are owed, and ${formatMicro(owed)} were drawn for`);
        break;
      }
      case 'debtPaid': {
        const trade = tradeOf(event.buyer, event.seller);
        const over = most(0n, trade.consumed - trade.purchased);
        const due = event.energy === over ? trade.owed : (trade.owed * event.energy + over - 1n) / over;
        if (event.energy > over || event.cost < due)
          say(4, event, `${formatMicro(event.cost)} coins were paid for a debt of ${formatMicro(due)}`);
        trade.owed -= event.cost;
        paid = event;
        break;
      }
      case 'bought': {
        const price = priceOf(event.seller, event.at);
        const fresh = event.energy - paid.energy;
        const cost = paid.cost + costOf(fresh, price);
        paid = { energy: 0n, cost: 0n };
        if (cost !== event.cost)
          say(
            4,
            event,
            `${event.energy} µWh at ${formatMicro(price)} cost ${formatMicro(event.cost)}, not ${formatMicro(cost)} coins`,
          );
        tradeOf(event.buyer, event.seller).purchased += event.energy;
        const total = add(taken, event.seller, fresh);
        const own = trades.get(`${event.seller} ${event.seller}`)?.consumed ?? 0n;
        if (fresh > 0n && total > (produced.get(event.seller) ?? 0n) - own)
          say(
            2,
            event,
            `${total} µWh were taken from ${event.seller}, of ${produced.get(event.seller) ?? 0n} produced and ${own} used`,
          );
        break;
      }
      default:
        break;
    }
  }
  return { balances, minted, trades };
};

/**
 * A purchase is named by what was bought before it: bought by one who did not know of an earlier one, it is named by less.
 * By more only where a reorganisation took an earlier one away after it had been counted: that need was not bought for
 * twice. `wasUndone` knows those sums.
 */
export const checkNeeds = (
  events: readonly LedgerEvent[],
  buyer: Address,
  intents: ReadonlyMap<string, string>,
  wasUndone: (seller: Address, sum: bigint) => boolean,
  say: Say,
): void => {
  let before = 0n;
  for (const event of events) {
    if (event.type !== 'bought' || event.buyer !== buyer) continue;
    const intent = intents.get(event.hash.toLowerCase());
    const named = /beyond (\d+) µWh/.exec(intent ?? '')?.[1];
    const sum = named === undefined ? undefined : BigInt(named);
    if (sum === undefined || (sum !== before && !(sum > before && wasUndone(event.seller, sum))))
      say(
        8,
        event,
        `a purchase of ${event.energy} µWh after ${before} µWh bought was sent for "${intent ?? 'no need that the agent remembers'}": ${sum !== undefined && sum > before ? 'it counted more than was ever bought' : 'bought twice for one need'}`,
      );
    before += event.energy;
  }
};
