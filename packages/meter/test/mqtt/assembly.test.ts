import { Energy, Instant, Seconds } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Assembly, type AssemblyRule } from '../../src/drivers/mqtt/assembly.ts';
import { emptyIntegration, integrate, isAbsence, type Measurement } from '../../src/index.ts';

const START = 1_795_000_000_000;
const at = (seconds: number): Instant => Instant(START + seconds * 1000);
const usual: AssemblyRule = {
  sign: 'load',
  invert: false,
  highestPower: 100_000,
  repeatEvery: Seconds(30),
  maxGap: Seconds(120),
  holds: false,
};

/** An assembly with a clock: everything that becomes a sample, in order. */
const device = (rule: Partial<AssemblyRule> = {}) => {
  const assembly = new Assembly({ ...usual, ...rule });
  assembly.connected(at(0));
  const samples: Measurement[] = [];
  let now = START;
  /** Lets time pass with the repeats that fall due in it. */
  const until = (seconds: number) => {
    const end = START + seconds * 1000;
    for (;;) {
      const wait = assembly.untilRepeat(Instant(now));
      if (wait === undefined || now + wait > end) break;
      now += wait;
      samples.push(...assembly.repeat(Instant(now)));
    }
    now = end;
  };
  return {
    assembly,
    samples,
    until,
    power: (seconds: number, power: number) => {
      until(seconds);
      samples.push(...assembly.report({ power }, at(seconds), false).samples);
    },
    online: (seconds: number, online: boolean) => {
      until(seconds);
      samples.push(...assembly.alive(online, at(seconds)).samples);
    },
    absent: (seconds: number) => {
      until(seconds);
      samples.push(...assembly.absent('unavailable', at(seconds)).samples);
    },
    list: () => samples.map((told) => [(told.at - START) / 1000, isAbsence(told) ? told.absent : told.power]),
    energy: () => {
      let state = emptyIntegration;
      const gaps: number[] = [];
      for (const sample of samples) {
        const step = integrate(state, sample, { sign: 'load', maxGap: Seconds(120) });
        state = step.state;
        if (step.gap) gaps.push((step.gap.to - step.gap.from) / 1000);
      }
      return { wattHours: Number(state.register) / 1e6, gaps };
    },
  };
};

describe('a sensor that reports only on change', () => {
  it('does not count a constant load as 0 Wh: it holds while the device is there', () => {
    const meter = device();
    meter.online(0, true);
    meter.power(0, 1000);
    meter.until(3600);
    expect(meter.energy().wattHours).toBeCloseTo(1000, 1);
  });

  it('holds until maxGap where the device does not say whether it is there, and then is a gap', () => {
    const meter = device();
    meter.power(0, 1000);
    meter.power(3600, 500);
    expect(meter.list()).toEqual([
      [0, 1000],
      [30, 1000],
      [60, 1000],
      [90, 1000],
      [120, 1000],
      [3600, 500],
    ]);
    const { wattHours, gaps } = meter.energy();
    expect(wattHours).toBeCloseTo(1000 / 30, 6);
    expect(gaps).toEqual([3480]);
  });

  it('holds no longer than its own rhythm allows where the device does not say whether it is there', () => {
    const regular = (rule: Partial<AssemblyRule> = {}) => {
      const meter = device({ maxGap: Seconds(900), ...rule });
      for (let second = 0; second <= 100; second += 10) meter.power(second, 12_000);
      meter.power(257, 12_000);
      return meter.list().slice(-3);
    };
    expect(regular()).toEqual([
      [100, 12_000],
      [130, 12_000],
      [257, 12_000],
    ]);
    expect(regular({ holds: true }).at(-2)).toEqual([256.999, 12_000]);
    const slow = device({ maxGap: Seconds(900) });
    for (let second = 0; second <= 1200; second += 300) slow.power(second, 100);
    slow.until(9000);
    expect(slow.list().at(-1)).toEqual([2100, 100]);
  });

  it('changes by a step, not by a line that over-reads a long gap', () => {
    const meter = device();
    meter.online(0, true);
    meter.power(0, 100);
    meter.power(1815, 3000);
    expect(meter.list().slice(-2)).toEqual([
      [1814.999, 100],
      [1815, 3000],
    ]);
    expect(meter.energy().wattHours).toBeCloseTo((100 * 1815) / 3600, 2);
  });

  it('does not hold once it is said to be away, or has no value', () => {
    for (const end of ['offline', 'absent', 'lost'] as const) {
      const meter = device();
      meter.online(0, true);
      meter.power(0, 1000);
      meter.until(60);
      if (end === 'offline') meter.online(60, false);
      if (end === 'absent') meter.absent(60);
      if (end === 'lost') meter.assembly.lost();
      meter.until(3600);
      expect(
        meter.list().findLast(([, power]) => power === 1000),
        end,
      ).toEqual([60, 1000]);
    }
  });

  it('says since when it is away or has no value, once', () => {
    const meter = device();
    meter.online(0, true);
    meter.power(0, 3600);
    meter.absent(5);
    meter.absent(6);
    meter.online(7, false);
    meter.power(95, 3600);
    meter.power(100, 3600);
    expect(meter.list()).toEqual([
      [0, 3600],
      [5, 'unavailable'],
      [95, 3600],
      [100, 3600],
    ]);
    expect(meter.energy()).toEqual({ wattHours: 10, gaps: [90] });
  });

  it('3,600 W, then a null for 60 s, are 5 Wh, while the device is there and where that is not known', () => {
    for (const online of [true, false]) {
      const meter = device();
      if (online) meter.online(0, true);
      meter.power(0, 3600);
      meter.absent(5);
      meter.until(65);
      expect(meter.energy().wattHours).toBe(5);
    }
  });

  it('3,600 W, then offline for 90 s and back at 0 W, are 5 Wh', () => {
    const meter = device();
    meter.online(0, true);
    meter.power(0, 3600);
    meter.online(5, false);
    meter.online(95, true);
    meter.power(95, 0);
    expect(meter.energy()).toEqual({ wattHours: 5, gaps: [90] });
  });

  it('holds again when it is back', () => {
    const meter = device();
    meter.online(0, true);
    meter.power(0, 1000);
    meter.online(60, false);
    meter.online(600, true);
    expect(meter.list().at(-1)).toEqual([60.001, 'offline']);
    meter.power(601, 800);
    meter.until(700);
    expect(meter.list().slice(-2)).toEqual([
      [661, 800],
      [691, 800],
    ]);
  });
});

describe('a sensor that reports regularly', () => {
  it('gives its readings and nothing else', () => {
    const meter = device();
    for (let second = 0; second <= 80; second += 8) meter.power(second, 100 + second);
    expect(meter.samples).toHaveLength(11);
  });

  it('gives what came in one burst in the order in which it came', () => {
    const meter = device();
    for (const power of [1, 2, 3]) meter.power(5, power);
    expect(meter.samples.map((sample) => sample.at - START)).toEqual([5000, 5001, 5002]);
  });
});

describe('a retained message', () => {
  const stamped = (seconds: number) => ({ power: 700, stamp: at(seconds) });

  it('is no sample of now where its time stamp is old', () => {
    const { assembly } = device();
    expect(assembly.report(stamped(-121), at(0), true).samples).toEqual([]);
    expect(assembly.report({ power: 700, minute: at(-121) }, at(0), true).samples).toEqual([]);
    expect(assembly.untilRepeat(at(0))).toBeUndefined();
  });

  it('is a sample of its own time where that is recent', () => {
    const { assembly } = device();
    expect(assembly.report(stamped(-20), at(0), true).samples).toEqual([{ at: at(-20), power: 700 }]);
  });

  it('with local time of an unknown zone is never one', () => {
    const { assembly } = device();
    expect(assembly.report({ power: 1, stamp: 'unplaced' }, at(0), true).samples).toEqual([]);
    expect(assembly.alive(true, at(0)).samples).toEqual([]);
  });

  it('without a stamp is as of now where the device is there, in either order, else not at all', () => {
    const first = device();
    expect(first.assembly.report({ power: 1 }, at(0), true).samples).toEqual([]);
    expect(first.assembly.alive(true, at(1)).samples).toEqual([{ at: at(1), power: 1 }]);
    const second = device();
    second.assembly.alive(true, at(0));
    expect(second.assembly.report({ power: 1 }, at(1), true).samples).toEqual([{ at: at(1), power: 1 }]);
    const dead = device();
    dead.assembly.alive(false, at(0));
    expect(dead.assembly.report({ power: 1 }, at(1), true).samples).toEqual([]);
    const fresher = device();
    fresher.assembly.report({ power: 1 }, at(0), true);
    fresher.power(1, 2);
    fresher.online(2, true);
    expect(fresher.list()).toEqual([[1, 2]]);
  });
});

describe('the instants of samples', () => {
  it('are the device’s own, also of samples late by a day that the broker kept', () => {
    const { assembly } = device();
    const samples = [-86_400, -86_390, -86_380].flatMap(
      (second) => assembly.report({ power: 5, stamp: at(second) }, at(0), false).samples,
    );
    expect(samples.map((sample) => sample.at)).toEqual([at(-86_400), at(-86_390), at(-86_380)]);
  });

  it('are not overtaken by repeats while the broker hands out what it kept', () => {
    const { assembly } = device();
    assembly.alive(true, at(0));
    for (let second = -7200; second < 0; second += 600) {
      // A slow broker: 12 messages in 120 s.
      const arrival = at(120 + second / 60);
      const { samples } = assembly.report({ power: second, stamp: at(second) }, arrival, false);
      expect(samples.map((sample) => sample.at)).toEqual([at(second)]);
      expect(assembly.untilRepeat(arrival)).toBe(30_000);
    }
    expect(assembly.repeat(at(140))).toEqual([{ at: at(140), power: -600 }]);
  });

  it('are those of arrival for stamps from the future and of clocks that were never set', () => {
    const { assembly } = device();
    const future = assembly.report({ power: 5, stamp: at(3600) }, at(0), false);
    const unset = assembly.report({ power: 5, stamp: Instant(12_000) }, at(1), false);
    expect([...future.samples, ...unset.samples].map((sample) => sample.at)).toEqual([at(0), at(1)]);
  });

  it('ascend: a reading out of order is left out and said, a duplicate is only left out', () => {
    const { assembly } = device();
    assembly.report({ power: 5 }, at(10), false);
    expect(assembly.report({ power: 5, stamp: at(9) }, at(11), false)).toEqual({ samples: [], late: false });
    expect(assembly.report({ power: 6, stamp: at(9) }, at(11), false)).toEqual({ samples: [], late: true });
  });

  it('follow the clock when it steps backward or forward by an hour', () => {
    const meter = device();
    meter.online(0, true);
    meter.power(0, 10);
    expect(meter.assembly.report({ power: 11 }, at(-3600), false).samples).toEqual([
      { at: at(-3600), power: 11 },
    ]);
    expect(meter.assembly.untilRepeat(at(-7200))).toBe(30_000);
    expect(meter.assembly.repeat(at(-7200))).toEqual([{ at: at(-7200), power: 11 }]);
    expect(meter.assembly.report({ power: 12 }, at(3600), false).samples).toEqual([
      { at: at(3600), power: 12 },
    ]);
  });

  it('ascend for whatever arrives in whatever order', () => {
    const message = fc.record({
      wait: fc.integer({ min: 0, max: 90_000 }),
      kind: fc.constantFrom('power', 'stamped', 'retained', 'online', 'offline', 'lost', 'absent', 'repeat'),
      power: fc.integer({ min: -500, max: 500 }),
      age: fc.integer({ min: -10_000, max: 300_000 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 50 }), (messages) => {
        const { assembly } = device();
        let now = START;
        let last = Number.NEGATIVE_INFINITY;
        for (const { wait, kind, power, age } of messages) {
          now += wait;
          const instant = Instant(now);
          const stamp = Instant(now - age);
          const samples = {
            power: () => assembly.report({ power }, instant, false).samples,
            stamped: () => assembly.report({ power, stamp }, instant, false).samples,
            retained: () => assembly.report({ power, stamp }, instant, true).samples,
            online: () => assembly.alive(true, instant).samples,
            offline: () => assembly.alive(false, instant).samples,
            lost: () => {
              assembly.lost();
              assembly.connected(instant);
              return [];
            },
            absent: () => assembly.absent('unavailable', instant).samples,
            repeat: () => assembly.repeat(instant),
          }[kind]();
          for (const sample of samples) {
            expect(sample.at).toBeGreaterThan(last);
            expect(sample.at).toBeLessThanOrEqual(now + messages.length);
            last = sample.at;
          }
        }
      }),
    );
  });
});

describe('the counters of a device', () => {
  it('ride on the next power when they come apart from it', () => {
    const { assembly } = device();
    assembly.report({ power: 100 }, at(0), false);
    expect(assembly.report({ imported: Energy(5n) }, at(1), false).samples).toEqual([]);
    expect(assembly.report({ power: 100 }, at(2), false).samples).toEqual([
      { at: at(2), power: 100, counter: 5n },
    ]);
  });

  it('of the same millisecond as a power that came first ride on the next one, and never backward', () => {
    const { assembly } = device();
    const tell = (seconds: number, report: { power?: number; imported?: Energy }, arrival = seconds + 0.2) =>
      assembly.report({ ...report, stamp: at(seconds) }, at(arrival), false).samples;
    for (const [round, counter] of [
      [0, 5],
      [10, 6],
    ] as const) {
      expect(tell(round, { power: 100 })).toHaveLength(1);
      expect(tell(round, { imported: Energy(BigInt(counter)) })).toEqual([]);
    }
    // Overtaken: an older counter, and one of long ago.
    expect(tell(9.5, { imported: Energy(4n) }, 10.3)).toEqual([]);
    expect(tell(2, { imported: Energy(9n) }, 10.3)).toEqual([]);
    expect(tell(20, { power: 100 })).toEqual([{ at: at(20), power: 100, counter: 6n }]);
  });

  it('ride on repeats too', () => {
    const meter = device();
    meter.power(0, 100);
    meter.assembly.report({ imported: Energy(5n) }, at(1), false);
    meter.until(30);
    expect(meter.samples.at(-1)).toEqual({ at: at(30), power: 100, counter: 5n });
  });

  it('alone make the mean power of a device that tells no other', () => {
    const meter = device();
    const energy = (seconds: number, microWattHours: bigint) =>
      meter.assembly.report({ imported: Energy(microWattHours) }, at(seconds), false).samples;
    expect(energy(0, 1_000_000_000n)).toEqual([]);
    // The first mean was so from the first reading on.
    expect(energy(60, 1_010_000_000n)).toEqual([
      { at: at(0), power: 600, counter: 1_000_000_000n },
      { at: at(60), power: 600, counter: 1_010_000_000n },
    ]);
    expect(energy(120, 0n)).toEqual([]);
    expect(energy(180, 10_000_000n)).toMatchObject([{ power: 600 }]);
    expect(energy(240, 9_000_000_000_000n)).toEqual([]);
  });

  it('change places, and power its sign, for a device that counts the other way round', () => {
    const counters = { imported: Energy(7n), exported: Energy(9n) };
    const turned = device({ sign: 'source', invert: true });
    expect(turned.assembly.report({ power: -400, ...counters }, at(0), false).samples).toEqual([
      { at: at(0), power: 400, counter: 9n },
    ]);
    const signed = device({ sign: 'signed' });
    expect(signed.assembly.report({ power: -400, ...counters }, at(0), false).samples).toEqual([
      { at: at(0), power: -400, counter: 7n, exportedCounter: 9n },
    ]);
  });
});
