/** Values out of the agent's file. A row that a failing card has changed may still be a row, so each is looked at. */
import type { Address } from '@daisee/chain';
import { Coin, DaiseeError, Instant, Register } from '@daisee/units';

/** The agent's file could not be opened, read or written; `code` and message say why. */
export class AgentStoreError extends DaiseeError {}

/** A row read with whole numbers as bigint. */
export type Row = Readonly<Record<string, unknown>>;

/** The latest instant that a date can be, ms (ECMAScript, time values). */
const LATEST = 8.64e15;

/** Thrown by whoever finds something that the agent never wrote. */
export const damaged = (column: string, expected: string): AgentStoreError =>
  new AgentStoreError({
    code: 'agent.store-damaged',
    message: `Its ${column} is no ${expected}. Restore the agent's file from a backup, or move it away: the agent then goes on from the ledger.`,
    retryable: false,
    values: { column },
  });

/** Each @throws AgentStoreError `agent.store-damaged` when it is something else. */
export const integer = (row: Row, column: string): bigint => {
  const value = row[column];
  if (typeof value !== 'bigint') throw damaged(column, 'whole number');
  return value;
};

export const real = (row: Row, column: string): number => {
  const value = row[column];
  const read = typeof value === 'bigint' ? Number(value) : value;
  if (typeof read !== 'number' || !Number.isFinite(read)) throw damaged(column, 'number');
  return read;
};

export const text = (row: Row, column: string): string => {
  const value = row[column];
  if (typeof value !== 'string') throw damaged(column, 'text');
  return value;
};

export const instant = (row: Row, column: string): Instant => {
  const at = real(row, column);
  if (Math.abs(at) > LATEST) throw damaged(column, 'instant');
  return Instant(at);
};

export const register = (row: Row, column: string): Register => {
  const value = integer(row, column);
  if (value < 0n) throw damaged(column, 'register');
  return Register(value);
};

export const address = (row: Row, column: string): Address => {
  const value = row[column];
  if (typeof value !== 'string' || !/^0x[0-9a-f]{40}$/i.test(value)) throw damaged(column, 'account');
  return value as Address;
};

/** Coins, in text because they may be more than a column holds. */
export const coins = (row: Row, column: string): Coin => {
  const value = text(row, column);
  if (!/^\d{1,78}$/.test(value)) throw damaged(column, 'amount of coins');
  return Coin(BigInt(value));
};
