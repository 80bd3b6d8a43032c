/** Rows of samples in PostgreSQL, inserted and counted anew by pages. */
import { isAbsence, type Measurement } from '@daisee/meter';
import { type MarkRow, stepOf } from '../marks.ts';
import {
  type ChangedRow,
  createRecount,
  type NewRow,
  type RecountOptions,
  type RowState,
  rhythmIn,
} from '../recount.ts';
import { type Placed, placedAs, STATE_COLUMNS, STRETCH_CODES, type StateRow } from '../rows.ts';
import type { Sensor } from '../store.ts';
import { type Ask, arrayOf } from './database.ts';

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
  'elapsed',
  'step_from',
  'step_to',
  'rhythm',
];

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
  arrayOf(rows.map(({ elapsed }) => (elapsed === undefined ? null : Math.round(elapsed)))),
  arrayOf(rows.map(({ steps }) => steps?.[0] ?? null)),
  arrayOf(rows.map(({ steps }) => steps?.[1] ?? null)),
  rows.map(({ state }) => rhythmIn(state)),
];

const INSERT = `INSERT INTO samples (sensor, at, ${TOLD.join(', ')}, ${STATES.join(', ')})
  SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::double precision[], $5::double precision[],
    $6::bigint[], $7::bigint[], $8::integer[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
    $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::smallint[], $19::text[], $20::bigint[],
    $21::bigint[], $22::bigint[], $23::text[])
  RETURNING id, sensor, at`;

/** All identities as one text, in the order of the rows: a thousand rows of an answer would cost more than their insert. */
const INSERT_ALL = `WITH stored AS (${INSERT}) SELECT string_agg(id::text, ',' ORDER BY sensor, at) AS ids FROM stored`;

const UPDATE = `UPDATE samples SET ${STATES.map((column) => `${column} = new.${column}`).join(', ')}
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::smallint[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[])
    AS new (id, ${STATES.join(', ')}) WHERE samples.id = new.id`;

const REPLACE = `UPDATE samples SET ${TOLD.map((column) => `${column} = new.${column}`).join(', ')}
  FROM unnest($1::bigint[], $2::bigint[], $3::double precision[], $4::double precision[], $5::bigint[], $6::bigint[],
    $7::integer[], $8::bigint[], $9::text[]) AS new (id, ${TOLD.join(', ')}) WHERE samples.id = new.id`;

/** What of an absence is in the columns of a sample. */
const NO_SAMPLE = {
  power: 0,
  stateOfCharge: undefined,
  voltage: undefined,
  counter: undefined,
  exportedCounter: undefined,
} as const;

const toldArrays = (told: readonly Measurement[]): readonly (string | readonly (string | null)[])[] => {
  const samples = told.map((one) => (isAbsence(one) ? NO_SAMPLE : one));
  const absences = told.map((one) => (isAbsence(one) ? one.absent : null));
  const nothing = absences.map((absent) => (absent === null ? null : 0));
  return [
    arrayOf(samples.map(({ power }) => Math.round(power * 1e6))),
    arrayOf(samples.map(({ stateOfCharge }) => stateOfCharge ?? null)),
    arrayOf(samples.map(({ voltage }) => voltage ?? null)),
    arrayOf(samples.map(({ counter }) => counter ?? null)),
    arrayOf(samples.map(({ exportedCounter }) => exportedCounter ?? null)),
    arrayOf(nothing),
    arrayOf(nothing),
    // Quoted by the client.
    absences,
  ];
};

/** A row and the sensor it belongs to. */
interface OwnedRow {
  readonly sensor: Sensor;
  readonly row: NewRow;
}

/**
 * @param rows ascending by the number of their sensor, then by time
 * @param askLast asks the last page
 */
export const insertAll = async (
  ask: Ask,
  rows: readonly OwnedRow[],
  askLast = ask,
): Promise<readonly Placed[]> => {
  const placed: Placed[] = [];
  for (let start = 0; start < rows.length; start += PAGE) {
    const page = rows.slice(start, start + PAGE);
    const asking = start + PAGE < rows.length ? ask : askLast;
    const [given] = await asking<{ ids: string }>({
      name: 'insert',
      text: INSERT_ALL,
      values: [
        arrayOf(page.map(({ sensor }) => sensor.id)),
        arrayOf(page.map(({ row: { told } }) => told.at)),
        ...toldArrays(page.map(({ row: { told } }) => told)),
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

/** What became of what was told: the new rows, and the instants where another one was there, or was put in its place. */
export interface Done {
  readonly placed: readonly Placed[];
  readonly conflicting: readonly number[];
  readonly replaced: readonly number[];
}

const replace = async (ask: Ask, rows: readonly ChangedRow[]): Promise<readonly number[]> => {
  const replaced = rows.flatMap(({ id, replaced: told }) => (told ? [{ id, told }] : []));
  if (replaced.length > 0)
    await ask({
      name: 'replace',
      text: REPLACE,
      values: [arrayOf(replaced.map(({ id }) => id)), ...toldArrays(replaced.map(({ told }) => told))],
    });
  return replaced.map(({ told }) => told.at);
};

export const revise = (ask: Ask, sensor: Sensor): Promise<unknown> =>
  ask({
    name: 'revise',
    text: 'UPDATE sensors SET revision = revision + 1 WHERE id = $1',
    values: [sensor.id],
  });

export const newestUntil = async (ask: Ask, sensor: Sensor, at: number): Promise<StateRow | undefined> =>
  (
    await ask<StateRow>({
      name: 'newest-until',
      text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 AND at <= $2 ORDER BY at DESC LIMIT 1`,
      values: [sensor.id, at],
    })
  )[0];

/** Counts the registers after `cursor` anew, with what is put among the rows there. */
export const recountAfter = async (
  ask: Ask,
  sensor: Sensor,
  cursor: number,
  options: Omit<RecountOptions, 'base' | 'steps'>,
): Promise<Done> => {
  // What comes late may be old enough to be thinned, too.
  await ask({
    name: 'thin-again',
    text: 'UPDATE thinned SET until = $2 WHERE sensor = $1 AND until > $2',
    values: [sensor.id, cursor],
  });
  const base = await newestUntil(ask, sensor, cursor);
  const steps = await ask<MarkRow>({
    name: 'steps',
    text: 'SELECT at, is_after FROM marks WHERE sensor = $1 AND at >= $2 ORDER BY at',
    values: [sensor.id, base ? base.at : cursor],
  });
  const recount = createRecount({ ...options, base, steps: steps.map(stepOf) });
  const placed: Placed[] = [];
  const conflicting: number[] = [];
  const replaced: number[] = [];
  const add = async (rows: readonly NewRow[]): Promise<void> => {
    for (const one of await insert(ask, sensor, rows)) placed.push(one);
  };
  let isRevised = false;
  for (let at = cursor, settled = false; !settled; ) {
    const rows = await ask<StateRow>({
      name: 'page',
      text: `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = $1 AND at > $2 ORDER BY at LIMIT ${PAGE}`,
      values: [sensor.id, at],
    });
    const taken = recount.take(rows);
    await add(taken.added);
    replaced.push(...(await replace(ask, taken.changed)));
    await update(ask, taken.changed);
    isRevised ||= taken.changed.length > 0;
    conflicting.push(...taken.conflicting);
    settled = taken.settled || rows.length < PAGE;
    at = Number(rows.at(-1)?.at);
    if (!taken.settled && settled) await add(recount.rest());
  }
  if (isRevised) await revise(ask, sensor);
  return { placed, conflicting, replaced };
};
