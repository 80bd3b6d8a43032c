/** Clearing once more, by looking at every price and every amount: what is checked is found another way here. */
import type { OrderBook } from '../../src/index.ts';

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** What would trade at a price. */
const tradedAt = ({ bids, offers }: OrderBook, price: bigint): bigint =>
  least(
    sum(bids.filter((bid) => bid.price >= price).map(({ energy }) => energy)),
    sum(offers.filter((offer) => offer.price <= price).map(({ energy }) => energy)),
  );

/** The most that trades at one price, and the lowest and highest price at which it does. */
export const bestPrice = (
  book: OrderBook,
): { readonly energy: bigint; readonly lowest: bigint; readonly highest: bigint } | undefined => {
  // What trades changes at the prices of orders only.
  const prices = [...new Set([...book.bids, ...book.offers].map(({ price }) => price))];
  const amounts = prices.map((price) => ({ price, energy: tradedAt(book, price) }));
  const energy = amounts.map((one) => one.energy).reduce((a, b) => -least(-a, -b), 0n);
  if (energy === 0n) return undefined;
  const best = amounts.filter((one) => one.energy === energy).map(({ price }): bigint => price);
  return {
    energy,
    lowest: best.reduce(least),
    highest: best.reduce((a, b) => -least(-a, -b)),
  };
};

/** The value of the best `energy` of some orders, those with the best prices first. */
export const worthOf = (
  orders: readonly { readonly energy: bigint; readonly price: bigint }[],
  energy: bigint,
): bigint => {
  let left = energy;
  let value = 0n;
  for (const order of orders) {
    const taken = least(order.energy, left);
    value += taken * order.price;
    left -= taken;
  }
  return value;
};

/**
 * The most surplus that any trades among these orders can have. For each amount the best bids and the cheapest offers are
 * the best choice, and the surplus by amount is bent only where an order is used up: so one of those amounts is the best.
 */
export const mostSurplus = ({ bids, offers }: OrderBook): bigint => {
  const demand = [...bids].sort((a, b) => Number(b.price > a.price) - Number(b.price < a.price));
  const supply = [...offers].sort((a, b) => Number(a.price > b.price) - Number(a.price < b.price));
  const most = least(sum(demand.map(({ energy }) => energy)), sum(supply.map(({ energy }) => energy)));
  const amounts = new Set<bigint>();
  for (const side of [demand, supply]) {
    let used = 0n;
    for (const { energy } of side) {
      used += energy;
      if (used <= most) amounts.add(used);
    }
  }
  let best = 0n;
  for (const amount of amounts) {
    const surplus = worthOf(demand, amount) - worthOf(supply, amount);
    if (surplus > best) best = surplus;
  }
  return best;
};
