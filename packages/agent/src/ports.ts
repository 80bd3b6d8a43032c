/** What the agent asks of the ledger, the monitor and the relay: no more, so that tests can stand in for them. */
import type { Address, LedgerEvent } from '@daisee/chain';
import type { CounterRule, Sample } from '@daisee/meter';
import type { Coin, Energy, Instant, Price, Register } from '@daisee/units';

/** A transaction that was mined. */
export interface Mined {
  readonly hash: string;
  readonly block: number;
  /** What it put on the books. */
  readonly events: readonly LedgerEvent[];
}

/** One row of a buyer's books: what it bought from a seller and what it consumed of that. */
export interface Account {
  readonly seller: Address;
  readonly purchased: Energy;
  readonly consumed: Register;
  /** Coins for what was consumed and not bought, at the prices of when it was. */
  readonly owed: Coin;
  /** Coins paid so far. */
  readonly spent: Coin;
}

/**
 * The ledger as the agent sees it. Writes resolve once mined. An error that is no `ContractRefused` says nothing about
 * whether the transaction will still be mined; `settle` finds out.
 */
export interface AgentLedger {
  /** Whose ledger this is: the account that signs. */
  readonly address?: Address;
  readonly exchange: Address;
  readonly chainId: number;
  /** Hash of the chain's first block; undefined where its client has forgotten it. */
  readonly firstBlock: string | undefined;
  block(): Promise<{ readonly number: number }>;
  balance(account: Address): Promise<Coin>;
  /** All of a buyer's books with sellers, from one block. */
  purchases(buyer: Address): Promise<readonly Account[]>;
  consumption(consumer: Address, origin: Address): Promise<Register>;
  production(seller: Address): Promise<Register>;
  available(seller: Address): Promise<Energy>;
  /** `nextPrice`: one that was announced. */
  node(
    account: Address,
  ): Promise<{ readonly price: Price; readonly nextPrice?: { readonly price: Price } | undefined }>;
  reportConsumption(origin: Address, register: Register): Promise<Mined>;
  reportProduction(register: Register): Promise<Mined>;
  /** Asked again under the same intent, also after a restart, it answers with the first one's receipt. */
  buyEnergy(
    order: {
      readonly seller: Address;
      readonly energy: Energy;
      readonly maxCost: Coin;
      /** What was bought from all sellers, as this agent knows: where it is another sum by now, it is refused. */
      readonly purchasedBefore: Energy;
    },
    options: { readonly intent: string },
  ): Promise<Mined>;
  /** Pays what is owed to a seller for energy used and not bought, up to `maxCost`. */
  payDebt(
    payment: { readonly seller: Address; readonly maxCost: Coin },
    options: { readonly intent: string },
  ): Promise<Mined>;
  setPrice(price: Price): Promise<Mined>;
  /** Resolves when nothing of ours is pending any more. */
  settle(): Promise<void>;
}

/** The relay as the agent sees it: the two requests of the v0.2 protocol, and what the relay's HTTP has beyond them. */
export interface AgentRelay {
  read(channels: readonly number[]): Promise<ReadonlyMap<number, boolean>>;
  /** Resolves with the relay's reply: false when it refused. `reason` goes into its logbook, where it has one. */
  order(changes: ReadonlyMap<number, boolean>, reason?: string): Promise<boolean>;
  /** Keeps the loads of these channels from going to rest; missing where reading does that. */
  readonly renew?: (channels: readonly number[]) => Promise<void>;
}

/** How a monitor's sensor counts, beyond its sign. */
export interface SensorRule {
  readonly counter?: CounterRule;
  readonly reports?: 'change';
}

/** The monitor as the agent sees it: two calls of the CitizenWatt API, and one that only a newer monitor has. */
export interface AgentMonitor {
  /** What the monitor integrates its samples by, for those who integrate them, too; nothing of a v0.2 monitor. */
  rule?(): Promise<SensorRule>;
  time(): Promise<Instant>;
  /** Samples from <= at < to, `at` ascending. */
  samples(from: Instant, to: Instant): Promise<readonly Sample[]>;
}
