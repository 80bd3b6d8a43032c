/** Storing samples with their registers in SQLite, in order or late. */
import type { DatabaseSync } from 'node:sqlite';
import type { Sample } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import { createRecount, distinct, type NewRow, type RowState, rowsAfter } from './recount.ts';
import { STATE_COLUMNS, type StateRow, stateOf, storedSampleFrom } from './rows.ts';
import {
  type Appended,
  type AppendOptions,
  DEFAULT_MAX_GAP,
  type Sensor,
  type StoredSample,
} from './store.ts';

/** Rows read at a time when the registers after a late sample are computed again. */
const PAGE = 1000;

/** Makes the `append` of a store in this database. */
export const createAppender = (
  database: DatabaseSync,
): ((sensor: Sensor, samples: readonly Sample[], options: AppendOptions) => Appended) => {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const state = (sql: string) => database.prepare(sql, { readBigInts: true });
  const newest = state(`SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? ORDER BY at DESC LIMIT 1`);
  const newestUntil = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at <= ? ORDER BY at DESC LIMIT 1`,
  );
  const page = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at > ? ORDER BY at LIMIT ${PAGE}`,
  );
  const insert = database.prepare(
    `INSERT INTO samples (sensor, at, power, state_of_charge, voltage,
      register, remainder, exported, exported_remainder, debt, highest, gap_from)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = database.prepare(
    `UPDATE samples SET register = ?, remainder = ?, exported = ?, exported_remainder = ?, debt = ?, highest = ?,
      gap_from = ? WHERE id = ?`,
  );

  const one = (row: unknown): StateRow | undefined => row as StateRow | undefined;

  const inserted = (sensor: Sensor, row: NewRow): StoredSample => {
    const { sample } = row;
    const { lastInsertRowid } = insert.run(
      sensor.id,
      sample.at,
      Math.round(sample.power * 1e6),
      sample.stateOfCharge ?? null,
      sample.voltage ?? null,
      ...columnsOf(row),
    );
    return storedSampleFrom(Number(lastInsertRowid), sample, row.state);
  };

  /** Samples of which the first is not later than all that is stored: the registers after it are computed again. */
  const insertLate = (
    sensor: Sensor,
    samples: readonly Sample[],
    maxGap: Duration,
  ): readonly StoredSample[] => {
    let cursor = (samples[0]?.at ?? 0) - 1;
    const base = one(newestUntil.get(sensor.id, cursor));
    const recount = createRecount(base && stateOf(base), samples, { sign: sensor.sign, maxGap });
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

  return (sensor, samples, { maxGap = DEFAULT_MAX_GAP }) => {
    const wanted = distinct(samples);
    if (wanted.length === 0) return { stored: 0, repeated: 0, samples: [] };
    begin.run();
    try {
      const last = one(newest.get(sensor.id));
      const [first] = wanted;
      const inOrder = !last || !first || first.at > Number(last.at);
      const stored = inOrder
        ? rowsAfter(last && stateOf(last), wanted, { sign: sensor.sign, maxGap }).map((row) =>
            inserted(sensor, row),
          )
        : insertLate(sensor, wanted, maxGap);
      commit.run();
      return { stored: stored.length, repeated: samples.length - stored.length, samples: stored };
    } finally {
      if (database.isTransaction) rollback.run();
    }
  };
};

const columnsOf = ({ state, gapFrom }: RowState) =>
  [
    state.register,
    state.remainder,
    state.exported,
    state.exportedRemainder,
    state.debt,
    state.highest,
    gapFrom ?? null,
  ] as const;
