/** From whom a consumer buys how much, and what it pays of its debts: pure. */
import type { Address } from '@daisee/chain';
import { choosePurchase, cost, type Purse } from '@daisee/market';
import { Coin, Energy, Price } from '@daisee/units';
import type { ConsumerRules } from './settings.ts';
import type { Action, Debt, Inputs, Market, State } from './situation.ts';
import { inHand, larger, remaining, smaller, thresholds } from './thresholds.ts';

/** The highest price, and what is there to pay with: the coins, and what is left of the day's budget. */
const purseOf = ({ balance, spentToday }: Market, { priceCap, budgetPerDay }: ConsumerRules): Purse => {
  const left = budgetPerDay === undefined ? undefined : budgetPerDay - spentToday;
  return { balance, priceCap, budget: left === undefined ? undefined : ((left > 0n ? left : 0n) as Coin) };
};

/**
 * Buys from the best of these sellers, or says why from none. Never more than one `delta` is in hand afterwards, unless
 * that is too little to wait for the next purchase with.
 */
export const purchase = (
  state: State,
  inputs: Inputs,
  rules: ConsumerRules,
  sellers: readonly Address[],
): readonly Action[] => {
  const { market, avoided, resting, feed } = inputs;
  // A purchase under way, or one of which it is not known what became of it, is waited for: its energy must not be
  // bought twice.
  if (inputs.inFlight === 'purchase' || inputs.inFlight === 'unsettled') return [];
  if (!market) return [{ type: 'ask' }];
  const { hold, enter, worth, whole, stay } = thresholds(state, inputs, rules);
  const held = inHand(
    state,
    rules.sellers.map(({ account }) => account).filter((seller) => !avoided.has(seller)),
  );
  const named = market.offers.filter(({ seller }) => sellers.includes(seller) && !avoided.has(seller));
  // A seller that had crumbs is gone to again after a while, or with a whole stay.
  const isShort = ({ seller, available }: (typeof named)[number]) => resting.has(seller) && available < whole;
  const rested = named.filter((offer) => !isShort(offer));
  const offers = rested.map((offer) => {
    const left = remaining(state, offer.seller);
    const isHere = feed === offer.seller && left > 0n;
    const debt = left < 0n ? Energy(0n - left) : Energy(0n);
    const topUp = Energy(debt + larger(Energy(rules.delta - held), Energy(0n)));
    const wanted = larger(topUp, Energy(larger(hold, enter) - left));
    // On the source already, what keeps it there for a while is of use; else what makes it worth going there.
    const going = larger(Energy(enter - left), smaller(Energy(worth - left), topUp));
    const least = larger(isHere ? stay : going, Energy(1n));
    // Coins that run out make one short stay, a seller with crumbs one after the other.
    const isShortOfCoins = !isHere && !resting.has(offer.seller);
    return {
      ...offer,
      wanted,
      least,
      leastPaid: isShortOfCoins ? larger(Energy(enter - left), Energy(1n)) : least,
    };
  });
  const { purchase: chosen, declined } = choosePurchase(offers, purseOf(market, rules));
  const seller = rested.find((offer) => offer.seller === chosen?.seller)?.seller;
  if (chosen && seller) return [{ type: 'buy', seller, energy: chosen.energy, cost: chosen.cost }];
  const short = named
    .filter(isShort)
    .map(({ seller: one }) => ({ seller: one, reason: 'short-stays' as const }));
  return [{ type: 'note', note: 'no-purchase', declined: [...declined, ...short] }];
};

/** To whom energy is owed: used beyond what was bought, reported yet or not. */
const debtsOf = (state: State, rules: ConsumerRules): readonly { seller: Address; energy: Energy }[] =>
  rules.sellers
    .map(({ account: seller }) => ({ seller, energy: Energy(0n - remaining(state, seller)) }))
    .filter(({ energy }) => energy > 0n);

export const isInDebt = (state: State, rules: ConsumerRules): boolean => debtsOf(state, rules).length > 0;

/** Debts as the ledger will have them when it knows all: what it shows, and what is used and not reported at the price of now. */
const allDebts = (state: State, market: Market, rules: ConsumerRules): readonly Debt[] => {
  const known = new Map(market.debts.map((debt) => [debt.seller, debt]));
  const ours = debtsOf(state, rules).map(({ seller, energy }) => {
    const shown = known.get(seller);
    known.delete(seller);
    const price = market.offers.find((offer) => offer.seller === seller)?.price ?? Price(0n);
    const more = larger(Energy(energy - (shown?.energy ?? 0n)), Energy(0n));
    return { seller, energy, owed: Coin((shown?.owed ?? 0n) + cost(more, price)) };
  });
  return [...ours, ...known.values()];
};

/** Whether somebody else than `seller` is owed: then the ledger sells it nothing new of this seller. */
export const owesOthers = (state: State, inputs: Inputs, rules: ConsumerRules, seller: Address): boolean => {
  const debts = inputs.market ? allDebts(state, inputs.market, rules) : debtsOf(state, rules);
  return debts.some((debt) => debt.seller !== seller);
};

/**
 * Pays the first debt, as much of it as there is to pay with; or says why none can be paid. It needs nothing left of its
 * seller, and no price cap holds: what was drawn was drawn at its price.
 */
export const settlement = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  const { market } = inputs;
  if (!inputs.settles || inputs.inFlight !== 'nothing') return [];
  if (!market) return isInDebt(state, rules) ? [{ type: 'ask' }] : [];
  const debts = allDebts(state, market, rules);
  const [debt] = debts;
  if (!debt) return [];
  const { balance, budget = balance } = purseOf(market, rules);
  const most = smaller(budget, balance);
  const { seller, energy, owed } = debt;
  if (most >= owed) return [{ type: 'settle', seller, energy, cost: owed }];
  if (most > 0n) return [{ type: 'settle', seller, energy: Energy((energy * most) / owed), cost: most }];
  const reason = balance === 0n ? ('out-of-coins' as const) : ('over-budget' as const);
  return [
    { type: 'note', note: 'debt', debts, declined: debts.map((one) => ({ seller: one.seller, reason })) },
  ];
};
