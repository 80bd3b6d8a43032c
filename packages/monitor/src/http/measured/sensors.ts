import type { SampleStore, Sensor } from '../../store/store.ts';

type SensorsOf = Pick<SampleStore, 'sensor'>;
/** What counts of a sensor. */
export type CountedSensor = Pick<Sensor, 'id' | 'sign'>;

/** Asked before every answer about a sensor, so those that are there are kept: none is ever removed. */
const known = new WeakMap<SensorsOf, Map<number, CountedSensor>>();

/** Number and sign of a sensor, of which neither ever changes; undefined when it is not there. */
export const rememberedSensor = async (store: SensorsOf, id: number): Promise<CountedSensor | undefined> => {
  const sensors = known.get(store) ?? new Map<number, CountedSensor>();
  known.set(store, sensors);
  const there = sensors.get(id) ?? (await store.sensor(id));
  if (there) sensors.set(id, { id: there.id, sign: there.sign });
  return there;
};
