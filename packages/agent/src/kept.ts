/** What an agent keeps, and what changes of it at a time. */
import type { Address } from '@daisee/chain';
import type { Gap } from '@daisee/meter';
import type { Coin, Energy, Instant, Register } from '@daisee/units';
import type { Books, Turn } from './books.ts';

/** What was spent before today's purchases: with the ledger's sum it gives what was spent today. */
export interface Spending {
  /** UTC, `YYYY-MM-DD`. */
  readonly day: string;
  readonly before: Coin;
}

/** All that is kept. */
export interface Kept {
  readonly books: Books;
  /** Samples from here on count. */
  readonly since: Instant;
  /** Energy bought per seller, as last read from the ledger. */
  readonly purchased: ReadonlyMap<Address, Energy>;
  /** Its own source's register when that last took over. */
  readonly ownBase: Register;
  readonly spending?: Spending;
  /** An order to the relay whose outcome has not been seen yet: what feeds the node after `at` is not known. */
  readonly order?: Turn;
  /** Changes of source, ascending; before the last sample only the one that still holds there. */
  readonly journal: readonly Turn[];
}

/** What a commit changes; `order: undefined` forgets the order. `turn` is added to the journal. */
export type Change = Partial<Omit<Kept, 'order' | 'journal'>> & {
  readonly order?: Turn | undefined;
  readonly turn?: Turn;
  readonly gaps?: readonly Gap[];
};
