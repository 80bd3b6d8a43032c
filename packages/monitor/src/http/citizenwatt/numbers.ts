/** The numbers in the addresses of the CitizenWatt API. */
import { RequestRefused } from '@daisee/http';
import { Duration, Energy, Instant } from '@daisee/units';
import { badNumber } from '../refusals.ts';

/** Steps a list may have: a day by seconds, 11 years by hours. */
const MOST_STEPS = 100_000;

/** Identities that one answer may be about, as in v0.2. */
const LONGEST_RANGE = 500;
/** In kWh: a thousand years of all the world's electricity. */
const HIGHEST_ENERGY = 1e17;

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

/** Identities from `from` on, up to but not at `to`; both 0 or more, or both negative (or 0, the end) places from the end. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const identity = (what: string, text: string): number => {
  if (!/^-?\d{1,15}$/.test(text)) throw badNumber(what, text, 'a whole number');
  return Number(text);
};

/** N of an address: the range of that one. */
export const oneOf = (text: string): Range => {
  const from = identity('N', text);
  return { from, to: from + 1 };
};

/** A/B of an address. @throws RequestRefused: 400 when B is before A or counts from the other end, 403 for too many. */
export const rangeOf = ({ a, b }: { readonly a: string; readonly b: string }): Range => {
  const from = identity('A', a);
  const to = identity('B', b);
  if (to < from) throw badNumber('B', b, `${a} (A) or more`);
  if (from < 0 && to > 0) throw badNumber('B', b, '0 or less, since A counts from the end');
  if (to - from > LONGEST_RANGE)
    throw new RequestRefused(
      403,
      'monitor.too-many',
      `From ${a} to ${b} are ${to - from} samples: ask for at most ${LONGEST_RANGE} at once, or by_time.`,
      { from, to, most: LONGEST_RANGE },
    );
  return { from, to };
};

/** A/B/STEP of an address: identities in a step. */
export const stepOfRange = (text: string, { from, to }: Range): number => {
  const step = identity('STEP', text);
  if (step <= 0) throw badNumber('STEP', text, 'at least 1 sample');
  if (to === from) throw badNumber('B', String(to), `more than ${from} (A)`);
  return step;
};

/** Which tariff: undefined for the current one. */
export const tariffIdOf = (text: string): number | undefined => {
  if (text === 'current') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badNumber('A tariff', text, '"current" or its number');
  return Number(text);
};

/** KWH of an address, to whole µWh. */
export const energyOf = (text: string): Energy => {
  const kilowattHours = decimal('KWH', text);
  if (kilowattHours < 0 || kilowattHours > HIGHEST_ENERGY)
    throw badNumber('KWH', text, `0 to ${HIGHEST_ENERGY} kWh`);
  return Energy(BigInt(Math.round(kilowattHours * 1e9)));
};
