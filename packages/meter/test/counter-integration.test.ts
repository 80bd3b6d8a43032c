/** Power and the device's own counter together: what `integrate` makes of samples that carry counters. */
import { Duration, Energy, Instant, Seconds, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countersOf,
  countersText,
  emptyIntegration,
  type Gap,
  type Integration,
  type IntegrationRule,
  integrate,
  type Reading,
  type SignRule,
  shareOut,
  UNITS_PER_MICRO_WATT_HOUR,
} from '../src/index.ts';

const START = 1_800_000_000_000;
const MAX_GAP = Seconds(120);
const rule = (sign: SignRule = 'load', more: Partial<IntegrationRule> = {}): IntegrationRule => ({
  sign,
  maxGap: MAX_GAP,
  counter: { highestPower: Watts(10_000), tolerance: wattHours(1) },
  ...more,
});
/** A sample so many seconds after the start; counters in Wh. */
const sample = (seconds: number, watts: number, counter?: number, exported?: number): Reading => ({
  at: Instant(START + seconds * 1000),
  power: Watts(watts),
  ...(counter === undefined ? {} : { counter: wattHours(counter) }),
  ...(exported === undefined ? {} : { exportedCounter: wattHours(exported) }),
});

const run = (samples: readonly Reading[], by = rule(), from: Integration = emptyIntegration) => {
  let state = from;
  const gaps: Gap[] = [];
  const registers: number[] = [];
  for (const one of samples) {
    const step = integrate(state, one, by);
    state = step.state;
    if (step.gap) gaps.push(step.gap);
    registers.push(Number(state.register) / 1e6);
  }
  return { state, gaps, registers, wattHours: Number(state.register) / 1e6 };
};

/** What has been counted, less what is owed, in units. */
const level = (state: Integration): bigint =>
  state.register * UNITS_PER_MICRO_WATT_HOUR + state.remainder - state.debt;
const exportLevel = (state: Integration): bigint =>
  state.exported * UNITS_PER_MICRO_WATT_HOUR + state.exportedRemainder - state.exportedDebt;

describe('a register of power and counter', () => {
  it('rises by the power between two readings of the counter', () => {
    const { registers } = run([sample(0, 360, 500), sample(10, 360), sample(20, 360)]);
    expect(registers).toEqual([0, 1, 2]);
  });

  it('is put right upward when the counter rose by more', () => {
    const { registers } = run([sample(0, 360, 500), sample(10, 360), sample(20, 360, 505)]);
    expect(registers).toEqual([0, 1, 5]);
  });

  it('waits for the counter when the power said too much, and never falls', () => {
    const samples = [
      sample(0, 3600, 500),
      sample(10, 3600),
      sample(20, 3600, 503),
      sample(30, 720),
      sample(40, 3600),
      sample(50, 3600, 530),
    ];
    // 10 Wh by power, 3 by the counter: 7 are owed, which the next 12 Wh pay first.
    expect(run(samples).registers).toEqual([0, 10, 10, 10, 15, 30]);
  });

  it('follows a counter however far off the power is', () => {
    const samples = Array.from({ length: 100 }, (_, i) => sample(i * 60, i % 2 ? 9000 : 0, 500 + i * 2));
    expect(run(samples).wattHours).toBe(198);
  });

  it('a Riemann sum that over-reads long gaps: the counter says what an outage had', () => {
    // 2 kW before and after, and hardly anything while the network was away: a straight line would say 1.5 kWh.
    const samples = [
      sample(0, 2000, 500),
      sample(60, 2000, 533),
      sample(2760, 2000, 540),
      sample(2820, 2000, 573),
    ];
    const { wattHours: counted, gaps } = run(samples);
    expect(counted).toBe(73);
    expect(gaps).toEqual([]);
  });

  it('lets each hour of an outage that the counter bridges have its share', () => {
    const { state } = run([sample(0, 100, 500)]);
    const next = sample(86_400, 4000, 2900);
    const hours = Array.from({ length: 24 }, (_, hour) => Instant(START + hour * 3_600_000));
    const shares = shareOut(state, next, hours, rule());
    expect(shares).toHaveLength(24);
    for (const { added } of shares) expect(added).toBe(100_000_000n * UNITS_PER_MICRO_WATT_HOUR);
  });

  it('keeps the gap where no counter tells what it had', () => {
    const { gaps, wattHours: counted } = run([sample(0, 100, 500), sample(600, 100), sample(660, 100)]);
    expect(gaps).toEqual([{ from: START, to: START + 600_000 }]);
    expect(counted).toBeCloseTo(100 / 60, 5);
  });

  it('counts what the counter rose by in a gap once it is read again', () => {
    const { wattHours: counted } = run([sample(0, 100, 500), sample(600, 100), sample(660, 100, 560)]);
    expect(counted).toBe(60);
  });

  it('a counter that goes backward a little leaves it where it is', () => {
    const samples = [sample(0, 0, 500), sample(60, 0, 520), sample(120, 0, 519.5), sample(180, 0, 521)];
    expect(run(samples).registers).toEqual([0, 20, 20, 21]);
  });

  it('a counter that restarts at zero after a reboot: no fall, no spike, and the power fills in', () => {
    const watts = 600;
    const shown = [500, 510, 520, 2, 12, 22, 32];
    const { registers } = run(shown.map((counter, i) => sample(i * 60, watts, counter)));
    // The power knows of the 8 Wh that the counter forgot when it restarted.
    expect(registers).toEqual([0, 10, 20, 30, 40, 50, 60]);
  });

  it('a counter that restarted while the power was away gives what it shows', () => {
    const samples = [
      sample(0, 600, 500),
      sample(60, 600, 510),
      sample(3660, 600, 200),
      sample(3720, 600, 210),
    ];
    const { wattHours: counted, gaps } = run(samples);
    expect(counted).toBe(220);
    expect(gaps).toHaveLength(1);
  });

  it('a negative spike after an outage is none: garbage for one reading, zeros for a while', () => {
    for (const garbage of [[0], [0, 0, 0], [9e6], [-0 + 3]]) {
      const samples = [
        sample(0, 600, 500),
        sample(60, 600, 510),
        ...garbage.map((counter, i) => sample(120 + i * 60, 600, counter)),
        ...[0, 1, 2].map((i) =>
          sample(120 + (garbage.length + i) * 60, 600, 510 + (garbage.length + i + 1) * 10),
        ),
      ];
      const { registers } = run(samples);
      expect(registers, String(garbage)).toEqual(samples.map((_, i) => i * 10));
    }
  });

  it('a counter renewed once a minute does not make stairs of the power', () => {
    // Read each 10 s, 6 kW: the counter stands still for five readings and then shows the minute before.
    const samples = Array.from({ length: 61 }, (_, i) => sample(i * 10, 6000, 500 + Math.floor(i / 6) * 100));
    const { registers } = run(samples);
    for (const [i, register] of registers.entries())
      expect(Math.abs(register - (i * 100) / 6)).toBeLessThan(0.001);
  });

  it('a counter that stands still for longer than a gap stops the power at its tolerance', () => {
    // A sensor that shows 30 W for a device that is off.
    const samples = Array.from({ length: 601 }, (_, i) => sample(i * 10, 30, 500));
    expect(run(samples).wattHours).toBeCloseTo(1, 5);
  });

  it('of a signed meter follows both counters', () => {
    const samples = [sample(0, 1200, 500, 80), sample(60, -1200, 512, 85), sample(3660, 0, 700, 1085)];
    const { state, gaps } = run(samples, rule('signed'));
    expect(state).toMatchObject({ register: 200_000_000n, exported: 1_005_000_000n });
    expect(gaps).toEqual([]);
  });
});

describe('a sensor that reports only on change', () => {
  const holding = rule('load', { holds: true });

  it('a constant load does not count as 0 Wh: the last value holds until maxGap', () => {
    const { wattHours: counted, gaps } = run([sample(0, 360), sample(100, 0), sample(110, 0)], holding);
    expect(counted).toBe(10);
    expect(gaps).toEqual([]);
    const long = run([sample(0, 360), sample(1000, 0)], holding);
    expect(long.wattHours).toBe(12);
    expect(long.gaps).toEqual([{ from: START + 120_000, to: START + 1_000_000 }]);
  });

  it('is shared out under the value that held', () => {
    const { state } = run([sample(0, 360)]);
    const shares = shareOut(
      state,
      sample(1000, 0),
      [Instant(START + 20_000), Instant(START + 500_000)],
      holding,
    );
    expect(shares.map(({ from, to, added }) => [from - START, to - START, added])).toEqual([
      [0, 20_000, 2_000_000n * UNITS_PER_MICRO_WATT_HOUR],
      [20_000, 120_000, 10_000_000n * UNITS_PER_MICRO_WATT_HOUR],
    ]);
  });
});

/** A device with a counter that is sound, behind, quantised, absent, reset or garbage, and a power that is roughly right. */
const step = fc.record({
  pause: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
    fc.integer({ min: 60_001, max: 900_000 }),
  ),
  watts: fc.integer({ min: -300, max: 5000 }),
  exporting: fc.boolean(),
  off: fc.double({ min: 0.8, max: 1.2, noNaN: true }),
  shows: fc.constantFrom('true', 'true', 'true', 'stale', 'none', 'none', 'reset', 'garbage'),
  garbage: fc.integer({ min: 0, max: 1_000_000_000 }),
});
const troubled = (kinds?: readonly string[]) =>
  fc.array(step, { minLength: 1, maxLength: 40 }).map((steps) => {
    let at = START;
    const counters = { up: 500_000_000, down: 7_000_000 };
    let shown = { ...counters };
    return steps.map(({ pause, watts, exporting, off, shows, garbage }): Reading => {
      at += pause;
      const power = Math.abs(watts) * (exporting ? -1 : 1);
      counters[exporting ? 'down' : 'up'] += Math.round((Math.abs(power) * 1000 * pause) / 3600);
      const kind = kinds && !kinds.includes(shows) ? 'true' : shows;
      if (kind === 'reset') counters.up = garbage % 1_000_000;
      if (kind === 'true' || kind === 'reset') shown = { ...counters };
      const reading = { at: Instant(at), power: Watts(power * off) };
      if (kind === 'none') return reading;
      return {
        ...reading,
        counter: Energy(BigInt(kind === 'garbage' ? garbage : shown.up)),
        exportedCounter: Energy(BigInt(shown.down)),
      };
    });
  });
const signs = fc.constantFrom<SignRule>('load', 'source', 'signed');
const rules = fc.record({ sign: signs, holds: fc.boolean() }).map(({ sign, holds }) => rule(sign, { holds }));

describe('whatever counters show', () => {
  it('registers never fall', () => {
    fc.assert(
      fc.property(troubled(), rules, (samples, by) => {
        let state = emptyIntegration;
        for (const one of samples) {
          const next = integrate(state, one, by).state;
          expect(next.register >= state.register && next.exported >= state.exported).toBe(true);
          expect(next.debt >= 0n && next.exportedDebt >= 0n).toBe(true);
          state = next;
        }
      }),
    );
  });

  it('shares of an interval sum exactly to what it adds, in any cuts', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(troubled(), rules, cuts, (samples, by, offsets) => {
        let state = emptyIntegration;
        for (const one of samples) {
          const from = state.last?.at ?? 0;
          const next = integrate(state, one, by).state;
          const shares = shareOut(
            state,
            one,
            offsets.map((offset) => Instant(from + offset)),
            by,
          );
          let [added, exported] = [0n, 0n];
          for (const share of shares) {
            expect(share.added >= 0n && share.exported >= 0n).toBe(true);
            added += share.added;
            exported += share.exported;
          }
          expect(level(next) + next.debt - level(state) - state.debt).toBe(added);
          expect(exportLevel(next) + next.exportedDebt - exportLevel(state) - state.exportedDebt).toBe(
            exported,
          );
          state = next;
        }
      }),
    );
  });

  it('what is kept as text gives the same state back', () => {
    fc.assert(
      fc.property(troubled(), rules, (samples, by) => {
        let state = emptyIntegration;
        for (const one of samples) {
          state = integrate(state, one, by).state;
          const { counter: _counter, exportedCounter: _exported, exportedDebt: _debt, ...rest } = state;
          expect({ ...rest, ...countersOf(countersText(state, one), one) }).toEqual(state);
          expect({ ...rest, ...countersOf(countersText(state)) }).toEqual(state);
        }
      }),
    );
  });

  it('of sound counters the register is what they rose by since they were first read, less what is owed', () => {
    fc.assert(
      fc.property(troubled(['true', 'none']), rules, (samples, by) => {
        let state = emptyIntegration;
        let base: { up: bigint; down: bigint; register: bigint; exported: bigint } | undefined;
        for (const one of samples) {
          state = integrate(state, one, by).state;
          if (one.counter === undefined || one.exportedCounter === undefined) continue;
          const here = { up: one.counter, down: one.exportedCounter };
          base ??= { ...here, register: level(state), exported: exportLevel(state) };
          const off = level(state) - base.register - (here.up - base.up) * UNITS_PER_MICRO_WATT_HOUR;
          // A counter that shows the same again has said nothing, so the power may be ahead of it, by a gap at most.
          const stood = state.counter?.line.last?.at !== one.at;
          expect(stood || off === 0n).toBe(true);
          if (by.sign === 'signed' && state.exportedCounter?.line.last?.at === one.at)
            expect(exportLevel(state) - base.exported).toBe(
              (here.down - base.down) * UNITS_PER_MICRO_WATT_HOUR,
            );
        }
      }),
    );
  });

  it('a restart of the program in between changes nothing', () => {
    fc.assert(
      fc.property(troubled(), rules, fc.nat(40), (samples, by, cut) => {
        const first = run(samples.slice(0, cut), by).state;
        expect(run(samples.slice(cut), by, first).state).toEqual(run(samples, by).state);
      }),
    );
  });

  it('without counters, nothing of them is kept', () => {
    fc.assert(
      fc.property(troubled(), rules, (samples, by) => {
        const bare = samples.map(({ at, power }) => ({ at, power }));
        const { state } = run(bare, { ...by, maxGap: Duration(1e9) });
        expect(countersText(state)).toBeUndefined();
      }),
    );
  });
});
