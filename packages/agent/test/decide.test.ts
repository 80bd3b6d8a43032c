import type { Address } from '@daisee/chain';
import { Coin, Energy, Instant, Percent, Price, Register, Seconds, Watts, wattHours } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Action, decide, type Inputs, remaining, type State, thresholds } from '../src/decide.ts';
import { type ConsumerRules, consumerRules } from '../src/settings.ts';
import { NODE, SELLER_1, SELLER_2, settings } from './world/lab.ts';

const NOW = Instant(1_800_000_000_000);
const rules = consumerRules(settings);
const gaugeless = { ...rules, fuelgauge: false, limit: 5 };

/** 200 W; a period uses 0.44 Wh, so it leaves below 0.89 Wh, buys below 2.89 Wh and enters from 2.56 Wh on. */
const state = (more: Partial<State> = {}): State => ({
  last: { at: Instant(NOW - 1000), power: Watts(200) },
  peak: Watts(200),
  drawn: Energy(0n),
  registers: new Map([[NODE, Register(0n)]]),
  purchased: new Map(),
  ...more,
});
const market = (more: Partial<NonNullable<Inputs['market']>> = {}): NonNullable<Inputs['market']> => ({
  offers: [
    { seller: SELLER_1, price: Price(2_000_000n), available: wattHours(500) },
    { seller: SELLER_2, price: Price(1_000_000n), available: wattHours(500) },
  ],
  balance: Coin(1_000_000_000n),
  spentToday: Coin(0n),
  ...more,
});
const inputs = (more: Partial<Inputs> = {}): Inputs => ({
  now: NOW,
  feed: 'own',
  stateOfCharge: Percent(50),
  market: market(),
  inFlight: 'nothing',
  reported: new Map([[NODE, Register(0n)]]),
  reportedAt: NOW,
  confirmation: Seconds(8),
  avoided: new Set(),
  ...more,
});
const without = <T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> => {
  const { [key]: _, ...rest } = object;
  return rest;
};
const holding = (wh1: number, wh2 = 0): Partial<State> => ({
  purchased: new Map([
    [SELLER_1, wattHours(wh1)],
    [SELLER_2, wattHours(wh2)],
  ]),
});
const low = { stateOfCharge: Percent(19.9) };
const on1: Partial<Inputs> = { feed: SELLER_1, ...low };
const soldOut = market({ offers: market().offers.map((offer) => ({ ...offer, available: Energy(0n) })) });
const declinedBoth = {
  type: 'note',
  note: 'no-purchase',
  declined: [
    { seller: SELLER_1, reason: 'sold-out' },
    { seller: SELLER_2, reason: 'sold-out' },
  ],
};
const buy = (seller: Address, energy?: Energy) =>
  expect.objectContaining({ type: 'buy', seller, ...(energy === undefined ? {} : { energy }) }) as Action;
const switchTo = (to: 'own' | Address, why: string) => ({ type: 'switch', to, why });

type Row = readonly [
  sentence: string,
  state: Partial<State>,
  inputs: Partial<Inputs>,
  expected: readonly unknown[],
  rules?: ConsumerRules,
];

const onItsOwn: readonly Row[] = [
  ['with charge enough it does nothing', {}, {}, []],
  ['at the limit exactly it does nothing', {}, { stateOfCharge: Percent(20) }, []],
  ['below the limit it buys from the cheapest seller', {}, low, [buy(SELLER_2)]],
  [
    'below the limit with energy bought already it switches and buys nothing',
    holding(10),
    low,
    [switchTo(SELLER_1, 'below-limit')],
  ],
  [
    'it takes the first named of several with energy left',
    holding(10, 10),
    low,
    [switchTo(SELLER_1, 'below-limit')],
  ],
  [
    'it takes the second when only that has energy left',
    holding(0, 10),
    low,
    [switchTo(SELLER_2, 'below-limit')],
  ],
  [
    'a remainder too small to stay for the dwell time is no reason to switch',
    holding(2),
    low,
    [buy(SELLER_2)],
  ],
  [
    'a seller that the relay refused is left alone',
    holding(10),
    { ...low, avoided: new Set([SELLER_1]) },
    [buy(SELLER_2)],
  ],
  [
    'with every seller refused it says so',
    {},
    { ...low, avoided: new Set([SELLER_1, SELLER_2]) },
    [{ type: 'note', note: 'no-purchase', declined: [] }],
  ],
  ['with everything sold out it says so', {}, { ...low, market: soldOut }, [declinedBoth]],
  ['it asks for the market before it buys', {}, { ...low, market: undefined as never }, [{ type: 'ask' }]],
  ['it waits for a purchase that is under way', {}, { ...low, inFlight: 'purchase' }, []],
  ['it waits while it is not known what became of a purchase', {}, { ...low, inFlight: 'unsettled' }, []],
  ['a report under way does not hold up a purchase', {}, { ...low, inFlight: 'report' }, [buy(SELLER_2)]],
  ['it stays before the dwell time is over', { ...holding(10), lastSwitch: Instant(NOW - 29_000) }, low, []],
  [
    'it leaves when the dwell time is over',
    { ...holding(10), lastSwitch: Instant(NOW - 30_000) },
    { ...low, reportedAt: NOW },
    [switchTo(SELLER_1, 'below-limit')],
  ],
  [
    'with the charge unknown it buys nothing and says so',
    holding(10),
    { stateOfCharge: undefined as never },
    [{ type: 'note', note: 'charge-unknown' }],
  ],
  [
    'with nothing measured lately it stays',
    { ...holding(10), last: { at: Instant(NOW - 61_000), power: Watts(200) } },
    low,
    [],
  ],
  ['before the first sample it stays', { ...holding(10), last: undefined as never }, low, []],
  [
    'without a gauge it stays until the limit in Wh is drawn',
    { drawn: wattHours(4.999999) },
    without(inputs(), 'stateOfCharge'),
    [],
    gaugeless,
  ],
  [
    'without a gauge it buys when the limit in Wh is drawn',
    { drawn: wattHours(5) },
    without(inputs(), 'stateOfCharge'),
    [buy(SELLER_2)],
    gaugeless,
  ],
  [
    'without a gauge the state of charge is none of its business',
    { drawn: wattHours(0) },
    low,
    [],
    gaugeless,
  ],
  ['it buys delta and what the last period used', {}, low, [buy(SELLER_2, Energy(wattHours(20) + 444_445n))]],
  [
    'it covers first what it has overdrawn',
    { registers: new Map([[SELLER_2, Register(wattHours(3) as bigint)]]) },
    { ...low, reported: new Map([[SELLER_2, Register(wattHours(3) as bigint)]]) },
    [buy(SELLER_2, Energy(wattHours(23) + 444_445n))],
  ],
  [
    'it buys what is available when that is less',
    {},
    { ...low, market: market({ offers: [{ seller: SELLER_1, price: Price(1n), available: wattHours(4) }] }) },
    [buy(SELLER_1, wattHours(4))],
  ],
  [
    'it buys what the budget of the day leaves',
    {},
    { ...low, market: market({ spentToday: Coin(90_000_000n) }) },
    [buy(SELLER_2, wattHours(10))],
    { ...rules, budgetPerDay: Coin(100_000_000n) },
  ],
  [
    'it spends nothing beyond the budget of the day',
    {},
    { ...low, market: market({ spentToday: Coin(100_000_000n) }) },
    [
      {
        type: 'note',
        note: 'no-purchase',
        declined: [
          { seller: SELLER_1, reason: 'over-budget' },
          { seller: SELLER_2, reason: 'over-budget' },
        ],
      },
    ],
    { ...rules, budgetPerDay: Coin(100_000_000n) },
  ],
  [
    'it pays no price above the cap',
    {},
    {
      ...low,
      market: market({ offers: [{ seller: SELLER_1, price: Price(2_000_000n), available: wattHours(500) }] }),
    },
    [{ type: 'note', note: 'no-purchase', declined: [{ seller: SELLER_1, reason: 'above-price-cap' }] }],
    { ...rules, priceCap: Price(1_500_000n) },
  ],
];

const onASeller: readonly Row[] = [
  ['with energy left it does nothing', holding(10), on1, []],
  ['it buys again, from where it is, before the energy runs out', holding(2.8), on1, [buy(SELLER_1)]],
  [
    'it buys what lasts for the dwell time at least, however small delta is',
    holding(2.6),
    on1,
    [buy(SELLER_1, Energy(1_666_667n))],
    { ...rules, delta: wattHours(0.1) },
  ],
  ['it uses what is paid for elsewhere before it buys more', holding(2.8, 10), on1, []],
  [
    'it goes on to where energy is left when it has to leave',
    holding(0.8, 10),
    on1,
    [switchTo(SELLER_2, 'next-seller')],
  ],
  [
    'it asks the next seller when this one has nothing',
    holding(2.8),
    {
      ...on1,
      market: market({
        offers: [
          { seller: SELLER_1, price: Price(1_000_000n), available: Energy(0n) },
          { seller: SELLER_2, price: Price(1_000_000n), available: wattHours(500) },
        ],
      }),
    },
    [buy(SELLER_2)],
  ],
  [
    'it asks the next seller when this one refused',
    holding(2.8),
    { ...on1, avoided: new Set([SELLER_1]) },
    [buy(SELLER_2)],
  ],
  [
    'with nothing to buy anywhere it stays as long as energy is left, and says so',
    holding(2.8),
    { ...on1, market: soldOut },
    [declinedBoth],
  ],
  [
    'it returns when the energy is used and nothing came of buying',
    holding(0.8),
    { ...on1, market: soldOut },
    [switchTo('own', 'allowance-used')],
  ],
  [
    'it returns rather than draw unpaid energy while a purchase is not mined yet',
    holding(0.8),
    { ...on1, inFlight: 'purchase' },
    [switchTo('own', 'allowance-used')],
  ],
  ['it does not buy twice while a purchase is under way', holding(2.8), { ...on1, inFlight: 'purchase' }, []],
  [
    'it stays on its energy while the ledger does not answer',
    holding(2.8),
    { ...on1, market: undefined as never },
    [{ type: 'ask' }],
  ],
  ['between limit and resume it stays', holding(10), { ...on1, stateOfCharge: Percent(29.9) }, []],
  [
    'it returns when the battery has recovered',
    holding(10),
    { ...on1, stateOfCharge: Percent(30) },
    [switchTo('own', 'recovered')],
  ],
  [
    'it returns at the resume of the settings',
    holding(10),
    { ...on1, stateOfCharge: Percent(79) },
    [],
    { ...rules, resume: Percent(80) },
  ],
  [
    'recovered before the dwell time is over it stays and buys nothing more',
    { ...holding(2.8), lastSwitch: Instant(NOW - 8000) },
    { ...on1, stateOfCharge: Percent(30) },
    [],
  ],
  [
    'used-up energy ends the stay before the dwell time is over',
    { ...holding(0.8), lastSwitch: Instant(NOW - 8000) },
    { ...on1, market: soldOut },
    [switchTo('own', 'allowance-used')],
  ],
  [
    'with the charge unknown it stays on what is bought, buys nothing and says so',
    holding(2.8),
    { ...on1, stateOfCharge: undefined as never },
    [{ type: 'note', note: 'charge-unknown' }],
  ],
  [
    'with the charge unknown and the energy used it returns',
    holding(0.8),
    { ...on1, stateOfCharge: undefined as never },
    [switchTo('own', 'allowance-used'), { type: 'note', note: 'charge-unknown' }],
  ],
  [
    'what is not measured is not taken from a neighbour',
    { ...holding(100), last: { at: Instant(NOW - 61_000), power: Watts(200) } },
    on1,
    [switchTo('own', 'no-measurement')],
  ],
  [
    'the older the last sample, the more is kept in hand',
    { ...holding(2.8), last: { at: Instant(NOW - 50_000), power: Watts(200) } },
    on1,
    [switchTo('own', 'allowance-used')],
  ],
  [
    'a load that was high lately is reckoned with',
    { ...holding(10), peak: Watts(3000) },
    { ...on1, market: soldOut },
    [switchTo('own', 'allowance-used')],
  ],
  [
    'without a gauge it stays and buys again',
    { ...holding(2.8), drawn: wattHours(5) },
    { ...on1, stateOfCharge: Percent(99) },
    [buy(SELLER_1)],
    gaugeless,
  ],
  [
    'without a gauge it returns when no purchase succeeds',
    { ...holding(0.8), drawn: wattHours(5) },
    { ...on1, market: soldOut },
    [switchTo('own', 'allowance-used')],
    gaugeless,
  ],
  ['found on a seller with nothing bought it returns', {}, on1, [switchTo('own', 'allowance-used')]],
];

const registers = new Map([
  [NODE, Register(10n)],
  [SELLER_1, Register(5n)],
]);
const sampleAt = (ms: number) => ({ last: { at: Instant(NOW - ms), power: Watts(200) } });

const elsewhere: readonly Row[] = [
  ['a relay that cannot be read: it does nothing', holding(10), { ...low, feed: 'unknown' }, []],
  [
    'channels that make no source: it orders rest',
    holding(10),
    { ...low, feed: 'disordered' },
    [switchTo('own', 'disorder')],
  ],
  ['nothing new: no report', { registers }, { reported: registers }, []],
  [
    'the first registers after a start are reported',
    { registers },
    { reportedAt: undefined as never },
    [{ type: 'report', why: 'start' }],
  ],
  [
    'after the interval registers are reported',
    { registers },
    { reportedAt: Instant(NOW - 61_000) },
    [{ type: 'report', why: 'interval' }],
  ],
  ['before the interval they are not', { registers }, { reportedAt: Instant(NOW - 60_999) }, []],
  [
    'after a switch they are reported, once the samples around it are booked',
    { registers, ...sampleAt(1000), lastSwitch: Instant(NOW - 5000) },
    { reportedAt: Instant(NOW - 20_000) },
    [{ type: 'report', why: 'switch' }],
  ],
  [
    'and not before',
    { registers, ...sampleAt(6000), lastSwitch: Instant(NOW - 5000) },
    { reportedAt: Instant(NOW - 20_000) },
    [],
  ],
  [
    'two reports never run at once',
    { registers },
    { reportedAt: undefined as never, inFlight: 'report' },
    [],
  ],
  [
    'nothing is reported before the ledger’s registers are known',
    { registers },
    { reported: undefined as never, reportedAt: undefined as never },
    [],
  ],
  [
    'a purchase carries the report itself',
    { registers },
    { ...low, reportedAt: undefined as never },
    [buy(SELLER_2)],
  ],
  [
    'a report goes beside a switch',
    { registers, ...holding(10) },
    { ...low, reportedAt: undefined as never },
    [switchTo(SELLER_1, 'below-limit'), { type: 'report', why: 'start' }],
  ],
];

const check = (rows: readonly Row[]) => {
  it.each(rows.map((row) => [row[0], row] as const))('%s', (_sentence, [, more, given, expected, other]) => {
    expect(decide(state(more), inputs(given), other ?? rules)).toEqual(expected);
  });
};

describe('on its own source', () => check(onItsOwn));
describe('on a seller’s source', () => check(onASeller));
describe('in between, and reports', () => check(elsewhere));

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
