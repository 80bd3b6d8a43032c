/**
 * Tariffs: what a provider takes for energy by day and by night. CitizenWatt calls them energy providers and gives
 * each rate a constant and a slope; what v0.2 answered as the cost of an energy is the slope's part alone, since the
 * constant is what the contract costs a day whatever is used.
 */
import { DaiseeError, type Energy, parseMicro } from '@daisee/units';
import { createHours, type NightHours } from './hours.ts';

declare const brand: unique symbol;
/** Millionths of a euro (integer). */
export type Euros = bigint & { readonly [brand]: 'Euros' };
/** The cost of an energy, exactly: µWh by millionths of a euro per kWh, which is 1e-15 euros (integer). */
export type Cost = bigint & { readonly [brand]: 'Cost' };

/** Euros from a decimal with at most 6 places, like `0.1127`. @throws QuantityError */
export const Euros = (text: string): Euros => parseMicro(text, 'An amount of euros') as Euros;

export interface Rate {
  /** Euros a day, whatever is used. */
  readonly constant: Euros;
  /** Euros for each kWh. */
  readonly slope: Euros;
}

export interface NewTariff {
  /** Unique in its store. */
  readonly name: string;
  /** What is measured in the unit that it prices, "Électricité" by default. */
  readonly type?: string;
  readonly day: Rate;
  readonly night: Rate;
  /** The most that the contract lets one draw, in whole watts. */
  readonly threshold?: number;
  /** Needed where day and night differ. */
  readonly hours?: NightHours;
}

/** A tariff as the store knows it. */
export interface Tariff extends NewTariff {
  readonly id: number;
  readonly type: string;
  readonly typeId: number;
  /** Whether it prices energy now; one of a store at most does. */
  readonly current: boolean;
}

/** Something of the day and of the night. */
export interface DayAndNight<T> {
  readonly day: T;
  readonly night: T;
}

/** Thrown for a tariff that cannot be. */
export class TariffRefused extends DaiseeError {
  constructor(name: string, what: string, values: Readonly<Record<string, unknown>> = {}) {
    super({
      code: 'monitor.tariff',
      message: `The tariff ${JSON.stringify(name)} cannot be stored: ${what}.`,
      retryable: false,
      values: { name, ...values },
    });
  }
}

/** A billion euros: beyond, a price is a slip of the keyboard. */
const HIGHEST = 10n ** 15n;

/** True when it matters whether it is day or night. */
export const ratesDiffer = ({ day, night }: Pick<NewTariff, 'day' | 'night'>): boolean =>
  day.slope !== night.slope || day.constant !== night.constant;

/** @throws TariffRefused, HoursRefused, ZoneUnknown when the tariff cannot be. */
export const checkTariff = (tariff: NewTariff): void => {
  const { name, day, night, threshold, hours } = tariff;
  if (name.trim() === '') throw new TariffRefused(name, 'it needs a name');
  for (const amount of [day.constant, day.slope, night.constant, night.slope])
    if (amount > HIGHEST || amount < -HIGHEST)
      throw new TariffRefused(name, `${amount} millionths of a euro are too many`, {
        amount: String(amount),
      });
  if (threshold !== undefined && !(Number.isSafeInteger(threshold) && threshold >= 0))
    throw new TariffRefused(name, `its threshold cannot be ${threshold}: expected whole watts, 0 or more`, {
      threshold,
    });
  if (hours) createHours(hours);
  else if (ratesDiffer(tariff))
    throw new TariffRefused(
      name,
      'day and night cost differently, so it needs the hours of the night and their time zone',
    );
};

/** What energy costs at one rate. */
export const costAt = ({ slope }: Rate, energy: Energy): Cost => (energy * slope) as Cost;

/** What the energy of day and night costs. */
export const costOf = (tariff: Pick<NewTariff, 'day' | 'night'>, energy: DayAndNight<Energy>): Cost =>
  (costAt(tariff.day, energy.day) + costAt(tariff.night, energy.night)) as Cost;

/** A cost in euros as a float: for display only. */
export const toEuros = (cost: Cost): number => Number(cost) / 1e15;
