/** Storing samples with their registers in PostgreSQL, in order or late. */
import type { Sample } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import {
  type ChangedRow,
  createRecount,
  distinct,
  type NewRow,
  type RowState,
  rowsAfter,
} from '../recount.ts';
import { STATE_COLUMNS, type StateRow, stateOf, storedSampleFrom } from '../rows.ts';
import {
  type Appended,
  type AppendOptions,
  DEFAULT_MAX_GAP,
  type Sensor,
  type StoredSample,
} from '../store.ts';
import { type Ask, arrayOf, type PostgresDatabase } from './database.ts';

/** Rows that travel in one statement. */
const PAGE = 5000;

const STATES = ['register', 'remainder', 'exported', 'exported_remainder', 'debt', 'highest', 'gap_from'];

const stateArrays = (rows: readonly RowState[]): readonly string[] => [
  arrayOf(rows.map(({ state }) => state.register)),
  arrayOf(rows.map(({ state }) => state.remainder)),
  arrayOf(rows.map(({ state }) => state.exported)),
  arrayOf(rows.map(({ state }) => state.exportedRemainder)),
  arrayOf(rows.map(({ state }) => state.debt)),
  arrayOf(rows.map(({ state }) => state.highest)),
  arrayOf(rows.map(({ gapFrom }) => gapFrom ?? null)),
];

const INSERT = `INSERT INTO samples (sensor, at, power, state_of_charge, voltage, ${STATES.join(', ')})
  SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::double precision[], $5::double precision[],
    $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
  RETURNING id, at`;

const UPDATE = `UPDATE samples SET ${STATES.map((column) => `${column} = new.${column}`).join(', ')}
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[]) AS new (id, ${STATES.join(', ')}) WHERE samples.id = new.id`;

const insert = async (
  ask: Ask,
  sensor: Sensor,
  rows: readonly NewRow[],
): Promise<readonly StoredSample[]> => {
  const stored: StoredSample[] = [];
  for (let start = 0; start < rows.length; start += PAGE) {
    const page = rows.slice(start, start + PAGE);
    const given = await ask<{ id: bigint; at: bigint }>({
      name: 'insert',
      text: INSERT,
      values: [
        sensor.id,
        arrayOf(page.map(({ sample }) => sample.at)),
        arrayOf(page.map(({ sample }) => Math.round(sample.power * 1e6))),
        arrayOf(page.map(({ sample }) => sample.stateOfCharge ?? null)),
        arrayOf(page.map(({ sample }) => sample.voltage ?? null)),
        ...stateArrays(page),
      ],
    });
    const ids = new Map(given.map(({ id, at }) => [Number(at), Number(id)]));
    for (const { sample, state } of page)
      stored.push(storedSampleFrom(ids.get(sample.at) ?? 0, sample, state));
  }
  return stored;
};

const update = async (ask: Ask, rows: readonly ChangedRow[]): Promise<void> => {
  if (rows.length === 0) return;
  await ask({
    name: 'update',
    text: UPDATE,
    values: [arrayOf(rows.map(({ id }) => id)), ...stateArrays(rows)],
  });
};

/** Samples of which the first is not later than all that is stored: the registers after it are computed again. */
const insertLate = async (
  ask: Ask,
  sensor: Sensor,
  samples: readonly Sample[],
  maxGap: Duration,
): Promise<readonly StoredSample[]> => {
  let cursor = (samples[0]?.at ?? 0) - 1;
  const [base] = await ask<StateRow>({
    name: 'newest-until',
    text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 AND at <= $2 ORDER BY at DESC LIMIT 1`,
    values: [sensor.id, cursor],
  });
  const recount = createRecount(base && stateOf(base), samples, { sign: sensor.sign, maxGap });
  const stored: StoredSample[] = [];
  const add = async (rows: readonly NewRow[]): Promise<void> => {
    for (const one of await insert(ask, sensor, rows)) stored.push(one);
  };
  for (;;) {
    const rows = await ask<StateRow>({
      name: 'page',
      text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 AND at > $2 ORDER BY at LIMIT ${PAGE}`,
      values: [sensor.id, cursor],
    });
    const { added, changed, settled } = recount.take(rows);
    await add(added);
    await update(ask, changed);
    if (settled) return stored;
    if (rows.length < PAGE) break;
    cursor = Number(rows.at(-1)?.at);
  }
  await add(recount.rest());
  return stored;
};

/** Makes the `append` of a store in this database. */
export const createPostgresAppender =
  ({ transaction }: PostgresDatabase) =>
  async (
    sensor: Sensor,
    samples: readonly Sample[],
    { maxGap = DEFAULT_MAX_GAP }: AppendOptions,
  ): Promise<Appended> => {
    const wanted = distinct(samples);
    const [first] = wanted;
    if (!first) return { stored: 0, repeated: 0, samples: [] };
    // One append of a sensor at a time, whoever sends it: the sensor's row is the lock, and what comes after it sees
    // what the one before stored. All in one round trip.
    const opening = `SELECT FROM sensors WHERE id = ${sensor.id} FOR NO KEY UPDATE;
      SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ${sensor.id} ORDER BY at DESC LIMIT 1`;
    const stored = await transaction(opening, (ask, rows) => {
      const [last] = rows as readonly StateRow[];
      return !last || first.at > Number(last.at)
        ? insert(ask, sensor, rowsAfter(last && stateOf(last), wanted, { sign: sensor.sign, maxGap }))
        : insertLate(ask, sensor, wanted, maxGap);
    });
    return { stored: stored.length, repeated: samples.length - stored.length, samples: stored };
  };
