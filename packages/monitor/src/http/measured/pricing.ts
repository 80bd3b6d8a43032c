/** By which tariff a request is answered. */
import type { Clock } from '@daisee/units';
import type { SampleStore } from '../../store/store.ts';
import { createHours, type Hours, type NightHours } from '../../tariff/hours.ts';
import { ratesDiffer, type Tariff } from '../../tariff/tariff.ts';

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
