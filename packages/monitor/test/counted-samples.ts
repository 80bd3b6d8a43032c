/** Samples of devices with counters, and with every trouble that counters have. */
import { emptyIntegration, type Gap, integrate, type Sample, type SignRule } from '@daisee/meter';
import { Energy, Instant, Seconds, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import type { NewSensor } from '../src/store/store.ts';

export const MAX_GAP = Seconds(60);

/** A sample so many seconds after 1970; counters in Wh. */
export const counted = (seconds: number, watts: number, counter?: number, exported?: number): Sample => ({
  at: Instant(seconds * 1000),
  power: Watts(watts),
  ...(counter === undefined ? {} : { counter: wattHours(counter) }),
  ...(exported === undefined ? {} : { exportedCounter: wattHours(exported) }),
});

const step = fc.record({
  pause: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 30_000 }) },
    fc.integer({ min: 30_001, max: 400_000 }),
  ),
  watts: fc.integer({ min: -2000, max: 3000 }),
  off: fc.double({ min: 0.7, max: 1.3, noNaN: true }),
  shows: fc.constantFrom('true', 'true', 'true', 'stale', 'none', 'none', 'reset', 'garbage'),
  garbage: fc.integer({ min: 0, max: 900_000_000 }),
});

/** What a device sent, in the order of time: power that is roughly right, counters true, stale, absent, reset or garbage. */
export const deviceSamples = (most = 30): fc.Arbitrary<readonly Sample[]> =>
  fc.array(step, { minLength: 1, maxLength: most }).map((steps) => {
    let at = 0;
    const counters = { up: 500_000_000, down: 7_000_000 };
    let shown = { ...counters };
    return steps.map(({ pause, watts, off, shows, garbage }): Sample => {
      at += pause;
      counters[watts < 0 ? 'down' : 'up'] += Math.round((Math.abs(watts) * 1000 * pause) / 3600);
      if (shows === 'reset') counters.up = garbage % 1_000_000;
      if (shows === 'true' || shows === 'reset') shown = { ...counters };
      const reading = { at: Instant(at), power: Watts(watts * off) };
      if (shows === 'none') return reading;
      return {
        ...reading,
        counter: Energy(BigInt(shows === 'garbage' ? garbage : shown.up)),
        exportedCounter: Energy(BigInt(shown.down)),
      };
    });
  });

/** The same samples in any order, some of them twice. */
const shuffled = (samples: readonly Sample[]): fc.Arbitrary<readonly Sample[]> =>
  fc
    .array(fc.tuple(fc.nat(), fc.boolean()), { minLength: samples.length, maxLength: samples.length })
    .map((keys) =>
      samples
        .flatMap((sample, i) => {
          const [key = 0, twice = false] = keys[i] ?? [];
          const one = { sample, key };
          return twice ? [one, { sample, key: (key * 7919) % 1_000_003 }] : [one];
        })
        .toSorted((a, b) => a.key - b.key)
        .map(({ sample }) => sample),
    );

/** Samples in the order of time, and the same as they arrive. */
export const arrivals = (most?: number): fc.Arbitrary<readonly [readonly Sample[], readonly Sample[]]> =>
  deviceSamples(most).chain((samples) => fc.tuple(fc.constant(samples), shuffled(samples)));

export const kinds: fc.Arbitrary<Pick<NewSensor, 'sign' | 'reports' | 'counter'>> = fc
  .record({
    sign: fc.constantFrom<SignRule>('load', 'source', 'signed'),
    holds: fc.boolean(),
    counter: fc.constantFrom(undefined, { highestPower: Watts(5000), tolerance: wattHours(1) }),
  })
  .map(({ sign, holds, counter }) => ({
    sign,
    ...(holds ? { reports: 'change' as const } : {}),
    ...(counter ? { counter } : {}),
  }));

/** The registers and gaps of samples that are taken in order. */
export const inOrder = (
  samples: readonly Sample[],
  kind: Pick<NewSensor, 'sign' | 'reports' | 'counter'>,
) => {
  let state = emptyIntegration;
  const gaps: Gap[] = [];
  const registers = samples.map((sample) => {
    const taken = integrate(state, sample, {
      sign: kind.sign,
      maxGap: MAX_GAP,
      holds: kind.reports === 'change',
      ...(kind.counter ? { counter: kind.counter } : {}),
    });
    state = taken.state;
    if (taken.gap) gaps.push(taken.gap);
    return { at: sample.at, register: state.register, exported: state.exported };
  });
  return { registers, gaps };
};

export const inBatches = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
