/** Each buyer pays what it bid; the best bids buy from the cheapest offers. */
import { Energy, MICRO } from '@daisee/units';
import { meritOf, type TradedLevel } from './merit-order.ts';
import { type Clearing, checkBook, lesser, noTrade, type OrderBook } from './order.ts';
import { settle } from './settlement.ts';

/**
 * What the energy of each level of offers earns, in millionths times µWh: the highest bids go to the lowest offers, level by
 * level, so that all who offer at one price earn the same for each µWh.
 */
const earnedBy = (bids: readonly TradedLevel[], offers: readonly TradedLevel[]): readonly bigint[] => {
  let i = 0;
  let left = bids[0]?.traded ?? 0n;
  return offers.map(({ traded }) => {
    let needed = traded;
    let earned = 0n;
    for (let bid = bids[i]; bid && needed > 0n; bid = bids[i]) {
      const matched = lesser(left, needed);
      earned += matched * bid.price;
      needed -= matched;
      left -= matched;
      if (left === 0n) left = bids[++i]?.traded ?? 0n;
    }
    return earned;
  });
};

/**
 * Clears with each buyer paying its own bid, rounded up to a millionth of a coin. As much trades as at a uniform price, and
 * the same orders; what differs is who has the surplus: the sellers. What buyers pay is what sellers receive, and a seller
 * receives no less than its limit comes to, rounded down.
 * @throws OrderRefused
 */
export const clearPayAsBid = (book: OrderBook): Clearing => {
  checkBook(book);
  const { per = Energy(MICRO) } = book;
  const merit = meritOf(book);
  if (!merit) return noTrade(book);
  const { levels } = merit.offers;
  const earned = earnedBy(merit.bids.levels, levels);
  const levelOf = new Map(levels.flatMap(({ places }, k) => places.map((place) => [place, k])));
  return settle(book, merit, {
    price: undefined,
    paidBy: ({ price }) => price,
    owedTo: (place, energy) => {
      const k = levelOf.get(place) ?? 0;
      return { numerator: (earned[k] ?? 0n) * energy, denominator: (levels[k]?.traded ?? 1n) * per };
    },
  });
};
