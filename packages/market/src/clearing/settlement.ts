/** From what trades to who pays and receives what. */
import { Coin, Energy, MICRO, Price } from '@daisee/units';
import { type Merit, surplusOf, type TradedSide } from './merit-order.ts';
import type { Clearing, Fill, Order, OrderBook } from './order.ts';
import { type Owed, payOut } from './proportion.ts';

/** What a mechanism says of money. */
export interface Terms {
  readonly price: bigint | undefined;
  /** What a buyer pays for each unit, by its own limit where it pays as bid. */
  readonly paidBy: (bid: Order) => bigint;
  /** What the order at a place of the book, which trades so much, earned; exactly. */
  readonly owedTo: (place: number, energy: bigint) => Owed;
}

const fillsOf = (
  orders: readonly Order[],
  { energies }: TradedSide,
  amounts: readonly bigint[],
): readonly Fill[] =>
  orders.map(({ id }, k) => ({
    id,
    energy: Energy(energies[k] ?? 0n),
    amount: Coin(amounts[k] ?? 0n),
  }));

/**
 * Settles what trades: each buyer pays, rounded up to a millionth of a coin as on the ledger, and the sellers receive all
 * of that.
 */
export const settle = (
  { bids, offers, per = Energy(MICRO) }: OrderBook,
  merit: Pick<Merit, 'bids' | 'offers' | 'energy'>,
  { price, paidBy, owedTo }: Terms,
): Clearing => {
  let turnover = 0n;
  const paid = merit.bids.energies.map((energy, k) => {
    if (energy === 0n) return 0n;
    const amount = (energy * paidBy(bids[k] as Order) + per - 1n) / per;
    turnover += amount;
    return amount;
  });
  const places: number[] = [];
  for (const [k, energy] of merit.offers.energies.entries()) if (energy > 0n) places.push(k);
  const shares = payOut(
    turnover,
    places.map((k) => owedTo(k, merit.offers.energies[k] as bigint)),
    places.map((k) => (offers[k] as Order).id),
  );
  const received = Array.from({ length: offers.length }, () => 0n);
  for (const [n, k] of places.entries()) received[k] = shares[n] as bigint;
  return {
    price: price === undefined ? undefined : Price(price),
    energy: Energy(merit.energy),
    turnover: Coin(turnover),
    surplus: surplusOf({ bids, offers }, merit),
    bids: fillsOf(bids, merit.bids, paid),
    offers: fillsOf(offers, merit.offers, received),
  };
};
