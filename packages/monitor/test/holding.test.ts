/** A store that holds samples in memory is like any other, but for when it writes. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Sample } from '@daisee/meter';
import { Instant, Percent, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MonitorStore, openStore, SampleRefused, type StoreOptions } from '../src/index.ts';
import { counted, deviceSamples, kinds, MAX_GAP } from './counted-samples.ts';
import { at, every, sample } from './samples.ts';
import { storeAbsenceSuite } from './store-absences.ts';
import { storeCounterSuite } from './store-counters.ts';
import { storeMarkSuite } from './store-marks.ts';
import { type StoreUnderTest, sampleStoreSuite } from './store-suite.ts';
import { storeTariffSuite } from './store-tariffs.ts';
import { storeThinningSuite } from './store-thinning.ts';

const FIRST = Instant(-1e9);
const LAST = Instant(Number.MAX_SAFE_INTEGER);

/** Every append asks for its samples to be held. */
const alwaysHolding = (store: MonitorStore): MonitorStore => ({
  ...store,
  append: (sensorId, samples, options) => store.append(sensorId, samples, { ...options, hold: true }),
});

const openIn = (folder: string, options: Pick<StoreOptions, 'clock' | 'maxGap'> = {}): StoreUnderTest => {
  const store = alwaysHolding(
    openStore({
      file: join(folder, 'monitor.sqlite'),
      survives: 'process',
      hold: { directory: join(folder, 'memory') },
      ...options,
    }),
  );
  return {
    store,
    reopen: async () => {
      store.close();
      return openIn(folder, options);
    },
    dispose: async () => {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
};
const newFolder = (): string => mkdtempSync(join(tmpdir(), 'daisee-holding-'));
const openNew = async (options?: Pick<StoreOptions, 'clock' | 'maxGap'>): Promise<StoreUnderTest> =>
  openIn(newFolder(), options);

sampleStoreSuite('a store that holds', openNew);
storeTariffSuite('tariffs and look-ups while samples are held', openNew);
storeCounterSuite('counters while samples are held', openNew, 100);
storeAbsenceSuite('absences while samples are held', openNew, 100);
storeThinningSuite('thinning while samples are held', openNew, 50);
storeMarkSuite('marks and set clocks while samples are held', openNew, 50);

describe('samples that are held', () => {
  let folder: string;
  let file: string;
  let warnings: string[];
  const open: MonitorStore[] = [];
  beforeEach(() => {
    folder = newFolder();
    file = join(folder, 'monitor.sqlite');
    warnings = [];
  });
  afterEach(() => {
    for (const store of open.splice(0)) store.close();
    rmSync(folder, { recursive: true });
  });

  const memory = () => join(folder, 'memory');
  const opened = (): MonitorStore => {
    const store = openStore({
      file,
      survives: 'process',
      hold: { directory: memory(), onWarning: (message) => warnings.push(message) },
    });
    open.push(store);
    return store;
  };
  const fed = (): { readonly store: MonitorStore; readonly id: number } => {
    const store = opened();
    return { store, id: store.addSensor({ name: 'a', sign: 'load' }).id };
  };
  /** What is on the disk, as another program reads it. */
  const onDisk = (): number => {
    const other = new DatabaseSync(file, { readOnly: true });
    const { count } = other.prepare('SELECT count(*) AS count FROM samples').get() as { count: number };
    other.close();
    return count;
  };
  const tailFile = (): string => {
    const [name = ''] = readdirSync(memory()).filter((one) => one.endsWith('.sqlite'));
    return join(memory(), name);
  };
  /** Copies the tail as a kill would leave it; the answer puts it back where it was. */
  const copyTail = (): (() => void) => {
    const tail = tailFile();
    copyFileSync(tail, join(folder, 'copy'));
    return () => copyFileSync(join(folder, 'copy'), tail);
  };
  const held = { hold: true } as const;
  const all = (store: MonitorStore, id: number) => store.samples(id, FIRST, LAST);

  it('are told at once and on the disk only when they are settled', () => {
    const { store, id } = fed();
    for (const one of every(8, 5, () => 450)) store.append(id, [one], held);
    expect(onDisk()).toBe(0);
    expect(store.last(id)).toMatchObject({ id: 5, at: 32_000, register: 4_000_000n });
    expect(store.energy(id, at(4), at(20))).toBe(2_000_000n);
    expect(store.newestId(id)).toBe(5);
    expect(store.samplesById(id, 2, 4).map(({ id }) => id)).toEqual([2, 3]);
    const told = all(store, id);
    store.settle?.();
    expect(onDisk()).toBe(5);
    expect(all(store, id)).toEqual(told);
    store.close();
    expect(readdirSync(memory())).toEqual([]);
  });

  it('of a monitor of 0.3.0, which knew no absences, are stored, and absences are held beside them', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 450), sample(8, 450)], held);
    const putBack = copyTail();
    const tail = tailFile();
    store.close();
    putBack();
    const old = new DatabaseSync(tail);
    old.exec('ALTER TABLE held DROP COLUMN absent');
    old.close();
    const again = opened();
    expect(again.last(id)).toMatchObject({ at: 8000, register: 1_000_000n });
    again.append(id, [{ at: at(10), absent: 'offline' }], held);
    expect(onDisk()).toBe(2);
    expect(again.gaps(id, FIRST, LAST)).toEqual([{ from: at(10), reason: 'offline' }]);
    const kill = copyTail();
    again.close();
    kill();
    expect(opened().gaps(id, FIRST, LAST)).toEqual([{ from: at(10), reason: 'offline' }]);
  });

  it('are on the disk after anything else is stored, in the order in which they came', () => {
    const { store, id } = fed();
    const other = store.addSensor({ name: 'b', sign: 'load' }).id;
    store.append(id, [sample(0, 1), sample(8, 1)], held);
    store.append(other, [sample(4, 1)]);
    expect(onDisk()).toBe(3);
    expect(store.last(other)).toMatchObject({ id: 3 });
  });

  it('are so only in order: one that is late is stored at once, with them', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 100), sample(16, 100)], held);
    expect(onDisk()).toBe(0);
    store.append(id, [sample(8, 1000)], held);
    expect(onDisk()).toBe(3);
  });

  it('are never more than some hundred', () => {
    const { store, id } = fed();
    for (const one of every(1, 1200, () => 100)) store.append(id, [one], held);
    expect(onDisk()).toBeGreaterThan(600);
    expect(all(store, id)).toHaveLength(1200);
    expect(
      store.append(
        id,
        every(2000, 3, () => 1),
        held,
      ),
    ).toMatchObject({ stored: 2, repeated: 1 });
  });

  it('are refused as a whole when one of them cannot be stored', () => {
    const { store, id } = fed();
    expect(() => store.append(id, [sample(0, 1), { at: at(8), power: Number.NaN as Watts }], held)).toThrow(
      SampleRefused,
    );
    expect(all(store, id)).toEqual([]);
  });

  it('with a plain append in the same transaction are stored with it', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 1)], held);
    store.together?.(() => store.append(id, [sample(8, 1)], held));
    expect(onDisk()).toBe(2);
  });

  it('are stored under the same identity after a kill, and once (restart with a tail)', () => {
    const { store, id } = fed();
    const given: readonly Sample[] = [
      { ...counted(0, 12.345678, 5, 1), stateOfCharge: Percent(87.5), voltage: 3.98 },
      sample(8, 1000),
      sample(30, 7),
    ];
    for (const one of given) store.append(id, [one], { ...held, maxGap: Seconds(20) });
    const told = all(store, id);
    const gaps = store.gaps(id, FIRST, LAST);
    expect(gaps).toHaveLength(1);
    const putBack = copyTail();
    store.close();
    expect(onDisk()).toBe(3);
    // As if it had been killed between the commit and emptying the tail: all of it comes again and changes nothing.
    putBack();
    const next = opened();
    expect(all(next, id)).toEqual(told);
    expect(next.gaps(id, FIRST, LAST)).toEqual(gaps);
    expect(warnings).toEqual([]);
  });

  it('of another store are not taken for this one’s, be it at the same place', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 1)], held);
    const putBack = copyTail();
    store.close();
    putBack();
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    const { store: next, id: same } = fed();
    expect(same).toBe(id);
    expect(all(next, same)).toEqual([]);
  });

  it('are none for a second monitor on the same directory: it says so and stores each, and the first goes on', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 360)], held);
    const second = opened();
    expect(warnings).toEqual([expect.stringMatching(/^Another process writes to .*monitor\.sqlite, too/)]);
    second.append(id, [sample(16, 360)], held);
    expect(onDisk()).toBe(1);
    // Its sample is among those held here, which have their registers again.
    store.append(id, [sample(8, 360)], held);
    store.append(id, [sample(24, 360)], held);
    expect(all(store, id).map(({ at, register }) => [at / 1000, register])).toEqual([
      [0, 0n],
      [8, 800_000n],
      [16, 1_600_000n],
      [24, 2_400_000n],
    ]);
    store.settle?.();
    expect(all(second, id)).toEqual(all(store, id));
  });

  it('are stored one by one when the folder in memory is open to others, or the tail is damaged', () => {
    mkdirSync(memory());
    chmodSync(memory(), 0o777);
    const { store, id } = fed();
    expect(warnings).toEqual([expect.stringMatching(/since none can be held.*is not this user's alone/)]);
    store.append(id, [sample(0, 1)], held);
    expect(onDisk()).toBe(1);
    store.close();

    chmodSync(memory(), 0o700);
    const third = opened();
    const tail = tailFile();
    third.close();
    writeFileSync(tail, 'nothing of a database'.repeat(200));
    warnings = [];
    const next = opened();
    expect(warnings).toEqual([expect.stringMatching(/since none can be held/)]);
    next.append(id, [sample(8, 1)], held);
    expect(onDisk()).toBe(2);
  });

  it('are stored when the tail is taken away from under them, and from then on one by one', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 1)], held);
    rmSync(memory(), { recursive: true });
    expect(store.append(id, [sample(8, 1)], held)).toMatchObject({ stored: 1 });
    expect(onDisk()).toBe(2);
    store.append(id, [sample(16, 1)], held);
    expect(onDisk()).toBe(3);
    expect(warnings).toEqual([
      expect.stringMatching(/^From now on each sample is written to the disk by itself/),
    ]);
  });

  it('wait while the store’s file is gone, and are stored when it is back', () => {
    const { store, id } = fed();
    store.append(id, [sample(0, 1)], held);
    renameSync(file, `${file}.away`);
    const gone = expect.objectContaining({ code: 'monitor.store-gone' });
    expect(() => store.append(id, [sample(8, 1)], held)).toThrow(gone);
    expect(() => store.settle?.()).toThrow(gone);
    expect(existsSync(file)).toBe(false);
    renameSync(`${file}.away`, file);
    store.append(id, [sample(8, 1)], held);
    store.settle?.();
    expect(onDisk()).toBe(2);
  });

  it('answer every question as a store that writes at once does, whatever is asked in between', () => {
    const calls = fc.array(
      fc.record({
        take: fc.integer({ min: 1, max: 4 }),
        hold: fc.boolean(),
        back: fc.boolean(),
        other: fc.boolean(),
        after: fc.constantFrom('nothing', 'nothing', 'settle', 'thin', 'reopen', 'rule', 'outside'),
      }),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(deviceSamples(40), kinds, calls, (samples, kind, steps) => {
        const place = newFolder();
        const plain = openStore({ file: ':memory:' });
        const name = join(place, 'monitor.sqlite');
        const openHolding = () =>
          openStore({ file: name, survives: 'process', hold: { directory: join(place, 'memory') } });
        let holding = openHolding();
        const both = (ask: (store: MonitorStore) => unknown): void => {
          const expected = ask(plain);
          expect(ask(holding)).toEqual(expected);
        };
        try {
          both((store) => store.addSensor({ name: 'one', ...kind }));
          both((store) => store.addSensor({ name: 'two', sign: 'load' }));
          let next = 0;
          for (const { take, hold, back, other, after } of steps) {
            const from = back ? Math.max(0, next - 3) : next;
            const batch = samples.slice(from, next + take);
            next += take;
            const id = other ? 2 : 1;
            both((store) => store.append(id, batch, { maxGap: MAX_GAP, ...(hold ? { hold } : {}) }));
            if (after === 'settle') holding.settle?.();
            if (after === 'thin') both((store) => store.thin(id, Seconds(60), at(200), 50));
            if (after === 'rule')
              both((store) =>
                store.addSensor({ name: 'two', sign: 'load', counter: { highestPower: Watts(100 + next) } }),
              );
            if (after === 'reopen') {
              holding.close();
              holding = openHolding();
            }
            if (after === 'outside') {
              const stranger = new DatabaseSync(name);
              stranger.exec(
                "INSERT INTO types (name) VALUES ('x') ON CONFLICT DO NOTHING; DELETE FROM types WHERE name = 'x'",
              );
              stranger.close();
            }
            const [start, end] = [at(3), at(next * 20)];
            for (const id of [1, 2]) {
              both((store) => store.samples(id, FIRST, LAST));
              both((store) => store.powers(id, start, end));
              both((store) => store.last(id));
              both((store) => store.registerAt(id, end));
              both((store) => store.energyBySteps(id, start, end, Seconds(17)));
              both((store) => store.meanPowerBySteps(id, start, end, Seconds(17)));
              both((store) => store.samplesFromEnd(id, -5, -1));
              both((store) => store.samplesById(id, 3, 9));
              both((store) => store.gaps(id, FIRST, LAST));
            }
            both((store) => store.newestId(1));
          }
        } finally {
          holding.close();
          plain.close();
          rmSync(place, { recursive: true });
        }
      }),
      { numRuns: 40 },
    );
  });
});
