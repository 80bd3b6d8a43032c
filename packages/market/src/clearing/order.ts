/** Orders of one interval, and what clearing makes of them. */
import { Coin, DaiseeError, Energy, MICRO, type Price } from '@daisee/units';

/** What somebody wants to buy or sell in an interval, and the worst price that it takes. */
export interface Order {
  /** Unique on its side. */
  readonly id: string;
  /** µWh, 0 or more. */
  readonly energy: Energy;
  /** A buyer pays no more, a seller takes no less. */
  readonly price: Price;
}

/** The orders of one interval. A price is for so much energy: `per`, 1 Wh unless said otherwise. */
export interface OrderBook {
  readonly bids: readonly Order[];
  readonly offers: readonly Order[];
  /** µWh that a price is for: 1 Wh as on the ledger, 1 kWh as in contracts of energy. */
  readonly per?: Energy | undefined;
}

/** What an order got: energy, and the coin that its buyer pays or its seller receives. */
export interface Fill {
  readonly id: string;
  readonly energy: Energy;
  readonly amount: Coin;
}

/** What came out, with a fill for every order of the book, in its order. */
export interface Clearing {
  /** The one price of all trades; undefined where there is no trade, or none for all. */
  readonly price: Price | undefined;
  /** What was traded, µWh. */
  readonly energy: Energy;
  /** Paid by all buyers, which is what all sellers receive. */
  readonly turnover: Coin;
  /**
   * What the traded energy is worth to its buyers less what its sellers ask for it, by their limits, in millionths of a coin
   * times µWh: divided by `per` it is an amount. Exact, whatever was rounded.
   */
  readonly surplus: bigint;
  readonly bids: readonly Fill[];
  readonly offers: readonly Fill[];
}

/** Thrown for orders that cannot be cleared. */
export class OrderRefused extends DaiseeError {
  constructor(message: string, values: Readonly<Record<string, unknown>> = {}) {
    super({ code: 'market.order', message, retryable: false, values });
  }
}

/** The largest price and amount of energy (2^63): what sorts fast. */
const MOST = 2n ** 63n;

const checkSide = (side: string, orders: readonly Order[]): void => {
  const ids = new Set<string>();
  for (const { id, energy, price } of orders) {
    if (ids.has(id))
      throw new OrderRefused(`There are two ${side}s ${JSON.stringify(id)}: give each its own id.`, {
        side,
        id,
      });
    ids.add(id);
    if (energy < 0n || energy >= MOST || price < 0n || price >= MOST)
      throw new OrderRefused(
        `The ${side} ${JSON.stringify(id)} has ${energy} µWh at ${price}: expected 0 or more of each, below 2^63.`,
        { side, id, energy: String(energy), price: String(price) },
      );
  }
};

/** @throws OrderRefused for an order that cannot be, or an id that a side has twice */
export const checkBook = ({ bids, offers, per = Energy(MICRO) }: OrderBook): void => {
  checkSide('bid', bids);
  checkSide('offer', offers);
  if (per <= 0n)
    throw new OrderRefused(`A price cannot be for ${per} µWh: expected more than 0.`, { per: String(per) });
};

export const lesser = (a: bigint, b: bigint): bigint => {
  if (a < b) return a;
  return b;
};

export const noTrade = ({ bids, offers }: OrderBook): Clearing => {
  const none = (orders: readonly Order[]): readonly Fill[] =>
    orders.map(({ id }) => ({ id, energy: Energy(0n), amount: Coin(0n) }));
  return {
    price: undefined,
    energy: Energy(0n),
    turnover: Coin(0n),
    surplus: 0n,
    bids: none(bids),
    offers: none(offers),
  };
};
