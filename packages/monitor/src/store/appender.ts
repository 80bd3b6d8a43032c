/** Storing samples with their registers in SQLite, in order or late, and what changes those that are stored. */
import type { DatabaseSync } from 'node:sqlite';
import { type IntegrationRule, isAbsence, type Measurement } from '@daisee/meter';
import { Instant } from '@daisee/units';
import type { Atomically } from './atomically.ts';
import { MARK_COLUMNS, type Mark, type MarkRow, markOf, type NewMark, type Step, stepOf } from './marks.ts';
import {
  type ChangedRow,
  createRecount,
  distinct,
  type NewRow,
  type RecountOptions,
  type RowState,
  rhythmIn,
  rowsAfter,
} from './recount.ts';
import {
  appendedOf,
  type Placed,
  placedAs,
  STATE_COLUMNS,
  STRETCH_CODES,
  type StateRow,
  stateOf,
} from './rows.ts';
import { type Bridging, integrationRule } from './sensor-rows.ts';
import type { Appended, AppendOptions, Move, Sensor } from './store.ts';

/** Rows read at a time when the registers after a late sample are computed again. */
const PAGE = 1000;
/** Every row is before it. */
export const LAST = Instant(Number.MAX_SAFE_INTEGER);
/** Rows that are moved at most: it is done in one transaction, in which nobody else is answered. */
export const MOST_MOVED = 50_000;
/** Far from every instant that a sample may have. */
export const NOWHERE = -(2n ** 60n);

type Rules = Bridging & Pick<AppendOptions, 'replace'>;

/** Puts samples into a database. */
export interface Appender {
  readonly append: (sensor: Sensor, told: readonly Measurement[], rules: Rules) => Appended;
  /** The newest row of a sensor. */
  readonly newest: (sensorId: number) => StateRow | undefined;
  /** The steps from an instant on. */
  readonly stepsFrom: (sensorId: number, at: number) => readonly Step[];
  /** Inserts a row under the identity given. */
  readonly insert: (sensorId: number, id: number, row: NewRow) => void;
  readonly mark: (sensor: Sensor, mark: NewMark, bridging: Bridging) => Mark;
  readonly move: (sensor: Sensor, move: Move, bridging: Bridging) => boolean;
}

/** What a recount did. */
interface Done extends Pick<Appended, 'conflicting' | 'replaced'> {
  readonly placed: readonly Placed[];
}

/** Makes what puts samples into this database. */
export const createAppender = (database: DatabaseSync, atomically: Atomically): Appender => {
  const state = (sql: string) => database.prepare(sql, { readBigInts: true });
  const newest = state(`SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? ORDER BY at DESC LIMIT 1`);
  const newestUntil = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at <= ? ORDER BY at DESC LIMIT 1`,
  );
  const firstFrom = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at >= ? ORDER BY at LIMIT 1`,
  );
  const page = state(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at > ? ORDER BY at LIMIT ${PAGE}`,
  );
  const insert = database.prepare(
    `INSERT INTO samples (id, sensor, at, ${TOLD.join(', ')}, ${STATES.join(', ')})
      VALUES (?, ?, ?, ${[...TOLD, ...STATES].map(() => '?').join(', ')})`,
  );
  // What comes late may be old enough to be thinned, too.
  const thinAgain = database.prepare('UPDATE thinned SET until = ? WHERE sensor = ? AND until > ?');
  const update = database.prepare(
    `UPDATE samples SET ${STATES.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
  );
  const replace = database.prepare(
    `UPDATE samples SET ${TOLD.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
  );
  const revise = database.prepare('UPDATE sensors SET revision = revision + 1 WHERE id = ?');
  const laterSteps = database.prepare(
    'SELECT at, is_after FROM marks WHERE sensor = ? AND at >= ? ORDER BY at',
  );
  const markNamed = database.prepare(`SELECT ${MARK_COLUMNS} FROM marks WHERE sensor = ? AND key = ?`);
  const insertMark = database.prepare(
    'INSERT INTO marks (sensor, key, at, is_after, note) VALUES (?, ?, ?, ?, ?)',
  );
  const countFrom = database.prepare(
    `SELECT count(*) AS count, count(CASE WHEN absent IS NULL THEN stands_for END) AS thinned
      FROM samples WHERE sensor = ? AND at >= ?`,
  );
  // In two steps, since no two may stand at one instant on the way.
  const away = database.prepare('UPDATE samples SET at = ? - at WHERE sensor = ? AND at >= ?');
  const back = database.prepare(
    'UPDATE samples SET at = ? - at, gap_from = gap_from + ? WHERE sensor = ? AND at <= ?',
  );
  const moveMarks = database.prepare('UPDATE marks SET at = at + ? WHERE sensor = ? AND at >= ?');
  const setElapsed = database.prepare('UPDATE samples SET elapsed = ? WHERE id = ?');

  const one = (row: unknown): StateRow | undefined => row as StateRow | undefined;
  const stepsFrom: Appender['stepsFrom'] = (sensorId, at) =>
    (laterSteps.all(sensorId, at) as unknown as MarkRow[]).map(stepOf);

  /** Without an identity of its own a row gets the next one. */
  const insertAs = (id: number | null, sensorId: number, row: NewRow): number => {
    const { lastInsertRowid } = insert.run(
      id,
      sensorId,
      row.told.at,
      ...toldColumns(row.told),
      ...columnsOf(row),
    );
    return Number(lastInsertRowid);
  };
  const insertAll = (sensor: Sensor, rows: readonly NewRow[]): readonly Placed[] =>
    rows.map((row) => placedAs(insertAs(null, sensor.id, row), row));
  const change = (row: ChangedRow): void => {
    if (row.replaced) replace.run(...toldColumns(row.replaced), row.id);
    update.run(...columnsOf(row), row.id);
  };

  /** Counts the registers after `cursor` anew, with what is put among the rows there. */
  const recountAfter = (
    sensor: Sensor,
    cursor: number,
    options: Omit<RecountOptions, 'base' | 'steps'>,
  ): Done => {
    thinAgain.run(cursor, sensor.id, cursor);
    const base = one(newestUntil.get(sensor.id, cursor));
    const steps = stepsFrom(sensor.id, base ? Number(base.at) : Number.MIN_SAFE_INTEGER);
    const recount = createRecount({ ...options, base, steps });
    const placed: Placed[] = [];
    const done = { conflicting: 0, replaced: 0 };
    let isRevised = false;
    for (let at = cursor, settled = false; !settled; ) {
      const rows = page.all(sensor.id, at) as unknown as StateRow[];
      const taken = recount.take(rows);
      for (const one of insertAll(sensor, taken.added)) placed.push(one);
      for (const row of taken.changed) change(row);
      isRevised ||= taken.changed.length > 0;
      done.conflicting += taken.conflicting.length;
      done.replaced += taken.changed.filter(({ replaced }) => replaced).length;
      settled = taken.settled || rows.length < PAGE;
      at = Number(rows.at(-1)?.at);
      if (!taken.settled && settled) placed.push(...insertAll(sensor, recount.rest()));
    }
    if (isRevised) revise.run(sensor.id);
    return { placed, ...done };
  };

  const append: Appender['append'] = (sensor, told, { replace: isReplacing, ...bridging }) => {
    const { told: wanted, conflicting } = distinct(told, isReplacing);
    const [first] = wanted;
    if (!first) return appendedOf(0, []);
    return atomically(() => {
      const last = one(newest.get(sensor.id));
      const rule = integrationRule(sensor, bridging);
      if (last && first.at <= Number(last.at)) {
        const done = recountAfter(sensor, first.at - 1, { told: wanted, rule, replace: isReplacing });
        return appendedOf(told.length, done.placed, { ...done, conflicting: done.conflicting + conflicting });
      }
      const steps = stepsFrom(sensor.id, Number(last?.at ?? first.at));
      const rows = rowsAfter(last && stateOf(last), wanted, rule, steps);
      return appendedOf(told.length, insertAll(sensor, rows), { conflicting });
    });
  };

  const mark: Appender['mark'] = (sensor, asked, bridging) =>
    atomically(() => {
      const there = markNamed.get(sensor.id, asked.key) as unknown as MarkRow | undefined;
      if (there) return markOf(there);
      const at = Instant(Math.round(asked.at));
      const before = one(newestUntil.get(sensor.id, at));
      const isAfter = Number(before?.at) === at;
      insertMark.run(sensor.id, asked.key, at, isAfter ? 1 : 0, asked.note ?? null);
      // The stretch that it is in may be counted already.
      recountAfter(sensor, before ? Number(before.at) : at, {
        told: [],
        rule: integrationRule(sensor, bridging),
        until: Instant(at + 1),
      });
      return markOf(markNamed.get(sensor.id, asked.key) as unknown as MarkRow);
    });

  const move: Appender['move'] = (sensor, { from, by, keepsElapsed }, bridging) =>
    atomically(() => {
      const { count, thinned } = countFrom.get(sensor.id, from) as unknown as {
        count: number;
        thinned: number;
      };
      if (count > MOST_MOVED || thinned > 0) return false;
      const first = one(firstFrom.get(sensor.id, from));
      const previous = one(newestUntil.get(sensor.id, from - 1));
      if (first && previous && Number(first.at) + by <= Number(previous.at)) return false;
      moveMarks.run(by, sensor.id, from);
      if (!first) return true;
      const length = previous && Number(first.elapsed ?? first.at - previous.at);
      // Whole numbers are bound as floats, which would not be exact there.
      away.run(NOWHERE, sensor.id, from);
      back.run(NOWHERE + BigInt(by), by, sensor.id, NOWHERE - BigInt(from));
      if (keepsElapsed && previous && length !== undefined) {
        const stamped = Number(first.at) + by - Number(previous.at);
        setElapsed.run(length === stamped ? null : length, first.id);
      }
      const rule: IntegrationRule = integrationRule(sensor, bridging);
      const cursor = previous ? Number(previous.at) : Math.min(from, from + by) - 1;
      recountAfter(sensor, cursor, { told: [], rule, fresh: new Set([first.id]), until: LAST });
      revise.run(sensor.id);
      return true;
    });

  return {
    append,
    stepsFrom,
    newest: (sensorId) => one(newest.get(sensorId)),
    insert: (sensorId, id, row) => void insertAs(id, sensorId, row),
    mark,
    move,
  };
};

/** The columns of what a row was told of. */
const TOLD = [
  'power',
  'state_of_charge',
  'voltage',
  'counter',
  'exported_counter',
  'stands_for',
  'power_sum',
  'absent',
] as const;

const toldColumns = (told: Measurement) =>
  isAbsence(told)
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

/** The columns of what was counted up to a row. */
const STATES = [
  'register',
  'remainder',
  'exported',
  'exported_remainder',
  'debt',
  'highest',
  'gap_from',
  'stretch',
  'counters',
  'elapsed',
  'step_from',
  'step_to',
  'rhythm',
] as const;

const columnsOf = ({ state, gapFrom, stretch, counters, elapsed, steps }: RowState) =>
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
    elapsed === undefined ? null : Math.round(elapsed),
    steps?.[0] ?? null,
    steps?.[1] ?? null,
    rhythmIn(state),
  ] as const;
