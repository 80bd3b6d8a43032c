import { Energy, Instant, Percent, Price, Seconds, Watts, wattHours } from '@daisee/units';
import { describe } from 'vitest';
import { SELLER_1, SELLER_2 } from '../world/lab.ts';
import {
  buy,
  check,
  declinedBoth,
  gaugeless,
  holding,
  market,
  NOW,
  on1,
  type Row,
  rules,
  soldOut,
  switchTo,
} from './situation.ts';

const many = Array.from({ length: 11 }, (_, index) => Instant(NOW - (index + 1) * 60_000));
const soldOutHere = market({
  offers: [
    { seller: SELLER_1, price: Price(1_000_000n), available: Energy(0n) },
    { seller: SELLER_2, price: Price(1_000_000n), available: wattHours(500) },
  ],
});

const onASeller: readonly Row[] = [
  ['with energy left it does nothing', holding(10), on1, []],
  [
    'it buys again, from where it is, before the energy runs out, up to delta in hand',
    holding(2.8),
    on1,
    [buy(SELLER_1, wattHours(17.2))],
  ],
  [
    'where it is already it takes what is left to sell, if that lasts for the dwell time',
    holding(2.8),
    { ...on1, market: market({ offers: [{ seller: SELLER_1, price: Price(1n), available: wattHours(2) }] }) },
    [buy(SELLER_1, wattHours(2))],
  ],
  [
    'on an old measurement it buys nothing and stays on what is bought',
    holding(2.8),
    { ...on1, measured: { age: Seconds(17), interval: Seconds(8) } },
    [{ type: 'note', note: 'measurement-old', measured: { age: 17_000, interval: 8000 } }],
  ],
  [
    'with enough bought an old measurement matters to nobody',
    holding(10),
    { ...on1, measured: { age: Seconds(17), interval: Seconds(8) } },
    [],
  ],
  [
    'after many switches it stays and buys where it is',
    holding(2.8),
    { ...on1, switches: many },
    [buy(SELLER_1)],
  ],
  [
    'after many switches it does not go on to another seller, but home',
    holding(0.8, 10),
    { ...on1, switches: many },
    [switchTo('own', 'allowance-used')],
  ],
  [
    'nor buys there to go there',
    holding(2.8),
    { ...on1, switches: many, market: soldOutHere },
    [{ type: 'note', note: 'no-purchase', declined: [{ seller: SELLER_1, reason: 'sold-out' }] }],
  ],
  [
    'a delta that is too little to wait for the next purchase with is exceeded by that',
    holding(2.6),
    on1,
    [buy(SELLER_1, Energy(1_844_445n))],
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

describe('on a seller’s source', () => check(onASeller));
