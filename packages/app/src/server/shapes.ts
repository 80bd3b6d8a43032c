/** What requests carry, as zod shapes: they check and describe it. */
import { type Address, BadAddress, toAddress } from '@daisee/chain';
import { parseMicro } from '@daisee/units';
import * as z from 'zod';

export const address = z.string().transform((value, context): Address => {
  try {
    return toAddress(value);
  } catch (error) {
    if (!(error instanceof BadAddress)) throw error;
    context.issues.push({
      code: 'custom',
      message: 'needs an address: 0x and 40 hexadecimal digits',
      input: value,
    });
    return z.NEVER;
  }
});

/** Decimal text with up to 6 places, above zero, as millionths. */
export const amount = z
  .string()
  .regex(/^\d{1,40}(\.\d{1,6})?$/, 'needs a number with at most 6 decimals, like 1.5')
  .transform((text) => parseMicro(text))
  .refine((value) => value > 0n, 'needs more than nothing');

export const amountOrNothing = z
  .string()
  .regex(/^\d{1,40}(\.\d{1,6})?$/, 'needs a number with at most 6 decimals, like 1.5')
  .transform((text) => parseMicro(text));

export const instant = z.coerce.number().int().min(0).max(8.64e15).describe('Unix milliseconds');

const isZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

export const zone = z.string().max(64).refine(isZone, 'needs a time zone, like Europe/Paris');

export const window = z
  .strictObject({ from: instant, to: instant })
  .refine(({ from, to }) => from < to, 'from must be before to');

const kinds = [
  'produced',
  'consumed',
  'bought',
  'overdrawn',
  'debtPaid',
  'delivered',
  'disputed',
  'transferred',
  'approved',
  'nodeRegistered',
  'nodeRemoved',
  'priceChanged',
  'meterKeyChanged',
  'meterReplaced',
  'registerCorrected',
  'termsChanged',
  'nodeRestored',
  'tradeRestored',
  'paused',
  'unpaused',
] as const;

export const historyFilter = z.strictObject({
  before: z.coerce.number().int().min(0).optional().describe('Only those before this position'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  type: z.enum(kinds).optional(),
  account: address.optional().describe('Only those that name it'),
  from: instant.optional(),
  to: instant.optional(),
});
