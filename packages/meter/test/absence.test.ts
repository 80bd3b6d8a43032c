/** What is known up to an absence, and that nothing is after it. */
import { Instant, Seconds, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Absence,
  emptyIntegration,
  type Gap,
  type IntegrationRule,
  integrate,
  type Measurement,
  type Sample,
  type SignRule,
  shareOut,
  UNITS_PER_MICRO_WATT_HOUR,
} from '../src/index.ts';

const rule: IntegrationRule = { sign: 'load', maxGap: Seconds(120) };
const sample = (seconds: number, watts: number, counter?: number): Sample => ({
  at: Instant(seconds * 1000),
  power: Watts(watts),
  ...(counter === undefined ? {} : { counter: wattHours(counter) }),
});
const absence = (seconds: number, absent = 'unavailable'): Absence => ({
  at: Instant(seconds * 1000),
  absent,
});

const run = (told: readonly Measurement[], by = rule) => {
  let state = emptyIntegration;
  const gaps: Gap[] = [];
  for (const one of told) {
    const step = integrate(state, one, by);
    state = step.state;
    if (step.gap) gaps.push(step.gap);
  }
  return {
    state,
    wattHours: Number(state.register) / 1e6,
    gaps: gaps.map(({ from, to }) => [from / 1000, to / 1000]),
  };
};

describe('an absence', () => {
  it('ends what the last power says: 3,600 W, unavailable for 90 s, 3,600 W are 5 Wh and a gap', () => {
    const told = [sample(0, 3600), absence(5), sample(95, 3600)];
    expect(run(told)).toMatchObject({ wattHours: 5, gaps: [[5, 95]] });
  });

  it('is not the end of a straight line to the next power', () => {
    expect(run([sample(0, 3600), absence(5), sample(95, 0)])).toMatchObject({
      wattHours: 5,
      gaps: [[5, 95]],
    });
  });

  it('ends what holds, too', () => {
    const holding: IntegrationRule = { ...rule, holds: true };
    const told = [sample(0, 360), absence(50), sample(60, 360), sample(70, 360)];
    expect(run(told, holding)).toMatchObject({ wattHours: 6, gaps: [[50, 60]] });
  });

  it('that comes later than may be bridged leaves all before it unknown', () => {
    const told = [sample(0, 360), absence(121), sample(130, 360)];
    expect(run(told)).toMatchObject({
      wattHours: 0,
      gaps: [
        [0, 121],
        [121, 130],
      ],
    });
    expect(run(told, { ...rule, holds: true })).toMatchObject({
      wattHours: 12,
      gaps: [
        [120, 121],
        [121, 130],
      ],
    });
  });

  it('adds nothing before the first sample, after another one, or when it comes late', () => {
    expect(run([absence(0), sample(5, 360), sample(15, 360)])).toMatchObject({
      wattHours: 1,
      gaps: [[0, 5]],
    });
    const twice = run([sample(0, 360), absence(5), absence(9), sample(20, 360)]);
    expect(twice.wattHours).toBe(0.5);
    expect(twice.gaps).toEqual([
      [5, 9],
      [9, 20],
    ]);
    expect(run([sample(0, 360), sample(5, 360), absence(5)]).state.last).toEqual({ at: 5000, power: 360 });
  });

  it('is no gap where the device’s own counter tells what it had', () => {
    const told = [sample(0, 360, 500), sample(10, 360, 501), absence(15), sample(95, 360, 509.5)];
    expect(run(told)).toMatchObject({ wattHours: 9.5, gaps: [] });
  });

  it('of a signed meter ends both directions', () => {
    const told = [sample(0, -3600), absence(5), sample(95, -3600), sample(100, -3600)];
    const { state, gaps } = run(told, { ...rule, sign: 'signed' });
    expect(state).toMatchObject({ register: 0n, exported: 10_000_000n });
    expect(gaps).toEqual([[5, 95]]);
  });

  it('shares out what is before it, and nothing after it', () => {
    const { state } = run([sample(0, 360)]);
    const cut = [Instant(2000), Instant(7000)];
    expect(shareOut(state, absence(5), cut, rule).map(({ from, to, added }) => [from, to, added])).toEqual([
      [0, 2000, 200_000n * UNITS_PER_MICRO_WATT_HOUR],
      [2000, 5000, 300_000n * UNITS_PER_MICRO_WATT_HOUR],
    ]);
    expect(shareOut(integrate(state, absence(5), rule).state, sample(9, 360), cut, rule)).toEqual([]);
  });

  it('never adds energy: with any absences put in, no register is higher than without', () => {
    const step = fc.record({
      pause: fc.integer({ min: 1, max: 60_000 }),
      watts: fc.integer({ min: 0, max: 5000 }),
      absent: fc.boolean(),
    });
    const signs = fc.constantFrom<SignRule>('load', 'source');
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 40 }), signs, (steps, sign) => {
        let at = 0;
        // The power holds up to an absence, so the load is one that does not fall.
        let watts = 0;
        const last = { pause: 1, watts: 0, absent: false };
        const told = [...steps, last].map(({ pause, watts: more, absent }): Measurement => {
          at += pause;
          if (absent) return { at: Instant(at), absent: 'offline' };
          watts += more;
          return { at: Instant(at), power: Watts(watts) };
        });
        const by = { sign, maxGap: Seconds(1e6) };
        const whole = run(
          told.filter((one) => !('absent' in one)),
          by,
        );
        expect(run(told, by).state.register <= whole.state.register).toBe(true);
      }),
    );
  });
});
