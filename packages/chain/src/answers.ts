/** Fields of a chain's answers, checked before they are believed. */
import { ChainAnswer } from './rpc.ts';
import type { Hex } from './signer.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A hexadecimal quantity as an integer of any size. @throws ChainAnswer */
export const toQuantity = (url: string, what: string, value: unknown): bigint => {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(value))
    throw new ChainAnswer(url, what, 'a quantity in hexadecimal', value);
  return BigInt(value);
};

/** A hexadecimal quantity small enough to count with. @throws ChainAnswer */
export const toCount = (url: string, what: string, value: unknown): number => {
  const count = Number(toQuantity(url, what, value));
  if (!Number.isSafeInteger(count)) throw new ChainAnswer(url, what, 'a quantity below 2^53', value);
  return count;
};

/** Bytes in hexadecimal, of the given length if one is given. @throws ChainAnswer */
export const toBytes = (url: string, what: string, value: unknown, length?: number): Hex => {
  if (typeof value !== 'string' || !/^0x([0-9a-f]{2})*$/i.test(value))
    throw new ChainAnswer(url, what, 'bytes in hexadecimal', value);
  if (length !== undefined && value.length !== 2 + 2 * length)
    throw new ChainAnswer(url, what, `${length} bytes in hexadecimal`, value);
  return value.toLowerCase() as Hex;
};

export const numberField = (url: string, fields: Fields, name: string): number =>
  toCount(url, name, fields[name]);
export const hashField = (url: string, fields: Fields, name: string): Hex =>
  toBytes(url, name, fields[name], 32);

/** The last second that a date can have (ECMAScript, "Time Values and Time Range"). */
const LAST_SECOND = 8.64e12;

/** Unix seconds that a date can have. @throws ChainAnswer */
export const secondOf = (url: string, what: string, value: unknown): number => {
  const second = toCount(url, what, value);
  if (second > LAST_SECOND) throw new ChainAnswer(url, what, 'a time stamp in Unix seconds', value);
  return second;
};
