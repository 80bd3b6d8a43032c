/** Tariffs as v0.2 listed them: as energy providers. */
import { type Euros, ratesDiffer, type Tariff } from '../../tariff/tariff.ts';
import { float, object } from './json.ts';

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
