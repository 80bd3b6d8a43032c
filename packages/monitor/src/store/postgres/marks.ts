/** Marks, and stamps of clocks that were set, in PostgreSQL; as in SQLite (`../appender.ts`). */
import { Instant } from '@daisee/units';
import { LAST, MOST_MOVED, NOWHERE } from '../appender.ts';
import { MARK_COLUMNS, type Mark, type MarkRow, markOf, type NewMark } from '../marks.ts';
import { STATE_COLUMNS, type StateRow } from '../rows.ts';
import { type Bridging, integrationRule } from '../sensor-rows.ts';
import type { Move, Sensor } from '../store.ts';
import type { Ask, PostgresDatabase, Statement } from './database.ts';
import { newestUntil, recountAfter, revise } from './recount.ts';

/** The sensor's row is the lock, as for appends. */
const lockOf = ({ id }: Sensor): Statement => ({
  name: 'lock-one',
  text: 'SELECT FROM sensors WHERE id = $1 FOR NO KEY UPDATE',
  values: [id],
});

/** Makes what changes marks and stamps in this database; as in SQLite. */
export const createPostgresMarks = ({ transaction }: PostgresDatabase) => {
  const named = async (ask: Ask, sensor: Sensor, key: string): Promise<MarkRow | undefined> =>
    (
      await ask<MarkRow>({
        name: 'mark-named',
        text: `SELECT ${MARK_COLUMNS} FROM marks WHERE sensor = $1 AND key = $2`,
        values: [sensor.id, key],
      })
    )[0];
  return {
    mark: (sensor: Sensor, asked: NewMark, bridging: Bridging): Promise<Mark> =>
      transaction([lockOf(sensor)], async (ask) => {
        const there = await named(ask, sensor, asked.key);
        if (there) return markOf(there);
        const at = Instant(Math.round(asked.at));
        const before = await newestUntil(ask, sensor, at);
        const isAfter = Number(before?.at) === at;
        const [made] = await ask<MarkRow>({
          name: 'insert-mark',
          text: `INSERT INTO marks (sensor, key, at, is_after, note) VALUES ($1, $2, $3, $4, $5)
            RETURNING ${MARK_COLUMNS}`,
          values: [sensor.id, asked.key, at, isAfter ? 1 : 0, asked.note ?? null],
        });
        await recountAfter(ask, sensor, before ? Number(before.at) : at, {
          told: [],
          rule: integrationRule(sensor, bridging),
          until: Instant(at + 1),
        });
        return markOf(made as MarkRow);
      }),

    move: (sensor: Sensor, { from, by, keepsElapsed }: Move, bridging: Bridging): Promise<boolean> =>
      transaction([lockOf(sensor)], async (ask) => {
        const [counted] = await ask<{ count: number; thinned: number }>({
          text: `SELECT count(*)::int AS count, count(stands_for) FILTER (WHERE absent IS NULL)::int AS thinned FROM samples
            WHERE sensor = $1 AND at >= $2`,
          values: [sensor.id, from],
        });
        if (!counted || counted.count > MOST_MOVED || counted.thinned > 0) return false;
        const [first] = await ask<StateRow>({
          text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 AND at >= $2 ORDER BY at LIMIT 1`,
          values: [sensor.id, from],
        });
        const previous = await newestUntil(ask, sensor, from - 1);
        if (first && previous && Number(first.at) + by <= Number(previous.at)) return false;
        await ask({
          text: 'UPDATE marks SET at = at + $3 WHERE sensor = $1 AND at >= $2',
          values: [sensor.id, from, by],
        });
        if (!first) return true;
        // In two steps, since no two may stand at one instant on the way.
        await ask({
          text: 'UPDATE samples SET at = $3::bigint - at WHERE sensor = $1 AND at >= $2',
          values: [sensor.id, from, NOWHERE],
        });
        await ask({
          text: 'UPDATE samples SET at = $3::bigint - at, gap_from = gap_from + $4 WHERE sensor = $1 AND at <= $2',
          values: [sensor.id, NOWHERE - BigInt(from), NOWHERE + BigInt(by), by],
        });
        if (keepsElapsed && previous) {
          const length = Number(first.elapsed ?? first.at - previous.at);
          const stamped = Number(first.at) + by - Number(previous.at);
          await ask({
            text: 'UPDATE samples SET elapsed = $2 WHERE id = $1',
            values: [first.id, length === stamped ? null : length],
          });
        }
        const cursor = previous ? Number(previous.at) : Math.min(from, from + by) - 1;
        await recountAfter(ask, sensor, cursor, {
          told: [],
          rule: integrationRule(sensor, bridging),
          fresh: new Set([first.id]),
          until: LAST,
        });
        await revise(ask, sensor);
        return true;
      }),
  };
};
