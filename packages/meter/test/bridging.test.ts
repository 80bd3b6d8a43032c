/** What silence is bridged, by the rhythm of the samples before it. */
import { Instant, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bridgedBy, type Rhythm, rhythmAfter, rhythmOf, rhythmText } from '../src/bridging.ts';
import { DEFAULT_MAX_GAP, emptyIntegration, type IntegrationRule, integrate } from '../src/index.ts';

/** The rhythm after intervals of so many seconds. */
const after = (intervals: readonly number[]): Rhythm | undefined => {
  let rhythm: Rhythm | undefined;
  for (const seconds of intervals) rhythm = rhythmAfter(rhythm, seconds * 1000);
  return rhythm;
};
const bridged = (intervals: readonly number[]): number => bridgedBy(after(intervals), DEFAULT_MAX_GAP) / 1000;
const times = (count: number, ...seconds: readonly number[]): readonly number[] =>
  Array.from({ length: count }, () => seconds).flat();

/** Energy and gaps of samples so many seconds apart, all of one power. */
const integrated = (intervals: readonly number[], watts: number, rule: Partial<IntegrationRule> = {}) => {
  let [state, at] = [emptyIntegration, 0];
  const gaps: number[] = [];
  for (const seconds of [0, ...intervals]) {
    at += seconds * 1000;
    const by: IntegrationRule = { sign: 'load', maxGap: DEFAULT_MAX_GAP, rhythm: true, ...rule };
    const step = integrate(state, { at: Instant(at), power: Watts(watts) }, by);
    state = step.state;
    if (step.gap) gaps.push((step.gap.to - step.gap.from) / 1000);
  }
  return { wattHours: Number(state.register) / 1e6, gaps };
};

describe('a silence between two samples', () => {
  it('of 157 s is a gap for a meter that speaks each 8 s: 12 kW make nothing of it', () => {
    const { wattHours, gaps } = integrated([...times(10, 8), 157, ...times(10, 8)], 12_000);
    expect(gaps).toEqual([157]);
    expect(wattHours).toBeCloseTo((12_000 * 160) / 3600, 5);
  });

  it('is bridged up to three of the meter’s own intervals, the settings’ bound at most', () => {
    expect(bridged(times(5, 8))).toBe(24);
    expect(bridged(times(5, 60))).toBe(180);
    expect(bridged(times(5, 900))).toBe(900);
    expect(bridgedBy(after(times(5, 60)), Seconds(100))).toBe(100_000);
    expect(integrated(times(40, 900), 1000).gaps).toEqual([]);
  });

  it('of a meter that speaks each second may be as long as a busy machine takes', () => {
    expect(bridged(times(20, 1))).toBe(10);
  });

  it('is bridged up to the bound where no rhythm is known yet', () => {
    expect(bridged([])).toBe(900);
    expect(integrated([600], 100).gaps).toEqual([]);
    expect(integrated([901], 100).gaps).toEqual([901]);
  });

  it('is bridged for a sensor that reports on change and otherwise each 5 min, however much changes meanwhile', () => {
    const night = times(12, 300);
    const evening = times(20, 1, 2, 1, 5, 20);
    expect(integrated([...night, ...evening, ...night, ...evening, ...night], 100).gaps).toEqual([]);
  });

  it('is a gap twice where a sensor becomes slower, and then its rhythm', () => {
    expect(integrated([...times(50, 8), ...times(20, 300)], 100).gaps).toEqual([300, 300]);
    expect(integrated([...times(50, 8), 300, 8, 8, ...times(20, 290)], 100).gaps).toEqual([300, 290]);
  });

  it('that comes again after the meter has spoken for longer is an outage again', () => {
    expect(integrated([...times(50, 8), 90, ...times(15, 8), 90, ...times(15, 8), 90], 100).gaps).toEqual([
      90, 90, 90,
    ]);
  });

  it('of another length is another outage', () => {
    expect(integrated([...times(50, 8), 600, 8, 157, 8, 8], 100).gaps).toEqual([600, 157]);
  });

  it('of a sensor that reports only on change is bridged up to the bound, as settings say of it', () => {
    expect(integrated([8, 8, 800, 8], 360, { holds: true })).toEqual({ wattHours: 82.4, gaps: [] });
  });

  it('after an absence tells nothing of the rhythm', () => {
    let state = emptyIntegration;
    const rule: IntegrationRule = { sign: 'load', maxGap: DEFAULT_MAX_GAP, rhythm: true };
    for (const [second, watts] of [[0, 1], [8, 1], [16, 1], [20], [220, 1], [228, 1], [300, 1]] as const)
      ({ state } = integrate(
        state,
        watts === undefined
          ? { at: Instant(second * 1000), absent: 'offline' }
          : { at: Instant(second * 1000), power: Watts(watts) },
        rule,
      ));
    // The 72 s at the end are a gap: 200 s of absence are no interval.
    expect(state.rhythm).toMatchObject({ interval: 8000, silence: { length: 72_000 } });
  });

  it('is never bridged for longer than the bound, and always up to the longest interval of the last ones', () => {
    const intervals = fc.array(fc.integer({ min: 1, max: 2_000_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(intervals, fc.integer({ min: 1, max: 2_000_000 }), (lengths, bound) => {
        let rhythm: Rhythm | undefined;
        for (const length of lengths) {
          const limit = bridgedBy(rhythm, Seconds(bound / 1000));
          expect(limit).toBeLessThanOrEqual(bound);
          const next = rhythmAfter(rhythm, length);
          // What was bridged is bridged again.
          if (rhythm && length <= bridgedBy(rhythm, Seconds(1e9)))
            expect(bridgedBy(next, Seconds(1e9))).toBeGreaterThanOrEqual(length);
          expect(Number.isInteger(next.interval) && next.interval > 0).toBe(true);
          expect(rhythmOf(rhythmText(next))).toEqual(next);
          rhythm = next;
        }
      }),
    );
  });
});
