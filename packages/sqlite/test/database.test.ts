import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DaiseeError, type DaiseeErrorOptions } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../src/index.ts';

class KeptWrong extends DaiseeError {}
const failures = { room: 'test', failure: (options: DaiseeErrorOptions) => new KeptWrong(options) };
const STEPS = ['CREATE TABLE a (n INTEGER) STRICT', 'CREATE TABLE b (n INTEGER) STRICT'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daisee-sqlite-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (name = 'store', steps = STEPS) =>
  openSqlite({ file: join(folder, name), applicationId: 0x7e57, steps, failures });
const failure = (work: () => unknown): Partial<KeptWrong> => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KeptWrong);
    return error as KeptWrong;
  }
  return {};
};

describe('an SQLite file', () => {
  it('is made for its owner alone, and what SQLite puts beside it too', () => {
    const { database, close } = open();
    database.exec('INSERT INTO a VALUES (1)');
    for (const name of ['store', 'store-wal', 'store-shm'])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    close();
    close();
  });

  it('is brought up to date by the steps that are new', () => {
    open('store', STEPS.slice(0, 1)).close();
    const { database, close } = open();
    database.exec('INSERT INTO b VALUES (1)');
    close();
    expect(failure(() => open('store', STEPS.slice(0, 1)))).toMatchObject({
      code: 'test.store-newer',
      message: expect.stringContaining('has schema 2 and this version knows up to 1'),
    });
  });

  it('stays as it is when a step fails', () => {
    open('store', STEPS.slice(0, 1)).close();
    expect(
      failure(() => open('store', [STEPS[0] ?? '', 'CREATE TABLE c (n INTEGER) STRICT; NONSENSE'])).code,
    ).toBe('test.store-failed');
    const { database, close } = open();
    expect(database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'c'").get()).toEqual({
      n: 0,
    });
    close();
  });

  it('is written whole or not at all', () => {
    const { database, atomically, close } = open();
    const count = () => database.prepare('SELECT count(*) AS n FROM a').get()?.['n'];
    expect(atomically(() => database.prepare('INSERT INTO a VALUES (?)').run(1).changes)).toBe(1);
    expect(() =>
      atomically(() => {
        database.exec('INSERT INTO a VALUES (2)');
        throw new KeptWrong({ code: 'test.stop', message: 'stop', retryable: false });
      }),
    ).toThrow('stop');
    expect(count()).toBe(1);
    close();
  });

  it('says in the room’s own errors what is wrong with it', () => {
    writeFileSync(
      join(folder, 'text'),
      'this is no database, and it is long enough to be read as one'.repeat(20),
    );
    expect(failure(() => open('text'))).toMatchObject({ code: 'test.store-not-a-store', retryable: false });
    const other = new DatabaseSync(join(folder, 'other'));
    other.exec('CREATE TABLE theirs (n)');
    other.close();
    expect(failure(() => open('other')).message).toContain("another program's database");
    expect(failure(() => open('missing/store')).code).toBe('test.store-cannot-open');
    const { database, ask, close } = open();
    close();
    expect(failure(() => ask(() => database.exec('SELECT 1')))).toMatchObject({ code: 'test.store-closed' });
    if (process.getuid?.() !== 0) {
      chmodSync(join(folder, 'store'), 0o400);
      expect(failure(() => open().database.exec('INSERT INTO a VALUES (1)')).code).toBeDefined();
    }
  });
});
