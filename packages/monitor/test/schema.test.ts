/** Files that an older monitor wrote. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../src/index.ts';
import { SCHEMA_VERSION } from '../src/store/schema.ts';
import { at, sample } from './samples.ts';
import { PEAK } from './store-tariffs.ts';

/** Schema 1 as 0.3.0 made it, with three samples of 450 W 8 s apart and a gap before a fourth. */
const VERSION_1 = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
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
  INSERT INTO types VALUES (1, 'Électricité');
  INSERT INTO sensors VALUES (1, 'CitizenWatt', 'load', 1);
  INSERT INTO samples VALUES
    (1, 1, 0, 450000000, 87.5, 3.98, 0, 0, 0, 0, 0, 450000000, NULL),
    (2, 1, 8000, 450000000, NULL, NULL, 1000000, 0, 0, 0, 0, 450000000, NULL),
    (3, 1, 16000, 450000000, NULL, NULL, 2000000, 0, 0, 0, 0, 450000000, NULL),
    (4, 1, 10000000, 90000000, NULL, NULL, 2000000, 0, 0, 0, 0, 450000000, 16000);
  PRAGMA application_id = 1145129299;
  PRAGMA user_version = 1;
`;

/** Schema 2, with a tariff. */
const VERSION_2 = `${VERSION_1}
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
  PRAGMA user_version = 2;
`;

/** Schema 3, as 0.3.0 had it at its end: counters, and old samples thinned. */
const VERSION_3 = `${VERSION_2}
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
  PRAGMA user_version = 3;
`;

describe.each([
  [1, VERSION_1],
  [2, VERSION_2],
  [3, VERSION_3],
])('a file of schema %i', (_version, sql) => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'daisee-schema-'));
    file = join(directory, 'monitor.sqlite');
    const written = new DatabaseSync(file);
    written.exec(sql);
    written.close();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('keeps its sensors, samples, registers and gaps, and takes samples and tariffs', () => {
    const store = openStore({ file });
    expect(store.sensors()).toEqual([
      { id: 1, name: 'CitizenWatt', sign: 'load', type: 'Électricité', typeId: 1 },
    ]);
    expect(store.samples(1, at(0), at(8))).toEqual([
      { id: 1, at: 0, power: 450, stateOfCharge: 87.5, voltage: 3.98, register: 0n, exported: 0n },
    ]);
    expect(store.energy(1, at(0), at(20_000))).toBe(2_000_000n);
    expect(store.gaps(1, at(0), at(20_000))).toEqual([{ from: at(16), to: at(10_000) }]);
    expect(store.append(1, [sample(10_008, 90)])).toMatchObject({ stored: 1 });
    expect(store.registerAt(1, at(10_008))).toBe(2_200_000n);
    // A late one, into what the older monitor wrote.
    expect(store.append(1, [sample(4, 450)])).toMatchObject({ stored: 1 });
    expect(store.registerAt(1, at(10_008))).toBe(2_200_000n);
    expect(store.tariffs()).toEqual([]);
    store.useTariff(store.setTariff(PEAK).id);
    store.close();
    const again = openStore({ file });
    expect(again.tariffs()).toMatchObject([{ name: PEAK.name, current: true }]);
    expect(again.samples(1, at(0), at(20_000))).toHaveLength(6);
    again.append(1, [{ at: at(10_010), absent: 'offline' }]);
    expect(again.gaps(1, at(0), at(20_000)).at(-1)).toEqual({ from: at(10_010), reason: 'offline' });
    again.close();
  });

  it('becomes what a new file is', () => {
    openStore({ file }).close();
    const fresh = join(directory, 'new.sqlite');
    openStore({ file: fresh }).close();
    const [old, made] = [file, fresh].map((name) => {
      const database = new DatabaseSync(name);
      const version = database.prepare('PRAGMA user_version').get();
      const tables = ['types', 'sensors', 'samples', 'tariffs', 'thinned'].map((table) =>
        database.prepare(`PRAGMA table_xinfo(${table})`).all(),
      );
      const indexes = database
        .prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY name")
        .all();
      database.close();
      return { version, tables, indexes };
    });
    expect(old).toEqual(made);
    expect(made?.version).toEqual({ user_version: SCHEMA_VERSION });
  });
});
