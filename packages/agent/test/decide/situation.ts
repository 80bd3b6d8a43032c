/** What a node that decides is in: 200 W, two sellers, and the changes to it that a row of a table names. */
import type { Address } from '@daisee/chain';
import { Coin, Energy, Instant, Percent, Price, Register, Seconds, Watts, wattHours } from '@daisee/units';
import { expect, it } from 'vitest';
import { decide } from '../../src/decide.ts';
import { type ConsumerRules, consumerRules } from '../../src/settings.ts';
import type { Action, Inputs, State } from '../../src/situation.ts';
import { NODE, SELLER_1, SELLER_2, settings } from '../world/lab.ts';

export const NOW = Instant(1_800_000_000_000);
export const rules = consumerRules(settings);
export const gaugeless = { ...rules, fuelgauge: false, limit: 5 };

/** 200 W; a period uses 0.44 Wh, so it leaves below 0.89 Wh, buys below 2.89 Wh and enters from 2.56 Wh on. */
export const state = (more: Partial<State> = {}): State => ({
  last: { at: Instant(NOW - 1000), power: Watts(200) },
  peak: Watts(200),
  drawn: Energy(0n),
  registers: new Map([[NODE, Register(0n)]]),
  purchased: new Map(),
  ...more,
});
export const market = (more: Partial<NonNullable<Inputs['market']>> = {}): NonNullable<Inputs['market']> => ({
  offers: [
    { seller: SELLER_1, price: Price(2_000_000n), available: wattHours(500) },
    { seller: SELLER_2, price: Price(1_000_000n), available: wattHours(500) },
  ],
  debts: [],
  balance: Coin(1_000_000_000n),
  spentToday: Coin(0n),
  ...more,
});
export const inputs = (more: Partial<Inputs> = {}): Inputs => ({
  now: NOW,
  feed: 'own',
  measured: { age: Seconds(1), interval: Seconds(8) },
  stateOfCharge: Percent(50),
  market: market(),
  inFlight: 'nothing',
  reported: new Map([[NODE, Register(0n)]]),
  reportedAt: NOW,
  confirmation: Seconds(8),
  avoided: new Set(),
  resting: new Set(),
  switches: [],
  settles: true,
  ...more,
});
export const without = <T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> => {
  const { [key]: _, ...rest } = object;
  return rest;
};
export const holding = (wh1: number, wh2 = 0): Partial<State> => ({
  purchased: new Map([
    [SELLER_1, wattHours(wh1)],
    [SELLER_2, wattHours(wh2)],
  ]),
});
export const low = { stateOfCharge: Percent(19.9) };
export const on1: Partial<Inputs> = { feed: SELLER_1, ...low };
export const soldOut = market({
  offers: market().offers.map((offer) => ({ ...offer, available: Energy(0n) })),
});
export const declinedBoth = {
  type: 'note',
  note: 'no-purchase',
  declined: [
    { seller: SELLER_1, reason: 'sold-out' },
    { seller: SELLER_2, reason: 'sold-out' },
  ],
};
export const buy = (seller: Address, energy?: Energy) =>
  expect.objectContaining({ type: 'buy', seller, ...(energy === undefined ? {} : { energy }) }) as Action;
export const switchTo = (to: 'own' | Address, why: string) => ({ type: 'switch', to, why });

export type Row = readonly [
  sentence: string,
  state: Partial<State>,
  inputs: Partial<Inputs>,
  expected: readonly unknown[],
  rules?: ConsumerRules,
];
/** One test a row. */
export const check = (rows: readonly Row[]) => {
  it.each(rows.map((row) => [row[0], row] as const))('%s', (_sentence, [, more, given, expected, other]) => {
    expect(decide(state(more), inputs(given), other ?? rules)).toEqual(expected);
  });
};
