/** The shapes in which v0.2 answered measurements. */
import { type Energy, MICRO } from '@daisee/units';
import type { PowerAt, PowerSum } from '../../store/store.ts';
import { costOf, type DayAndNight, toEuros } from '../../tariff/tariff.ts';
import type { Asked } from '../measured/by-rate.ts';
import { isNight, type Pricing } from '../measured/pricing.ts';
import { float, list, object, timestamp } from './json.ts';

/** What is asked for besides watts. */
export type Amount = 'kwatthours' | 'euros';

const NULL = 'null';

/** Data that is JSON already, with the rate that holds now. */
export const answer = ({ pricing }: Asked, data: string | undefined): string =>
  object({ data: data ?? NULL, rate: pricing.rate });

/** One item for each step, null where there is nothing. */
export const listOf = (items: readonly (string | undefined)[]): string =>
  list(items.map((item) => item ?? NULL));

// Written out, since a day has ten thousand of them.
export const row = ({ sensorId, pricing }: Asked, { id, power, at }: PowerAt): string =>
  `{"id": ${id}, "sensor_id": ${sensorId}, "value": ${float(power)}, "timestamp": ${timestamp(at)}, "night_rate": ${isNight(pricing, at) ? 1 : 0}}`;

/** A mean of samples, and how much of it the samples of the day and those of the night make. */
export const meanJson = ({ day, night }: DayAndNight<PowerSum>): string => {
  const count = day.count + night.count;
  const watts = (microWatts: number): string => float(microWatts / count / 1e6);
  return object({
    value: watts(day.microWatts + night.microWatts),
    day_rate: watts(day.microWatts),
    night_rate: watts(night.microWatts),
  });
};

const kilowattHours = (energy: bigint): string => float(Number(energy) / Number(MICRO * 1000n));

const energyJson = ({ day, night }: DayAndNight<Energy>): string =>
  object({
    night_rate: kilowattHours(night),
    day_rate: kilowattHours(day),
    value: kilowattHours(day + night),
  });

/** Nothing without a tariff: there is no price then. */
const costJson = ({ tariff }: Pricing, energy: DayAndNight<Energy>): string | undefined =>
  tariff && object({ value: float(toEuros(costOf(tariff, energy))) });

/** Energy, or what it costs by the current tariff. */
export const amountJson = (
  amount: Amount,
  { pricing }: Asked,
  energy: DayAndNight<Energy> | undefined,
): string | undefined => energy && (amount === 'euros' ? costJson(pricing, energy) : energyJson(energy));
