/** Storing samples with their registers in SQLite, in order or late. */
import type { DatabaseSync } from 'node:sqlite';
import { isAbsence, type Measurement } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import type { Atomically } from './atomically.ts';
import { createRecount, distinct, type NewRow, type RowState, rowsAfter } from './recount.ts';
import {
  appendedOf,
  type Placed,
  placedAs,
  STATE_COLUMNS,
  STRETCH_CODES,
  type StateRow,
  stateOf,
} from './rows.ts';
import { integrationRule } from './sensor-rows.ts';
import type { Appended, Sensor } from './store.ts';

/** Rows read at a time when the registers after a late sample are computed again. */
const PAGE = 1000;

/** Puts samples into a database. */
export interface Appender {
  readonly append: (sensor: Sensor, told: readonly Measurement[], maxGap: Duration) => Appended;
  /** The newest row of a sensor. */
  readonly newest: (sensorId: number) => StateRow | undefined;
  /** Inserts a row under the identity given. */
  readonly insert: (sensorId: number, id: number, row: NewRow) => void;
}

/** Makes what puts samples into this database. */
export const createAppender = (database: DatabaseSync, atomically: Atomically): Appender => {
  const state = (sql: string) => database.prepare(sql, { readBigInts: true });
  const newest = state(`SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? ORDER BY at DESC LIMIT 1`);
  const newestUntil = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at <= ? ORDER BY at DESC LIMIT 1`,
  );
  const page = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at > ? ORDER BY at LIMIT ${PAGE}`,
  );
  const insert = database.prepare(
    `INSERT INTO samples (id, sensor, at, power, state_of_charge, voltage,
      counter, exported_counter, stands_for, power_sum, absent,
      register, remainder, exported, exported_remainder, debt, highest, gap_from, stretch, counters)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // What comes late may be old enough to be thinned, too.
  const thinAgain = database.prepare('UPDATE thinned SET until = ? WHERE sensor = ? AND until > ?');
  const update = database.prepare(
    `UPDATE samples SET register = ?, remainder = ?, exported = ?, exported_remainder = ?, debt = ?, highest = ?,
      gap_from = ?, stretch = ?, counters = ? WHERE id = ?`,
  );

  const one = (row: unknown): StateRow | undefined => row as StateRow | undefined;

  /** Without an identity of its own a row gets the next one. */
  const insertAs = (id: number | null, sensorId: number, row: NewRow): number => {
    const { told } = row;
    const values = isAbsence(told)
      ? ([0, null, null, null, null, 0, 0, told.absent] as const)
      : ([
          Math.round(told.power * 1e6),
          told.stateOfCharge ?? null,
          told.voltage ?? null,
          told.counter ?? null,
          told.exportedCounter ?? null,
          null,
          null,
          null,
        ] as const);
    const { lastInsertRowid } = insert.run(id, sensorId, told.at, ...values, ...columnsOf(row));
    return Number(lastInsertRowid);
  };

  const insertAll = (sensor: Sensor, rows: readonly NewRow[]): readonly Placed[] =>
    rows.map((row) => placedAs(insertAs(null, sensor.id, row), row));

  /** Samples of which the first is not later than all that is stored: the registers after it are computed again. */
  const insertLate = (sensor: Sensor, told: readonly Measurement[], maxGap: Duration): readonly Placed[] => {
    const first = told[0]?.at ?? 0;
    thinAgain.run(first, sensor.id, first);
    let cursor = first - 1;
    const base = one(newestUntil.get(sensor.id, cursor));
    const recount = createRecount(base, told, integrationRule(sensor, maxGap));
    const placed: Placed[] = [];
    for (;;) {
      const rows = page.all(sensor.id, cursor) as unknown as StateRow[];
      const { added, changed, settled } = recount.take(rows);
      for (const one of insertAll(sensor, added)) placed.push(one);
      for (const row of changed) update.run(...columnsOf(row), row.id);
      if (settled) return placed;
      if (rows.length < PAGE) break;
      cursor = Number(rows.at(-1)?.at);
    }
    return [...placed, ...insertAll(sensor, recount.rest())];
  };

  const append: Appender['append'] = (sensor, told, maxGap) => {
    const wanted = distinct(told);
    if (wanted.length === 0) return { stored: 0, repeated: 0, samples: [] };
    return atomically(() => {
      const last = one(newest.get(sensor.id));
      const [first] = wanted;
      const inOrder = !last || !first || first.at > Number(last.at);
      const placed = inOrder
        ? insertAll(sensor, rowsAfter(last && stateOf(last), wanted, integrationRule(sensor, maxGap)))
        : insertLate(sensor, wanted, maxGap);
      return appendedOf(told.length, placed);
    });
  };
  return {
    append,
    newest: (sensorId) => one(newest.get(sensorId)),
    insert: (sensorId, id, row) => void insertAs(id, sensorId, row),
  };
};

const columnsOf = ({ state, gapFrom, stretch, counters }: RowState) =>
  [
    state.register,
    state.remainder,
    state.exported,
    state.exportedRemainder,
    state.debt,
    state.highest,
    gapFrom ?? null,
    STRETCH_CODES[stretch],
    counters ?? null,
  ] as const;
