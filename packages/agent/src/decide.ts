/**
 * Everything that a consumer decides, as one pure function: from what is on disk, what was just read from relay,
 * chain and gauge, and the settings, to the actions of this period. `README.md` has the rows as a table.
 */
import type { Address } from '@daisee/chain';
import { wattHours } from '@daisee/units';
import { sellerOf } from './feed.ts';
import { isInDebt, owesOthers, purchase, settlement } from './purchasing.ts';
import type { ConsumerRules } from './settings.ts';
import type { Action, Inputs, State } from './situation.ts';
import { switchesUntil } from './switch-limits.ts';
import { remaining, thresholds } from './thresholds.ts';

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

/** A meter that was due twice and sent nothing says nothing of now: no reason to buy, nor to go to a seller. */
const INTERVALS = 2;

export const isFresh = ({ measured: { age, interval } }: Pick<Inputs, 'measured'>): boolean =>
  age !== undefined && interval !== undefined && age >= 0 && age <= INTERVALS * interval;

const hasDwelt = ({ lastSwitch }: State, { now }: Inputs, { dwell }: ConsumerRules): boolean =>
  // A clock that was set back says nothing of how long it has been.
  lastSwitch === undefined || now - lastSwitch >= dwell || now < lastSwitch;

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
 * Whether the ledger's books matter this period: on a seller's source, when its own is low, or to pay a debt.
 * (Otherwise the ledger need not be asked, and its absence not be noticed.)
 */
export const wantsBooks = (state: State, inputs: Inputs, rules: ConsumerRules): boolean => {
  if (inputs.settles && isInDebt(state, rules)) return true;
  if (inputs.heldOnOwn || inputs.feed === 'unknown' || inputs.feed === 'disordered') return false;
  return inputs.feed !== 'own' || chargeState(state, inputs, rules) === 'low';
};

const onOwn = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  if (inputs.heldOnOwn) return [];
  const charge = chargeState(state, inputs, rules);
  if (charge === 'unknown') return [{ type: 'note', note: 'charge-unknown' }];
  if (charge !== 'low') return [];
  if (!isMeasured(state, inputs, rules) || !hasDwelt(state, inputs, rules)) return [];
  if (!isFresh(inputs)) return [{ type: 'note', note: 'measurement-old', measured: inputs.measured }];
  const until = switchesUntil(inputs, rules);
  if (until !== undefined) return [{ type: 'note', note: 'switched-often', until }];
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
  const mayMove = isFresh(inputs) && switchesUntil(inputs, rules) === undefined;
  const [next] = mayMove ? stocked(state, inputs, rules, seller) : [];
  if (left < leave)
    return next
      ? [{ type: 'switch', to: next, why: 'next-seller' }]
      : [{ type: 'switch', to: 'own', why: 'allowance-used' }, ...unknown];
  // Energy that is paid for already is used before more is bought; nothing is bought on an unknown charge, and
  // nothing more on a recovered one that only waits for its dwell time.
  if (left >= buy || next || charge === 'unknown' || charge === 'recovered') return unknown;
  if (!isFresh(inputs)) return [{ type: 'note', note: 'measurement-old', measured: inputs.measured }];
  const here = purchase(state, inputs, rules, [seller]);
  if (here[0]?.type !== 'note') return here;
  const others = rules.sellers.map((other) => other.account).filter((other) => other !== seller);
  if (others.length === 0 || !mayMove) return here;
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

/** What is due where the relay shows it. */
const here = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  const { feed } = inputs;
  if (feed === 'unknown') return [];
  if (feed === 'own') return onOwn(state, inputs, rules);
  const seller = sellerOf(rules, feed)?.account;
  if (seller) return onSeller(seller, state, inputs, rules);
  return [{ type: 'switch', to: 'own', why: 'disorder' }];
};

/** Debts are paid before anything new is bought: the ledger sells a debtor nothing of others. */
const withSettlement = (
  actions: readonly Action[],
  state: State,
  inputs: Inputs,
  rules: ConsumerRules,
): readonly Action[] => {
  const order = actions.find((action) => action.type === 'buy');
  // An order covers what is owed to its own seller.
  if (order && inputs.feed !== 'own' && !owesOthers(state, inputs, rules, order.seller)) return actions;
  const paid = settlement(state, inputs, rules);
  const isDone = paid.some(({ type }) => type === 'settle' || type === 'ask');
  return isDone
    ? [...actions.filter(({ type }) => type !== 'buy' && type !== 'ask'), ...paid]
    : [...actions, ...paid];
};

/**
 * The actions of this period, in the order in which to carry them out. At most one switch, and one purchase or
 * settlement; these report the registers first, so no report stands beside them.
 */
export const decide = (state: State, inputs: Inputs, rules: ConsumerRules): readonly Action[] => {
  const actions = withSettlement(here(state, inputs, rules), state, inputs, rules);
  return actions.some(({ type }) => type === 'buy' || type === 'settle')
    ? actions
    : [...actions, ...reporting(state, inputs, rules)];
};
