/** Thinning old samples in SQLite. */
import type { DatabaseSync } from 'node:sqlite';
import type { Duration, Instant } from '@daisee/units';
import type { Atomically } from './atomically.ts';
import type { Sensor, Thinned } from './store.ts';
import {
  bucketOf,
  THINNED_COLUMNS,
  THINNING_COLUMNS,
  THINNING_PAGE,
  type ThinningRow,
  thin,
} from './thinning.ts';

/** Makes what a store in this database does to thin samples. */
export const createThinner = (
  database: DatabaseSync,
  atomically: Atomically,
): ((sensor: Sensor, span: Duration, before: Instant, limit?: number) => Thinned) => {
  const bigints = (sql: string) => database.prepare(sql, { readBigInts: true });
  const mark = database.prepare('SELECT until FROM thinned WHERE sensor = ? AND span = ?');
  const setMark = database.prepare(
    'INSERT INTO thinned (sensor, span, until) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET until = excluded.until',
  );
  const oldest = database.prepare('SELECT min(at) AS at FROM samples WHERE sensor = ?');
  const newestId = bigints('SELECT max(id) AS id FROM samples');
  const older = bigints(
    `SELECT ${THINNING_COLUMNS} FROM samples WHERE sensor = ? AND at < ? ORDER BY at DESC LIMIT 1`,
  );
  const page = bigints(
    `SELECT ${THINNING_COLUMNS} FROM samples WHERE sensor = ? AND at >= ? ORDER BY at LIMIT ?`,
  );
  // A stretch between two rows may reach over a bucket's edge by a bucket's length.
  const marks = database.prepare('SELECT at FROM marks WHERE sensor = ? AND at BETWEEN ? AND ? ORDER BY at');
  const remove = database.prepare('DELETE FROM samples WHERE id = ?');
  const change = database.prepare(
    `UPDATE samples SET ${THINNED_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
  );

  return ({ id, sign }, span, before, limit = THINNING_PAGE) => {
    const kept = mark.get(id, span) as { until: number } | undefined;
    const first = kept?.until ?? (oldest.get(id) as { at: number | null }).at;
    const last = bucketOf(before, span);
    if (first === null || bucketOf(first, span) >= last) return { removed: 0, done: true };
    return atomically(() => {
      const start = bucketOf(first, span);
      const { id: newest } = newestId.get() as { id: bigint };
      const marked = marks.all(id, start - span, last + span) as unknown as { at: number }[];
      const task = { sign, span, before, newestId: newest, marks: marked.map(({ at }) => at) };
      // A bucket that holds more than a page is read whole.
      for (let size = limit; ; size *= 4) {
        const rows = page.all(id, start, size) as unknown as ThinningRow[];
        const all = rows.length < size;
        const previous = older.get(id, start) as unknown as ThinningRow | undefined;
        const { removed, changed, until } = thin(previous, rows, all, task);
        if (until <= start && !all) continue;
        for (const one of removed) remove.run(one);
        for (const row of changed) change.run(...THINNED_COLUMNS.map((column) => row[column]), row.id);
        setMark.run(id, span, until);
        return { removed: removed.length, done: all || until >= last };
      }
    });
  };
};
