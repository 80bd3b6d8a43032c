/** Storing samples with their registers in PostgreSQL, in order or late. */
import type { Measurement } from '@daisee/meter';
import { Instant } from '@daisee/units';
import type { Step } from '../marks.ts';
import { rowsAfter } from '../recount.ts';
import { type Placed, STATE_COLUMNS, type StateRow, stateOf } from '../rows.ts';
import { type Bridging, integrationRule, RULE_COLUMNS, type RuleRow, ruledBy } from '../sensor-rows.ts';
import type { Sensor } from '../store.ts';
import type { PostgresDatabase, Statement } from './database.ts';
import { type Done, insertAll, recountAfter } from './recount.ts';

/** What is to be stored: checked, ascending, each instant once, one at least. */
export interface NewSamples {
  readonly sensor: Sensor;
  readonly told: readonly Measurement[];
  readonly bridging: Bridging;
  readonly replace?: boolean | undefined;
}

/**
 * One append of a sensor at a time, whoever sends it: the sensor's row is the lock, and what comes after it sees what the
 * one before stored. All in one round trip.
 */
const opening = (ids: readonly unknown[]): readonly Statement[] => [
  {
    name: 'lock',
    text: 'SELECT FROM sensors WHERE id = ANY ($1::integer[]) ORDER BY id FOR NO KEY UPDATE',
    values: ids,
  },
  {
    name: 'newest',
    text: `SELECT sensors.id AS sensor, ${RULE_COLUMNS.join(', ')}, newest.*,
        (SELECT string_agg(at || ',' || is_after, ';' ORDER BY at) FROM marks
          WHERE marks.sensor = sensors.id AND (newest.at IS NULL OR marks.at >= newest.at)) AS steps
      FROM sensors LEFT JOIN LATERAL
        (SELECT ${STATE_COLUMNS} FROM samples WHERE samples.sensor = sensors.id ORDER BY at DESC LIMIT 1)
        AS newest ON true WHERE sensors.id = ANY ($1::integer[])`,
    values: ids,
  },
];

/** A sensor as it counts now, which another monitor may have told anew, its newest sample if it has one, and the steps since. */
type Opened = RuleRow & { readonly sensor: number; readonly steps: string | null } & (
    | StateRow
    | { readonly id: null }
  );

const stepsIn = (text: string | null | undefined): readonly Step[] =>
  (text ?? '')
    .split(';')
    .filter((one) => one !== '')
    .map((one) => {
      const [at = '0', isAfter] = one.split(',');
      return { at: Instant(Number(at)), isAfter: isAfter === '1' };
    });

/** Makes what stores what was told of several sensors, each named once, in one transaction: what was stored of each. */
export const createPostgresAppender =
  ({ transaction }: PostgresDatabase) =>
  (given: readonly NewSamples[]): Promise<readonly Done[]> => {
    const ids = [given.map(({ sensor }) => sensor.id)];
    return transaction(opening(ids), async (ask, rows, askLast) => {
      const opened = new Map((rows as readonly Opened[]).map((row) => [row.sensor, row]));
      const lists = given.map((list) => {
        const row = opened.get(list.sensor.id);
        return row ? { ...list, sensor: ruledBy(list.sensor, row) } : list;
      });
      const newest = new Map(
        [...opened].flatMap(([id, row]) => (row.id === null ? [] : [[id, row] as const])),
      );
      const isLate = ({ sensor, told }: NewSamples): boolean => {
        const last = newest.get(sensor.id);
        return last !== undefined && (told[0]?.at ?? 0) <= Number(last.at);
      };
      const late = lists.filter(isLate);
      const inOrder = lists
        .filter((list) => !late.includes(list))
        .toSorted((a, b) => a.sensor.id - b.sensor.id)
        .flatMap(({ sensor, told, bridging }) => {
          const last = newest.get(sensor.id);
          const rule = integrationRule(sensor, bridging);
          const steps = stepsIn(opened.get(sensor.id)?.steps);
          return rowsAfter(last && stateOf(last), told, rule, steps).map((row) => ({ sensor, row }));
        });
      const placed = new Map<number, Placed[]>(lists.map(({ sensor }) => [sensor.id, []]));
      const inserted = await insertAll(ask, inOrder, late.length > 0 ? ask : askLast);
      for (const [i, { sensor }] of inOrder.entries()) {
        const one = inserted[i];
        if (one) placed.get(sensor.id)?.push(one);
      }
      const done = new Map<number, Done>();
      for (const { sensor, told, bridging, replace } of late) {
        const rule = integrationRule(sensor, bridging);
        const cursor = (told[0]?.at ?? 0) - 1;
        done.set(sensor.id, await recountAfter(ask, sensor, cursor, { told, rule, replace }));
      }
      return lists.map(
        ({ sensor }) =>
          done.get(sensor.id) ?? { placed: placed.get(sensor.id) ?? [], conflicting: [], replaced: [] },
      );
    });
  };
