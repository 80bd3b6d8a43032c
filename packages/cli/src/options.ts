/** Reading the values of command line options; what is wrong is said in one line, before anything starts. */
import { DaiseeError, type Duration, Energy, messageOf, parseMicro } from '@daisee/units';
import { InvalidArgumentError } from 'commander';
import { readDuration } from './duration.ts';
import { hosts } from './settings/fields.ts';

/** Something on the command line that cannot be used. */
export class UsageError extends DaiseeError {
  constructor(message: string, values: Readonly<Record<string, unknown>> = {}) {
    super({ code: 'cli.usage', message, retryable: false, values });
  }
}

export const numberBetween =
  (low: number, high: number, what: string) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high)
      throw new InvalidArgumentError(
        `It needs ${what}${high === Number.POSITIVE_INFINITY ? '' : ` from ${low} to ${high}`}.`,
      );
    return value;
  };

export const wholeBetween = (low: number, high: number, what: string) => {
  const number = numberBetween(low, high, what);
  return (text: string): number => {
    const value = number(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError(`It needs ${what}, a whole number.`);
    return value;
  };
};

/** 0 asks the system for a free port. */
export const port = wholeBetween(0, 65535, 'a port number');

/** `90s`, `30m`, `2h`, `1d`, or a plain number of seconds. */
export const duration = (text: string): Duration => {
  const value = readDuration(text);
  if (value === undefined)
    throw new InvalidArgumentError('It needs a length of time above zero, like 90s, 30m or 2h.');
  return value;
};

/** An amount with at most 6 decimals, as millionths. */
export const micro = (text: string): bigint => {
  try {
    const value = parseMicro(text);
    if (value < 0n) throw new InvalidArgumentError('It needs an amount of zero or more.');
    return value;
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
};

export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** Names that a server answers to besides its own, by the same rule as settings. */
export const hostNames = (text: string): readonly string[] => {
  const result = hosts.safeParse(list(text));
  if (result.success) return result.data;
  throw new InvalidArgumentError('It needs names without port, with commas between, like home.example.');
};

/** `0` or `0,1`: relay channels. */
export const channels = (text: string): number[] => list(text).map(wholeBetween(0, 63, 'relay channels'));

/** An amount of energy above zero, in Wh. */
export const energyTextOption = (text: string): Energy => {
  const value = micro(text);
  if (value === 0n) throw new InvalidArgumentError('It needs an amount of energy above zero.');
  return Energy(value);
};

/** The name of a time zone, as the tz database has it. */
export const zoneText = (text: string): string => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new InvalidArgumentError('It needs the name of a time zone, like Europe/Vienna.');
  }
};
