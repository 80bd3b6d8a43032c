/** Thinning old samples in PostgreSQL. */
import type { Duration, Instant } from '@daisee/units';
import type { Sensor, Thinned } from '../store.ts';
import {
  bucketOf,
  THINNED_COLUMNS,
  THINNING_COLUMNS,
  THINNING_PAGE,
  type ThinningRow,
  thin,
} from '../thinning.ts';
import { type Ask, arrayOf, type PostgresDatabase } from './database.ts';

const TYPES: Readonly<Record<string, string>> = {
  state_of_charge: 'double precision',
  voltage: 'double precision',
  counters: 'text',
  stretch: 'smallint',
  stands_for: 'integer',
};

const CHANGE = `UPDATE samples SET ${THINNED_COLUMNS.map((column) => `${column} = new.${column}`).join(', ')}
  FROM unnest($1::bigint[], ${THINNED_COLUMNS.map((column, i) => `$${i + 2}::${TYPES[column] ?? 'bigint'}[]`).join(', ')})
    AS new (id, ${THINNED_COLUMNS.join(', ')}) WHERE samples.id = new.id`;

const change = async (ask: Ask, rows: readonly ThinningRow[]): Promise<void> => {
  const columns = THINNED_COLUMNS.map((column) => rows.map((row) => row[column]));
  await ask({ name: 'thin', text: CHANGE, values: [arrayOf(rows.map(({ id }) => id)), ...columns] });
};

/** Makes what a store in this database does to thin samples. */
export const createPostgresThinner =
  ({ transaction }: PostgresDatabase) =>
  ({ id, sign }: Sensor, span: Duration, before: Instant, limit = THINNING_PAGE): Promise<Thinned> => {
    const last = bucketOf(before, span);
    // The sensor's row is the lock, as for appends.
    const opening = [
      { text: `SELECT FROM sensors WHERE id = ${id} FOR NO KEY UPDATE` },
      {
        text: `SELECT coalesce((SELECT until FROM thinned WHERE sensor = ${id} AND span = ${span}),
        (SELECT min(at) FROM samples WHERE sensor = ${id})) AS first, (SELECT max(id) FROM samples) AS newest`,
      },
    ];
    return transaction(opening, async (ask, [found]) => {
      const { first, newest } = found as { first: bigint | null; newest: bigint | null };
      const start = bucketOf(Number(first ?? last), span);
      if (first === null || newest === null || start >= last) return { removed: 0, done: true };
      const [previous] = await ask<ThinningRow>({
        text: `SELECT ${THINNING_COLUMNS} FROM samples WHERE sensor = $1 AND at < $2 ORDER BY at DESC LIMIT 1`,
        values: [id, start],
      });
      const marked = await ask<{ at: bigint }>({
        text: 'SELECT at FROM marks WHERE sensor = $1 AND at BETWEEN $2 AND $3 ORDER BY at',
        // A stretch between two rows may reach over a bucket's edge by a bucket's length.
        values: [id, start - span, last + span],
      });
      const task = { sign, span, before, newestId: newest, marks: marked.map(({ at }) => Number(at)) };
      // A bucket that holds more than a page is read whole.
      for (let size = limit; ; size *= 4) {
        const rows = await ask<ThinningRow>({
          name: 'thinning-page',
          text: `SELECT ${THINNING_COLUMNS} FROM samples WHERE sensor = $1 AND at >= $2 ORDER BY at LIMIT $3`,
          values: [id, start, size],
        });
        const all = rows.length < size;
        const { removed, changed, until } = thin(previous, rows, all, task);
        if (until <= start && !all) continue;
        if (removed.length > 0)
          await ask({ text: 'DELETE FROM samples WHERE id = ANY ($1)', values: [arrayOf(removed)] });
        if (changed.length > 0) await change(ask, changed);
        await ask({
          text: `INSERT INTO thinned (sensor, span, until) VALUES ($1, $2, $3)
            ON CONFLICT (sensor, span) DO UPDATE SET until = excluded.until`,
          values: [id, span, until],
        });
        return { removed: removed.length, done: all || until >= last };
      }
    });
  };
