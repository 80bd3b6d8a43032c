import type { Address } from '@daisee/chain';
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
  /** Energy to buy at a time. */
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

/** A consumer's settings with every default in its place. */
export type ConsumerRules = Required<Omit<ConsumerSettings, 'priceCap' | 'budgetPerDay'>> &
  Pick<ConsumerSettings, 'priceCap' | 'budgetPerDay'>;

export const DEFAULT_PERIOD: Duration = Seconds(8);
export const DEFAULT_REPORT: Duration = Seconds(60);
/** As in the monitor, so that both see the same gaps. */
export const DEFAULT_MAX_GAP: Duration = Seconds(15 * 60);
const DEFAULT_DWELL: Duration = Seconds(30);
const RESUME_ABOVE_LIMIT = 10;

/** Fills in the defaults. */
export const consumerRules = (settings: ConsumerSettings): ConsumerRules => ({
  ...settings,
  period: settings.period ?? DEFAULT_PERIOD,
  report: settings.report ?? DEFAULT_REPORT,
  dwell: settings.dwell ?? DEFAULT_DWELL,
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
