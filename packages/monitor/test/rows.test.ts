/** Rows that are written as bytes are those that were written as text, byte for byte. */
import { Instant, Watts } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { row } from '../src/http/citizenwatt/answers.ts';
import { rowsOf } from '../src/http/citizenwatt/rows.ts';
import type { Asked } from '../src/http/measured/by-rate.ts';
import type { Pricing } from '../src/http/measured/pricing.ts';
import { createHours } from '../src/tariff/hours.ts';

const pricings: readonly Pricing[] = [
  { tariff: undefined, hours: undefined, rate: 'null' },
  { tariff: undefined, hours: createHours({ start: '22:00', end: '06:00', zone: 'UTC' }), rate: '"day"' },
];
const micro = fc.oneof(
  fc.integer({ min: -10_000_000_000, max: 10_000_000_000 }),
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -10_000, max: 10_000 }).map((watts) => watts * 1e6),
  fc.maxSafeInteger(),
);
const powers = fc.oneof(
  { weight: 5, arbitrary: micro.map((each) => each / 1e6) },
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
  fc.constantFrom(0, -0, 1e-4, 9.9e-5, 1e-6, 1e9, 999_999_999.999_999, 1e16, 0.1 + 0.2),
);
const samples = fc.array(
  fc.record({
    id: fc.maxSafeNat(),
    at: fc
      .oneof(fc.nat(4_102_444_800_000), fc.maxSafeNat(), fc.constantFrom(0, 999, 1000, 1e12))
      .map(Instant),
    power: powers.map((each) => Watts(each)),
  }),
  { maxLength: 20 },
);

describe('rows as bytes', () => {
  it('are the rows as text, whatever the numbers', () => {
    fc.assert(
      fc.property(samples, fc.constantFrom(...pricings), fc.nat(), (list, pricing, sensorId) => {
        const asked = { sensorId, pricing } as Asked;
        const text = list.map((sample) => row(asked, sample)).join(', ');
        expect(rowsOf(asked, list, '[').toString()).toBe(`[${text}`);
      }),
      { numRuns: 5000 },
    );
  });

  it('that were given out stay as they are while others are written', () => {
    const asked = { sensorId: 1, pricing: pricings[0] } as Asked;
    const one = [{ id: 1, at: Instant(8000), power: Watts(450.5) }];
    const first = rowsOf(asked, one, '');
    rowsOf(asked, [{ id: 2, at: Instant(16_000), power: Watts(7) }], '');
    expect(first.toString()).toBe(
      '{"id": 1, "sensor_id": 1, "value": 450.5, "timestamp": 8, "night_rate": 1}',
    );
  });
});
