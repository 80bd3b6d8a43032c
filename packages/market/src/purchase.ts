import type { Coin, Energy, Price } from '@daisee/units';
import { cost, energyFor } from './price.ts';

/** What a seller offers and what its buyer wants of it. */
export interface Offer {
  readonly seller: string;
  /** 0: sells nothing at present. */
  readonly price: Price;
  /** Energy that the seller has left to sell. */
  readonly available: Energy;
  /** Energy that the buyer would like. */
  readonly wanted: Energy;
  /** Less than this is of no use to the buyer. */
  readonly least: Energy;
  /** The same where coins or budget are what bounds it; `least` unless given, and not above it. */
  readonly leastPaid?: Energy | undefined;
}

/** What bounds a buyer. */
export interface Purse {
  readonly balance: Coin;
  /** The highest price that it pays; none: any. */
  readonly priceCap?: Price | undefined;
  /** What it may still spend today; none: all it has. */
  readonly budget?: Coin | undefined;
}

/** An amount of energy to buy, and what it costs at the offered price. */
export interface Purchase {
  readonly seller: string;
  readonly energy: Energy;
  readonly cost: Coin;
}

/** Why nothing is bought from a seller. */
export interface Decline {
  readonly seller: string;
  readonly reason: 'not-selling' | 'above-price-cap' | 'sold-out' | 'over-budget' | 'out-of-coins';
}

const least = <T extends bigint>(first: T, ...others: readonly T[]): T =>
  [first, ...others].toSorted((a, b) => (a < b ? -1 : 1))[0] ?? first;

const judge = (offer: Offer, purse: Purse): Purchase | Decline => {
  const { seller, price } = offer;
  if (price === 0n) return { seller, reason: 'not-selling' };
  if (purse.priceCap !== undefined && price > purse.priceCap) return { seller, reason: 'above-price-cap' };
  const useless = (energy: Energy, atLeast = offer.leastPaid ?? offer.least) =>
    energy <= 0n || energy < atLeast;
  if (useless(offer.available, offer.least)) return { seller, reason: 'sold-out' };
  const payable = energyFor(purse.balance, price);
  if (useless(payable)) return { seller, reason: 'out-of-coins' };
  const allowed = purse.budget === undefined ? payable : energyFor(purse.budget, price);
  if (useless(allowed)) return { seller, reason: 'over-budget' };
  const energy = least(offer.wanted, offer.available, payable, allowed);
  return { seller, energy, cost: cost(energy, price) };
};

/**
 * The purchase to make: from the cheapest seller that can be bought from (the first named of equally cheap ones), as
 * much as is wanted, available and affordable, but not less than is of use. Says of every other why not.
 *
 * Wanted energy must be above 0; of an offer that wants less than its `least`, the `least` is wanted.
 */
export const choosePurchase = (
  offers: readonly Offer[],
  purse: Purse,
): { readonly purchase?: Purchase; readonly declined: readonly Decline[] } => {
  const declined: Decline[] = [];
  let best: { readonly purchase: Purchase; readonly price: Price } | undefined;
  for (const offer of offers) {
    const suits = offer.wanted >= offer.least;
    const judged = judge(suits ? offer : { ...offer, wanted: offer.least }, purse);
    if ('reason' in judged) declined.push(judged);
    else if (!best || offer.price < best.price) best = { purchase: judged, price: offer.price };
  }
  return best ? { purchase: best.purchase, declined } : { declined };
};
