import type { Address } from '@daisee/chain';
import { DEFAULT_MAX_GAP } from '@daisee/meter';
import { type Coin, type Duration, type Energy, Percent, type Price, Seconds } from '@daisee/units';

/** A seller that the node is wired to. */
export interface SellerSettings {
  readonly name: string;
  readonly account: Address;
  /** Relay channels that carry this seller's source to the node (normally open contacts). */
  readonly channels: readonly number[];
}

/** How a consumer behaves. Optional ones have the defaults of `consumerRules`. */
export interface ConsumerSettings {
  /** Below this it takes from a seller: percent with a fuel gauge, watt-hours drawn from its own source without. */
  readonly limit: number;
  /** Energy to have in hand after a purchase: it buys so much, less what is left. */
  readonly delta: Energy;
  /** Whether the state of charge decides; false: the energy drawn from its own source does. */
  readonly fuelgauge: boolean;
  /** Relay channels of its own source (normally closed contacts: on cuts it off). */
  readonly channels: readonly number[];
  /** In the order of preference among equals. */
  readonly sellers: readonly SellerSettings[];
  /** Time between two looks, on the grid of its multiples from the epoch. Default 8 s. */
  readonly period?: Duration;
  /** Time between two reports to the ledger when nothing else asks for one. Default 60 s. */
  readonly report?: Duration;
  /** From this state of charge on it returns to its own source. Default `limit` + 10 points. */
  readonly resume?: Percent;
  /** Shortest time from one switch of the relay to the next that is not urgent. Default 30 s. */
  readonly dwell?: Duration;
  /**
   * The shortest stay with a seller that is worth a switch, at the recent highest power: a purchase must pay for it, or
   * be a whole `delta`. Default 10 min.
   */
  readonly minStay?: Duration | undefined;
  /** The least energy that is worth a switch. Default a quarter of `delta`. */
  readonly minPurchase?: Energy | undefined;
  /** Switches in any hour, beyond which it goes to no seller; back to its own source it always may. Default 12. */
  readonly maxSwitches?: number | undefined;
  /** The highest price paid, coin per Wh. Default: any. */
  readonly priceCap?: Price;
  /** Coins spent at most in a day (UTC). Default: all there are. */
  readonly budgetPerDay?: Coin;
  /**
   * The longest time between two samples that is bridged; longer is a gap. A measurement or a state of charge older
   * than this is no longer known. Default 15 min, as the monitor's.
   */
  readonly maxGap?: Duration;
}

/** Settings that may stay open. */
type Open = 'priceCap' | 'budgetPerDay' | 'minPurchase';
type Filled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** A consumer's settings with every default in its place. */
export type ConsumerRules = Filled<Omit<ConsumerSettings, Open>> & Pick<ConsumerSettings, Open>;

export const DEFAULT_PERIOD: Duration = Seconds(8);
export const DEFAULT_REPORT: Duration = Seconds(60);

const DEFAULT_DWELL: Duration = Seconds(30);
const DEFAULT_MIN_STAY: Duration = Seconds(10 * 60);
const DEFAULT_MAX_SWITCHES = 12;
const RESUME_ABOVE_LIMIT = 10;

/** Fills in the defaults. */
export const consumerRules = (settings: ConsumerSettings): ConsumerRules => ({
  ...settings,
  period: settings.period ?? DEFAULT_PERIOD,
  report: settings.report ?? DEFAULT_REPORT,
  dwell: settings.dwell ?? DEFAULT_DWELL,
  minStay: settings.minStay ?? DEFAULT_MIN_STAY,
  maxSwitches: settings.maxSwitches ?? DEFAULT_MAX_SWITCHES,
  maxGap: settings.maxGap ?? DEFAULT_MAX_GAP,
  resume: settings.resume ?? Percent(Math.min(100, Math.max(0, settings.limit) + RESUME_ABOVE_LIMIT)),
});

/** How a producer behaves. */
export interface ProducerSettings {
  /** The price that it offers, coin per Wh; not given: whatever the ledger says. */
  readonly price?: Price;
  /** Time between two reports to the ledger, on the grid of its multiples from the epoch. Default 60 s. */
  readonly report?: Duration;
  /** The longest time between two samples that is bridged. Default 15 min, as the monitor's. */
  readonly maxGap?: Duration;
}
