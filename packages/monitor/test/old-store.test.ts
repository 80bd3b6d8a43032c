/** A store that the monitor of 0.3.0 wrote is opened and goes on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Instant, Seconds, Watts } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../src/index.ts';
import { entriesIn } from '../src/store/tail.ts';

const START = Date.UTC(2026, 5, 21, 9);
const at = (seconds: number): Instant => Instant(START + seconds * 1000);
const sample = (seconds: number, watts: number) => ({ at: at(seconds), power: Watts(watts) });
const MAX_GAP = { maxGap: Seconds(60) };

describe('a store of 0.3.0', () => {
  let directory: string;
  let file: string;
  const fill = (more = ''): void => {
    const written = new DatabaseSync(file);
    written.exec(readFileSync(join(import.meta.dirname, 'support/store-0.3.0.sql'), 'utf8') + more);
    written.close();
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'daisee-old-'));
    file = join(directory, 'monitor.sqlite');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('keeps every register, and books can be kept on it from then on', () => {
    fill();
    const store = openStore({ file });
    expect(store.sensors()).toMatchObject([
      { name: 'ACS712 of Node 1', sign: 'load' },
      { name: 'House', sign: 'signed', reports: 'change', counter: { highestPower: 20_000 } },
    ]);
    expect(store.last(1)).toMatchObject({ id: 36, power: 300, register: 16_400_000n });
    expect(store.last(2)).toMatchObject({ register: 1_000_000n, exported: 1_833_333n });
    expect(store.energy(1, at(0), at(180))).toBe(10_722_222n);
    expect(store.gaps(1, at(0), at(999))).toEqual([{ from: at(232), to: at(600) }]);
    const before = store.standing(1, { after: 24, firstMark: 0, until: at(9999) });
    expect(before).toMatchObject({ revision: 0, highest: 300, gaps: [{ from: at(232), to: at(600) }] });
    const mark = store.mark(1, { key: 'turn', at: at(636) });
    store.append(1, [sample(640, 900)], MAX_GAP);
    // 4 s of 300 W and 4 s of 900 W.
    expect(store.standing(1, { after: 0, firstMark: mark.id, until: at(9999) })).toMatchObject({
      newest: { register: 17_733_333n },
      marks: [{ register: 16_733_333n }],
    });
    // Late into what it wrote, and a correction of it: 8 s of (216 + 300) / 2 W instead of a gap's edge, and so on.
    expect(store.append(1, [{ ...sample(608, 900) }], { ...MAX_GAP, replace: true })).toMatchObject({
      replaced: 1,
    });
    expect(store.last(1)?.register).toBe(17_733_333n + 1_333_333n);
    expect(store.append(1, [sample(20, 9000)], MAX_GAP)).toMatchObject({ repeated: 1 });
    expect(store.standing(1, { after: 0, firstMark: 0, until: at(9999) }).revision).toBe(1);
    store.close();
  });

  it('keeps its name where it has one, and gets one where not', () => {
    const name = 'f'.repeat(32);
    fill(`CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL) STRICT;
      INSERT INTO identity VALUES (1, '${name}');`);
    const store = openStore({ file });
    expect(store.standing(1, { after: 0, firstMark: 0, until: at(9999) }).store).toBe(name);
    store.close();
  });

  it('what it held in memory is read as it left it', () => {
    const held = new DatabaseSync(file);
    held.exec(`CREATE TABLE held (n INTEGER PRIMARY KEY, sensor INTEGER NOT NULL, at INTEGER NOT NULL,
      power REAL NOT NULL, state_of_charge REAL, voltage REAL, counter INTEGER, exported_counter INTEGER, max_gap REAL) STRICT;
      INSERT INTO held VALUES (1, 1, ${at(640)}, 12.5, NULL, NULL, NULL, NULL, 60000)`);
    const tail = entriesIn(held, file);
    expect(tail.read()).toEqual([{ sensorId: 1, told: sample(640, 12.5), maxGap: 60_000 }]);
    tail.add([{ sensorId: 1, told: { ...sample(648, 1), elapsed: Seconds(8) } }]);
    expect(tail.read()[1]?.told.elapsed).toBe(8000);
    tail.close();
  });
});
