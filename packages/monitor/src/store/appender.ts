/** Storing samples with their registers in SQLite, in order or late. */
import type { DatabaseSync } from 'node:sqlite';
import type { Sample } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import type { Atomically } from './atomically.ts';
import { createRecount, distinct, type NewRow, type RowState, rowsAfter } from './recount.ts';
import { STATE_COLUMNS, STRETCH_CODES, type StateRow, stateOf, storedSampleFrom } from './rows.ts';
import { integrationRule } from './sensor-rows.ts';
import type { Appended, Sensor, StoredSample } from './store.ts';

/** Rows read at a time when the registers after a late sample are computed again. */
const PAGE = 1000;

/** Puts samples into a database. */
export interface Appender {
  readonly append: (sensor: Sensor, samples: readonly Sample[], maxGap: Duration) => Appended;
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
      counter, exported_counter,
      register, remainder, exported, exported_remainder, debt, highest, gap_from, stretch, counters)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
    const { sample } = row;
    const { lastInsertRowid } = insert.run(
      id,
      sensorId,
      sample.at,
      Math.round(sample.power * 1e6),
      sample.stateOfCharge ?? null,
      sample.voltage ?? null,
      sample.counter ?? null,
      sample.exportedCounter ?? null,
      ...columnsOf(row),
    );
    return Number(lastInsertRowid);
  };
  const inserted = (sensor: Sensor, row: NewRow): StoredSample =>
    storedSampleFrom(insertAs(null, sensor.id, row), row.sample, row.state);

  /** Samples of which the first is not later than all that is stored: the registers after it are computed again. */
  const insertLate = (
    sensor: Sensor,
    samples: readonly Sample[],
    maxGap: Duration,
  ): readonly StoredSample[] => {
    const first = samples[0]?.at ?? 0;
    thinAgain.run(first, sensor.id, first);
    let cursor = first - 1;
    const base = one(newestUntil.get(sensor.id, cursor));
    const recount = createRecount(base, samples, integrationRule(sensor, maxGap));
    const stored: StoredSample[] = [];
    for (;;) {
      const rows = page.all(sensor.id, cursor) as unknown as StateRow[];
      const { added, changed, settled } = recount.take(rows);
      for (const row of added) stored.push(inserted(sensor, row));
      for (const row of changed) update.run(...columnsOf(row), row.id);
      if (settled) return stored;
      if (rows.length < PAGE) break;
      cursor = Number(rows.at(-1)?.at);
    }
    return [...stored, ...recount.rest().map((row) => inserted(sensor, row))];
  };

  const append: Appender['append'] = (sensor, samples, maxGap) => {
    const wanted = distinct(samples);
    if (wanted.length === 0) return { stored: 0, repeated: 0, samples: [] };
    return atomically(() => {
      const last = one(newest.get(sensor.id));
      const [first] = wanted;
      const inOrder = !last || !first || first.at > Number(last.at);
      const stored = inOrder
        ? rowsAfter(last && stateOf(last), wanted, integrationRule(sensor, maxGap)).map((row) =>
            inserted(sensor, row),
          )
        : insertLate(sensor, wanted, maxGap);
      return { stored: stored.length, repeated: samples.length - stored.length, samples: stored };
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
