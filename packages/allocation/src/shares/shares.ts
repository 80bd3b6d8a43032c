/** What a rule is told besides the energies, interval by interval. */
import type { Instant } from '@daisee/units';
import type { Shares } from '../block.ts';
import type { TableColumns } from '../files/interval-table.ts';

/** What holds in one interval. */
export interface IntervalShares {
  readonly shares: Shares;
  /**
   * The participation factor of each consumer and producer in percent: 100 takes part with all it has, 0 takes no part (it
   * has not joined yet, or has left). Undefined: all take part whole.
   */
  readonly consumerFactors?: Uint8Array | undefined;
  readonly producerFactors?: Uint8Array | undefined;
}

/** A file of shares, read for the points of one table. */
export interface SharesSource {
  /** @throws FileRefused where the file says nothing, or nothing that can be, of this interval */
  readonly at: (start: Instant) => IntervalShares;
  /** What there is to say of it, in words for its sender; grows while it is asked. */
  readonly notes: () => readonly string[];
}

export interface SharesOptions {
  /** Its name, for messages. */
  readonly file: string;
  /** The rule that it is for. */
  readonly rule: { readonly name: string; readonly needs: string; readonly whole?: boolean | undefined };
  /** The points of the table that it is for. */
  readonly columns: TableColumns;
  /** Of dates and times without an offset; undefined: they are UTC. */
  readonly zone?: string | undefined;
}
