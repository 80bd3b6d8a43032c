/** Amounts, instants and addresses as people of the reader's place write them. */
import type { Address, Identity } from '../src/api.ts';
import { coinDigits, decimalOf, written } from './numbers.ts';
import { apart } from './words/apart.ts';
import { locale, say } from './words/words.ts';

const number = (value: number, digits: number): string => written(value, digits, locale());

/** What somebody wrote into a field for a number, as the server takes it. */
export const decimal = (text: string): string => decimalOf(text, locale());

/** Watt-hours in the unit that keeps the number short. */
export const energy = (wattHours: string | number): string => {
  const value = Number(wattHours);
  const size = Math.abs(value);
  if (size >= 1e6) return `${number(value / 1e6, 3)} MWh`;
  if (size >= 1e4) return `${number(value / 1e3, 3)} kWh`;
  return `${number(value, size < 10 ? 3 : 1)} Wh`;
};

export const watts = (value: number): string =>
  Math.abs(value) >= 1e4
    ? `${number(value / 1000, 2)} kW`
    : `${number(value, Math.abs(value) < 100 ? 1 : 0)} W`;

export const coins = (amount: string | number): string => number(Number(amount), coinDigits(Number(amount)));
/** An amount, and a price, with its unit. */
export const inCoins = (amount: string | number): string => say('coins', { amount: coins(amount) });
export const perWattHour = (price: string | number): string => say('coinsPerWh', { amount: coins(price) });

/** More than anybody will ever have: an approval without end. */
const WITHOUT_END = 1e30;
export const approval = (amount: string): string => (Number(amount) > WITHOUT_END ? '∞' : coins(amount));

export const percent = (value: number, digits = 0): string => `${number(value, digits)} %`;

const clockTime = (at: number): string =>
  new Date(at).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The time alone on the day of `now`, the day too on any other. */
export const instant = (at: number, now: number): string =>
  new Date(at).toDateString() === new Date(now).toDateString()
    ? clockTime(at)
    : new Date(at).toLocaleString(locale(), { dateStyle: 'short', timeStyle: 'short' });

export const day = (at: number): string =>
  new Date(at).toLocaleDateString(locale(), { weekday: 'short', day: 'numeric', month: 'short' });

export const month = (at: number): string =>
  new Date(at).toLocaleDateString(locale(), { month: 'long', year: 'numeric' });

/** How long ago, in one unit. */
export const age = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const written = (value: number, unit: string): string =>
    value.toLocaleString(locale(), { style: 'unit', unit, unitDisplay: 'short' });
  if (seconds < 90) return written(seconds, 'second');
  if (seconds < 5400) return written(Math.round(seconds / 60), 'minute');
  if (seconds < 129_600) return written(Math.round(seconds / 3600), 'hour');
  return written(Math.round(seconds / 86_400), 'day');
};

const shortAddress = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`;

const NOBODY = /^0x0{40}$/;

/** Who an address is: "me", a name of the settings, a contract, or the address in short. */
export const who = (address: Address | undefined, identity: Identity): string => {
  if (address === undefined) return '';
  if (address === identity.address) return say('me');
  if (address === identity.exchange) return say('exchange');
  if (address === identity.coin) return say('coinContract');
  if (NOBODY.test(address)) return say('minted');
  return identity.names[address] ?? shortAddress(address);
};

/** A sentence of the server with names instead of addresses, where they have one. */
export const named = (text: string, identity: Identity): string =>
  text.replace(/0x[0-9a-fA-F]{40}(?![0-9a-fA-F])/g, (address) =>
    apart(address === identity.address ? identity.name : who(address as Address, identity)),
  );
