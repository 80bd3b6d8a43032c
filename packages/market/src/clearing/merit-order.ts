/** Demand and supply by price, and who of them trades: the same for every mechanism that wants the most surplus. */
import { lesser, type Order, type OrderBook } from './order.ts';
import { inProportion } from './proportion.ts';

/** All orders of one side at one price. */
interface PriceLevel {
  readonly price: bigint;
  /** Their places in the book. */
  readonly places: readonly number[];
  readonly energy: bigint;
}

/** A level of which something trades, µWh. */
export interface TradedLevel {
  readonly price: bigint;
  readonly places: readonly number[];
  readonly traded: bigint;
}

/** What trades of one side. */
export interface TradedSide {
  /** From the best price on. */
  readonly levels: readonly TradedLevel[];
  /** What each order of the book trades, µWh. */
  readonly energies: readonly bigint[];
}

/** What trades at the most surplus: the best orders of each side, as much as both sides have. */
export interface Merit {
  /** µWh. */
  readonly energy: bigint;
  /** The lowest and the highest price at which so much can be traded. */
  readonly lowest: bigint;
  readonly highest: bigint;
  readonly bids: TradedSide;
  readonly offers: TradedSide;
}

/** The levels of a side, the lowest price first. */
const levelsOf = (orders: readonly Order[]): readonly PriceLevel[] => {
  const groups = new Map<bigint, { price: bigint; places: number[]; energy: bigint }>();
  for (const [place, { energy, price }] of orders.entries()) {
    if (energy === 0n) continue;
    const group = groups.get(price);
    if (!group) groups.set(price, { price, places: [place], energy });
    else {
      group.places.push(place);
      group.energy += energy;
    }
  }
  // Whole numbers of 64 bits are sorted without a comparison in JavaScript.
  const prices = BigInt64Array.from(groups.keys()).sort();
  return Array.from(prices, (price) => groups.get(price)).filter((group) => group !== undefined);
};

/** Of some orders of the book, `amount` in proportion, written into `energies`. */
export const tradePart = (
  orders: readonly Order[],
  places: readonly number[],
  amount: bigint,
  sum: bigint,
  energies: bigint[],
): void => {
  const chosen = places.map((place) => orders[place] as Order);
  const parts = inProportion(
    amount,
    chosen.map(({ energy }) => energy),
    sum,
    chosen.map(({ id }) => id),
  );
  for (const [k, place] of places.entries()) energies[place] = parts[k] as bigint;
};

/** The first levels, up to so much energy; of the last one each order its proportion. */
const trade = (orders: readonly Order[], levels: Iterable<PriceLevel>, energy: bigint): TradedSide => {
  const traded: TradedLevel[] = [];
  const energies = Array.from({ length: orders.length }, () => 0n);
  let left = energy;
  for (const { price, places, energy: all } of levels) {
    if (left === 0n) break;
    const amount = lesser(all, left);
    traded.push({ price, places, traded: amount });
    left -= amount;
    if (amount < all) tradePart(orders, places, amount, all, energies);
    else for (const place of places) energies[place] = (orders[place] as Order).energy;
  }
  return { levels: traded, energies };
};

/**
 * Finds how much trades. Demand falls as the price rises and supply rises, so the most that both have is where they cross:
 * going down the bids and up the offers, as long as a bid is not below an offer.
 */
export const meritOf = ({ bids, offers }: Pick<OrderBook, 'bids' | 'offers'>): Merit | undefined => {
  const demand = levelsOf(bids).toReversed();
  const supply = levelsOf(offers);
  let [i, j] = [0, 0];
  let [bidLeft, offerLeft] = [demand[0]?.energy ?? 0n, supply[0]?.energy ?? 0n];
  let energy = 0n;
  let [highest, lowest] = [0n, 0n];
  for (;;) {
    const bid = demand[i];
    const offer = supply[j];
    if (!bid || !offer || bid.price < offer.price) break;
    const matched = lesser(bidLeft, offerLeft);
    energy += matched;
    [highest, lowest] = [bid.price, offer.price];
    bidLeft -= matched;
    offerLeft -= matched;
    if (bidLeft === 0n) bidLeft = demand[++i]?.energy ?? 0n;
    if (offerLeft === 0n) offerLeft = supply[++j]?.energy ?? 0n;
  }
  if (energy === 0n) return undefined;
  return {
    energy,
    lowest,
    highest,
    bids: trade(bids, demand, energy),
    offers: trade(offers, supply, energy),
  };
};

/** What the traded energy is worth by the limits of its buyers, less by those of its sellers: millionths times µWh. */
export const surplusOf = (
  { bids, offers }: Pick<OrderBook, 'bids' | 'offers'>,
  traded: Pick<Merit, 'bids' | 'offers'>,
): bigint => {
  let surplus = 0n;
  for (const [k, energy] of traded.bids.energies.entries())
    if (energy > 0n) surplus += energy * (bids[k] as Order).price;
  for (const [k, energy] of traded.offers.energies.entries())
    if (energy > 0n) surplus -= energy * (offers[k] as Order).price;
  return surplus;
};
