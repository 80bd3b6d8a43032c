/** From whom a consumer buys how much, and what it pays of its debts: pure. */
import type { Address } from '@daisee/chain';
import { choosePurchase, type Decline, type Purse } from '@daisee/market';
import { type Coin, Energy } from '@daisee/units';
import type { ConsumerRules } from './settings.ts';
import type { Action, Inputs, Market, State } from './situation.ts';
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

/** What is owed to a seller: energy used beyond what was bought. */
const debtsOf = (state: State, rules: ConsumerRules): readonly { seller: Address; energy: Energy }[] =>
  rules.sellers
    .map(({ account: seller }) => ({ seller, energy: Energy(0n - remaining(state, seller)) }))
    .filter(({ energy }) => energy > 0n);

export const isInDebt = (state: State, rules: ConsumerRules): boolean => debtsOf(state, rules).length > 0;

/** Pays the first debt that can be paid, as much of it as that is; or says why none can. */
export const settlement = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  const debts = debtsOf(state, rules);
  if (debts.length === 0 || !inputs.settles || inputs.inFlight !== 'nothing') return [];
  const { market } = inputs;
  if (!market) return [{ type: 'ask' }];
  const declined: Decline[] = [];
  for (const { seller, energy } of debts) {
    const offer = market.offers.find((one) => one.seller === seller);
    if (!offer) continue;
    const answer = choosePurchase([{ ...offer, wanted: energy, least: Energy(1n) }], purseOf(market, rules));
    if (answer.purchase) {
      const { purchase: paid } = answer;
      return [{ type: 'settle', seller, energy: paid.energy, cost: paid.cost }];
    }
    declined.push(...answer.declined);
  }
  return [{ type: 'note', note: 'debt', debts, declined }];
};
