/** The books as the ledger's events alone make them, and what in them breaks a law. Pure. */
import type { Address, LedgerEvent } from '@daisee/chain';
import { formatMicro, MICRO } from '@daisee/units';
import type { Law } from '../doors.ts';

type Say = (law: Law, event: LedgerEvent, what: string) => void;

const NOBODY = '0x0000000000000000000000000000000000000000';

interface Trade {
  purchased: bigint;
  consumed: bigint;
}

/** The books as the events alone make them. */
export const replay = (events: readonly LedgerEvent[], say: Say) => {
  const balances = new Map<string, bigint>();
  const prices = new Map<string, bigint>();
  const produced = new Map<string, bigint>();
  const sold = new Map<string, bigint>();
  const trades = new Map<string, Trade>();
  let minted = 0n;
  const add = (map: Map<string, bigint>, key: string, amount: bigint) =>
    map.set(key, (map.get(key) ?? 0n) + amount).get(key) ?? 0n;
  const tradeOf = (buyer: string, seller: string): Trade => {
    const key = `${buyer} ${seller}`;
    const trade = trades.get(key) ?? { purchased: 0n, consumed: 0n };
    trades.set(key, trade);
    return trade;
  };
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
        prices.set(event.node, event.price);
        break;
      case 'nodeRemoved':
        prices.delete(event.node);
        break;
      case 'priceChanged':
        prices.set(event.seller, event.price);
        break;
      case 'produced':
        if (!prices.has(event.node)) say(5, event, `${event.node} reported and is no node`);
        rises(event, produced.get(event.node) ?? 0n, event.energy, event.register);
        produced.set(event.node, event.register);
        break;
      case 'consumed': {
        if (!prices.has(event.consumer)) say(5, event, `${event.consumer} reported and is no node`);
        const trade = tradeOf(event.consumer, event.origin);
        rises(event, trade.consumed, event.energy, event.register);
        trade.consumed = event.register;
        break;
      }
      case 'bought': {
        const price = prices.get(event.seller) ?? 0n;
        const cost = (event.energy * price + MICRO - 1n) / MICRO;
        if (cost !== event.cost)
          say(
            4,
            event,
            `${event.energy} µWh at ${formatMicro(price)} cost ${formatMicro(event.cost)}, not ${formatMicro(cost)} coins`,
          );
        tradeOf(event.buyer, event.seller).purchased += event.energy;
        const total = add(sold, event.seller, event.energy);
        const own = trades.get(`${event.seller} ${event.seller}`)?.consumed ?? 0n;
        if (total > (produced.get(event.seller) ?? 0n) - own)
          say(
            2,
            event,
            `${event.seller} sold ${total} µWh of ${produced.get(event.seller) ?? 0n} produced and ${own} used`,
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
