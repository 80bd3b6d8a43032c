import { describe, expect, it } from 'vitest';
import { AgentStoreError, address, coins, instant, integer, real, register, text } from '../src/store-row.ts';

const ACCOUNT = '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558';

describe('a value out of the agent’s file', () => {
  it('is taken as it was written', () => {
    const row = { whole: 7n, power: 1.5, at: 1_800_000_000_000n, name: 'day', account: ACCOUNT, spent: '12' };
    expect(integer(row, 'whole')).toBe(7n);
    expect(real(row, 'power')).toBe(1.5);
    expect(instant(row, 'at')).toBe(1_800_000_000_000);
    expect(text(row, 'name')).toBe('day');
    expect(register(row, 'whole')).toBe(7n);
    expect(address(row, 'account')).toBe(ACCOUNT);
    expect(coins(row, 'spent')).toBe(12n);
  });

  it.each([
    ['a text for a whole number', () => integer({ register: '7' }, 'register')],
    ['a fraction for a whole number', () => integer({ register: 7.5 }, 'register')],
    ['nothing for a power', () => real({ power: null }, 'power')],
    ['a power beyond all numbers', () => real({ power: Number.POSITIVE_INFINITY }, 'power')],
    ['a number for a text', () => text({ day: 7n }, 'day')],
    ['an instant that no date has', () => instant({ at: 2n ** 62n }, 'at')],
    ['a register below zero', () => register({ register: -1n }, 'register')],
    ['an account cut short', () => address({ account: ACCOUNT.slice(0, 41) }, 'account')],
    ['coins that are no number', () => coins({ spent: '1e9' }, 'spent')],
    ['a column that is not there', () => integer({}, 'register')],
  ])('is refused as damaged when it is %s', (_, read) => {
    expect(read).toThrow(AgentStoreError);
    expect(read).toThrow(/is no .* Restore the agent's file from a backup/);
  });
});
