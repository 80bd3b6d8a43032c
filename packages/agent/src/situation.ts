/** What a consumer decides on, and what it can decide: the words of `decide.ts`. */
import type { Address } from '@daisee/chain';
import type { Decline, Purchase } from '@daisee/market';
import type { Coin, Duration, Energy, Instant, Percent, Price, Register, Watts } from '@daisee/units';
import type { Feed, Source } from './feed.ts';

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

/** What the ledger shows as owed to a seller: energy used beyond what was bought, at the prices of then. */
export interface Debt {
  readonly seller: Address;
  readonly energy: Energy;
  readonly owed: Coin;
}

/** The market as just read from the ledger. */
export interface Market {
  readonly offers: readonly Offering[];
  /** To whomever: while one is open, the ledger sells nothing new of others. */
  readonly debts: readonly Debt[];
  readonly balance: Coin;
  readonly spentToday: Coin;
}

/** How old the newest measurement was when the monitor was asked, and how often the meter sends one. */
export interface Freshness {
  /** Not given: there is none. */
  readonly age?: Duration | undefined;
  /** The meter's own interval; not given: not seen yet. */
  readonly interval?: Duration | undefined;
}

/** What was just read, and what is under way. */
export interface Inputs {
  readonly now: Instant;
  /** What the relay shows. */
  readonly feed: Feed;
  readonly measured: Freshness;
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
  /** Sellers whose last stays were too short to be worth a switch: not gone to for a while. */
  readonly resting: ReadonlySet<Address>;
  /** Changes of source in the last hour, whoever made them. */
  readonly switches: readonly Instant[];
  /** Whether a debt may be paid now: one that could not is tried again later. */
  readonly settles: boolean;
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

/** Why nothing is bought from a seller; `short-stays`: going there was not worth a switch lately. */
export type AgentDecline = Omit<Decline, 'reason'> & {
  readonly reason: Decline['reason'] | 'short-stays';
};

/** Why something that would be due is not done; said once for as long as it lasts. */
export type Note =
  | { readonly type: 'note'; readonly note: 'charge-unknown' }
  | { readonly type: 'note'; readonly note: 'measurement-old'; readonly measured: Freshness }
  | { readonly type: 'note'; readonly note: 'switched-often'; readonly until: Instant }
  | { readonly type: 'note'; readonly note: 'no-purchase'; readonly declined: readonly AgentDecline[] }
  | {
      readonly type: 'note';
      readonly note: 'debt';
      readonly debts: readonly Debt[];
      readonly declined: readonly AgentDecline[];
    };

type Order = Omit<Purchase, 'seller'> & { readonly seller: Address };

export type Action =
  | { readonly type: 'switch'; readonly to: Source; readonly why: SwitchReason }
  | ({ readonly type: 'buy' } & Order)
  /** Pays for energy that was used and not bought. */
  | ({ readonly type: 'settle' } & Order)
  | { readonly type: 'report'; readonly why: 'start' | 'interval' | 'switch' }
  /** Read the market and decide again: a purchase may be due. */
  | { readonly type: 'ask' }
  | Note;
