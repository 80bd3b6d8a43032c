/** Tariffs: hours on the clocks of a place, and what energy costs. */
import { Energy, Instant } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Euros, HoursRefused, type NightHours, ZoneUnknown } from '../src/index.ts';
import { createHours } from '../src/tariff/hours.ts';
import { costAt, costOf, toEuros } from '../src/tariff/tariff.ts';

const utc = (text: string): Instant => Instant(Date.parse(text));
const paris = (start: string, end: string): NightHours => ({ start, end, zone: 'Europe/Paris' });
const turns = (given: NightHours, from: string, to: string): readonly string[] =>
  createHours(given)
    .turns(utc(from), utc(to))
    .map((at) => new Date(at).toISOString().replace('.000', ''));
/** Hours of night in a window. */
const nightHours = (given: NightHours, from: string, to: string): number => {
  const hours = createHours(given);
  const edges = [utc(from), ...hours.turns(utc(from), utc(to)), utc(to)];
  return edges
    .slice(1)
    .reduce((sum, end, i) => sum + (hours.nightAt(edges[i] ?? end) ? end - (edges[i] ?? end) : 0) / 3.6e6, 0);
};

describe('the hours of a tariff', () => {
  it('cross midnight when the night ends before it starts', () => {
    expect(turns(paris('22:30', '06:30'), '2026-01-10T00:00Z', '2026-01-12T00:00Z')).toEqual([
      '2026-01-10T05:30:00Z',
      '2026-01-10T21:30:00Z',
      '2026-01-11T05:30:00Z',
      '2026-01-11T21:30:00Z',
    ]);
    const hours = createHours(paris('22:30', '06:30'));
    expect(hours.nightAt(utc('2026-01-10T23:00Z'))).toBe(true);
    expect(hours.nightAt(utc('2026-01-10T12:00Z'))).toBe(false);
  });

  it('lie within a day when it does not, and may touch midnight', () => {
    expect(turns(paris('02:00', '07:00'), '2026-01-10T00:00Z', '2026-01-11T00:00Z')).toEqual([
      '2026-01-10T01:00:00Z',
      '2026-01-10T06:00:00Z',
    ]);
    expect(turns(paris('00:00', '08:00'), '2026-01-09T22:00Z', '2026-01-10T22:00Z')).toEqual([
      '2026-01-09T23:00:00Z',
      '2026-01-10T07:00:00Z',
    ]);
  });

  it('begin at their first minute and end before their last one (v0.2 began a minute late)', () => {
    const hours = createHours({ start: '22:00', end: '06:00', zone: 'UTC' });
    expect(hours.nightAt(utc('2026-01-10T21:59:59.999Z'))).toBe(false);
    expect(hours.nightAt(utc('2026-01-10T22:00:00Z'))).toBe(true);
    expect(hours.nightAt(utc('2026-01-11T05:59:59.999Z'))).toBe(true);
    expect(hours.nightAt(utc('2026-01-11T06:00:00Z'))).toBe(false);
  });

  it('follow the clocks of the place, not UTC, and the clocks of summer', () => {
    expect(turns(paris('22:00', '06:00'), '2026-07-10T12:00Z', '2026-07-11T12:00Z')).toEqual([
      '2026-07-10T20:00:00Z',
      '2026-07-11T04:00:00Z',
    ]);
    expect(
      turns({ start: '22:00', end: '06:00', zone: 'Asia/Kolkata' }, '2026-07-10T00:00Z', '2026-07-11T00:00Z'),
    ).toEqual(['2026-07-10T00:30:00Z', '2026-07-10T16:30:00Z']);
  });

  it('are an hour short in the night of 23 hours, and an hour long in that of 25', () => {
    // The clocks of Paris went from 02:00 to 03:00 on 29 March 2026 and from 03:00 to 02:00 on 25 October.
    expect(nightHours(paris('22:00', '06:00'), '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toBe(7);
    expect(nightHours(paris('22:00', '06:00'), '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toBe(9);
    expect(nightHours(paris('22:00', '06:00'), '2026-10-25T12:00Z', '2026-10-26T12:00Z')).toBe(8);
  });

  it('end where the clocks skip their end, and come twice where the clocks repeat it', () => {
    expect(turns(paris('22:00', '02:30'), '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual([
      '2026-03-28T21:00:00Z',
      '2026-03-29T01:00:00Z',
    ]);
    expect(turns(paris('22:00', '02:30'), '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-24T20:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
    ]);
  });

  it('agree with the clocks at every minute of every zone, over the days when these change', () => {
    const minute = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }));
    const text = ([hour, minutes]: readonly [number, number]): string =>
      `${String(hour).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
    const zones = [
      'Europe/Paris',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'America/Santiago',
    ];
    fc.assert(
      fc.property(
        minute.map(text),
        minute.map(text),
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2024, 0) / 60_000, max: Date.UTC(2029, 0) / 60_000 }),
        fc.integer({ min: 1, max: 4 * 1440 }),
        (start, end, zone, minutes, length) => {
          fc.pre(start !== end);
          const hours = createHours({ start, end, zone });
          const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeStyle: 'short' });
          const shown = (at: number): boolean => {
            const time = clock.format(at);
            return start < end ? time >= start && time < end : time >= start || time < end;
          };
          const [from, to] = [minutes * 60_000, (minutes + length) * 60_000];
          const found = hours.turns(Instant(from), Instant(to));
          let night = shown(from);
          const expected: number[] = [];
          for (let at = from; at < to; at += 60_000) {
            if (shown(at) !== night) expected.push(at);
            night = shown(at);
          }
          expect(found).toEqual(expected);
          expect(hours.nightAt(Instant(to))).toBe(shown(to));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('can be asked for at any instant there is', () => {
    const hours = createHours(paris('22:00', '06:00'));
    for (const at of [Number.MIN_SAFE_INTEGER, -1, 0, 8.64e15, Number.MAX_SAFE_INTEGER])
      expect(hours.nightAt(Instant(at))).toBeTypeOf('boolean');
  });

  it.each([
    ['24:00', '06:00'],
    ['22:00', '6:00'],
    ['22:60', '06:00'],
    ['22:00', '22:00'],
    ['', '06:00'],
  ])('are refused from %j to %j', (start, end) => {
    expect(() => createHours(paris(start, end))).toThrow(HoursRefused);
  });

  it('in a zone that is none are refused, with an example of one', () => {
    expect(() => createHours({ start: '22:00', end: '06:00', zone: 'Europe/Pari' })).toThrow(ZoneUnknown);
    expect(() => createHours({ start: '22:00', end: '06:00', zone: '' })).toThrow(/like Europe\/Paris/);
  });
});

describe('the cost of energy', () => {
  const day = { constant: Euros('0.2317'), slope: Euros('0.1127') };
  const night = { constant: Euros('0.2317'), slope: Euros('0.11281') };

  it('is the slope by the kWh, as v0.2 answered: 2 kWh 0.2254, 0.0004 kWh 4.5124e-05', () => {
    expect(toEuros(costAt(day, Energy(2_000_000_000n)))).toBe(0.2254);
    expect(toEuros(costAt(night, Energy(400_000n)))).toBe(4.5124e-5);
  });

  it('is exact: parts cost what the whole costs, in whatever way it is cut', () => {
    const energy = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }).map(Energy);
    fc.assert(
      fc.property(energy, energy, energy, (a, b, c) => {
        const whole = costOf({ day, night }, { day: Energy(a + b), night: c });
        expect(
          costOf({ day, night }, { day: a, night: c }) +
            costOf({ day, night }, { day: b, night: Energy(0n) }),
        ).toBe(whole);
        expect(whole).toBe((a + b) * 112_700n + c * 112_810n);
      }),
    );
  });
});
