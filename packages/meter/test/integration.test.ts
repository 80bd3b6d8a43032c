import { Duration, Instant, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addUnits,
  emptyIntegration,
  type Gap,
  type Integration,
  type IntegrationRule,
  integrate,
  type SignRule,
  shareOut,
  UNITS_PER_MICRO_WATT_HOUR,
} from '../src/index.ts';

type Reading = { at: Instant; power: Watts };
const reading = (at: number, power: number): Reading => ({ at: Instant(at), power: Watts(power) });
const rule = (sign: SignRule, maxGap = Seconds(120)): IntegrationRule => ({ sign, maxGap });

const run = (samples: readonly Reading[], by: IntegrationRule, from: Integration = emptyIntegration) => {
  const gaps: Gap[] = [];
  let state = from;
  for (const sample of samples) {
    const step = integrate(state, sample, by);
    state = step.state;
    if (step.gap) gaps.push(step.gap);
  }
  return { state, gaps };
};

/** Everything counted so far, in units. */
const counted = (state: Integration): bigint => state.register * UNITS_PER_MICRO_WATT_HOUR + state.remainder;
const wattHours = (state: Integration): number => Number(counted(state)) / 7.2e12;

const signs = fc.constantFrom<SignRule>('load', 'source', 'signed');
const instants = fc.integer({ min: 1, max: 100_000 });
/** Samples as sensors give them: watts with 2 decimals, irregular intervals, some longer than the gap. */
const samples = (lowest: number) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 150_000 }), fc.integer({ min: lowest * 100, max: 300_000 })), {
      minLength: 2,
      maxLength: 40,
    })
    .map((steps) => {
      let at = 1_700_000_000_000;
      return steps.map(([pause, power]) => {
        at += pause;
        return reading(at, power / 100);
      });
    });

/** A deterministic standard normal number (sum of twelve uniforms). */
const normal = (seed: number): (() => number) => {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b, 0) - 6;
};

describe('an integration', () => {
  it('counts energy, not a sum of watt samples (200 W for 16 s is 0.888888 Wh, v0.2 said 400)', () => {
    const { state } = run([reading(0, 200), reading(8000, 200), reading(16_000, 200)], rule('load'));
    expect(state.register).toBe(888_888n);
    expect(state.remainder).toBe(6_400_000n);
  });

  it('keeps powers under 1 W (v0.2 lost them)', () => {
    const steps = Array.from({ length: 451 }, (_, index) => reading(index * 8000, 0.4));
    expect(run(steps, rule('load')).state.register).toBe(400_000n);
  });

  it('loses no interval between two windows (v0.2 counted 8 s of each 16 s)', () => {
    const steps = Array.from({ length: 901 }, (_, index) => reading(index * 8000, 100));
    let state = emptyIntegration;
    for (let first = 0; first < steps.length; first += 2)
      state = run(steps.slice(first, first + 2), rule('load'), state).state;
    expect(state.register).toBe(200_000_000n);
  });

  it('carries the remainder, so that many small steps equal one large one', () => {
    const fine = Array.from({ length: 100_001 }, (_, index) => reading(index, 0.123457));
    const coarse = [reading(0, 0.123457), reading(100_000, 0.123457)];
    expect(counted(run(fine, rule('load')).state)).toBe(counted(run(coarse, rule('load')).state));
  });

  it('adds nothing across a gap and returns it', () => {
    const { state, gaps } = run(
      [reading(0, 100), reading(8000, 100), reading(200_000, 100), reading(208_000, 100)],
      rule('load'),
    );
    expect(gaps).toEqual([{ from: 8000, to: 200_000 }]);
    expect(state.register).toBe(444_444n);
  });

  it('bridges an interval of exactly the longest gap', () => {
    expect(run([reading(0, 60), reading(120_000, 60)], rule('load')).gaps).toEqual([]);
    expect(run([reading(0, 60), reading(120_001, 60)], rule('load')).gaps).toHaveLength(1);
  });

  it('is within 0.1 % of the analytic integral of a smooth load sampled each 8 s', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 5, max: 5000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 300, max: 86_400, noNaN: true }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (mean, depth, period, phase) => {
          const omega = (2 * Math.PI) / period;
          const steps = Array.from({ length: 451 }, (_, index) =>
            reading(index * 8000, mean * (1 + depth * Math.sin(omega * index * 8 + phase))),
          );
          const truth =
            (mean * 3600 + ((mean * depth) / omega) * (Math.cos(phase) - Math.cos(omega * 3600 + phase))) /
            3600;
          expect(Math.abs(wattHours(run(steps, rule('load')).state) - truth) / truth).toBeLessThan(1e-3);
        },
      ),
    );
  });

  it('never lets a register fall, whatever comes', () => {
    fc.assert(
      fc.property(samples(-3000), signs, (steps, sign) => {
        let state = emptyIntegration;
        for (const step of steps) {
          const next = integrate(state, step, rule(sign)).state;
          expect(counted(next)).toBeGreaterThanOrEqual(counted(state));
          expect(next.exported).toBeGreaterThanOrEqual(state.exported);
          expect(next.remainder >= 0n && next.remainder < UNITS_PER_MICRO_WATT_HOUR).toBe(true);
          state = next;
        }
      }),
    );
  });

  it('changes nothing for repeated, late and out-of-order samples', () => {
    fc.assert(
      fc.property(samples(-3000), signs, fc.array(fc.tuple(fc.nat(), fc.nat())), (steps, sign, repeats) => {
        const disturbed = [...steps];
        for (const [which, later] of repeats) {
          const old = which % steps.length;
          const repeat = steps[old];
          const place = disturbed.indexOf(steps[old] ?? reading(0, 0)) + 1;
          if (repeat) disturbed.splice(place + (later % (disturbed.length - place + 1)), 0, { ...repeat });
        }
        expect(run(disturbed, rule(sign))).toEqual(run(steps, rule(sign)));
      }),
    );
  });

  it('does not depend on when samples arrive: one by one or in any batches', () => {
    fc.assert(
      fc.property(samples(-3000), signs, fc.nat(), (steps, sign, cut) => {
        const at = cut % steps.length;
        const first = run(steps.slice(0, at), rule(sign)).state;
        const second = run(steps.slice(at), rule(sign), { ...first }).state;
        expect(second).toEqual(run(steps, rule(sign)).state);
      }),
    );
  });

  it('changes nothing when an interval is split on its straight line', () => {
    // Slopes of whole µW a ms, so that the inserted samples lie on the line exactly; cuts at a sign change round
    // once each, to half a µW·ms.
    const steps = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: -9000, max: 9000 }), fc.nat()),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(steps, signs, (pieces, sign) => {
        let [at, power] = [0, 1_000_000];
        const whole = [reading(at, power / 1e6)];
        const split = [...whole];
        for (const [span, slope, cut] of pieces) {
          const part = cut % span;
          if (part > 0) split.push(reading(at + part, (power + part * slope) / 1e6));
          at += span;
          power += span * slope;
          whole.push(reading(at, power / 1e6));
          split.push(reading(at, power / 1e6));
        }
        const a = run(whole, rule(sign)).state;
        const b = run(split, rule(sign)).state;
        const rounding = 2n * BigInt(pieces.length);
        const difference = counted(a) - counted(b);
        expect(difference <= rounding && difference >= -rounding).toBe(true);
        if (pieces.every(([span, slope]) => span * slope >= 0)) expect(counted(a)).toBe(counted(b));
      }),
    );
  });
});

describe('the sign of a meter', () => {
  it('signed: splits an interval at its zero crossing', () => {
    // +200 W to -100 W in 90 s: 60 s above (100 W mean), 30 s below (50 W mean).
    const { state } = run([reading(0, 200), reading(90_000, -100)], rule('signed'));
    expect(state.register).toBe(1_666_666n);
    expect(state.exported).toBe(416_666n);
  });

  it('signed: register - exported is the net integral, exactly', () => {
    fc.assert(
      fc.property(samples(-3000), (steps) => {
        const endless = rule('signed', Duration(1e9));
        const { state } = run(steps, endless);
        let net = 0n;
        for (const [index, step] of steps.entries()) {
          const before = steps[index - 1];
          if (!before) continue;
          const sum = BigInt(Math.round(before.power * 1e6)) + BigInt(Math.round(step.power * 1e6));
          net += sum * BigInt(step.at - before.at);
        }
        const exported = state.exported * UNITS_PER_MICRO_WATT_HOUR + state.exportedRemainder;
        expect(counted(state) - exported).toBe(net);
      }),
    );
  });

  it.each<SignRule>(['load', 'source'])('%s: noise around zero does not pump the register up', (sign) => {
    const noise = normal(7);
    const on = [reading(0, 10), reading(8000, 0)];
    const before = run(on, rule(sign)).state;
    const count = 150_000;
    const off = Array.from({ length: count }, (_, index) => reading((2 + index) * 8000, 0.02 * noise()));
    const after = run(off, rule(sign), before).state;
    const mean = ((wattHours(after) - wattHours(before)) * 3600) / (count * 8);
    // Dropping the negative half would show 0.4 standard deviations: 8 mW. This is 1e-5 of the 10 W.
    expect(mean).toBeLessThan(0.000_1);
    expect(after.exported).toBe(0n);
  });

  it('load: noise on a small load is unbiased', () => {
    const noise = normal(3);
    const steps = Array.from({ length: 50_001 }, (_, index) => reading(index * 8000, 0.02 + 0.05 * noise()));
    const truth = (0.02 * 50_000 * 8) / 3600;
    expect(Math.abs(wattHours(run(steps, rule('load')).state) / truth - 1)).toBeLessThan(0.05);
  });

  it('source: a night of charging back costs the next day at most 10 s of the highest power', () => {
    const day = Array.from({ length: 451 }, (_, index) => reading(index * 8000, 20));
    const night = Array.from({ length: 3600 }, (_, index) => reading((451 + index) * 8000, -5));
    const next = Array.from({ length: 451 }, (_, index) => reading((451 + 3600 + index) * 8000, 20));
    const { state } = run([...day, ...night, ...next], rule('source'));
    expect(wattHours(state)).toBeGreaterThan(40 - (20 * 10) / 3600);
    expect(wattHours(state)).toBeLessThan(40.1);
    expect(state.exported).toBe(0n);
  });

  it('load: a clamp put on the wrong way round for a day costs at most a minute once it is turned', () => {
    const wrong = Array.from({ length: 10_800 }, (_, index) => reading(index * 8000, -100));
    const right = Array.from({ length: 451 }, (_, index) => reading((10_800 + index) * 8000, 100));
    const reversed = run(wrong, rule('load')).state;
    expect(reversed.register).toBe(0n);
    const { state } = run(right, rule('load'), reversed);
    expect(wattHours(state)).toBeGreaterThan(100 - 100 / 60);
  });
});

describe('sharing out an interval', () => {
  it('parts sum exactly to what integrate adds, each 0 or more', () => {
    fc.assert(
      fc.property(samples(-3000), signs, fc.array(instants, { maxLength: 8 }), (steps, sign, offsets) => {
        let state = emptyIntegration;
        for (const step of steps) {
          const from = state.last?.at ?? 0;
          const boundaries = offsets.map((offset) => Instant(from + offset));
          const shares = shareOut(state, step, boundaries, rule(sign));
          const next = integrate(state, step, rule(sign)).state;
          let [added, exported] = [0n, 0n];
          for (const share of shares) {
            expect(share.added >= 0n && share.exported >= 0n).toBe(true);
            expect(share.to).toBeGreaterThan(share.from);
            added += share.added;
            exported += share.exported;
          }
          expect(added).toBe(counted(next) - counted(state));
          expect(exported).toBe(
            (next.exported - state.exported) * UNITS_PER_MICRO_WATT_HOUR +
              next.exportedRemainder -
              state.exportedRemainder,
          );
          state = next;
        }
      }),
    );
  });

  it('registers per source sum to the meter’s register within 1 µWh a source', () => {
    fc.assert(
      fc.property(samples(0), instants, (steps, offset) => {
        let state = emptyIntegration;
        let own = { register: state.register, remainder: 0n };
        let seller = own;
        for (const step of steps) {
          const switched = Instant((state.last?.at ?? 0) + offset);
          for (const share of shareOut(state, step, [switched], rule('load'))) {
            if (share.from < switched) own = addUnits(own, share.added);
            else seller = addUnits(seller, share.added);
          }
          state = integrate(state, step, rule('load')).state;
        }
        const sum = own.register + seller.register;
        expect(state.register - sum >= 0n && state.register - sum <= 1n).toBe(true);
      }),
    );
  });

  it('gives each part the energy under its piece of the line', () => {
    const { state } = run([reading(0, 0)], rule('load'));
    const shares = shareOut(state, reading(60_000, 60), [Instant(30_000)], rule('load'));
    expect(shares).toEqual([
      { from: 0, to: 30_000, added: 900_000_000_000n, exported: 0n },
      { from: 30_000, to: 60_000, added: 2_700_000_000_000n, exported: 0n },
    ]);
  });

  it('has no parts for a gap or for a sample that is not later', () => {
    const { state } = run([reading(1000, 5)], rule('load'));
    expect(shareOut(state, reading(500_000, 5), [], rule('load'))).toEqual([]);
    expect(shareOut(state, reading(1000, 5), [], rule('load'))).toEqual([]);
  });
});
