import type { Address } from '@daisee/chain';
import { Coin, Energy, Register } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { type BooksOptions, wrongBooks } from '../../src/overload/books.ts';
import type { MemberPlan } from '../../src/overload/plan.ts';

const account = (digit: string): Address => `0x${digit.repeat(40)}`;
const producer: MemberPlan = { account: account('2'), key: '0x02', sensorId: 2 };
const consumer: MemberPlan = {
  account: account('1'),
  key: '0x01',
  sensorId: 1,
  seller: { account: producer.account, own: 0, contact: 1 },
};

/** The consumer used 30 µWh of its own and 12 bought of the producer, which produced 50. */
const right = {
  balance: 100n,
  own: 30n,
  purchased: 20n,
  consumed: 12n,
  produced: 50n,
  metered: 42n,
  allowance: undefined as bigint | undefined,
};

const wrongWith = (more: Partial<typeof right> = {}): Promise<readonly string[]> => {
  const { balance, own, purchased, consumed, produced, metered, allowance } = { ...right, ...more };
  const ledger: BooksOptions['ledger'] = {
    balance: async () => Coin(balance),
    production: async () => Register(produced),
    consumption: async () => Register(own),
    purchases: async () => [
      {
        seller: producer.account,
        purchased: Energy(purchased),
        consumed: Register(consumed),
        owed: Coin(0n),
        spent: Coin(purchased),
        delivered: Register(0n),
        allowance: Energy(allowance ?? purchased - consumed),
        overdrawn: Energy(0n),
      },
    ],
  };
  const measured = (member: MemberPlan) => (member === consumer ? metered : 50n);
  return wrongBooks({ ledger, members: [consumer, producer], measured, coins: 200n });
};

describe('the books of an overloaded community', () => {
  it('are right when every register is what its meter measured', async () => {
    expect(await wrongWith()).toEqual([]);
  });

  it('may miss the remainders of two origins, and no more', async () => {
    expect(await wrongWith({ metered: 44n })).toEqual([]);
    expect(await wrongWith({ metered: 45n })).toHaveLength(1);
    expect(await wrongWith({ metered: 41n })).toHaveLength(1);
  });

  it.each([
    ['a producer whose register is not its meter’s', { produced: 49n }],
    ['more sold than produced', { purchased: 51n }],
    ['a purchase that is not what was used and what is left', { allowance: 9n }],
    ['coins lost', { balance: 99n }],
  ])('are wrong with %s', async (_, more) => {
    expect(await wrongWith(more)).toHaveLength(1);
  });
});
