/** The numbers in the addresses of the CitizenWatt API. */
import { Duration, Instant } from '@daisee/units';
import { badNumber } from '../refusals.ts';

/** Steps a list may have: a day by seconds, 11 years by hours. */
const MOST_STEPS = 100_000;

const decimal = (what: string, text: string): number => {
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw badNumber(what, text, 'a number');
  return Number(text);
};

/** Unix seconds, fractions allowed; what lies past the end of an integer's reach counts as its end. */
export const instantOf = (what: string, text: string): Instant => {
  const seconds = decimal(what, text);
  if (seconds < 0) throw badNumber(what, text, '0 or more Unix seconds');
  return Instant(Math.min(Math.round(seconds * 1000), Number.MAX_SAFE_INTEGER));
};

export const sensorIdOf = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw badNumber('A sensor', text, 'its number, see /api/sensors');
  return Number(text);
};

export interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

/** T0/T1 of an address. */
export const windowOf = ({ t0, t1 }: { readonly t0: string; readonly t1: string }): Window => {
  const from = instantOf('T0', t0);
  const to = instantOf('T1', t1);
  if (to < from) throw badNumber('T1', t1, `${t0} (T0) or later`);
  return { from, to };
};

/** STEP of an address, in seconds there. */
export const stepOf = (text: string, { from, to }: Window): Duration => {
  const step = decimal('STEP', text) * 1000;
  if (!(step > 0 && Number.isFinite(step))) throw badNumber('STEP', text, 'more than 0 seconds');
  if ((to - from) / step > MOST_STEPS)
    throw badNumber(
      'STEP',
      text,
      `at least ${(to - from) / 1000 / MOST_STEPS} s for this window (${MOST_STEPS} steps)`,
    );
  return Duration(step);
};
