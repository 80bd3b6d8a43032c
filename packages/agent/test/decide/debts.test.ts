import type { Address } from '@daisee/chain';
import { Coin, Energy, Percent, Price, Register, wattHours } from '@daisee/units';
import { describe } from 'vitest';
import { NODE, SELLER_1, SELLER_2 } from '../world/lab.ts';
import { buy, check, holding, low, market, on1, type Row, rules, switchTo } from './situation.ts';

const STRANGER: Address = '0x5000000000000000000000000000000000000005';

/** Used of each seller, Wh. */
const used = (wh1: number, wh2 = 0) => {
  const registers = new Map([
    [NODE, Register(0n)],
    [SELLER_1, Register(wattHours(wh1) as bigint)],
    [SELLER_2, Register(wattHours(wh2) as bigint)],
  ]);
  return { state: { registers }, inputs: { reported: registers } };
};
const settle = (seller: string, wh: number, coins: number) => ({
  type: 'settle',
  seller,
  energy: wattHours(wh),
  cost: Coin(BigInt(coins * 1e6)),
});
const debt = (wh: number, coins: number, reason: string) => ({
  type: 'note',
  note: 'debt',
  debts: [owing(SELLER_1, wh, coins)],
  declined: [{ seller: SELLER_1, reason }],
});
const owing = (seller: Address, wh: number, coins: number) => ({
  seller,
  energy: wattHours(wh),
  owed: Coin(BigInt(coins * 1e6)),
});
const owing3 = { ...holding(10, 10), ...used(13).state };
const offers = (available1: number, price1 = 2_000_000n) =>
  market({
    offers: [
      { seller: SELLER_1, price: Price(price1), available: wattHours(available1) },
      { seller: SELLER_2, price: Price(1_000_000n), available: wattHours(500) },
    ],
  });

const debts: readonly Row[] = [
  [
    'what was used and not bought is paid for at once, whatever the charge',
    owing3,
    used(13).inputs,
    [settle(SELLER_1, 3, 6)],
  ],
  [
    'the market is asked first',
    owing3,
    { ...used(13).inputs, market: undefined as never },
    [{ type: 'ask' }],
  ],
  [
    'before anything else is bought',
    { ...holding(0), ...used(3).state },
    { ...low, ...used(3).inputs },
    [settle(SELLER_1, 3, 6)],
  ],
  [
    'beside a switch to what is paid for elsewhere',
    owing3,
    { ...low, ...used(13).inputs },
    [switchTo(SELLER_2, 'below-limit'), settle(SELLER_1, 3, 6)],
  ],
  [
    'of another seller before what keeps it where it is fed: the ledger sells a debtor nothing of others',
    { ...holding(10, 0), ...used(7.2, 1).state },
    { ...on1, ...used(7.2, 1).inputs },
    [settle(SELLER_2, 1, 1)],
  ],
  [
    'of the seller that feeds it by what it buys there next',
    { ...holding(10, 0), ...used(11, 0).state },
    { ...on1, ...used(11, 0).inputs, feed: SELLER_1 },
    [switchTo('own', 'allowance-used'), settle(SELLER_1, 1, 2)],
  ],
  [
    'also while a person keeps it on its own source',
    owing3,
    { ...used(13).inputs, heldOnOwn: true },
    [settle(SELLER_1, 3, 6)],
  ],
  [
    'of a seller that has nothing left, or sells nothing at present, all the same',
    owing3,
    { ...used(13).inputs, market: { ...offers(0, 0n), debts: [owing(SELLER_1, 3, 6)] } },
    [settle(SELLER_1, 3, 6)],
  ],
  [
    'at the price of when it was drawn, and what was not reported yet at the price of now',
    owing3,
    { ...used(13).inputs, market: { ...offers(500, 100n), debts: [owing(SELLER_1, 2, 5)] } },
    [{ ...settle(SELLER_1, 3, 5), cost: Coin(5_000_100n) }],
  ],
  [
    'of a seller that the settings do not name any more, too',
    holding(0),
    { ...low, market: { ...offers(500), debts: [owing(STRANGER, 1, 4)] } },
    [settle(STRANGER, 1, 4)],
  ],
  [
    'with as many coins as there are',
    owing3,
    { ...used(13).inputs, market: { ...offers(500), balance: Coin(2_000_000n) } },
    [settle(SELLER_1, 1, 2)],
  ],
  [
    'without coins it says that it cannot be paid',
    owing3,
    { ...used(13).inputs, market: { ...offers(500), balance: Coin(0n) } },
    [debt(3, 6, 'out-of-coins')],
  ],
  [
    'within the budget',
    owing3,
    { ...used(13).inputs, market: { ...offers(500), spentToday: Coin(98_000_000n) } },
    [settle(SELLER_1, 1, 2)],
    { ...rules, budgetPerDay: Coin(100_000_000n) },
  ],
  [
    'not beyond it',
    owing3,
    { ...used(13).inputs, market: { ...offers(500), spentToday: Coin(100_000_000n) } },
    [debt(3, 6, 'over-budget')],
    { ...rules, budgetPerDay: Coin(100_000_000n) },
  ],
  [
    'above the price cap as well: what was drawn was drawn at its price',
    owing3,
    { ...used(13).inputs, market: offers(500) },
    [settle(SELLER_1, 3, 6)],
    { ...rules, priceCap: Price(1_999_999n) },
  ],
  [
    'one that could not be paid waits for its turn',
    owing3,
    { ...used(13).inputs, market: offers(500), settles: false },
    [],
  ],
  ['and so does one while something is on its way', owing3, { ...used(13).inputs, inFlight: 'report' }, []],
  [
    'once it is paid the cheaper seller is bought from again',
    { ...holding(3), ...used(3).state },
    { stateOfCharge: Percent(19), ...used(3).inputs, market: offers(500, 500_000n) },
    [buy(SELLER_1, wattHours(20))],
  ],
  [
    'a millionth is a debt as well',
    { purchased: new Map([[SELLER_1, Energy(wattHours(3) - 1n)]]), ...used(3).state },
    used(3).inputs,
    [{ ...settle(SELLER_1, 0, 0), energy: Energy(1n), cost: Coin(2n) }],
  ],
];

describe('debts', () => check(debts));
