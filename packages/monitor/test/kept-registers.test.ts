/** Registers made of the samples of a monitor that keeps none for others: as it would have made them itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, Instant, Seconds, VirtualClock, Watts } from '@daisee/units';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type KeptRegisters, openKeptRegisters, openStore } from '../src/index.ts';

const T = Instant(1_795_305_568_000);
const ALL = { after: 0, firstMark: 0, until: Instant(Number.MAX_SAFE_INTEGER) };

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).toReversed()) end();
});

/** A monitor of before: it can be asked for its samples and its clock; what it counts itself is the measure. */
const setUp = () => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-kept-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new VirtualClock({ start: T });
  const store = openStore({ file: ':memory:' });
  const { id } = store.addSensor({ name: 'remote', sign: 'load' });
  const asked: (readonly [number, number])[] = [];
  const monitor = {
    time: async () => clock.now(),
    rule: async () => ({}),
    samples: async (from: Instant, to: Instant) => {
      asked.push([from, to]);
      return store.samples(id, from, to);
    },
  };
  const open = (): KeptRegisters => {
    const kept = openKeptRegisters({
      monitor,
      clock,
      file: join(folder, 'kept.sqlite'),
      sign: 'load',
    });
    ends.push(kept.close);
    return kept;
  };
  const measure = (watts: number, by = 0) =>
    store.append(id, [{ at: Instant(clock.now() + by), power: Watts(watts) }]);
  const pass = (seconds: number) => clock.task(() => clock.sleep(Seconds(seconds)));
  ends.push(() => store.close());
  return { clock, store, id, asked, open, measure, pass };
};

describe('kept registers', () => {
  it('are those of the monitor, with marks, late and bursting samples, and after starts', async () => {
    const step = fc.record({
      power: fc.integer({ min: 0, max: 3000 }),
      // Late, though not later than what is asked for again.
      late: fc.integer({ min: 0, max: 5000 }),
      isMeasured: fc.nat(9).map((n) => n > 0),
      isMarked: fc.nat(9).map((n) => n === 0),
      isAsked: fc.nat(2).map((n) => n === 0),
      isStarted: fc.nat(30).map((n) => n === 0),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 150 }), async (steps) => {
        const { clock, store, id, open, measure, pass } = setUp();
        let kept = open();
        await kept.standing({ after: 0 });
        const marks: string[] = [];
        for (const { power, late, isMeasured, isMarked, isAsked, isStarted } of steps) {
          await pass(8);
          if (isMeasured) measure(power, -late);
          if (isMarked) {
            const key = `mark ${marks.length}`;
            const at = Instant(clock.now() - 1000);
            marks.push(key);
            expect(await kept.mark({ key, at })).toMatchObject({ key, at });
            store.mark(id, { key, at });
          }
          if (isAsked) await kept.standing({ after: 0 });
          if (!isStarted) continue;
          kept.close();
          kept = open();
        }
        await pass(8);
        const told = await kept.standing({ after: 0, firstMark: 0 });
        const own = store.standing(id, ALL);
        expect(told.end?.at).toBe(own.end?.at);
        expect(told.end?.register).toBe(own.end?.register);
        const registers = (of: typeof told | typeof own) =>
          of.marks.map(({ key, at, register }) => [key, at, register]);
        expect(registers(told)).toEqual(registers(own));
        expect(told.marks.map(({ key }) => key)).toEqual(marks);
        expect(await kept.marks(T, Instant(T + 1e9))).toHaveLength(marks.length);
        expect(told.interval).toBe(own.interval);
      }),
      { numRuns: 20 },
    );
  });

  it('hold after an absence of days, and from an instant that was before the first question', async () => {
    const { clock, store, id, asked, open, measure, pass } = setUp();
    const begin = clock.now();
    for (let i = 0; i < 50; i += 1) {
      measure(i * 10);
      await pass(60);
    }
    let kept = open();
    await kept.mark({ key: 'begin', at: Instant(begin + 90_000) });
    store.mark(id, { key: 'begin', at: Instant(begin + 90_000) });
    const same = async () => {
      const told = await kept.standing({ after: 0, firstMark: 0 });
      const own = store.standing(id, ALL);
      const risen = (of: typeof own | typeof told) =>
        (of.end?.register ?? 0n) - (of.marks[0]?.register ?? 0n);
      expect(risen(told)).toBe(risen(own));
      expect(risen(told)).toBeGreaterThan(0n);
    };
    await same();
    kept.close();
    await pass(5 * 86_400);
    asked.length = 0;
    for (let i = 0; i < 50; i += 1) {
      measure(i * 10);
      await pass(60);
    }
    kept = open();
    await same();
    // Empty windows grow: a monitor whose clock is in another year is not asked a thousand times.
    expect(asked.length).toBeLessThan(10);
  });

  it('go on while the clock of the monitor is set on and back', async () => {
    const { clock, open, measure, pass } = setUp();
    const kept = open();
    const go = async (times: number) => {
      for (let i = 0; i < times; i += 1) {
        await pass(8);
        measure(900);
        await kept.standing({ after: 0 });
      }
    };
    const rises = async () => {
      // Over the step itself nobody knows.
      await go(1);
      const before = (await kept.standing({ after: 0 })).end?.register ?? 0n;
      await go(9);
      const { newest, age, now, end } = await kept.standing({ after: 0 });
      expect([newest?.at, age, now]).toEqual([clock.now(), 0, clock.now()]);
      // 2 Wh in 8 s.
      expect((end?.register ?? 0n) - before).toBe(18_000_000n);
    };
    await rises();
    clock.step(Duration(365 * 86_400_000));
    await rises();
    clock.step(Duration(-365 * 86_400_000));
    await rises();
  });

  it('keep what they have while the monitor is away', async () => {
    const { open, measure, pass } = setUp();
    const kept = open();
    measure(1000);
    await pass(8);
    measure(1000);
    const before = await kept.standing({ after: 0 });
    expect(await kept.mark({ key: 'now', ago: Duration(0) })).toMatchObject({ key: 'now' });
    expect((await kept.standing({ after: before.id, firstMark: 1 })).marks).toMatchObject([
      { key: 'now', register: before.end?.register },
    ]);
  });
});
