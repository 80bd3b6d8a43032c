import { Coin, Energy, Instant, Percent, Register, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/decide.ts';
import type { Inputs } from '../../src/situation.ts';
import { remaining, thresholds } from '../../src/thresholds.ts';
import { SELLER_1, SELLER_2 } from '../world/lab.ts';
import { inputs, market, NOW, rules, state } from './situation.ts';

const energies = fc.bigInt({ min: 0n, max: 400_000_000n });
const situations = fc.record({
  power: fc.integer({ min: 0, max: 4000 }),
  peak: fc.integer({ min: 0, max: 4000 }),
  age: fc.integer({ min: 0, max: 100_000 }),
  dwelt: fc.integer({ min: 0, max: 60_000 }),
  charge: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
  feed: fc.constantFrom<Inputs['feed']>('own', SELLER_1, SELLER_2, 'disordered', 'unknown'),
  bought: fc.tuple(energies, energies),
  used: fc.tuple(energies, energies),
  available: fc.tuple(energies, energies),
  balance: fc.bigInt({ min: 0n, max: 500_000_000n }),
  inFlight: fc.constantFrom<Inputs['inFlight']>('nothing', 'report', 'purchase', 'unsettled'),
  fuelgauge: fc.boolean(),
});

describe('whatever the situation', () => {
  it('no purchase exceeds the coins, none is made on an unknown charge, twice, or while enough is left', () => {
    fc.assert(
      fc.property(situations, (s) => {
        const used = {
          ...rules,
          fuelgauge: s.fuelgauge,
        };
        const now = state({
          last: { at: Instant(NOW - s.age), power: Watts(s.power) },
          peak: Watts(s.peak),
          drawn: wattHours(30),
          lastSwitch: Instant(NOW - s.dwelt),
          purchased: new Map([
            [SELLER_1, Energy(s.bought[0])],
            [SELLER_2, Energy(s.bought[1])],
          ]),
          registers: new Map([
            [SELLER_1, Register(s.used[0])],
            [SELLER_2, Register(s.used[1])],
          ]),
        });
        const { stateOfCharge: _, ...rest } = inputs({
          feed: s.feed,
          inFlight: s.inFlight,
          market: market({
            balance: Coin(s.balance),
            offers: market().offers.map((offer, index) => ({
              ...offer,
              available: Energy(s.available[index] ?? 0n),
            })),
          }),
        });
        const given: Inputs = s.charge === undefined ? rest : { ...rest, stateOfCharge: Percent(s.charge) };
        const actions = decide(now, given, used);
        const bought = actions.filter((action) => action.type === 'buy');
        const switched = actions.filter((action) => action.type === 'switch');
        expect(bought.length + switched.length).toBeLessThanOrEqual(1);
        for (const { seller, energy, cost } of bought) {
          expect(cost).toBeLessThanOrEqual(s.balance);
          expect(['purchase', 'unsettled']).not.toContain(s.inFlight);
          expect(s.fuelgauge && s.charge === undefined).toBe(false);
          expect(s.feed === 'disordered' || s.feed === 'unknown').toBe(false);
          const { buy: margin, enter } = thresholds(now, given, used);
          expect(remaining(now, seller) < margin || remaining(now, seller) < enter).toBe(true);
          expect(energy).toBeGreaterThan(0n);
        }
        for (const { to } of switched) {
          expect(to).not.toBe(s.feed);
          if (to !== 'own') expect(remaining(now, to)).toBeGreaterThan(0n);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
