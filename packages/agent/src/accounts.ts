/** What a consumer asks of the ledger and tells it: its registers, its purchases, its sellers' offers. */
import type { Address } from '@daisee/chain';
import type { Total } from '@daisee/meter';
import { Coin, DaiseeError, Energy, type Instant, Register } from '@daisee/units';
import type { AgentEvent } from './events.ts';
import { speller } from './lane.ts';
import type { Account, AgentLedger, Mined } from './ports.ts';
import { RegisterBehind } from './register-behind.ts';
import type { ConsumerRules } from './settings.ts';
import type { Spending } from './kept.ts';
import type { Action, Market } from './situation.ts';
import type { AgentStore } from './store.ts';

/** The ledger's client answers from before a block in which we know a purchase of ours to be. */
class LedgerLags extends DaiseeError {
  constructor(number: number, expected: number) {
    super({
      code: 'agent.ledger-lags',
      message: `The ledger's client answers as of block ${number} and block ${expected} is known already. Nothing is bought until it has caught up.`,
      retryable: true,
      values: { number, expected },
    });
  }
}

export interface Accounts {
  /** Registers as the ledger has them; undefined before `prepare`. */
  readonly reported: () => ReadonlyMap<Address, Register> | undefined;
  /** Instant of the last sample that a complete report of this run covered. */
  readonly reportedAt: () => Instant | undefined;
  /**
   * Waits for what is pending, takes in the ledger's registers, and makes them the base of a new file.
   * @throws RegisterBehind
   */
  readonly prepare: () => Promise<void>;
  /** Brings what was bought and spent up to date; true when that is done. */
  readonly readBooks: () => Promise<true>;
  /** The offers of the node's sellers, and what is there to pay with. */
  readonly readMarket: () => Promise<Market>;
  /** Reports every register that the ledger does not have yet. */
  readonly report: () => Promise<void>;
  readonly buy: (order: Extract<Action, { type: 'buy' }>) => Promise<void>;
  /** Pays for what was used and not bought. */
  readonly settle: (order: Extract<Action, { type: 'settle' }>) => Promise<void>;
}

export interface AccountsOptions {
  readonly ledger: AgentLedger;
  readonly account: Address;
  readonly rules: ConsumerRules;
  readonly store: AgentStore;
  readonly now: () => Instant;
  readonly emit: (event: AgentEvent) => void;
  /** Awaits one transaction. */
  readonly mined: (transaction: () => Promise<Mined>) => Promise<Mined>;
}

/** Gives an order under the name of its need. */
type Give = (intent: string) => Promise<Mined>;

const dayOf = (at: Instant): string => new Date(at).toISOString().slice(0, 10);

export const createAccounts = (options: AccountsOptions): Accounts => {
  const { ledger, account, rules, store, now, emit, mined } = options;
  const sellers = rules.sellers.map((seller) => seller.account);
  const spelled = speller([account, ...sellers]);
  let reported: ReadonlyMap<Address, Register> | undefined;
  let reportedAt: Instant | undefined;
  let spent = 0n as Coin;
  let books: readonly Account[] = [];
  let knownBlock: number | undefined;

  const readAccounts = async (): Promise<readonly Account[]> => {
    if (knownBlock !== undefined) {
      const { number } = await ledger.block();
      if (number < knownBlock) throw new LedgerLags(number, knownBlock);
      knownBlock = undefined;
    }
    const rows = await ledger.purchases(account);
    return rows.map((row) => ({ ...row, seller: spelled(row.seller) }));
  };

  /** Energy bought, and what was spent before today's first purchase. */
  const takeIn = (rows: readonly Account[]): void => {
    const kept = store.kept();
    books = rows;
    spent = rows.reduce((sum, row) => sum + row.spent, 0n) as Coin;
    const purchased = new Map<Address, Energy>(rows.map((row) => [row.seller, row.purchased]));
    const changed = [...purchased].some(([seller, energy]) => kept.purchased.get(seller) !== energy);
    const day = dayOf(now());
    // A sum below the one remembered is another chain's.
    const begins = kept.spending?.day !== day || kept.spending.before > spent;
    if (changed || begins)
      store.commit({ purchased, ...(begins ? { spending: { day, before: spent } satisfies Spending } : {}) });
  };

  const prepare = async (): Promise<void> => {
    await ledger.settle();
    const [rows, own] = await Promise.all([readAccounts(), ledger.consumption(account, account)]);
    takeIn(rows);
    const { books } = store.kept();
    const onLedger = new Map<Address, Register>([
      [account, own],
      ...sellers.map((seller) => [seller, Register(0n)] as const),
    ]);
    for (const row of rows) onLedger.set(row.seller, row.consumed);
    const totals = new Map<Address, Total>(books.totals);
    for (const [origin, register] of onLedger) {
      const total = totals.get(origin);
      if (total && register > total.register)
        throw new RegisterBehind(`consumed from ${origin}`, origin, total.register, register, store.file);
      if (!total) totals.set(origin, { register, remainder: 0n });
    }
    const isNew = !books.totals.has(account);
    if (totals.size > books.totals.size)
      store.commit({ books: { ...books, totals }, ...(isNew ? { ownBase: own } : {}) });
    for (const [origin, register] of onLedger)
      if (!books.totals.has(origin) && register > 0n)
        emit({ type: 'continued', at: now(), origin, register });
    reported = onLedger;
  };

  const report = async (): Promise<void> => {
    store.force();
    const { totals, integration } = store.kept().books;
    for (const [origin, { register }] of totals) {
      if (register <= (reported?.get(origin) ?? 0n)) continue;
      const { block, hash } = await mined(() => ledger.reportConsumption(origin, register));
      reported = new Map(reported).set(origin, register);
      emit({ type: 'reported', at: now(), origin, register, block, hash });
    }
    reportedAt = integration.last?.at;
  };

  const order = async (seller: Address, given: Energy, most: Coin, give: Give) => {
    // The need is named by what it adds to: however often it is asked for, it is bought once.
    const intent = `energy from ${seller} beyond ${store.kept().purchased.get(seller) ?? 0n} µWh`;
    const { block, hash, events } = await mined(() => give(intent));
    knownBlock = block;
    const bought = events.find((event) => event.type === 'bought');
    return { energy: bought?.energy ?? given, cost: bought?.cost ?? most, block, hash };
  };
  const owedTo = (seller: Address): Coin => books.find((row) => row.seller === seller)?.owed ?? Coin(0n);

  return {
    reported: () => reported,
    reportedAt: () => reportedAt,
    prepare,
    readBooks: async () => {
      takeIn(await readAccounts());
      return true;
    },

    readMarket: async () => {
      const [balance, ...offers] = await Promise.all([
        ledger.balance(account),
        ...sellers.map(async (seller) => {
          const [available, { price }] = await Promise.all([ledger.available(seller), ledger.node(seller)]);
          return { seller, available, price };
        }),
      ]);
      const before = store.kept().spending?.before ?? spent;
      const debts = books
        .filter(({ owed }) => owed > 0n)
        .map((row) => ({ seller: row.seller, energy: Energy(row.consumed - row.purchased), owed: row.owed }));
      return { offers, debts, balance, spentToday: (spent - before) as Coin };
    },

    report,

    buy: async ({ seller, energy, cost }) => {
      emit({ type: 'buying', at: now(), seller, energy, cost });
      const done = await order(seller, energy, cost, (intent) =>
        ledger.buyEnergy(
          {
            seller,
            energy,
            // What is overdrawn is covered first, at the prices of when it was drawn.
            maxCost: Coin(cost + owedTo(seller)),
            purchasedBefore: Energy(books.reduce((sum, row) => sum + row.purchased, 0n)),
          },
          { intent },
        ),
      );
      emit({ type: 'bought', at: now(), seller, ...done });
    },

    settle: async ({ seller, energy, cost }) => {
      const done = await order(seller, energy, cost, (intent) =>
        ledger.payDebt({ seller, maxCost: cost }, { intent }),
      );
      emit({ type: 'settled', at: now(), seller, ...done });
    },
  };
};
