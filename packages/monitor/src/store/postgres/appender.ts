/** Storing samples with their registers in PostgreSQL, in order or late. */
import type { Sample } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import { type ChangedRow, createRecount, type NewRow, type RowState, rowsAfter } from '../recount.ts';
import { STATE_COLUMNS, STRETCH_CODES, type StateRow, stateOf, storedSampleFrom } from '../rows.ts';
import { integrationRule, RULE_COLUMNS, type RuleRow, ruledBy } from '../sensor-rows.ts';
import type { Sensor, StoredSample } from '../store.ts';
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
    ${STATES.join(', ')})
  SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::double precision[], $5::double precision[],
    $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
    $14::bigint[], $15::smallint[], $16::text[])
  RETURNING id, sensor, at`;

/** All identities as one text, in the order of the rows: a thousand rows of an answer would cost more than their insert. */
const INSERT_ALL = `WITH stored AS (${INSERT}) SELECT string_agg(id::text, ',' ORDER BY sensor, at) AS ids FROM stored`;

const UPDATE = `UPDATE samples SET ${STATES.map((column) => `${column} = new.${column}`).join(', ')}
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::smallint[], $10::text[]) AS new (id, ${STATES.join(', ')}) WHERE samples.id = new.id`;

/** A row and the sensor it belongs to. */
interface OwnedRow {
  readonly sensor: Sensor;
  readonly row: NewRow;
}

/**
 * @param rows ascending by the number of their sensor, then by time
 * @param askLast asks the last page
 */
const insertAll = async (
  ask: Ask,
  rows: readonly OwnedRow[],
  askLast = ask,
): Promise<readonly StoredSample[]> => {
  const stored: StoredSample[] = [];
  for (let start = 0; start < rows.length; start += PAGE) {
    const page = rows.slice(start, start + PAGE);
    const samples = page.map(({ row }) => row.sample);
    const asking = start + PAGE < rows.length ? ask : askLast;
    const [given] = await asking<{ ids: string }>({
      name: 'insert',
      text: INSERT_ALL,
      values: [
        arrayOf(page.map(({ sensor }) => sensor.id)),
        arrayOf(samples.map(({ at }) => at)),
        arrayOf(samples.map(({ power }) => Math.round(power * 1e6))),
        arrayOf(samples.map(({ stateOfCharge }) => stateOfCharge ?? null)),
        arrayOf(samples.map(({ voltage }) => voltage ?? null)),
        arrayOf(samples.map(({ counter }) => counter ?? null)),
        arrayOf(samples.map(({ exportedCounter }) => exportedCounter ?? null)),
        ...stateArrays(page.map(({ row }) => row)),
      ],
    });
    const ids = given?.ids.split(',') ?? [];
    for (const [i, { row }] of page.entries())
      stored.push(storedSampleFrom(Number(ids[i]), row.sample, row.state));
  }
  return stored;
};

const insert = (ask: Ask, sensor: Sensor, rows: readonly NewRow[]): Promise<readonly StoredSample[]> =>
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
  samples: readonly Sample[],
  maxGap: Duration,
): Promise<readonly StoredSample[]> => {
  const first = samples[0]?.at ?? 0;
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
  const recount = createRecount(base, samples, integrationRule(sensor, maxGap));
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

/** Samples to be stored: checked, ascending, each instant once, one at least. */
export interface NewSamples {
  readonly sensor: Sensor;
  readonly samples: readonly Sample[];
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

/** Makes what stores samples of several sensors, each named once, in one transaction: what was stored of each. */
export const createPostgresAppender =
  ({ transaction }: PostgresDatabase) =>
  (given: readonly NewSamples[]): Promise<readonly (readonly StoredSample[])[]> => {
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
      const isLate = ({ sensor, samples }: NewSamples): boolean => {
        const last = newest.get(sensor.id);
        return last !== undefined && (samples[0]?.at ?? 0) <= Number(last.at);
      };
      const late = lists.filter(isLate);
      const inOrder = lists
        .filter((list) => !late.includes(list))
        .toSorted((a, b) => a.sensor.id - b.sensor.id)
        .flatMap(({ sensor, samples, maxGap }) => {
          const last = newest.get(sensor.id);
          return rowsAfter(last && stateOf(last), samples, integrationRule(sensor, maxGap)).map((row) => ({
            sensor,
            row,
          }));
        });
      const stored = new Map<number, StoredSample[]>(lists.map(({ sensor }) => [sensor.id, []]));
      const samplesStored = await insertAll(ask, inOrder, late.length > 0 ? ask : askLast);
      for (const [i, { sensor }] of inOrder.entries()) {
        const sample = samplesStored[i];
        if (sample) stored.get(sensor.id)?.push(sample);
      }
      for (const list of late) {
        const { sensor, samples, maxGap } = list;
        stored.set(sensor.id, [...(await insertLate(ask, sensor, samples, maxGap))]);
      }
      return lists.map(({ sensor }) => stored.get(sensor.id) ?? []);
    });
  };
