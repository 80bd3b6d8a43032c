import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MonitorStore, openStore, StoreError, type StoreOptions } from '../src/index.ts';
import { SCHEMA_VERSION } from '../src/store/schema.ts';
import { storeIn } from '../src/store/sqlite-store.ts';
import { at, every, sample } from './samples.ts';
import { storeAbsenceSuite } from './store-absences.ts';
import { storeCounterSuite } from './store-counters.ts';
import { storeMarkSuite } from './store-marks.ts';
import { type StoreUnderTest, sampleStoreSuite } from './store-suite.ts';
import { storeTariffSuite } from './store-tariffs.ts';
import { storeThinningSuite } from './store-thinning.ts';

const openIn = (directory: string, options: Pick<StoreOptions, 'clock' | 'maxGap'> = {}): StoreUnderTest => {
  const file = join(directory, 'monitor.sqlite');
  const store = openStore({ file, survives: 'process', ...options });
  return {
    store,
    reopen: async () => {
      store.close();
      return openIn(directory, options);
    },
    dispose: async () => {
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
};

const openNew = async (options?: Pick<StoreOptions, 'clock' | 'maxGap'>): Promise<StoreUnderTest> =>
  openIn(mkdtempSync(join(tmpdir(), 'daisee-store-')), options);
sampleStoreSuite('a store in SQLite', openNew);
storeTariffSuite('tariffs and look-ups in SQLite', openNew);
storeCounterSuite('counters in SQLite', openNew, 150);
storeAbsenceSuite('absences in SQLite', openNew, 150);
storeThinningSuite('thinning in SQLite', openNew, 100);
storeMarkSuite('marks and set clocks in SQLite', openNew, 150);

describe('the file of a store', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'daisee-store-'));
    file = join(directory, 'monitor.sqlite');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const codeOf = (work: () => unknown): string => {
    try {
      work();
    } catch (error) {
      if (error instanceof StoreError) {
        expect(error.message).toContain(file);
        expect(error.message).not.toContain('\n');
        return error.code;
      }
      throw error;
    }
    return 'none';
  };

  it('that is no database is refused and left as it was', () => {
    writeFileSync(file, 'timestamp,watts\n'.repeat(100));
    expect(codeOf(() => openStore({ file }))).toBe('monitor.store-not-a-store');
  });

  it("that is another program's database is refused and left as it was", () => {
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE songs (title TEXT)');
    expect(codeOf(() => openStore({ file }))).toBe('monitor.store-not-a-store');
    expect(other.prepare('SELECT name FROM sqlite_schema').all()).toHaveLength(1);
    expect(other.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    other.close();
  });

  it('of a later version is refused with both versions', () => {
    openStore({ file }).close();
    const later = new DatabaseSync(file);
    later.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    later.close();
    expect(codeOf(() => openStore({ file }))).toBe('monitor.store-newer');
    expect(() => openStore({ file })).toThrow(
      new RegExp(`schema ${SCHEMA_VERSION + 1}.*up to ${SCHEMA_VERSION}`),
    );
  });

  it('in a folder that is not there is refused', () => {
    file = join(directory, 'nowhere', 'monitor.sqlite');
    expect(codeOf(() => openStore({ file }))).toBe('monitor.store-cannot-open');
  });

  it('that was closed says so, and closing twice is one closing', () => {
    const store = openStore({ file });
    const { id } = store.addSensor({ name: 'a', sign: 'load' });
    store.close();
    store.close();
    expect(codeOf(() => store.append(id, [sample(0, 1)]))).toBe('monitor.store-closed');
  });

  it('without room left refuses the batch, keeps what is there and goes on when there is room', () => {
    openStore({ file }).close();
    const database = new DatabaseSync(file);
    const store: MonitorStore = storeIn(database, file);
    const { id } = store.addSensor({ name: 'a', sign: 'load' });
    store.append(
      id,
      every(8, 10, () => 360),
    );
    database.exec('PRAGMA max_page_count = 12');
    const many = every(8, 5000, () => 360);
    expect(codeOf(() => store.append(id, many))).toBe('monitor.store-full');
    expect(store.samples(id, at(0), at(1e6))).toHaveLength(10);
    expect(store.registerAt(id, at(72))).toBe(7_200_000n);
    database.exec('PRAGMA max_page_count = 100000');
    expect(store.append(id, many)).toMatchObject({ stored: 4990, repeated: 10 });
    expect(store.registerAt(id, at(4999 * 8))).toBe(3_999_200_000n);
    store.close();
  });

  it('may be read by one process while another writes it', () => {
    const writer = openStore({ file });
    const { id } = writer.addSensor({ name: 'a', sign: 'load' });
    const reader = openStore({ file });
    writer.append(
      id,
      every(8, 3, () => 100),
    );
    expect(reader.samples(id, at(0), at(100))).toHaveLength(3);
    reader.append(id, [{ at: at(24), power: Watts(100) }]);
    expect(writer.registerAt(id, at(24))).toBe(666_666n);
    reader.close();
    writer.close();
  });

  it('tells the name that a sensor was given meanwhile', () => {
    const store = openStore({ file });
    const { id } = store.addSensor({ name: 'a', sign: 'load' });
    store.append(id, [sample(0, 1)]);
    const other = new DatabaseSync(file);
    other.exec("UPDATE sensors SET name = 'b'");
    other.close();
    expect(store.sensor(id)).toMatchObject({ name: 'b' });
    store.close();
  });

  it('answers every question through an index, never by a scan (v0.2: a column type defeated the index)', () => {
    openStore({ file }).close();
    const database = new DatabaseSync(file);
    // What the store itself asks, all of it.
    const prepared: string[] = [];
    const prepare = database.prepare.bind(database);
    database.prepare = (sql, ...options) => {
      prepared.push(sql);
      return prepare(sql, ...options);
    };
    storeIn(database, file);
    const plans = prepared
      .filter((sql) => /\b(FROM|UPDATE) samples\b/.test(sql))
      .map((sql) => prepare(`EXPLAIN QUERY PLAN ${sql}`).all());
    const steps = plans.map((plan) => plan.map(({ detail }) => String(detail)));
    // Many: a statement that is not seen here would not be checked.
    expect(steps.length).toBeGreaterThan(15);
    // The highest identity is the end of the primary key's own tree.
    for (const plan of steps)
      for (const step of plan)
        expect(step).toMatch(
          /^(SEARCH (samples|later|before|after|thinned)( (EXISTS )?USING .*\((sensor=\?|rowid).*)?|CORRELATED .*|SCALAR SUBQUERY .*|USE TEMP B-TREE .*|COMPOUND QUERY|MERGE .*|LEFT.*|RIGHT|UNION ALL)$/,
        );
    const byTime = steps.filter((plan) => plan.some((step) => /\(sensor=\? AND at[<>]/.test(step)));
    expect(byTime.length).toBeGreaterThan(8);
    // Places far from the end are counted without a look at the rows.
    expect(steps.flat()).toContainEqual(
      expect.stringMatching(/^SEARCH samples USING COVERING INDEX .*\(sensor=\?\)$/),
    );
    database.close();
  });
});
