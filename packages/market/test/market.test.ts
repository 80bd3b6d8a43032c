import { Coin, Energy, Price, parseMicro, QuantityError, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePurchase, cost, energyFor, type Offer } from '../src/index.ts';

const energies = fc.bigInt({ min: 0n, max: 10n ** 15n }).map(Energy);
const prices = fc.bigInt({ min: 0n, max: 10n ** 12n }).map(Price);
const coins = fc.bigInt({ min: 0n, max: 10n ** 18n }).map(Coin);
const offers = fc.array(
  fc.record({
    seller: fc.string(),
    price: prices,
    available: energies,
    wanted: energies.map((energy) => Energy(energy + 1n)),
    least: energies,
  }),
  { maxLength: 5 },
);
const purses = fc.record(
  { balance: coins, priceCap: prices, budget: coins },
  { requiredKeys: ['balance'], noNullPrototype: true },
);

const offer = (seller: string, price: string, available: number, extra: Partial<Offer> = {}): Offer => ({
  seller,
  price: Price(parseMicro(price)),
  available: wattHours(available),
  wanted: wattHours(200),
  least: wattHours(2),
  ...extra,
});
const rich = { balance: Coin(parseMicro('1000')) };

describe('cost', () => {
  it('equals the energy at one coin per Wh, as in v0.2', () => {
    expect(cost(wattHours(123.456789), Price(1_000_000n))).toBe(Coin(123_456_789n));
  });

  it('rounds up, in the seller’s favour, by less than one millionth of a coin', () => {
    fc.assert(
      fc.property(energies, prices, (energy, price) => {
        const exact = energy * price;
        const paid = cost(energy, price) * 1_000_000n;
        expect(paid >= exact && paid - exact < 1_000_000n).toBe(true);
      }),
    );
  });

  it('of two halves is never less than of the whole', () => {
    fc.assert(
      fc.property(energies, energies, prices, (one, other, price) => {
        expect(cost(one, price) + cost(other, price) >= cost(Energy(one + other), price)).toBe(true);
      }),
    );
  });

  it('refuses negative energy', () => {
    expect(() => cost(Energy(-1n), Price(1n))).toThrow(QuantityError);
  });
});

describe('energyFor', () => {
  it('is the most that an amount of coin pays for', () => {
    fc.assert(
      fc.property(coins, prices, (coin, price) => {
        fc.pre(price > 0n);
        const energy = energyFor(coin, price);
        expect(cost(energy, price) <= coin).toBe(true);
        expect(cost(Energy(energy + 1n), price) > coin).toBe(true);
      }),
    );
  });

  it('is nothing at price 0, where a seller sells nothing', () => {
    expect(energyFor(Coin(5n), Price(0n))).toBe(0n);
  });

  it('refuses a negative amount', () => {
    expect(() => energyFor(Coin(-1n), Price(1n))).toThrow(QuantityError);
  });
});

describe('choosing a purchase', () => {
  it('takes the cheapest seller that has energy', () => {
    const { purchase } = choosePurchase([offer('dear', '2', 500), offer('cheap', '0.5', 500)], rich);
    expect(purchase).toEqual({ seller: 'cheap', energy: wattHours(200), cost: Coin(parseMicro('100')) });
  });

  it('takes the first named of equally cheap sellers', () => {
    expect(choosePurchase([offer('one', '1', 500), offer('two', '1', 900)], rich).purchase?.seller).toBe(
      'one',
    );
  });

  it('takes what is available when that is less', () => {
    expect(choosePurchase([offer('small', '1', 30)], rich).purchase?.energy).toBe(wattHours(30));
  });

  it('takes what the coins pay for when that is less', () => {
    const { purchase } = choosePurchase([offer('one', '2', 500)], { balance: Coin(parseMicro('30')) });
    expect(purchase).toEqual({ seller: 'one', energy: wattHours(15), cost: Coin(parseMicro('30')) });
  });

  it('takes what the budget allows when that is less', () => {
    const purse = { ...rich, budget: Coin(parseMicro('10')) };
    expect(choosePurchase([offer('one', '2', 500)], purse).purchase?.energy).toBe(wattHours(5));
  });

  it('asks every seller, not only the first, and says why each of the others cannot be bought from', () => {
    const result = choosePurchase(
      [offer('closed', '0', 500), offer('dear', '9', 500), offer('empty', '1', 1), offer('fine', '1.5', 500)],
      { ...rich, priceCap: Price(parseMicro('2')) },
    );
    expect(result.purchase?.seller).toBe('fine');
    expect(result.declined).toEqual([
      { seller: 'closed', reason: 'not-selling' },
      { seller: 'dear', reason: 'above-price-cap' },
      { seller: 'empty', reason: 'sold-out' },
    ]);
  });

  it('buys nothing when only a useless amount is affordable', () => {
    expect(choosePurchase([offer('one', '1', 500)], { balance: Coin(parseMicro('1')) })).toEqual({
      declined: [{ seller: 'one', reason: 'out-of-coins' }],
    });
    expect(choosePurchase([offer('one', '1', 500)], { ...rich, budget: Coin(0n) })).toEqual({
      declined: [{ seller: 'one', reason: 'over-budget' }],
    });
  });

  it('never exceeds what is available, the balance, the budget or the price cap, and never buys nothing', () => {
    fc.assert(
      fc.property(offers, purses, (all, purse) => {
        const { purchase, declined } = choosePurchase(all, purse);
        if (!purchase) {
          expect(declined).toHaveLength(all.length);
          return;
        }
        const fits = all.find(
          (one) =>
            one.seller === purchase.seller &&
            purchase.energy > 0n &&
            purchase.energy <= one.available &&
            purchase.energy >= one.least &&
            (purse.priceCap === undefined || one.price <= purse.priceCap) &&
            purchase.cost === cost(purchase.energy, one.price),
        );
        expect(fits).toBeDefined();
        expect(purchase.cost <= purse.balance).toBe(true);
        expect(purse.budget === undefined || purchase.cost <= purse.budget).toBe(true);
      }),
    );
  });
});
