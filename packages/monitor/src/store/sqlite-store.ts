/**
 * The embedded store: one SQLite file through `node:sqlite`, write-ahead log, every append a transaction of its own.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { DEFAULT_MAX_GAP } from '@daisee/meter';
import { type Clock, Duration, Energy, Instant, Register, Watts } from '@daisee/units';
import { createAppender } from './appender.ts';
import { createAtomically } from './atomically.ts';
import { onStore, UnknownSensor } from './errors.ts';
import { createFileCheck } from './file-there.ts';
import { type AbsenceRow, absenceOf, absencesSql, type GapRow, gapsOf, gapsSql } from './gaps.ts';
import { holdingIn } from './holding.ts';
import { MARK_COLUMNS, type MarkRow, markOf } from './marks.ts';
import { createPowers } from './powers.ts';
import {
  type Edge,
  edgeBetween,
  energyBetween,
  FOLLOWED_COLUMNS,
  type FollowedRow,
  followedSampleOf,
  type Holding,
  IS_SAMPLE,
  registersAt,
  SAMPLE_COLUMNS,
  type SampleRow,
  STATE_COLUMNS,
  type StateRow,
  storedSampleOf,
} from './rows.ts';
import { migrate } from './schema.ts';
import {
  bridgingOf,
  changedSensor,
  RULE_COLUMNS,
  ruleValues,
  SELECT_SENSORS,
  type SensorRow,
  sensorOfRow,
} from './sensor-rows.ts';
import {
  type ChargeRow,
  type EndedGapRow,
  type HighestRow,
  type IdentityRow,
  type InstantRow,
  REMEMBERED,
  standingOf,
} from './standing.ts';
import { stepEdges } from './steps.ts';
import {
  CHARGE_WINDOW,
  DEFAULT_TYPE,
  MOST_MARKS,
  type MonitorStore,
  type PowerSum,
  type Sensor,
  type SensorType,
  type Standing,
  type StandingQuery,
} from './store.ts';
import { openTail, type TailOptions } from './tail.ts';
import { createTariffs } from './tariffs.ts';
import { createThinner } from './thinner.ts';

export interface StoreOptions {
  /** The file; made when it is not there. Beside it SQLite keeps `FILE-wal` and `FILE-shm`. */
  readonly file: string;
  /**
   * What an acknowledged sample survives: `power` (the default) a power cut, at the price of a write to the disk for
   * each append; `process` the end of the process only, an order of magnitude faster.
   */
  readonly survives?: 'power' | 'process';
  /**
   * Up to now on this clock the newest sample of a sensor that reports on change holds, `maxGap` at most; without a clock
   * samples hold only up to the one after them.
   */
  readonly clock?: Clock;
  /**
   * The longest silence that every `append` bridges which says no other, 15 min by default. A sensor that reports on change
   * must be appended to with this one: what held longer than its gap then is taken back by the next sample.
   */
  readonly maxGap?: Duration;
  /**
   * Samples that are appended with `hold` are kept in memory that outlives the process, and stored together later. They
   * survive the end of the process whatever it is, a power cut only from `settle` on. Not for a store in memory.
   */
  readonly hold?: TailOptions;
}

/** How long a call waits for another process that writes, in real ms: guards real I/O. */
const BUSY_TIMEOUT = 5000;

/** Bytes of a page; questions are no slower than with 4096 (`docs/decisions/0012-few-writes.md`). */
const PAGE_SIZE = 1024;

/**
 * Opens a store, makes it when the file is new and brings an older schema up to date.
 * @throws StoreError: not a store, newer schema, cannot be opened, damaged, …
 */
export const openStore = ({ file, survives = 'power', hold, ...given }: StoreOptions): MonitorStore =>
  onStore(file, () => {
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
    try {
      // Of a new file only: a commit writes whole pages, so that smaller ones than 4096 mean less written.
      database.exec(`PRAGMA page_size = ${PAGE_SIZE}`);
      migrate(database, file);
      database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${survives === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA foreign_keys = ON`,
      );
      const { clock, maxGap = DEFAULT_MAX_GAP } = given;
      const store = storeIn(database, file, { clock, maxGap });
      const check = createFileCheck(file);
      const checked: MonitorStore = {
        ...store,
        append: (...given) => {
          check();
          return store.append(...given);
        },
      };
      const tail = hold && openTail(database, file, hold);
      return tail ? holdingIn(database, file, checked, { tail, check, maxGap, ...hold }) : checked;
    } catch (error) {
      database.close();
      throw error;
    }
  });

/** The store in a database that has the current schema; `file` is its name in errors. */
export const storeIn = (
  database: DatabaseSync,
  file: string,
  holding: Holding = { clock: undefined, maxGap: DEFAULT_MAX_GAP },
): MonitorStore => {
  const bigints = (sql: string) => database.prepare(sql, { readBigInts: true });
  const before = bigints(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at <= ? ORDER BY at DESC LIMIT 1`,
  );
  const after = bigints(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at > ? ORDER BY at LIMIT 1`,
  );
  const window = bigints(
    `SELECT ${SAMPLE_COLUMNS} FROM samples WHERE sensor = ? AND at >= ? AND at < ? AND ${IS_SAMPLE} ORDER BY at LIMIT ?`,
  );
  const newest = bigints(
    `SELECT ${SAMPLE_COLUMNS} FROM samples WHERE sensor = ? AND ${IS_SAMPLE} ORDER BY at DESC LIMIT 1`,
  );
  const newestUntil = bigints(
    `SELECT ${SAMPLE_COLUMNS} FROM samples WHERE sensor = ? AND at <= ? AND ${IS_SAMPLE} ORDER BY at DESC LIMIT 1`,
  );
  const places = { sensor: '?1', from: '?2', to: '?3' };
  const gapsInside = bigints(gapsSql(places));
  const absencesInside = bigints(absencesSql(places));
  // A float sum: one of integers could pass 64 bits.
  const power = database.prepare(
    `SELECT coalesce(sum(coalesce(stands_for, 1)), 0) AS count, total(coalesce(power_sum, power)) AS microWatts
      FROM samples WHERE sensor = ? AND at >= ? AND at < ?`,
  );
  // By the primary key: the plus keeps the index on (sensor, at) out of it, which would scan the sensor's samples.
  const identified = bigints(
    `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE id >= ? AND id < ? AND +sensor = ? AND ${IS_SAMPLE} ORDER BY at`,
  );
  const fromEnd = bigints(
    `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE sensor = ? AND ${IS_SAMPLE} ORDER BY at DESC LIMIT ? OFFSET ?`,
  );
  // Where nothing was thinned or absent every row is a sample, and the index alone counts them: in a tenth of the time.
  const wholeFromEnd = bigints(
    `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE sensor = ?1 AND at <=
      (SELECT at FROM samples WHERE sensor = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?3) ORDER BY at DESC LIMIT ?2`,
  );
  const hasOthers = database.prepare(
    `SELECT 1 FROM thinned WHERE sensor = ?1 UNION ALL
      SELECT 1 FROM samples WHERE sensor = ?1 AND absent IS NOT NULL LIMIT 1`,
  );
  const allSensors = bigints(`${SELECT_SENSORS} ORDER BY sensors.id`);
  const oneSensor = bigints(`${SELECT_SENSORS} WHERE sensors.id = ?`);
  const namedSensor = bigints(`${SELECT_SENSORS} WHERE sensors.name = ?`);
  const allTypes = database.prepare('SELECT id, name FROM types ORDER BY id');
  const newType = database.prepare('INSERT INTO types (name) VALUES (?) ON CONFLICT DO NOTHING');
  const newSensor = database.prepare(
    `INSERT INTO sensors (name, sign, type, ${RULE_COLUMNS.join(', ')})
      SELECT ?, ?, id, ?, ?, ?, ? FROM types WHERE name = ? ON CONFLICT DO NOTHING`,
  );
  const changeSensor = database.prepare(
    `UPDATE sensors SET ${RULE_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
  );
  const marksInside = database.prepare(
    `SELECT ${MARK_COLUMNS} FROM marks WHERE sensor = ? AND at >= ? AND at < ? ORDER BY at, id`,
  );
  const marksAfter = database.prepare(
    `SELECT ${MARK_COLUMNS} FROM marks WHERE sensor = ? AND id >= ? ORDER BY id DESC LIMIT ${MOST_MARKS}`,
  );
  const identityOf = database.prepare(
    'SELECT identity.name AS store, sensors.revision FROM identity, sensors WHERE sensors.id = ?',
  );
  const recent = database.prepare(
    `SELECT at FROM samples WHERE sensor = ? AND at <= ? AND ${IS_SAMPLE} ORDER BY at DESC LIMIT ${REMEMBERED}`,
  );
  const chargeBetween = database.prepare(
    `SELECT at, state_of_charge AS value FROM samples
      WHERE sensor = ? AND at BETWEEN ? AND ? AND state_of_charge IS NOT NULL ORDER BY at DESC LIMIT ${REMEMBERED}`,
  );
  // By the primary key, as above.
  const gapsAfter = bigints(
    `SELECT gap_from AS "from", at AS "to" FROM samples
      WHERE id > ? AND +sensor = ? AND gap_from IS NOT NULL ORDER BY at`,
  );
  const highestAfter = bigints(
    `SELECT max(power) AS highest FROM samples WHERE id > ? AND +sensor = ? AND ${IS_SAMPLE}`,
  );
  const highestId = database.prepare('SELECT coalesce(max(id), 0) AS id FROM samples');
  const newestId = (): number => (highestId.get() as unknown as { id: number }).id;
  const atomically = createAtomically(database);
  const { append, mark, move } = createAppender(database, atomically);
  const thin = createThinner(database, atomically);
  const powers = createPowers(database);
  const { tariffs, setTariff, useTariff, removeTariff } = createTariffs(database, atomically);

  const sensorOf = (id: number): Sensor | undefined => {
    const row = oneSensor.get(id) as unknown as SensorRow | undefined;
    return row && sensorOfRow(row);
  };
  const sensors = (): readonly Sensor[] => (allSensors.all() as unknown as SensorRow[]).map(sensorOfRow);
  // Asked before every answer about a sensor; few, and hardly anything of them changes, so they are kept.
  const known = new Map<number, Sensor>();
  const existing = (id: number): Sensor => {
    const sensor = known.get(id) ?? sensorOf(id);
    if (!sensor) throw new UnknownSensor(id, sensors());
    known.set(id, sensor);
    return sensor;
  };
  const one = (statement: ReturnType<typeof bigints>, ...values: SQLInputValue[]): StateRow | undefined =>
    statement.get(...values) as unknown as StateRow | undefined;
  const edgeAt = (sensor: Sensor, at: Instant): Edge => {
    const older = one(before, sensor.id, at);
    const newer = Number(older?.at) === at ? undefined : one(after, sensor.id, at);
    return edgeBetween(at, older, newer, sensor, holding);
  };
  const energyByEdges: MonitorStore['energyByEdges'] = (sensorId, edges) => {
    const sensor = existing(sensorId);
    const [first, ...ends] = edges;
    if (first === undefined) return [];
    let edge = edgeAt(sensor, first);
    return ends.map((end) => {
      const start = edge;
      edge = edgeAt(sensor, end);
      return energyBetween(start, edge, sensor.sign);
    });
  };
  const energyBySteps: MonitorStore['energyBySteps'] = (sensorId, from, to, step) =>
    energyByEdges(sensorId, stepEdges(from, to, step));
  const powerByEdges: MonitorStore['powerByEdges'] = (sensorId, edges) => {
    existing(sensorId);
    return edges.slice(1).map((end, i) => {
      const { count, microWatts } = power.get(sensorId, edges[i] ?? end, end) as unknown as PowerSum;
      return count === 0 ? undefined : { count, microWatts };
    });
  };
  const standing = (sensor: Sensor, { after: since, firstMark, until: now }: StandingQuery): Standing => {
    const { id } = sensor;
    const identity = { ...identityOf.get(id), id: newestId() } as unknown as IdentityRow;
    const sample = newestUntil.get(id, now) as unknown as SampleRow | undefined;
    const end = one(before, id, Number.MAX_SAFE_INTEGER);
    const until = Math.min(now, Number(end?.at ?? now));
    const marked = (marksAfter.all(id, firstMark) as unknown as MarkRow[]).toReversed().map((row) => {
      const mark = markOf(row);
      const at = Instant(Math.min(mark.at, Number(end?.at ?? mark.at)));
      return { ...mark, ...registersAt(edgeAt(sensor, at), sensor.sign) };
    });
    return standingOf({
      ...identity,
      reports: sensor.reports,
      end,
      sample,
      recent: recent.all(id, now) as unknown as InstantRow[],
      charged: chargeBetween.all(id, until - CHARGE_WINDOW, until) as unknown as ChargeRow[],
      highest: since > 0 ? (highestAfter.get(since, id) as unknown as HighestRow).highest : null,
      gaps: since > 0 ? (gapsAfter.all(since, id) as unknown as EndedGapRow[]) : [],
      marked,
    });
  };
  const ask = <T>(work: () => T): T => onStore(file, work);

  return {
    addSensor: (asked) =>
      ask(() => {
        const { name, sign, type = DEFAULT_TYPE } = asked;
        newType.run(type);
        newSensor.run(name, sign, ...ruleValues(asked), type);
        const sensor = sensorOfRow(namedSensor.get(name) as unknown as SensorRow);
        const changed = changedSensor(sensor, asked);
        if (changed) changeSensor.run(...ruleValues(changed), changed.id);
        known.delete(sensor.id);
        return changed ?? sensor;
      }),
    sensors: () => ask(sensors),
    sensor: (id) => ask(() => sensorOf(id)),
    types: () => ask(() => (allTypes.all() as unknown as SensorType[]).map((type) => ({ ...type }))),
    append: (sensorId, told, options = {}) =>
      ask(() => {
        const { replace } = options;
        return append(existing(sensorId), told, { ...bridgingOf(options, holding.maxGap), replace });
      }),
    mark: (sensorId, asked) => ask(() => mark(existing(sensorId), asked, bridgingOf({}, holding.maxGap))),
    marks: (sensorId, from, to) =>
      ask(() => {
        existing(sensorId);
        return (marksInside.all(sensorId, from, to) as unknown as MarkRow[]).map(markOf);
      }),
    standing: (sensorId, query) => ask(() => standing(existing(sensorId), query)),
    move: (sensorId, asked) => ask(() => move(existing(sensorId), asked, bridgingOf(asked, holding.maxGap))),
    samples: (sensorId, from, to, limit = -1) =>
      ask(() => {
        existing(sensorId);
        // SQLite takes a negative limit as none.
        return (window.all(sensorId, from, to, limit) as unknown as SampleRow[]).map(storedSampleOf);
      }),
    together: (work) => ask(() => atomically(work)),
    powers: (sensorId, from, to, limit = -1) =>
      ask(() => {
        existing(sensorId);
        return powers(sensorId, from, to, limit);
      }),
    newestId: () => ask(newestId),
    last: (sensorId) =>
      ask(() => {
        existing(sensorId);
        const row = newest.get(sensorId) as unknown as SampleRow | undefined;
        return row && storedSampleOf(row);
      }),
    registerAt: (sensorId, instant) =>
      ask(() => {
        const sensor = existing(sensorId);
        return Register(registersAt(edgeAt(sensor, Instant(Math.round(instant))), sensor.sign).register);
      }),
    energy: (sensorId, from, to) =>
      ask(() => energyBySteps(sensorId, from, to, Duration(to - from))[0] ?? Energy(0n)),
    energyBySteps: (sensorId, from, to, step) => ask(() => energyBySteps(sensorId, from, to, step)),
    energyByEdges: (sensorId, edges) => ask(() => energyByEdges(sensorId, edges)),
    meanPowerBySteps: (sensorId, from, to, step) =>
      ask(() =>
        powerByEdges(sensorId, stepEdges(from, to, step)).map(
          (sum) => sum && Watts(sum.microWatts / sum.count / 1e6),
        ),
      ),
    powerByEdges: (sensorId, edges) => ask(() => powerByEdges(sensorId, edges)),
    samplesById: (sensorId, from, to) =>
      ask(() => {
        existing(sensorId);
        return (identified.all(from, to, sensorId) as unknown as FollowedRow[]).map(followedSampleOf);
      }),
    samplesFromEnd: (sensorId, from, to) =>
      ask(() => {
        existing(sensorId);
        const places = hasOthers.get(sensorId) ? fromEnd : wholeFromEnd;
        const rows = places.all(sensorId, Math.max(0, to - from), -to) as unknown as FollowedRow[];
        return rows.map(followedSampleOf).toReversed();
      }),
    gaps: (sensorId, from, to) =>
      ask(() => {
        existing(sensorId);
        return gapsOf(gapsInside.all(sensorId, from, to) as unknown as GapRow[]);
      }),
    absences: (sensorId, from, to) =>
      ask(() => {
        existing(sensorId);
        return (absencesInside.all(sensorId, from, to) as unknown as AbsenceRow[]).map(absenceOf);
      }),
    thin: (sensorId, span, before, limit) => ask(() => thin(existing(sensorId), span, before, limit)),
    tariffs: () => ask(tariffs),
    setTariff: (tariff) => ask(() => setTariff(tariff)),
    useTariff: (id) => ask(() => useTariff(id)),
    removeTariff: (id) => ask(() => removeTariff(id)),
    close: () => {
      if (database.isOpen) ask(() => database.close());
    },
  };
};
