/** A source that changed, and a clock that was set, between two samples. */
import { Duration, Energy, Instant, Seconds, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyIntegration,
  type IntegrationRule,
  integrate,
  type Reading,
  type SignRule,
  shareOut,
  UNITS_PER_MICRO_WATT_HOUR,
} from '../src/index.ts';

const HOUR = 3_600_000;
const rule = (sign: SignRule = 'load', maxGap = Seconds(60)): IntegrationRule => ({ sign, maxGap });
const reading = (at: number, power: number, more: Partial<Reading> = {}): Reading => ({
  at: Instant(at),
  power: Watts(power),
  ...more,
});
const steps = (first: number, last = first) => ({ steps: [Instant(first), Instant(last)] as const });
const begun = (first: Reading, by: IntegrationRule) => integrate(emptyIntegration, first, by).state;
/** W·s of what the second reading adds, of import and of export. */
const added = (first: Reading, second: Reading, by = rule()) => {
  const before = begun(first, by);
  const { state } = integrate(before, second, by);
  const wattSeconds = (register: bigint, remainder: bigint) =>
    Number(register * UNITS_PER_MICRO_WATT_HOUR + remainder) / 2e9;
  return [
    wattSeconds(state.register, state.remainder),
    wattSeconds(state.exported, state.exportedRemainder),
  ] as const;
};
const sharesOf = (first: Reading, second: Reading, cuts: readonly number[], by = rule()) =>
  shareOut(
    begun(first, by),
    second,
    cuts.map((at) => Instant(at)),
    by,
  ).map(({ added: units }) => Number(units) / 2e9);

describe('where the source changed between two samples', () => {
  it('the last power holds until then, and the next one from then on', () => {
    expect(added(reading(0, 3000), reading(8000, 2000, steps(3000)))).toEqual([3 * 3000 + 5 * 2000, 0]);
    // A line would have made 20,000 W·s of it, and have given the first source 4/5 of a second too little.
    expect(sharesOf(reading(0, 3000), reading(8000, 2000, steps(3000)), [3000])).toEqual([9000, 10_000]);
  });

  it('at the instant of either sample, all of it is the other one’s', () => {
    expect(added(reading(0, 3000), reading(8000, 2000, steps(0)))).toEqual([16_000, 0]);
    expect(added(reading(0, 3000), reading(8000, 2000, steps(8000)))).toEqual([24_000, 0]);
  });

  it('twice, it is a line from the one to the other', () => {
    expect(sharesOf(reading(0, 1000), reading(8000, 3000, steps(2000, 6000)), [2000, 6000])).toEqual([
      2000, 8000, 6000,
    ]);
  });

  it('each direction of a signed meter counts what it was', () => {
    expect(added(reading(0, 600), reading(10_000, -400, steps(4000)), rule('signed'))).toEqual([2400, 2400]);
  });

  it('a counter tells the amount, and the powers on either side how it lies', () => {
    const counted = (wattHours: number) => ({ counter: Energy(BigInt(wattHours * 1e6)) });
    const first = reading(0, 3000, counted(100));
    const second = reading(8000, 1000, { ...counted(105), ...steps(4000) });
    const [own = 0, sold = 0] = sharesOf(first, second, [4000]);
    expect(own + sold).toBe(5 * 3600);
    expect(own / sold).toBeCloseTo(3, 9);
    // Without a power on either side there is nothing to go by but the time.
    expect(sharesOf(reading(0, 0, counted(100)), { ...second, power: Watts(0) }, [4000])).toEqual([
      2.5 * 3600,
      2.5 * 3600,
    ]);
  });

  it('what reports on change has told it itself', () => {
    const holds = { ...rule(), holds: true };
    expect(added(reading(0, 500), reading(8000, 900, steps(3000)), holds)).toEqual([4000, 0]);
  });

  it('a stretch too long to be known stays a gap', () => {
    const { state, gap } = integrate(
      begun(reading(0, 3000), rule()),
      reading(61_000, 10, steps(3000)),
      rule(),
    );
    expect(state.register).toBe(0n);
    expect(gap).toEqual({ from: 0, to: 61_000 });
  });
});

describe('where the clock was set between two samples', () => {
  it.each([
    ['on by an hour', HOUR + 8000],
    ['on by a year', 365 * 24 * HOUR],
    ['back by three seconds', 5000],
    ['back to just after the last one', 1],
  ])('%s, the power counts for as long as it truly was', (_what, stamp) => {
    const second = reading(stamp, 2000, { elapsed: Seconds(8) });
    expect(added(reading(0, 1000), second)).toEqual([12_000, 0]);
    const { gap } = integrate(begun(reading(0, 1000), rule()), second, rule());
    expect(gap).toBeUndefined();
  });

  it('a stretch that truly was too long is a gap, whatever the stamps say', () => {
    const { state, gap } = integrate(
      begun(reading(0, 1000), rule()),
      reading(8000, 1000, { elapsed: Seconds(61) }),
      rule(),
    );
    expect([state.register, gap]).toEqual([0n, { from: 0, to: 8000 }]);
    const holds = { ...rule(), holds: true };
    const held = integrate(begun(reading(0, 1000), holds), reading(8000, 0, { elapsed: Seconds(61) }), holds);
    expect(held.gap).toEqual({ from: 7999, to: 8000 });
  });

  it('the power of a sensor that reports on change held for as long', () => {
    const holds = { ...rule(), holds: true };
    expect(added(reading(0, 1000), reading(HOUR, 5000, { elapsed: Seconds(8) }), holds)).toEqual([8000, 0]);
  });
});

describe('whatever the stretch', () => {
  const stretch = fc
    .record({
      length: fc.integer({ min: 1, max: 60_000 }),
      from: fc.integer({ min: -300_000, max: 300_000 }),
      to: fc.integer({ min: -300_000, max: 300_000 }),
      elapsed: fc.option(fc.integer({ min: 1, max: 60_000 }), { nil: undefined }),
      steps: fc.option(fc.tuple(fc.nat(1000), fc.nat(1000)), { nil: undefined }),
      sign: fc.constantFrom<SignRule>('load', 'source', 'signed'),
      holds: fc.boolean(),
    })
    .map(({ length, from, to, elapsed, steps: cut, sign, holds }) => {
      const places = cut?.toSorted((a, b) => a - b).map((part) => Math.round((part * length) / 1000));
      return {
        first: reading(0, from / 100),
        second: reading(length, to / 100, {
          elapsed: elapsed === undefined ? undefined : Duration(elapsed),
          steps: places ? [Instant(places[0] ?? 0), Instant(places[1] ?? 0)] : undefined,
        }),
        by: { ...rule(sign), holds },
      };
    });

  it('its parts are what it adds, to the unit, and none is below zero', () => {
    fc.assert(
      fc.property(stretch, fc.array(fc.nat(60_000), { maxLength: 6 }), ({ first, second, by }, cuts) => {
        const before = begun(first, by);
        const { state } = integrate(before, second, by);
        const parts = shareOut(
          before,
          second,
          cuts.map((at) => Instant(at)),
          by,
        );
        const sum = parts.reduce((all, { added: units }) => all + units, 0n);
        const out = parts.reduce((all, { exported }) => all + exported, 0n);
        expect(sum).toBe(state.register * UNITS_PER_MICRO_WATT_HOUR + state.remainder);
        expect(out).toBe(state.exported * UNITS_PER_MICRO_WATT_HOUR + state.exportedRemainder);
        for (const part of parts) expect(part.added >= 0n && part.exported >= 0n).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('it adds no more than the higher power makes in its true length', () => {
    fc.assert(
      fc.property(stretch, ({ first, second, by }) => {
        const most = Math.max(0, first.power, second.power) * (second.elapsed ?? second.at);
        const [into] = added(first, second, by);
        expect(into * 1000).toBeLessThanOrEqual(most + 1e-3);
      }),
      { numRuns: 500 },
    );
  });
});
