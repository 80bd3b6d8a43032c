/** The amounts of energy that a consumer decides by, from its recent power and the time that things take. */
import type { Address } from '@daisee/chain';
import { type Duration, Energy } from '@daisee/units';
import type { ConsumerRules } from './settings.ts';
import type { Inputs, State } from './situation.ts';

/** Energy of a power (W) during a time (ms), rounded up: 1 W·ms is 1/3.6 µWh. */
const use = (power: number, time: number): Energy =>
  Energy(BigInt(Math.ceil((Math.max(0, power) * time) / 3.6)));

export const larger = (a: Energy, b: Energy): Energy => (a > b ? a : b);
export const smaller = <T extends bigint>(a: T, b: T): T => (a < b ? a : b);

/** Amounts of energy bought from one seller, µWh. */
export interface Thresholds {
  /** With less left it leaves the seller: what may be used until the next look has acted. */
  readonly leave: Energy;
  /** With less left it buys again: reports and blocks to wait for, at the recent highest power, with some to spare. */
  readonly buy: Energy;
  /** Where `delta` is less, it buys up to this: what lasts until the next purchase, and until that one is mined. */
  readonly hold: Energy;
  /** With less left it does not go to a seller, although it is paid for: it could not stay for the dwell time. */
  readonly enter: Energy;
  /** What it must have there after a purchase that is made to go to a seller: the shortest stay worth a switch. */
  readonly worth: Energy;
  /** What a shortest stay takes, however little is bought at a time. */
  readonly whole: Energy;
  /** What it must have in hand to stay where it is until it can buy again, and so the least that is of use. */
  readonly stay: Energy;
}

/** A tenth of `delta` is kept in hand for a load that jumps above the recent highest power. */
const RESERVE = 10n;
/** Where the settings do not say `minPurchase`: this part of `delta`. */
const MIN_PURCHASE = 4n;

export const thresholds = (
  state: Pick<State, 'peak' | 'last'>,
  inputs: Pick<Inputs, 'confirmation' | 'now'>,
  rules: ConsumerRules,
): Thresholds => {
  const power = Math.max(state.peak, state.last?.power ?? 0);
  const lasting = (time: Duration | number): Energy => use(power, time);
  // What was used since the last sample is not in the registers yet, and the next look is one period away.
  const age = Math.max(rules.period, inputs.now - (state.last?.at ?? inputs.now));
  const leave = lasting(age + rules.period);
  // Before the purchase is mined: a look, a report on its way already, the purchase's own report, and itself.
  const waits = larger(lasting(rules.period + 3 * inputs.confirmation), Energy(rules.delta / RESERVE));
  const whole = lasting(rules.minStay);
  const least = rules.minPurchase ?? Energy(rules.delta / MIN_PURCHASE);
  const enter = Energy(leave + lasting(Math.max(rules.dwell, rules.period)));
  return {
    leave,
    buy: Energy(leave + waits),
    hold: Energy(leave + 2n * waits),
    enter,
    // A seller is never asked for more than one `delta` at a time, so neither is a stay.
    worth: larger(enter, smaller(rules.delta, larger(least, whole))),
    whole,
    stay: lasting(Math.max(rules.dwell, 2 * rules.period)),
  };
};

/** What is left of the energy bought from a seller, counting what is measured and not yet reported; may be negative. */
export const remaining = (state: Pick<State, 'purchased' | 'registers'>, seller: Address): Energy =>
  Energy((state.purchased.get(seller) ?? 0n) - (state.registers.get(seller) ?? 0n));

/** Bought from any of these sellers and not used yet. */
export const inHand = (state: Pick<State, 'purchased' | 'registers'>, sellers: readonly Address[]): Energy =>
  Energy(sellers.reduce((sum, seller) => sum + larger(remaining(state, seller), Energy(0n)), 0n));
