import type { Address } from '@daisee/chain';
import { emptyIntegration, integrate, UNITS_PER_MICRO_WATT_HOUR } from '@daisee/meter';
import { Duration, Energy, Instant, Register, Seconds, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attribute, type Books, originAt, type Turn } from '../src/books.ts';
import { NODE, SELLER_1, SELLER_2 } from './world/lab.ts';

const rule = { sign: 'load', maxGap: Seconds(60) } as const;
const empty: Books = { integration: emptyIntegration, totals: new Map(), peak: Watts(0) };
const sample = (seconds: number, power: number) => ({ at: Instant(seconds * 1000), power: Watts(power) });
const turn = (seconds: number, origin: Address): Turn => ({ at: Instant(seconds * 1000), origin });
const register = (books: Books, origin: Address) => books.totals.get(origin)?.register;

const series = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 70_000 }), fc.double({ min: -20, max: 3000, noNaN: true })), {
    minLength: 2,
    maxLength: 40,
  })
  .map((steps) => {
    let at = 0;
    return steps.map(([step, power]) => {
      at += step;
      return { at: Instant(at), power: Watts(power) };
    });
  });
const journals = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1_500_000 }), fc.constantFrom(NODE, SELLER_1, SELLER_2)), {
    maxLength: 12,
  })
  .map((turns): readonly Turn[] => [
    turn(0, NODE),
    ...turns.map(([at, origin]) => ({ at: Instant(at), origin })).sort((a, b) => a.at - b.at),
  ]);

const unitsOf = (books: Books): bigint =>
  [...books.totals.values()].reduce(
    (sum, total) => sum + total.register * UNITS_PER_MICRO_WATT_HOUR + total.remainder,
    0n,
  );

describe('attributing energy to its source', () => {
  it('two samples of 200 W 8 s apart are 0.444444 Wh, not 400 of anything (fault of v0.2)', () => {
    const { books } = attribute(empty, [sample(0, 200), sample(8, 200)], [turn(0, NODE)], rule);
    expect(register(books, NODE)).toBe(444_444n);
  });

  it('loads under 1 W are counted (fault of v0.2)', () => {
    const samples = Array.from({ length: 451 }, (_, index) => sample(index * 8, 0.25));
    const { books } = attribute(empty, samples, [turn(0, NODE)], rule);
    expect(register(books, NODE)).toBe(250_000n);
  });

  it('shares an interval out at the instant of the switch', () => {
    const { books } = attribute(
      empty,
      [sample(0, 360), sample(8, 360)],
      [turn(0, NODE), turn(5, SELLER_1)],
      rule,
    );
    expect(register(books, NODE)).toBe(500_000n);
    expect(register(books, SELLER_1)).toBe(300_000n);
  });

  it('leaves samples after the given instant for later', () => {
    const samples = [sample(0, 360), sample(8, 360), sample(16, 360)];
    const { books } = attribute(empty, samples, [turn(0, NODE)], rule, Instant(10_000));
    expect(books.integration.last?.at).toBe(8000);
    const later = attribute(books, samples, [turn(0, NODE), turn(10, SELLER_1)], rule).books;
    expect(register(later, NODE)).toBe(1_000_000n);
    expect(register(later, SELLER_1)).toBe(600_000n);
  });

  it('says what is a gap and adds nothing for it', () => {
    const { books, gaps } = attribute(empty, [sample(0, 360), sample(61, 360)], [turn(0, NODE)], rule);
    expect(gaps).toEqual([{ from: 0, to: 61_000 }]);
    expect(register(books, NODE)).toBeUndefined();
  });

  it('remembers the highest power and forgets half of it in an hour', () => {
    const first = attribute(empty, [sample(0, 2000)], [turn(0, NODE)], rule).books;
    expect(first.peak).toBe(2000);
    const hour = attribute(first, [sample(3600, 100)], [turn(0, NODE)], rule).books;
    expect(hour.peak).toBeCloseTo(1000, 6);
  });

  it('an instant before the journal belongs to its first source', () => {
    expect(originAt([turn(5, NODE), turn(9, SELLER_1)], Instant(0))).toBe(NODE);
  });

  it('sums to the integral exactly, whatever the switches (law 1)', () => {
    fc.assert(
      fc.property(series, journals, (samples, journal) => {
        const { books } = attribute(empty, samples, journal, rule);
        let whole = emptyIntegration;
        for (const one of samples) whole = integrate(whole, one, rule).state;
        expect(books.integration).toEqual(whole);
        expect(unitsOf(books)).toBe(whole.register * UNITS_PER_MICRO_WATT_HOUR + whole.remainder);
      }),
    );
  });

  it('is the same in any batches, with samples repeated, and with registers to begin with', () => {
    fc.assert(
      fc.property(series, journals, fc.integer({ min: 1, max: 7 }), (samples, journal, size) => {
        const base: Books = {
          ...empty,
          totals: new Map([
            [NODE, { register: Register(123_456n), remainder: 17n }],
            [SELLER_1, { register: Register(0n), remainder: 0n }],
          ]),
        };
        const atOnce = attribute(base, samples, journal, rule).books;
        let books = base;
        for (let index = 0; index < samples.length; index += size)
          books = attribute(books, samples.slice(Math.max(0, index - 2), index + size), journal, rule).books;
        expect(books).toEqual(atOnce);
      }),
    );
  });

  it('tells what each register rose by', () => {
    fc.assert(
      fc.property(series, journals, (samples, journal) => {
        const { books, added } = attribute(empty, samples, journal, rule);
        for (const [origin, total] of books.totals) expect(added.get(origin) ?? 0n).toBe(total.register);
      }),
    );
  });
});

describe('a meter with a counter of its own', () => {
  const counted = (seconds: number, power: number, counter: number) => ({
    ...sample(seconds, power),
    counter: wattHours(counter),
  });

  it('is followed, and an outage is shared out by the switches in it', () => {
    const samples = [counted(0, 100, 500), counted(60, 100, 502), counted(3660, 100, 602)];
    const journal = [turn(0, NODE), turn(960, SELLER_1), turn(1860, NODE)];
    const { books, gaps } = attribute(empty, samples, journal, rule);
    expect(gaps).toEqual([]);
    expect(register(books, NODE)).toBe(77_000_000n);
    expect(register(books, SELLER_1)).toBe(25_000_000n);
  });

  it('takes nothing back from a source when the power said too much', () => {
    const samples = [counted(0, 3600, 500), sample(10, 3600), counted(20, 3600, 503), counted(30, 360, 513)];
    const { books } = attribute(empty, samples, [turn(0, NODE), turn(20, SELLER_1)], rule);
    expect(register(books, NODE)).toBe(10_000_000n);
    expect(register(books, SELLER_1)).toBe(3_000_000n);
  });

  it('of every kind, in any batches, sums to what the monitor’s register rises by', () => {
    const step = fc.record({
      pause: fc.integer({ min: 1, max: 150_000 }),
      power: fc.integer({ min: -50, max: 3000 }),
      counter: fc.option(fc.integer({ min: 0, max: 90_000 })),
    });
    const kinds = fc.record({ holds: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        journals,
        kinds,
        fc.nat(30),
        (steps, journal, kind, cut) => {
          let at = 0;
          let total = 500_000n;
          const samples = steps.map(({ pause, power, counter }) => {
            at += pause;
            total += BigInt(counter ?? 0);
            const reading = { at: Instant(at), power: Watts(power) };
            return counter === null ? reading : { ...reading, counter: Energy(total) };
          });
          const by = { ...rule, ...kind };
          const first = attribute(empty, samples.slice(0, cut), journal, by).books;
          const { books } = attribute(first, samples, journal, by);
          let whole = emptyIntegration;
          for (const one of samples) whole = integrate(whole, one, by).state;
          expect(books.integration).toEqual(whole);
          expect(unitsOf(books)).toBe(whole.register * UNITS_PER_MICRO_WATT_HOUR + whole.remainder);
        },
      ),
    );
  });
});

describe('thresholds of gaps', () => {
  it('an interval of exactly the longest is bridged', () => {
    const { gaps } = attribute(
      empty,
      [sample(0, 1), { at: Instant(Duration(60_000)), power: Watts(1) }],
      [turn(0, NODE)],
      rule,
    );
    expect(gaps).toEqual([]);
  });
});
