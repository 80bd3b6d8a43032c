/**
 * What the App's server and its page say to each other: shapes that the server makes and the page reads. Types only, so
 * that nothing of the server gets into the page.
 *
 * Energy is watt-hours and coins are coins, both as decimal text with 6 places (exact); prices are coins per Wh, likewise.
 * Instants are Unix milliseconds of the community's clock (a lab's clock may run faster than the wall's). Power is watts,
 * consumption and production both positive. Addresses have their checksum.
 */

export type Address = `0x${string}`;

/** What a sentence names, for those who say it in another language: amounts of a contract are millionths. */
export type SaidValues = Readonly<Record<string, string | number>>;

/** Something wrong: an English sentence, and its stable code with values where it has one. */
export interface Said {
  readonly message: string;
  readonly code?: string;
  readonly values?: SaidValues;
}

/** Part of the system that can fail by itself. */
export type Part = 'chain' | 'monitor' | 'relay' | 'agent';

/** Who the App is of, and what it may do: fixed while it runs. */
export interface Identity {
  readonly name: string;
  readonly kind: 'consumer' | 'producer';
  readonly address: Address;
  readonly exchange: Address;
  readonly coin: Address;
  readonly chainId: number;
  /** Names by address: from the settings. */
  readonly names: Readonly<Record<Address, string>>;
  /** How many times faster than the wall's clock the community's runs; 1 but in a lab. */
  readonly speed: number;
  /** Whether the server can sign with the node's key. */
  readonly signs: boolean;
  /** Whether there is a relay whose contacts can be shown, and an agent that can be told. */
  readonly relay: boolean;
  readonly agent: boolean;
}

/** Whether somebody is logged in. `view`: what may be seen without. */
export interface Session {
  readonly loggedIn: boolean;
  /** Whether the page may be seen without a login. */
  readonly view: boolean;
  /** To be sent as header `X-Csrf-Token` with everything that changes something. */
  readonly csrf?: string;
}

export interface ChainState {
  readonly client: string;
  readonly block: number;
  /** Of the newest block. */
  readonly at: number;
  /** The last block whose events are in the history. */
  readonly read: number;
}

export interface AccountState {
  readonly balance: string;
  /** Coins that the exchange may take. */
  readonly approved: string;
  readonly consumed: string;
  readonly produced: string;
}

/** What this node has with one seller; v0.2's table. */
export interface PurchaseState {
  readonly seller: Address;
  readonly purchased: string;
  readonly consumed: string;
  readonly remain: string;
  readonly overdrawn: string;
  /** Coins for what is overdrawn, at the prices of when it was drawn. */
  readonly owed: string;
  /** Wh that left the seller's source towards this node, by the seller's own meter; 0 where that does not tell. */
  readonly delivered: string;
  readonly spent: string;
}

export interface SellerState {
  readonly account: Address;
  readonly active: boolean;
  readonly price: string;
  readonly produced: string;
  /** What buyers bought, or drew without. */
  readonly sold: string;
  readonly available: string;
}

/** The newest of what the meter said. */
export interface PowerState {
  /** When it measured that. */
  readonly at: number;
  /** How often it measures, ms, seen from its samples; absent before two were seen. */
  readonly interval?: number | undefined;
  readonly watts: number;
  /** Percent. */
  readonly stateOfCharge?: number;
  readonly volts?: number;
}

/** A contact on a wire from a source to the load. */
interface ContactState {
  readonly channel: number;
  /** Whether its coil is on. */
  readonly on: boolean;
}

/** A source that the relay can put on this node's load. */
export interface SourceState {
  /** `own`, or the seller's account. */
  readonly source: 'own' | Address;
  readonly name: string;
  readonly contacts: readonly ContactState[];
  /** Whether it feeds the load now. */
  readonly feeding: boolean;
}

/** Why a load was put on another source. */
export type SwitchReason =
  | 'below-limit'
  | 'recovered'
  | 'next-seller'
  | 'allowance-used'
  | 'no-measurement'
  | 'disorder'
  | 'held'
  | 'observed'
  | 'stopping';

/** The wires of this node: at most one source feeds. */
export interface WiresState {
  readonly sources: readonly SourceState[];
  /** Since when the wires are as they are, if it was seen. */
  readonly since?: number;
  /** Why the last switch was made. */
  readonly why?: SwitchReason;
}

export interface HealthState {
  readonly part: Part;
  readonly ok: boolean;
  /** Since when. */
  readonly since: number;
  /** What is wrong and what to do, when it is not ok. */
  readonly message?: string;
  readonly code?: string;
  readonly values?: SaidValues;
  /** So many more things are wrong there; the message says so, too. */
  readonly more?: number;
}

/** The whole of what is live, each piece with when it was last known. A piece that was never known is absent. */
export interface LiveState {
  readonly now: number;
  readonly chain?: Known<ChainState>;
  readonly account?: Known<AccountState>;
  readonly purchases?: Known<readonly PurchaseState[]>;
  readonly sellers?: Known<readonly SellerState[]>;
  readonly power?: Known<PowerState>;
  readonly wires?: Known<WiresState>;
  readonly health: readonly HealthState[];
}

/** A value and when it was last confirmed (the community's clock): shown as live only while it is fresh. */
export interface Known<T> {
  readonly value: T;
  readonly seen: number;
}

/** Something on the books. */
export interface Transaction {
  /** Its place in the chain: ascending, unique, the cursor of pages and the id of its event. */
  readonly position: number;
  readonly block: number;
  readonly at: number;
  readonly hash: string;
  readonly type:
    | 'produced'
    | 'consumed'
    | 'bought'
    | 'overdrawn'
    | 'debtPaid'
    | 'delivered'
    | 'disputed'
    | 'transferred'
    | 'approved'
    | 'nodeRegistered'
    | 'nodeRemoved'
    | 'priceChanged'
    | 'meterKeyChanged'
    | 'meterReplaced'
    | 'registerCorrected'
    | 'termsChanged'
    | 'nodeRestored'
    | 'tradeRestored'
    | 'paused'
    | 'unpaused';
  readonly from?: Address;
  readonly to?: Address;
  readonly energy?: string;
  readonly coins?: string;
  readonly price?: string;
}

/** `GET api/transactions?before&limit&type&account&from&to`, newest first; `before` of the next page. */
export interface TransactionPage {
  readonly transactions: readonly Transaction[];
  readonly before?: number;
}

/**
 * `GET api/events`, server-sent: on each connection first `state` (a LiveState), then what changes. The id of an
 * event names the newest transaction sent: with `Last-Event-ID` those after it come first, or, when the chain was
 * reorganised or the server restarted meanwhile, `reverted` from 0 and the newest ones.
 */
export interface AppEvents {
  readonly state: LiveState;
  /** The pieces of LiveState that changed, `now` always. */
  readonly change: Partial<LiveState> & { readonly now: number };
  readonly transactions: readonly Transaction[];
  /** Transactions from this position on hold no longer (a reorganisation); those that do follow. */
  readonly reverted: { readonly from: number };
}

/**
 * `GET api/power?from&to&points`: columns for a chart, ascending; null where nothing was measured. `origins` has, for a
 * consumer, watts by the source that fed it (`own` or a seller's account), each null where it did not.
 */
export interface PowerSeries {
  readonly at: readonly number[];
  readonly watts: readonly (number | null)[];
  readonly origins: Readonly<Record<string, readonly (number | null)[]>>;
}

/** `GET api/consumption?period=day|week|month&at&zone`: a stretch on the reader's calendar, cut in bars. */
export interface Consumption {
  readonly from: number;
  readonly to: number;
  /** One bar an hour (day) or a day (week, month); energy from the monitor. */
  readonly bars: readonly {
    readonly from: number;
    readonly to: number;
    readonly energy: string | null;
    /** What was bought meanwhile cost so many coins. */
    readonly cost: string;
    /** By origin, from the ledger: own address for its own source. */
    readonly origins: Readonly<Record<Address, string>>;
  }[];
  /** Of the node in the whole stretch, from the ledger. */
  readonly consumed: string;
  readonly produced: string;
  readonly cost: string;
  readonly earned: string;
  readonly origins: Readonly<Record<Address, string>>;
  /** Of what it produced, how much it used itself (0 to 1); null without production. */
  readonly selfConsumption: number | null;
  /** Of what it consumed, how much was its own (0 to 1); null without consumption. */
  readonly selfSufficiency: number | null;
}

/** `GET api/community?from&to`: nodes and the energy between them. */
export interface Community {
  readonly nodes: readonly {
    readonly account: Address;
    readonly kind: 'consumer' | 'producer';
    readonly active: boolean;
    readonly price?: string;
    readonly produced: string;
    readonly sold?: string;
    readonly available?: string;
    readonly consumed: string;
  }[];
  readonly flows: readonly {
    readonly consumer: Address;
    readonly origin: Address;
    readonly consumed: string;
    readonly bought: string;
    readonly cost: string;
  }[];
}

/** `GET api/wallet/quote?seller&energy`. */
export interface Quote {
  readonly cost: string;
  readonly price: string;
  readonly available: string;
  readonly balance: string;
}
/** What a wallet order did. */
export interface ReceiptAnswer {
  readonly hash: string;
  readonly block: number;
  readonly at: number;
  readonly transactions: readonly Transaction[];
  /** Absent where the chain fell silent after it had mined the order. */
  readonly balance?: string;
  /** What the stream tells of the account from now on; here so that no page says "done" beside what was before. */
  readonly account?: Known<AccountState>;
}
/** `GET api/wallet/account?account`: what the wallet in the browser has. */
export interface WalletAccount {
  readonly balance: string;
  readonly approved: string;
}
/**
 * `POST api/wallet/prepare` with `{ from, order: { type: 'transfer' | 'approve' | 'buy', … } }`: the transaction for a
 * browser wallet (EIP-1193) to sign, rehearsed first so that a refusal is told in words before anybody signs.
 */
export interface Prepared {
  readonly to: Address;
  readonly data: `0x${string}`;
  readonly chainId: number;
}

/** `GET` and `PATCH api/settings`: what the person may change while the agent runs; absent where it does not apply. */
export interface NodeSettings {
  /** Producer: coins per Wh. */
  readonly price?: string;
  /** Consumer: percent, or Wh without a gauge. */
  readonly limit?: number;
  /** Wh. */
  readonly delta?: string;
  /** Percent. */
  readonly resume?: number;
  /** Highest coins per Wh; null: any. */
  readonly priceCap?: string | null;
  /** Coins a day; null: all there are. */
  readonly budget?: string | null;
}

/** `GET` and `POST api/relay/own` (`{ minutes }`): back on its own source now, and kept there until `until` or released. */
export interface OwnSourceState {
  /** Until when the agent leaves it on its own source; absent when it decides. */
  readonly until?: number;
}

/** Every error is such a document (RFC 9457): `detail` is a sentence for people, `code` for the page. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly values?: SaidValues;
}
