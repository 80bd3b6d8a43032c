import type { DatabaseSync } from 'node:sqlite';
import { newerSchema, notAStore } from './errors.ts';

/** "DAIS": how SQLite's header says whose file it is (https://www.sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x44_41_49_53;

/**
 * Step n brings schema n to n + 1; a store knows its schema as `user_version`. Never change one that was released.
 *
 * `samples`: `at` in ms, `power` in µW, and beside each sample the whole state of the integration as of then
 * (registers in µWh, remainders and debt in the units of @daisee/meter, highest power in µW), so that any window's
 * energy is two look-ups and an integration goes on from any row. `gap_from` is the previous sample's instant where
 * the stretch before this sample is a gap (of a sensor that holds its last value: where that ended). All integers, so
 * nothing stands between a query and the index.
 *
 * `counter` and `exported_counter` are what the device's own counters showed, µWh; `counters` is what following them
 * keeps beyond the sample itself. `stretch` is how the energy lies before the sample: under the line of its power
 * (null), `even` (1) or `held` (2). A row of a stretch that was thinned stands for so many samples (`stands_for`, the
 * sum of their powers in `power_sum`, over `span` ms); one that stands for none is only the end of such a stretch. The
 * registers of those rows are the whole truth: nothing is integrated from them. `thinned` says up to where.
 *
 * `elapsed` is how long the stretch before a sample truly was, in ms, where the stamps do not say it; `step_from` and
 * `step_to` are the first and the last of the `marks` in it. A mark that `is_after` comes after the sample of its very
 * instant. `revision` counts the times that registers of the past were changed. `identity` names this store: a copy of
 * it has the same name, another store has another.
 *
 * `absent` is why nothing is known from `at` on: such a row is no sample either (`stands_for` and `power_sum` 0).
 *
 * `sensors`: `highest_power` in µW, `counter_tolerance` and `rolls_over_at` in µWh, `reports` is null or `change`.
 *
 * `tariffs`: amounts in millionths of a euro (slopes per kWh, constants per day), `threshold` in W, the night from
 * `night_start` to `night_end`, both `HH:MM` on the clocks of `zone`; at most one is current.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE types (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE sensors (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    sign TEXT NOT NULL CHECK (sign IN ('load', 'source', 'signed')),
    type INTEGER NOT NULL REFERENCES types (id)
  ) STRICT;
  CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    sensor INTEGER NOT NULL REFERENCES sensors (id),
    at INTEGER NOT NULL,
    power INTEGER NOT NULL,
    state_of_charge REAL,
    voltage REAL,
    register INTEGER NOT NULL,
    remainder INTEGER NOT NULL,
    exported INTEGER NOT NULL,
    exported_remainder INTEGER NOT NULL,
    debt INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    gap_from INTEGER,
    UNIQUE (sensor, at)
  ) STRICT;
  CREATE INDEX gaps ON samples (sensor, at, gap_from) WHERE gap_from IS NOT NULL;
  `,
  `
  CREATE TABLE tariffs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    type INTEGER NOT NULL REFERENCES types (id),
    day_slope INTEGER NOT NULL,
    day_constant INTEGER NOT NULL,
    night_slope INTEGER NOT NULL,
    night_constant INTEGER NOT NULL,
    threshold INTEGER,
    current INTEGER NOT NULL DEFAULT 0 CHECK (current IN (0, 1)),
    night_start TEXT,
    night_end TEXT,
    zone TEXT
  ) STRICT;
  CREATE UNIQUE INDEX current_tariff ON tariffs (current) WHERE current = 1;
  `,
  `
  ALTER TABLE sensors ADD COLUMN highest_power INTEGER;
  ALTER TABLE sensors ADD COLUMN counter_tolerance INTEGER;
  ALTER TABLE sensors ADD COLUMN rolls_over_at INTEGER;
  ALTER TABLE sensors ADD COLUMN reports TEXT;
  ALTER TABLE samples ADD COLUMN counter INTEGER;
  ALTER TABLE samples ADD COLUMN exported_counter INTEGER;
  ALTER TABLE samples ADD COLUMN counters TEXT;
  ALTER TABLE samples ADD COLUMN stretch INTEGER;
  ALTER TABLE samples ADD COLUMN stands_for INTEGER;
  ALTER TABLE samples ADD COLUMN power_sum INTEGER;
  ALTER TABLE samples ADD COLUMN span INTEGER;
  CREATE TABLE thinned (
    sensor INTEGER NOT NULL REFERENCES sensors (id),
    span INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (sensor, span)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE samples ADD COLUMN absent TEXT;
  CREATE INDEX absences ON samples (sensor, at) WHERE absent IS NOT NULL;
  `,
  `
  ALTER TABLE sensors ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE samples ADD COLUMN elapsed INTEGER;
  ALTER TABLE samples ADD COLUMN step_from INTEGER;
  ALTER TABLE samples ADD COLUMN step_to INTEGER;
  CREATE TABLE marks (
    id INTEGER PRIMARY KEY,
    sensor INTEGER NOT NULL REFERENCES sensors (id),
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    is_after INTEGER NOT NULL CHECK (is_after IN (0, 1)),
    note TEXT,
    UNIQUE (sensor, key)
  ) STRICT;
  CREATE INDEX marks_at ON marks (sensor, at);
  CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL) STRICT;
  INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(16))));
  `,
  `
  ALTER TABLE samples ADD COLUMN rhythm TEXT;
  `,
];

export const SCHEMA_VERSION = migrations.length;

const numberOf = (database: DatabaseSync, sql: string): number => {
  const [value] = Object.values(database.prepare(sql).get() ?? {});
  return Number(value);
};

/**
 * Brings a database to the current schema, in one transaction.
 * @throws StoreError when it is another program's or a later version's; nothing is written then.
 */
export const migrate = (database: DatabaseSync, file: string): void => {
  const check = (): number => {
    const application = numberOf(database, 'PRAGMA application_id');
    const version = numberOf(database, 'PRAGMA user_version');
    const isNew = application === 0 && numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0;
    if (!isNew && application !== APPLICATION_ID) throw notAStore(file);
    if (version > SCHEMA_VERSION) throw newerSchema(file, version, SCHEMA_VERSION);
    return isNew ? 0 : version;
  };
  if (check() === SCHEMA_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(check())) database.exec(step);
    database.exec(
      `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`,
    );
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK');
  }
};
