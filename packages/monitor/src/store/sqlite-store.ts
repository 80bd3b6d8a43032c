/**
 * The embedded store: one SQLite file through `node:sqlite`, write-ahead log, every append a transaction of its own.
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { SignRule } from '@daisee/meter';
import { Duration, Energy, Instant, Register, Watts } from '@daisee/units';
import { createAppender } from './appender.ts';
import { onStore, SensorDiffers, UnknownSensor } from './errors.ts';
import {
  type Edge,
  energyBetween,
  FOLLOWED_COLUMNS,
  type FollowedRow,
  followedSampleOf,
  registersAt,
  SAMPLE_COLUMNS,
  type SampleRow,
  STATE_COLUMNS,
  type StateRow,
  storedSampleOf,
} from './rows.ts';
import { migrate } from './schema.ts';
import { stepEdges } from './steps.ts';
import { DEFAULT_TYPE, type MonitorStore, type PowerSum, type Sensor, type SensorType } from './store.ts';
import { createTariffs } from './tariffs.ts';

export interface StoreOptions {
  /** The file; made when it is not there. Beside it SQLite keeps `FILE-wal` and `FILE-shm`. */
  readonly file: string;
  /**
   * What an acknowledged sample survives: `power` (the default) a power cut, at the price of a write to the disk for
   * each append; `process` the end of the process only, an order of magnitude faster.
   */
  readonly survives?: 'power' | 'process';
}

interface SensorRow {
  readonly id: number;
  readonly name: string;
  readonly sign: SignRule;
  readonly type: string;
  readonly typeId: number;
}

/** How long a call waits for another process that writes, in real ms: guards real I/O. */
const BUSY_TIMEOUT = 5000;

const SENSORS = `SELECT sensors.id, sensors.name, sign, types.name AS type, types.id AS typeId
  FROM sensors JOIN types ON types.id = sensors.type`;

/**
 * Opens a store, makes it when the file is new and brings an older schema up to date.
 * @throws StoreError: not a store, newer schema, cannot be opened, damaged, …
 */
export const openStore = ({ file, survives = 'power' }: StoreOptions): MonitorStore =>
  onStore(file, () => {
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
    try {
      migrate(database, file);
      database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${survives === 'power' ? 'FULL' : 'NORMAL'}; PRAGMA foreign_keys = ON`,
      );
      return storeIn(database, file);
    } catch (error) {
      database.close();
      throw error;
    }
  });

/** The store in a database that has the current schema; `file` is its name in errors. */
export const storeIn = (database: DatabaseSync, file: string): MonitorStore => {
  const bigints = (sql: string) => database.prepare(sql, { readBigInts: true });
  const before = bigints(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at <= ? ORDER BY at DESC LIMIT 1`,
  );
  const after = bigints(
    `SELECT ${STATE_COLUMNS} FROM samples WHERE sensor = ? AND at > ? ORDER BY at LIMIT 1`,
  );
  const window = bigints(
    `SELECT ${SAMPLE_COLUMNS} FROM samples WHERE sensor = ? AND at >= ? AND at < ? ORDER BY at LIMIT ?`,
  );
  const newest = bigints(`SELECT ${SAMPLE_COLUMNS} FROM samples WHERE sensor = ? ORDER BY at DESC LIMIT 1`);
  const gapsInside = database.prepare(
    `SELECT gap_from AS "from", at AS "to" FROM samples
      WHERE sensor = ? AND gap_from IS NOT NULL AND at > ? AND gap_from < ? ORDER BY at`,
  );
  // A float sum: one of integers could pass 64 bits.
  const power = database.prepare(
    'SELECT count(*) AS count, total(power) AS microWatts FROM samples WHERE sensor = ? AND at >= ? AND at < ?',
  );
  // By the primary key: the plus keeps the index on (sensor, at) out of it, which would scan the sensor's samples.
  const identified = bigints(
    `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE id >= ? AND id < ? AND +sensor = ? ORDER BY at`,
  );
  const fromEnd = bigints(
    `SELECT ${FOLLOWED_COLUMNS} FROM samples WHERE sensor = ? ORDER BY at DESC LIMIT ? OFFSET ?`,
  );
  const allSensors = database.prepare(`${SENSORS} ORDER BY sensors.id`);
  const oneSensor = database.prepare(`${SENSORS} WHERE sensors.id = ?`);
  const namedSensor = database.prepare(`${SENSORS} WHERE sensors.name = ?`);
  const allTypes = database.prepare('SELECT id, name FROM types ORDER BY id');
  const newType = database.prepare('INSERT INTO types (name) VALUES (?) ON CONFLICT DO NOTHING');
  const newSensor = database.prepare(
    'INSERT INTO sensors (name, sign, type) SELECT ?, ?, id FROM types WHERE name = ? ON CONFLICT DO NOTHING',
  );
  const append = createAppender(database);
  const { tariffs, setTariff, useTariff, removeTariff } = createTariffs(database);

  const sensorOf = (id: number): Sensor | undefined => {
    const row = oneSensor.get(id) as unknown as SensorRow | undefined;
    return row && { ...row };
  };
  const sensors = (): readonly Sensor[] =>
    (allSensors.all() as unknown as SensorRow[]).map((row) => ({ ...row }));
  // Asked before every answer about a sensor; few, and all but their names stays as it is, so they are kept.
  const known = new Map<number, Sensor>();
  const existing = (id: number): Sensor => {
    const sensor = known.get(id) ?? sensorOf(id);
    if (!sensor) throw new UnknownSensor(id, sensors());
    known.set(id, sensor);
    return sensor;
  };
  const one = (statement: ReturnType<typeof bigints>, ...values: SQLInputValue[]): StateRow | undefined =>
    statement.get(...values) as unknown as StateRow | undefined;
  const edgeAt = (sensorId: number, at: Instant): Edge => {
    const older = one(before, sensorId, at);
    const newer = Number(older?.at) === at ? undefined : one(after, sensorId, at);
    return { at, ...(older ? { before: older } : {}), ...(newer ? { after: newer } : {}) };
  };
  const energyByEdges: MonitorStore['energyByEdges'] = (sensorId, edges) => {
    const { sign } = existing(sensorId);
    const [first, ...ends] = edges;
    if (first === undefined) return [];
    let edge = edgeAt(sensorId, first);
    return ends.map((end) => {
      const start = edge;
      edge = edgeAt(sensorId, end);
      return energyBetween(start, edge, sign);
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
  const ask = <T>(work: () => T): T => onStore(file, work);

  return {
    addSensor: ({ name, sign, type = DEFAULT_TYPE }) =>
      ask(() => {
        newType.run(type);
        newSensor.run(name, sign, type);
        const sensor = namedSensor.get(name) as unknown as SensorRow;
        if (sensor.sign !== sign || sensor.type !== type)
          throw new SensorDiffers(name, `${sensor.sign}, ${sensor.type}`, `${sign}, ${type}`);
        return { ...sensor };
      }),
    sensors: () => ask(sensors),
    sensor: (id) => ask(() => sensorOf(id)),
    types: () => ask(() => (allTypes.all() as unknown as SensorType[]).map((type) => ({ ...type }))),
    append: (sensorId, samples, options = {}) => ask(() => append(existing(sensorId), samples, options)),
    samples: (sensorId, from, to, limit = -1) =>
      ask(() => {
        existing(sensorId);
        // SQLite takes a negative limit as none.
        return (window.all(sensorId, from, to, limit) as unknown as SampleRow[]).map(storedSampleOf);
      }),
    last: (sensorId) =>
      ask(() => {
        existing(sensorId);
        const row = newest.get(sensorId) as unknown as SampleRow | undefined;
        return row && storedSampleOf(row);
      }),
    registerAt: (sensorId, instant) =>
      ask(() => {
        const { sign } = existing(sensorId);
        return Register(registersAt(edgeAt(sensorId, Instant(Math.round(instant))), sign).register);
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
        const rows = fromEnd.all(sensorId, Math.max(0, to - from), -to) as unknown as FollowedRow[];
        return rows.map(followedSampleOf).toReversed();
      }),
    gaps: (sensorId, from, to) =>
      ask(() => {
        existing(sensorId);
        return (gapsInside.all(sensorId, from, to) as unknown as { from: number; to: number }[]).map(
          (gap) => ({
            from: Instant(gap.from),
            to: Instant(gap.to),
          }),
        );
      }),
    tariffs: () => ask(tariffs),
    setTariff: (tariff) => ask(() => setTariff(tariff)),
    useTariff: (id) => ask(() => useTariff(id)),
    removeTariff: (id) => ask(() => removeTariff(id)),
    close: () => {
      if (database.isOpen) ask(() => database.close());
    },
  };
};
