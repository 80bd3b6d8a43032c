import { Coin, Energy, Instant, Percent, Price, Register, Watts, wattHours } from '@daisee/units';
import { describe } from 'vitest';
import { SELLER_1, SELLER_2 } from '../world/lab.ts';
import {
  buy,
  check,
  declinedBoth,
  gaugeless,
  holding,
  inputs,
  low,
  market,
  NOW,
  type Row,
  rules,
  soldOut,
  switchTo,
  without,
} from './situation.ts';

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

describe('on its own source', () => check(onItsOwn));
