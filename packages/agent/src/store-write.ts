/** Writing what an agent keeps into the tables of its file; `store.ts` has their columns. */
import type { DatabaseSync } from 'node:sqlite';
import { countersText } from '@daisee/meter';
import type { Instant } from '@daisee/units';
import type { Change, Kept } from './kept.ts';

/** Instants are kept in whole ms. */
export const rounded = (at: Instant): bigint => BigInt(Math.round(at));

/** Within the transaction of the caller. */
export const write = (database: DatabaseSync, next: Kept, { turn, gaps }: Change): void => {
  const { integration, totals, peak } = next.books;
  database
    .prepare(
      `UPDATE agent SET at = ?, power = ?, register = ?, remainder = ?, exported = ?, exported_remainder = ?, debt = ?,
         highest = ?, counters = ?, peak = ?, since = ?, own_base = ?, day = ?, spent_before = ?, order_at = ?, order_to = ?`,
    )
    .run(
      integration.last ? rounded(integration.last.at) : null,
      integration.last?.power ?? null,
      integration.register,
      integration.remainder,
      integration.exported,
      integration.exportedRemainder,
      integration.debt,
      integration.highest,
      countersText(integration) ?? null,
      peak,
      rounded(next.since),
      next.ownBase,
      next.spending?.day ?? null,
      next.spending?.before.toString() ?? null,
      next.order ? rounded(next.order.at) : null,
      next.order?.origin ?? null,
    );
  // What did not change is not written again.
  const origin = database.prepare(
    `INSERT INTO origins (account, register, remainder) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE
       SET register = excluded.register, remainder = excluded.remainder
       WHERE register <> excluded.register OR remainder <> excluded.remainder`,
  );
  for (const [account, total] of totals) origin.run(account, total.register, total.remainder);
  const purchase = database.prepare(
    `INSERT INTO purchased (seller, energy) VALUES (?, ?) ON CONFLICT (seller) DO UPDATE
       SET energy = excluded.energy WHERE energy <> excluded.energy`,
  );
  for (const [seller, energy] of next.purchased) purchase.run(seller, energy);
  if (turn)
    database.prepare('INSERT INTO journal (at, origin) VALUES (?, ?)').run(rounded(turn.at), turn.origin);
  const gap = database.prepare('INSERT INTO gaps (started, ended) VALUES (?, ?)');
  for (const { from, to } of gaps ?? []) gap.run(rounded(from), rounded(to));
};
