/**
 * Mechanisms in which all trade at one price: the uniform price that the orders make themselves, and the mid-market rate
 * between what the grid takes and what it pays.
 */
import { Energy, MICRO, Price } from '@daisee/units';
import { type Merit, meritOf, type TradedSide, tradePart } from './merit-order.ts';
import {
  type Clearing,
  checkBook,
  lesser,
  noTrade,
  type Order,
  type OrderBook,
  OrderRefused,
} from './order.ts';
import { settle } from './settlement.ts';

const settleAt = (
  book: OrderBook,
  price: bigint,
  merit: Pick<Merit, 'bids' | 'offers' | 'energy'>,
): Clearing => {
  const denominator = book.per ?? Energy(MICRO);
  return settle(book, merit, {
    price,
    paidBy: () => price,
    owedTo: (_, energy) => ({ numerator: energy * price, denominator }),
  });
};

/**
 * Clears at one price: the one at which most energy trades, of several the middle between the lowest and the highest
 * (rounded down). The best orders of each side trade; at the price where a side has more than the other, in proportion,
 * single µWh by largest remainder, then by id. The surplus is the most that the orders allow.
 *
 * A buyer pays `energy · price`, rounded up to a millionth of a coin, and never more than its limit comes to; a seller
 * receives no less than its own comes to, rounded down. What buyers pay is what sellers receive.
 *
 * @throws OrderRefused
 */
export const clearUniformPrice = (book: OrderBook): Clearing => {
  checkBook(book);
  const merit = meritOf(book);
  return merit ? settleAt(book, (merit.lowest + merit.highest) / 2n, merit) : noTrade(book);
};

/** What the grid takes for energy and pays for it, in the unit of the orders' prices. */
export interface GridPrices {
  readonly retail: Price;
  readonly feedIn: Price;
}

/** Half way between retail and feed-in, rounded down. @throws OrderRefused where retail is below feed-in */
export const midMarketPrice = ({ retail, feedIn }: GridPrices): Price => {
  if (retail < feedIn)
    throw new OrderRefused(
      `The grid takes ${retail} and pays ${feedIn}: with a retail price below feed-in nobody gains by trading here.`,
      { retail: String(retail), feedIn: String(feedIn) },
    );
  return Price((retail + feedIn) / 2n);
};

/** Those of a side that take the price, and their energy. */
const willing = (
  orders: readonly Order[],
  takes: (limit: bigint) => boolean,
): { readonly places: readonly number[]; readonly energy: bigint } => {
  const places: number[] = [];
  let sum = 0n;
  for (const [k, { energy, price }] of orders.entries())
    if (energy > 0n && takes(price)) {
      places.push(k);
      sum += energy;
    }
  return { places, energy: sum };
};

/**
 * Clears at the middle between the grid's prices. All whose limit allows it trade; of the side that has more each trades in
 * proportion to its order, single µWh by largest remainder, then by id.
 * @throws OrderRefused
 */
export const clearMidMarket = (book: OrderBook, grid: GridPrices): Clearing => {
  checkBook(book);
  const price = midMarketPrice(grid);
  const demand = willing(book.bids, (limit) => limit >= price);
  const supply = willing(book.offers, (limit) => limit <= price);
  const energy = lesser(demand.energy, supply.energy);
  if (energy === 0n) return noTrade(book);
  const sideOf = (orders: readonly Order[], { places, energy: sum }: typeof demand): TradedSide => {
    const energies = Array.from({ length: orders.length }, () => 0n);
    tradePart(orders, places, energy, sum, energies);
    return { levels: [], energies };
  };
  return settleAt(book, price, {
    energy,
    bids: sideOf(book.bids, demand),
    offers: sideOf(book.offers, supply),
  });
};
