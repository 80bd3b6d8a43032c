/** Storing samples with their registers in PostgreSQL, in order or late. */
import { isAbsence, type Measurement } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import { type ChangedRow, createRecount, type NewRow, type RowState, rowsAfter } from '../recount.ts';
import { type Placed, placedAs, STATE_COLUMNS, STRETCH_CODES, type StateRow, stateOf } from '../rows.ts';
import { integrationRule, RULE_COLUMNS, type RuleRow, ruledBy } from '../sensor-rows.ts';
import type { Sensor } from '../store.ts';
import { type Ask, arrayOf, type PostgresDatabase, type Statement } from './database.ts';

/** Rows that travel in one statement. */
const PAGE = 5000;

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
];

const stateArrays = (rows: readonly RowState[]): readonly (string | readonly (string | null)[])[] => [
  arrayOf(rows.map(({ state }) => state.register)),
  arrayOf(rows.map(({ state }) => state.remainder)),
  arrayOf(rows.map(({ state }) => state.exported)),
  arrayOf(rows.map(({ state }) => state.exportedRemainder)),
  arrayOf(rows.map(({ state }) => state.debt)),
  arrayOf(rows.map(({ state }) => state.highest)),
  arrayOf(rows.map(({ gapFrom }) => gapFrom ?? null)),
  arrayOf(rows.map(({ stretch }) => STRETCH_CODES[stretch])),
  // Quoted by the client.
  rows.map(({ counters }) => counters ?? null),
];

const INSERT = `INSERT INTO samples (sensor, at, power, state_of_charge, voltage, counter, exported_counter,
    stands_for, power_sum, absent, ${STATES.join(', ')})
  SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::double precision[], $5::double precision[],
    $6::bigint[], $7::bigint[], $8::integer[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
    $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::smallint[], $19::text[])
  RETURNING id, sensor, at`;

/** All identities as one text, in the order of the rows: a thousand rows of an answer would cost more than their insert. */
const INSERT_ALL = `WITH stored AS (${INSERT}) SELECT string_agg(id::text, ',' ORDER BY sensor, at) AS ids FROM stored`;

const UPDATE = `UPDATE samples SET ${STATES.map((column) => `${column} = new.${column}`).join(', ')}
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::smallint[], $10::text[]) AS new (id, ${STATES.join(', ')}) WHERE samples.id = new.id`;

/** What of an absence is in the columns of a sample. */
const NO_SAMPLE = {
  power: 0,
  stateOfCharge: undefined,
  voltage: undefined,
  counter: undefined,
  exportedCounter: undefined,
} as const;

/** A row and the sensor it belongs to. */
interface OwnedRow {
  readonly sensor: Sensor;
  readonly row: NewRow;
}

/**
 * @param rows ascending by the number of their sensor, then by time
 * @param askLast asks the last page
 */
const insertAll = async (ask: Ask, rows: readonly OwnedRow[], askLast = ask): Promise<readonly Placed[]> => {
  const placed: Placed[] = [];
  for (let start = 0; start < rows.length; start += PAGE) {
    const page = rows.slice(start, start + PAGE);
    const samples = page.map(({ row: { told } }) => (isAbsence(told) ? NO_SAMPLE : told));
    const absences = page.map(({ row: { told } }) => (isAbsence(told) ? told.absent : null));
    const nothing = absences.map((absent) => (absent === null ? null : 0));
    const asking = start + PAGE < rows.length ? ask : askLast;
    const [given] = await asking<{ ids: string }>({
      name: 'insert',
      text: INSERT_ALL,
      values: [
        arrayOf(page.map(({ sensor }) => sensor.id)),
        arrayOf(page.map(({ row: { told } }) => told.at)),
        arrayOf(samples.map(({ power }) => Math.round(power * 1e6))),
        arrayOf(samples.map(({ stateOfCharge }) => stateOfCharge ?? null)),
        arrayOf(samples.map(({ voltage }) => voltage ?? null)),
        arrayOf(samples.map(({ counter }) => counter ?? null)),
        arrayOf(samples.map(({ exportedCounter }) => exportedCounter ?? null)),
        arrayOf(nothing),
        arrayOf(nothing),
        absences,
        ...stateArrays(page.map(({ row }) => row)),
      ],
    });
    const ids = given?.ids.split(',') ?? [];
    for (const [i, { row }] of page.entries()) placed.push(placedAs(Number(ids[i]), row));
  }
  return placed;
};

const insert = (ask: Ask, sensor: Sensor, rows: readonly NewRow[]): Promise<readonly Placed[]> =>
  insertAll(
    ask,
    rows.map((row) => ({ sensor, row })),
  );

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
  told: readonly Measurement[],
  maxGap: Duration,
): Promise<readonly Placed[]> => {
  const first = told[0]?.at ?? 0;
  // What comes late may be old enough to be thinned, too.
  await ask({
    name: 'thin-again',
    text: 'UPDATE thinned SET until = $2 WHERE sensor = $1 AND until > $2',
    values: [sensor.id, first],
  });
  let cursor = first - 1;
  const [base] = await ask<StateRow>({
    name: 'newest-until',
    text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 AND at <= $2 ORDER BY at DESC LIMIT 1`,
    values: [sensor.id, cursor],
  });
  const recount = createRecount(base, told, integrationRule(sensor, maxGap));
  const placed: Placed[] = [];
  const add = async (rows: readonly NewRow[]): Promise<void> => {
    for (const one of await insert(ask, sensor, rows)) placed.push(one);
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
    if (settled) return placed;
    if (rows.length < PAGE) break;
    cursor = Number(rows.at(-1)?.at);
  }
  await add(recount.rest());
  return placed;
};

/** What is to be stored: checked, ascending, each instant once, one at least. */
export interface NewSamples {
  readonly sensor: Sensor;
  readonly told: readonly Measurement[];
  readonly maxGap: Duration;
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
    text: `SELECT sensors.id AS sensor, ${RULE_COLUMNS.join(', ')}, newest.* FROM sensors LEFT JOIN LATERAL
      (SELECT ${STATE_COLUMNS} FROM samples WHERE samples.sensor = sensors.id ORDER BY at DESC LIMIT 1)
      AS newest ON true WHERE sensors.id = ANY ($1::integer[])`,
    values: ids,
  },
];

/** A sensor as it counts now, which another monitor may have told anew, and its newest sample if it has one. */
type Opened = RuleRow & { readonly sensor: number } & (StateRow | { readonly id: null });

/** Makes what stores what was told of several sensors, each named once, in one transaction: what was stored of each. */
export const createPostgresAppender =
  ({ transaction }: PostgresDatabase) =>
  (given: readonly NewSamples[]): Promise<readonly (readonly Placed[])[]> => {
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
        .flatMap(({ sensor, told, maxGap }) => {
          const last = newest.get(sensor.id);
          return rowsAfter(last && stateOf(last), told, integrationRule(sensor, maxGap)).map((row) => ({
            sensor,
            row,
          }));
        });
      const placed = new Map<number, Placed[]>(lists.map(({ sensor }) => [sensor.id, []]));
      const inserted = await insertAll(ask, inOrder, late.length > 0 ? ask : askLast);
      for (const [i, { sensor }] of inOrder.entries()) {
        const one = inserted[i];
        if (one) placed.get(sensor.id)?.push(one);
      }
      for (const { sensor, told, maxGap } of late)
        placed.set(sensor.id, [...(await insertLate(ask, sensor, told, maxGap))]);
      return lists.map(({ sensor }) => placed.get(sensor.id) ?? []);
    });
  };
