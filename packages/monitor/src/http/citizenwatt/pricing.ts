/** By which tariff a request is answered, and the tariffs themselves as v0.2 listed them. */
import type { Clock } from '@daisee/units';
import type { SampleStore } from '../../store/store.ts';
import { createHours, type Hours, type NightHours } from '../../tariff/hours.ts';
import { type Euros, ratesDiffer, type Tariff } from '../../tariff/tariff.ts';
import { float, object } from './json.ts';

export interface Pricing {
  /** The current tariff, if there is one. */
  readonly tariff: Tariff | undefined;
  /**
   * Absent while day and night do not differ: v0.2 counted all as night then and named no rate.
   */
  readonly hours: Hours | undefined;
  /** The rate that holds now, as JSON. */
  readonly rate: '"day"' | '"night"' | 'null';
}

/** Asks for the pricing of this moment. */
export const createPricing = (
  store: Pick<SampleStore, 'tariffs'>,
  clock: Clock,
): (() => Promise<Pricing>) => {
  // Hours remember what they worked out, so they are kept until the tariff's are others.
  let kept: { readonly given: NightHours; readonly hours: Hours } | undefined;
  const hoursOf = (given: NightHours): Hours => {
    if (given.start !== kept?.given.start || given.end !== kept.given.end || given.zone !== kept.given.zone)
      kept = { given, hours: createHours(given) };
    return kept.hours;
  };
  return async () => {
    const tariff = (await store.tariffs()).find(({ current }) => current);
    if (!tariff?.hours || !ratesDiffer(tariff)) return { tariff, hours: undefined, rate: 'null' };
    const hours = hoursOf(tariff.hours);
    return { tariff, hours, rate: hours.nightAt(clock.now()) ? '"night"' : '"day"' };
  };
};

/** True for night, and where day and night do not differ. */
export const isNight = ({ hours }: Pricing, at: Parameters<Hours['nightAt']>[0]): boolean =>
  hours?.nightAt(at) ?? true;

const euros = (amount: Euros): string => float(Number(amount) / 1e6);

/** A tariff as v0.2 gave it: hours only where the rates differ. */
export const providerJson = (tariff: Tariff): string => {
  const { id, name, typeId, day, night, threshold, current, hours } = tariff;
  return object({
    id: String(id),
    name: JSON.stringify(name),
    type_id: String(typeId),
    day_slope_watt_euros: euros(day.slope),
    day_constant_watt_euros: euros(day.constant),
    night_slope_watt_euros: euros(night.slope),
    night_constant_watt_euros: euros(night.constant),
    current: current ? '1' : '0',
    threshold: threshold === undefined ? 'null' : String(threshold),
    ...(hours && ratesDiffer(tariff)
      ? { start_night_rate: JSON.stringify(hours.start), end_night_rate: JSON.stringify(hours.end) }
      : {}),
  });
};
