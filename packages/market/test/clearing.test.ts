import { Energy, Price, parseKilowattHours, parseMicro } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Clearing,
  clearMidMarket,
  clearPayAsBid,
  clearUniformPrice,
  cost,
  type Fill,
  type Order,
  type OrderBook,
  OrderRefused,
} from '../src/index.ts';
import { bestPrice, mostSurplus } from './reference/clearing.ts';

const KWH = Energy(1_000_000_000n);
const grid = { retail: Price(20_000_000n), feedIn: Price(5_000_000n) };

/** `A 1×10`: kWh at coins per kWh. */
const orders = (text: string): readonly Order[] =>
  text === ''
    ? []
    : text.split(', ').map((one) => {
        const [, id = '', energy = '', price = ''] = /^(\w+) ([\d.]+)×([\d.]+)$/.exec(one) ?? [];
        return { id, energy: parseKilowattHours(energy), price: Price(parseMicro(price)) };
      });
const book = (bids: string, offers: string): OrderBook => ({
  bids: orders(bids),
  offers: orders(offers),
  per: KWH,
});
/** `A 1 10` for a fill of 1 kWh and 10 coins, without those that did not trade. */
const shown = (fills: readonly Fill[]): string =>
  fills
    .filter(({ energy }) => energy > 0n)
    .map(({ id, energy, amount }) => `${id} ${Number(energy) / 1e9} ${Number(amount) / 1e6}`)
    .join(', ');
const summary = ({ price, bids, offers }: Clearing) => ({
  price: price === undefined ? undefined : Number(price) / 1e6,
  bids: shown(bids),
  offers: shown(offers),
});

describe('a uniform price', () => {
  it('is there only where a bid is not below an offer', () => {
    const none = { price: undefined, bids: '', offers: '' };
    // The highest bid is 20, the lowest offer 25.
    const apart = book('A 1×10, B 2×15, C 3×20', 'A 1.00002×25, B 5×30, C 2.4×35');
    expect(summary(clearUniformPrice(apart))).toEqual(none);
    expect(summary(clearPayAsBid(apart))).toEqual(none);
    expect(summary(clearUniformPrice(book('', 'A 1×1')))).toEqual(none);
    expect(summary(clearUniformPrice(book('A 0×9', 'A 1×1')))).toEqual(none);
  });

  it('moves most energy; of several prices it is the middle', () => {
    // At 20 all three buy, 6 kWh; A sells all it has, B the rest, C asks more.
    expect(
      summary(clearUniformPrice(book('A 1×20, B 2×30, C 3×35', 'A 1.00002×10, B 5×20, C 2.4×35'))),
    ).toEqual({
      price: 20,
      bids: 'A 1 20, B 2 40, C 3 60',
      offers: 'A 1.00002 20.0004, B 4.99998 99.9996',
    });
    expect(summary(clearUniformPrice(book('A 1×30', 'B 1×11')))).toEqual({
      price: 20.5,
      bids: 'A 1 20.5',
      offers: 'B 1 20.5',
    });
  });

  it('serves the best first, and those at the margin in proportion', () => {
    expect(summary(clearUniformPrice(book('A 1×30, B 1×20, C 3×20', 'D 3×10')))).toEqual({
      price: 15,
      bids: 'A 1 15, B 0.5 7.5, C 1.5 22.5',
      offers: 'D 3 45',
    });
  });

  it('gives single µWh to the largest remainder, then to the first by id', () => {
    const { bids } = clearUniformPrice({
      bids: ['c', 'a', 'b'].map((id) => ({ id, energy: Energy(10n), price: Price(5n) })),
      offers: [{ id: 's', energy: Energy(20n), price: Price(5n) }],
    });
    expect(bids.map(({ id, energy }) => `${id} ${energy}`)).toEqual(['c 6', 'a 7', 'b 7']);
  });
});

describe('pay as bid', () => {
  it('has each buyer pay its bid, to the sellers', () => {
    expect(summary(clearPayAsBid(book('A 1×30, B 2×20', 'C 1×10, D 2×15')))).toEqual({
      price: undefined,
      bids: 'A 1 30, B 2 40',
      offers: 'C 1 30, D 2 40',
    });
  });

  it('pays all who offer at one price the same for each kWh', () => {
    expect(summary(clearPayAsBid(book('A 1×30, B 1×20', 'C 1×10, D 1×10'))).offers).toBe('C 1 25, D 1 25');
  });
});

describe('the mid-market rate', () => {
  it('lies between what the grid takes and pays, and goes by proportion', () => {
    expect(summary(clearMidMarket(book('A 1×20, B 3×20', 'C 2×5, D 6×30'), grid))).toEqual({
      price: 12.5,
      bids: 'A 0.5 6.25, B 1.5 18.75',
      offers: 'C 2 25',
    });
  });

  it('takes nobody beyond a limit', () => {
    // Of the bids at 10, 15 and 20 two reach 12.5; no offer from 25 on is as low.
    expect(
      summary(clearMidMarket(book('A 1×10, B 2×15, C 3×20', 'A 1.00002×25, B 5×30, C 2.4×35'), grid)),
    ).toMatchObject({ bids: '', offers: '' });
    expect(
      summary(clearMidMarket(book('A 1×10, B 2×15, C 3×20', 'A 1.00002×2.5, B 5×3, C 2.4×35'), grid)).bids,
    ).toBe('B 2 25, C 3 37.5');
  });

  it('refuses a grid that pays more than it takes', () => {
    expect(() => clearMidMarket(book('', ''), { retail: Price(1n), feedIn: Price(2n) })).toThrow(
      'The grid takes 1 and pays 2',
    );
  });
});

const order = fc.record({
  energy: fc
    .oneof(
      fc.bigInt({ min: 0n, max: 9n }),
      fc.bigInt({ min: 0n, max: 5000n }).map((wh) => wh * 1_000_000n),
      fc.bigInt({ min: 0n, max: 2n ** 62n }),
    )
    .map(Energy),
  price: fc.oneof(fc.bigInt({ min: 0n, max: 6n }), fc.bigInt({ min: 0n, max: 2n ** 40n })).map(Price),
});
const side = fc
  .array(order, { maxLength: 14, size: 'max' })
  .map((all) => all.map((one, i) => ({ ...one, id: `m${i % 3}${i}` })));
const books = fc.record({
  bids: side,
  offers: side,
  per: fc.constantFrom(undefined, Energy(1n), KWH, Energy(7n)),
});
const mechanisms: readonly [string, (book: OrderBook) => Clearing][] = [
  ['uniform price', clearUniformPrice],
  ['pay as bid', clearPayAsBid],
  ['mid-market rate', (given) => clearMidMarket(given, { retail: Price(5n), feedIn: Price(2n) })],
];
const total = (fills: readonly Fill[], of: 'energy' | 'amount'): bigint =>
  fills.reduce((sum, fill) => sum + fill[of], 0n);
const by = (all: readonly Order[], id: string): Order | undefined => all.find((one) => one.id === id);

describe.each(mechanisms)('the laws of a %s', (_, clear) => {
  it('nobody trades more than it ordered, and as much is bought as sold', () => {
    fc.assert(
      fc.property(books, (given) => {
        const { bids, offers, energy } = clear(given);
        for (const [fills, all] of [
          [bids, given.bids],
          [offers, given.offers],
        ] as const) {
          expect(total(fills, 'energy')).toBe(energy);
          expect(fills.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
          for (const fill of fills) {
            expect(fill.energy >= 0n && fill.energy <= (by(all, fill.id)?.energy ?? 0n)).toBe(true);
          }
        }
      }),
    );
  });

  it('no buyer pays more than its limit comes to, no seller receives less', () => {
    fc.assert(
      fc.property(books, (given) => {
        const per = given.per ?? 1_000_000n;
        const { bids, offers } = clear(given);
        for (const { id, energy, amount } of bids) {
          const limit = (by(given.bids, id)?.price ?? 0n) * energy;
          expect(amount <= (limit + per - 1n) / per).toBe(true);
        }
        for (const { id, energy, amount } of offers)
          expect(amount >= ((by(given.offers, id)?.price ?? 0n) * energy) / per).toBe(true);
      }),
    );
  });

  it('what buyers pay is what sellers receive, to the millionth', () => {
    fc.assert(
      fc.property(books, (given) => {
        const { bids, offers, turnover } = clear(given);
        expect([total(bids, 'amount'), total(offers, 'amount')]).toEqual([turnover, turnover]);
        expect(bids.every(({ amount }) => amount >= 0n) && offers.every(({ amount }) => amount >= 0n)).toBe(
          true,
        );
      }),
    );
  });

  it('the order in which orders came does not matter', () => {
    fc.assert(
      fc.property(
        books.chain((given) =>
          fc.record({
            given: fc.constant(given),
            bids: fc.shuffledSubarray([...given.bids], { minLength: given.bids.length }),
            offers: fc.shuffledSubarray([...given.offers], { minLength: given.offers.length }),
          }),
        ),
        ({ given, bids, offers }) => {
          const sorted = (clearing: Clearing): Clearing => ({
            ...clearing,
            bids: clearing.bids.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
            offers: clearing.offers.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
          });
          expect(sorted(clear({ ...given, bids, offers }))).toEqual(sorted(clear(given)));
        },
      ),
    );
  });

  it('refuses what cannot be an order, and an id that is there twice', () => {
    const one = { id: 'a', energy: Energy(1n), price: Price(1n) };
    expect(() => clear({ bids: [one, one], offers: [] })).toThrow(OrderRefused);
    expect(() => clear({ bids: [], offers: [{ ...one, energy: Energy(-1n) }] })).toThrow(/0 or more/);
    expect(() => clear({ bids: [{ ...one, energy: Energy(2n ** 63n) }], offers: [] })).toThrow(/below 2\^63/);
    expect(() => clear({ bids: [one], offers: [], per: Energy(0n) })).toThrow(/more than 0/);
  });
});

describe('the best clearing', () => {
  it('at a uniform price and as bid has the most surplus that there is', () => {
    fc.assert(
      fc.property(books, (given) => {
        const most = mostSurplus(given);
        expect(clearUniformPrice(given).surplus).toBe(most);
        expect(clearPayAsBid(given).surplus).toBe(most);
      }),
      { numRuns: 1000 },
    );
  });

  it('at a uniform price is the middle of the prices at which most energy trades', () => {
    fc.assert(
      fc.property(books, (given) => {
        const best = bestPrice(given);
        const { price, energy } = clearUniformPrice(given);
        expect(energy).toBe(best?.energy ?? 0n);
        expect(price).toBe(best && (best.lowest + best.highest) / 2n);
      }),
      { numRuns: 1000 },
    );
  });

  it('costs what the ledger says, where the price is for a Wh', () => {
    const given = {
      bids: [{ id: 'a', energy: Energy(1_500_001n), price: Price(3n) }],
      offers: [{ id: 's', energy: Energy(1_500_001n), price: Price(3n) }],
    };
    expect(clearUniformPrice(given).bids[0]?.amount).toBe(cost(Energy(1_500_001n), Price(3n)));
  });
});
