/**
 * Everything that a consumer decides, as one pure function: from what is on disk, what was just read from relay,
 * chain and gauge, and the settings, to the actions of this period. `README.md` has the rows as a table.
 */
import type { Address } from '@daisee/chain';
import { choosePurchase, type Decline, type Purchase } from '@daisee/market';
import {
  type Coin,
  type Duration,
  Energy,
  type Instant,
  type Percent,
  type Price,
  type Register,
  type Watts,
  wattHours,
} from '@daisee/units';
import { type Feed, type Source, sellerOf } from './feed.ts';
import type { ConsumerRules } from './settings.ts';

/** What the agent keeps on disk, as far as it decides. */
export interface State {
  /** The last sample taken into the registers. */
  readonly last?: { readonly at: Instant; readonly power: Watts };
  /** Recent highest power, W. */
  readonly peak: Watts;
  /** Energy drawn from its own source since it last returned to it. */
  readonly drawn: Energy;
  /** Registers per source, its own under its own account. */
  readonly registers: ReadonlyMap<Address, Register>;
  /** Energy bought per seller, as last read from the ledger: it never falls. */
  readonly purchased: ReadonlyMap<Address, Energy>;
  /** When the source last changed; none: never. */
  readonly lastSwitch?: Instant;
}

/** What a seller offers at this moment. */
interface Offering {
  readonly seller: Address;
  readonly price: Price;
  readonly available: Energy;
}

/** The market as just read from the ledger. */
export interface Market {
  readonly offers: readonly Offering[];
  readonly balance: Coin;
  readonly spentToday: Coin;
}

/** What was just read, and what is under way. */
export interface Inputs {
  readonly now: Instant;
  /** What the relay shows. */
  readonly feed: Feed;
  /** Not given: unknown, or older than `maxGap`. */
  readonly stateOfCharge?: Percent;
  /** Not given: not read yet (the action `ask` asks for it), or the ledger could not be read. */
  readonly market?: Market;
  /** What is on its way to the ledger; `unsettled`: it is not known yet what became of an earlier transaction. */
  readonly inFlight: 'nothing' | 'report' | 'purchase' | 'unsettled';
  /** Registers as the ledger has them; not given before they were first read. */
  readonly reported?: ReadonlyMap<Address, Register>;
  /** Instant of the last sample that a complete report covered; not given: none since the start. */
  readonly reportedAt?: Instant;
  /** The longest recent wait for a transaction to be mined. */
  readonly confirmation: Duration;
  /** Sellers that the relay or the ledger refused lately: left alone for a while. */
  readonly avoided: ReadonlySet<Address>;
  /** The person keeps the node on its own source for now. */
  readonly heldOnOwn?: boolean;
}

export type SwitchReason =
  | 'below-limit'
  | 'recovered'
  | 'next-seller'
  | 'allowance-used'
  | 'no-measurement'
  | 'disorder'
  | 'held';

export type Action =
  | { readonly type: 'switch'; readonly to: Source; readonly why: SwitchReason }
  | ({ readonly type: 'buy' } & Omit<Purchase, 'seller'> & { readonly seller: Address })
  | { readonly type: 'report'; readonly why: 'start' | 'interval' | 'switch' }
  /** Read the market and decide again: a purchase may be due. */
  | { readonly type: 'ask' }
  /** Why something that would be due is not done; said once for as long as it lasts. */
  | { readonly type: 'note'; readonly note: 'charge-unknown' }
  | { readonly type: 'note'; readonly note: 'no-purchase'; readonly declined: readonly Decline[] };

/** Energy of a power (W) during a time (ms), rounded up: 1 W·ms is 1/3.6 µWh. */
const use = (power: number, time: number): Energy =>
  Energy(BigInt(Math.ceil((Math.max(0, power) * time) / 3.6)));

const larger = (a: Energy, b: Energy): Energy => (a > b ? a : b);

/** The thresholds that all decisions on energy bought are made with. */
export interface Thresholds {
  /** With less left it leaves the seller: what may be used until the next look has acted. */
  readonly leave: Energy;
  /** With less left it buys again: reports and blocks to wait for, at the recent highest power, with some to spare. */
  readonly buy: Energy;
  /** With less left it is not worth switching to a seller: it could not stay for the dwell time. */
  readonly enter: Energy;
}

/** A tenth of `delta` is kept in hand for a load that jumps above the recent highest power. */
const RESERVE = 10n;

export const thresholds = (
  state: Pick<State, 'peak' | 'last'>,
  inputs: Pick<Inputs, 'confirmation' | 'now'>,
  rules: ConsumerRules,
): Thresholds => {
  const power = Math.max(state.peak, state.last?.power ?? 0);
  // What was used since the last sample is not in the registers yet, and the next look is one period away.
  const age = Math.max(rules.period, inputs.now - (state.last?.at ?? inputs.now));
  const leave = use(power, age + rules.period);
  // Before the purchase is mined: a look, a report on its way already, the purchase's own report, and itself.
  const waits = use(power, rules.period + 3 * inputs.confirmation);
  const buy = Energy(leave + larger(waits, Energy(rules.delta / RESERVE)));
  return { leave, buy, enter: Energy(leave + use(power, Math.max(rules.dwell, rules.period))) };
};

/** What is left of the energy bought from a seller, counting what is measured and not yet reported; may be negative. */
export const remaining = (state: Pick<State, 'purchased' | 'registers'>, seller: Address): Energy =>
  Energy((state.purchased.get(seller) ?? 0n) - (state.registers.get(seller) ?? 0n));

type ChargeState = 'unknown' | 'low' | 'fair' | 'recovered';

const chargeState = (state: State, { stateOfCharge }: Inputs, rules: ConsumerRules): ChargeState => {
  // Without a gauge a battery is never seen to recover: it stays with a seller for as long as it can buy.
  if (!rules.fuelgauge) return state.drawn >= wattHours(rules.limit) ? 'low' : 'fair';
  if (stateOfCharge === undefined) return 'unknown';
  if (stateOfCharge < rules.limit) return 'low';
  return stateOfCharge >= rules.resume ? 'recovered' : 'fair';
};

const isMeasured = ({ last }: State, { now }: Inputs, { maxGap }: ConsumerRules): boolean =>
  last !== undefined && now - last.at <= maxGap;

const hasDwelt = ({ lastSwitch }: State, { now }: Inputs, { dwell }: ConsumerRules): boolean =>
  lastSwitch === undefined || now - lastSwitch >= dwell;

/** Sellers other than `except`, not avoided, with energy left that is worth switching for; in order of preference. */
const stocked = (
  state: State,
  inputs: Inputs,
  rules: ConsumerRules,
  except?: Address,
): readonly Address[] => {
  const { enter } = thresholds(state, inputs, rules);
  return rules.sellers
    .map((seller) => seller.account)
    .filter(
      (seller) => seller !== except && !inputs.avoided.has(seller) && remaining(state, seller) >= enter,
    );
};

/**
 * Whether the ledger's books matter this period: on a seller's source, or when its own is low. (Otherwise the ledger
 * need not be asked, and its absence not be noticed.)
 */
export const wantsBooks = (state: State, inputs: Inputs, rules: ConsumerRules): boolean => {
  if (inputs.heldOnOwn || inputs.feed === 'unknown' || inputs.feed === 'disordered') return false;
  return inputs.feed !== 'own' || chargeState(state, inputs, rules) === 'low';
};

/** Buys from the best of these sellers, or says why from none. */
const purchase = (
  state: State,
  inputs: Inputs,
  rules: ConsumerRules,
  sellers: readonly Address[],
): readonly Action[] => {
  const { market } = inputs;
  // A purchase under way, or one of which it is not known what became of it, is waited for: its energy must not be
  // bought twice.
  if (inputs.inFlight === 'purchase' || inputs.inFlight === 'unsettled') return [];
  if (!market) return [{ type: 'ask' }];
  const { buy, enter } = thresholds(state, inputs, rules);
  const period = use(state.last?.power ?? 0, rules.period);
  const offers = market.offers
    .filter((offer) => sellers.includes(offer.seller) && !inputs.avoided.has(offer.seller))
    .map((offer) => {
      const left = remaining(state, offer.seller);
      const overdrawn = left < 0n ? 0n - left : 0n;
      const shortfall = Energy(larger(buy, enter) - left);
      const wanted = Energy(period + larger(Energy(rules.delta + overdrawn), shortfall));
      // On the source already, what keeps it there for a dwell time is of use; else what makes it worth going there.
      const here = inputs.feed === offer.seller && left > 0n;
      const least = here ? use(state.peak, Math.max(rules.dwell, 2 * rules.period)) : Energy(enter - left);
      return { ...offer, wanted, least: larger(least, Energy(1n)) };
    });
  const { priceCap, budgetPerDay } = rules;
  const left = budgetPerDay === undefined ? undefined : budgetPerDay - market.spentToday;
  const { purchase: chosen, declined } = choosePurchase(offers, {
    balance: market.balance,
    ...(priceCap === undefined ? {} : { priceCap }),
    ...(left === undefined ? {} : { budget: (left > 0n ? left : 0n) as Coin }),
  });
  const seller = offers.find((offer) => offer.seller === chosen?.seller)?.seller;
  if (!chosen || !seller) return [{ type: 'note', note: 'no-purchase', declined }];
  return [{ type: 'buy', seller, energy: chosen.energy, cost: chosen.cost }];
};

const onOwn = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  if (inputs.heldOnOwn) return [];
  const charge = chargeState(state, inputs, rules);
  if (charge === 'unknown') return [{ type: 'note', note: 'charge-unknown' }];
  if (charge !== 'low') return [];
  if (!isMeasured(state, inputs, rules) || !hasDwelt(state, inputs, rules)) return [];
  const [ready] = stocked(state, inputs, rules);
  if (ready) return [{ type: 'switch', to: ready, why: 'below-limit' }];
  return purchase(
    state,
    inputs,
    rules,
    rules.sellers.map((seller) => seller.account),
  );
};

const onSeller = (seller: Address, state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  if (inputs.heldOnOwn) return [{ type: 'switch', to: 'own', why: 'held' }];
  // What is not measured is not taken from a neighbour.
  if (!isMeasured(state, inputs, rules)) return [{ type: 'switch', to: 'own', why: 'no-measurement' }];
  const charge = chargeState(state, inputs, rules);
  if (charge === 'recovered' && hasDwelt(state, inputs, rules))
    return [{ type: 'switch', to: 'own', why: 'recovered' }];
  const left = remaining(state, seller);
  const { leave, buy } = thresholds(state, inputs, rules);
  const unknown: readonly Action[] = charge === 'unknown' ? [{ type: 'note', note: 'charge-unknown' }] : [];
  const [next] = stocked(state, inputs, rules, seller);
  if (left < leave)
    return next
      ? [{ type: 'switch', to: next, why: 'next-seller' }]
      : [{ type: 'switch', to: 'own', why: 'allowance-used' }, ...unknown];
  // Energy that is paid for already is used before more is bought; nothing is bought on an unknown charge, and
  // nothing more on a recovered one that only waits for its dwell time.
  if (left >= buy || next || charge === 'unknown' || charge === 'recovered') return unknown;
  const here = purchase(state, inputs, rules, [seller]);
  if (here[0]?.type !== 'note') return here;
  const others = rules.sellers.map((other) => other.account).filter((other) => other !== seller);
  if (others.length === 0) return here;
  const elsewhere = purchase(state, inputs, rules, others);
  if (elsewhere[0]?.type === 'note' && elsewhere[0].note === 'no-purchase' && here[0].note === 'no-purchase')
    return [{ ...elsewhere[0], declined: [...here[0].declined, ...elsewhere[0].declined] }];
  return elsewhere;
};

const reporting = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  const { reported, reportedAt } = inputs;
  if (!reported || inputs.inFlight !== 'nothing' || !state.last) return [];
  const changed = [...state.registers].some(([origin, register]) => register > (reported.get(origin) ?? 0n));
  if (!changed) return [];
  if (reportedAt === undefined) return [{ type: 'report', why: 'start' }];
  const { lastSwitch, last } = state;
  if (lastSwitch !== undefined && lastSwitch > reportedAt && last.at >= lastSwitch)
    return [{ type: 'report', why: 'switch' }];
  return last.at - reportedAt >= rules.report ? [{ type: 'report', why: 'interval' }] : [];
};

/**
 * The actions of this period, in the order in which to carry them out. At most one switch and one purchase; a
 * purchase reports the registers first, so no report stands beside it.
 */
export const decide = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  const { feed } = inputs;
  const seller = sellerOf(rules, feed)?.account;
  const actions: readonly Action[] =
    feed === 'unknown'
      ? []
      : feed === 'own'
        ? onOwn(state, inputs, rules)
        : seller
          ? onSeller(seller, state, inputs, rules)
          : [{ type: 'switch', to: 'own', why: 'disorder' }];
  return actions.some((action) => action.type === 'buy')
    ? actions
    : [...actions, ...reporting(state, inputs, rules)];
};
