/** Storing samples with their registers, in order or late. */
import type { DatabaseSync } from 'node:sqlite';
import { emptyIntegration, type Integration, integrate, type Sample } from '@daisee/meter';
import { type Duration, Instant } from '@daisee/units';
import { SampleRefused } from './errors.ts';
import {
  BRIDGED,
  LEFT_OPEN,
  readingOf,
  STATE_COLUMNS,
  type StateRow,
  stateOf,
  storedSampleFrom,
} from './rows.ts';
import {
  type Appended,
  type AppendOptions,
  DEFAULT_MAX_GAP,
  type Sensor,
  type StoredSample,
} from './store.ts';

/** In watts: what the integration keeps of 100 MW still fits SQLite's 64-bit integers. */
const HIGHEST_POWER = 1e8;
/** Rows read at a time when the registers after a late sample are computed again. */
const PAGE = 1000;

interface Extended {
  readonly stored: readonly StoredSample[];
  readonly state: Integration;
}

/** Checks samples, takes their instants to whole ms and sorts them; of two at one instant the first given stays. */
const distinct = (samples: readonly Sample[]): readonly Sample[] => {
  const byInstant = new Map<number, Sample>();
  let last = Number.NEGATIVE_INFINITY;
  let sorted = true;
  for (const sample of samples) {
    const at = Math.round(sample.at);
    if (!Number.isSafeInteger(at)) throw new SampleRefused('instant', sample.at, 'milliseconds since 1970');
    if (!(Math.abs(sample.power) <= HIGHEST_POWER))
      throw new SampleRefused('power', sample.power, `watts from -${HIGHEST_POWER} to ${HIGHEST_POWER}`);
    if (sample.voltage !== undefined && !Number.isFinite(sample.voltage))
      throw new SampleRefused('voltage', sample.voltage, 'volts');
    const { stateOfCharge } = sample;
    if (stateOfCharge !== undefined && !(stateOfCharge >= 0 && stateOfCharge <= 100))
      throw new SampleRefused('state of charge', stateOfCharge, '0 to 100 %');
    sorted &&= at > last;
    last = at;
    if (!byInstant.has(at)) byInstant.set(at, at === sample.at ? sample : { ...sample, at: Instant(at) });
  }
  const kept = [...byInstant.values()];
  return sorted ? kept : kept.sort((a, b) => a.at - b.at);
};

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

  /** Stores samples that follow each other and the state given, nothing stored between them. */
  const extend = (
    sensor: Sensor,
    start: Integration,
    samples: readonly Sample[],
    maxGap: Duration,
  ): Extended => {
    let integration = start;
    const stored = samples.map((sample) => {
      const step = integrate(integration, sample, { sign: sensor.sign, maxGap });
      integration = step.state;
      const { lastInsertRowid } = insert.run(
        sensor.id,
        sample.at,
        Math.round(sample.power * 1e6),
        sample.stateOfCharge ?? null,
        sample.voltage ?? null,
        ...columnsOf(integration, step.gap?.from),
      );
      return storedSampleFrom(Number(lastInsertRowid), sample, integration);
    });
    return { stored, state: integration };
  };

  /** Samples of which the first is not later than all that is stored: the registers after it are computed again. */
  const insertLate = (sensor: Sensor, samples: readonly Sample[], maxGap: Duration): StoredSample[] => {
    let cursor = (samples[0]?.at ?? 0) - 1;
    const base = one(newestUntil.get(sensor.id, cursor));
    let integration = base ? stateOf(base) : emptyIntegration;
    const stored: StoredSample[] = [];
    let next = 0;
    /** Stores what comes before `at`; true when there was something, so that the next row's interval is a new one. */
    const insertUntil = (at: number): boolean => {
      const start = next;
      while ((samples[next]?.at ?? at) < at) next++;
      const added = extend(sensor, integration, samples.slice(start, next), maxGap);
      stored.push(...added.stored);
      integration = added.state;
      return next > start;
    };
    for (;;) {
      const rows = page.all(sensor.id, cursor) as unknown as StateRow[];
      for (const row of rows) {
        cursor = Number(row.at);
        const split = insertUntil(cursor);
        if (samples[next]?.at === cursor) next++;
        // An interval that was there keeps its judgement; the part that a new sample split off is judged anew.
        const judged = row.gap_from === null ? BRIDGED : LEFT_OPEN;
        const step = integrate(integration, readingOf(row), {
          sign: sensor.sign,
          maxGap: split ? maxGap : judged,
        });
        integration = step.state;
        if (!isAt(row, integration, step.gap?.from))
          update.run(...columnsOf(integration, step.gap?.from), row.id);
        else if (next === samples.length) return stored;
      }
      if (rows.length < PAGE) break;
    }
    insertUntil(Number.POSITIVE_INFINITY);
    return stored;
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
        ? extend(sensor, last ? stateOf(last) : emptyIntegration, wanted, maxGap).stored
        : insertLate(sensor, wanted, maxGap);
      commit.run();
      return { stored: stored.length, repeated: samples.length - stored.length, samples: stored };
    } finally {
      if (database.isTransaction) rollback.run();
    }
  };
};

/** True when the row holds this state already. */
const isAt = (row: StateRow, state: Integration, gapFrom: Instant | undefined): boolean =>
  row.register === state.register &&
  row.remainder === state.remainder &&
  row.exported === state.exported &&
  row.exported_remainder === state.exportedRemainder &&
  row.debt === state.debt &&
  row.highest === state.highest &&
  (row.gap_from === null ? gapFrom === undefined : Number(row.gap_from) === gapFrom);

const columnsOf = (state: Integration, gapFrom: Instant | undefined) =>
  [
    state.register,
    state.remainder,
    state.exported,
    state.exportedRemainder,
    state.debt,
    state.highest,
    gapFrom ?? null,
  ] as const;
