/** An error as the page is told it: the sentence, and what it takes to say it in another language. */
import { DaiseeError, messageOf } from '@daisee/units';
import type { Said, SaidValues } from '../api.ts';

/** Characters of a value; a sentence that needs more is told as it is. */
const LONGEST = 200;

const isTold = (value: unknown): value is string | number =>
  typeof value === 'number' || (typeof value === 'string' && value.length <= LONGEST);

/** The values that a sentence can name; those of a contract's own error among them. */
export const saidValues = ({ values }: DaiseeError): SaidValues => {
  const { args, ...rest } = values;
  const all = { ...rest, ...(typeof args === 'object' ? args : {}) };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | number] => isTold(entry[1])),
  );
};

export const saidOf = (error: unknown): Said =>
  error instanceof DaiseeError
    ? { message: messageOf(error), code: error.code, values: saidValues(error) }
    : { message: messageOf(error) };
