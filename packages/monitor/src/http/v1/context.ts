/** What the operations of `/api/v1` work on. */

import type { Sample } from '@daisee/meter';
import type { Clock } from '@daisee/units';
import type { Directory } from '../../store/directory.ts';
import { UnknownSensor } from '../../store/errors.ts';
import type { Appended, SampleStore, Sensor } from '../../store/store.ts';
import type { Subscribe } from './live.ts';

export interface V1Context {
  readonly store: SampleStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly subscribe: Subscribe;
  /** Stores samples that came over HTTP and tells who listens. */
  readonly ingest: (sensorId: number, samples: readonly Sample[]) => Promise<Appended>;
  /** Samples taken from the meters that the store has not taken yet. */
  readonly waiting: () => number;
}

/** @throws UnknownSensor */
export const sensorOf = async ({ store }: Pick<V1Context, 'store'>, id: number): Promise<Sensor> => {
  // Not by `store.sensor`: it may remember the name that a sensor had before.
  const sensors = await store.sensors();
  const sensor = sensors.find((one) => one.id === id);
  if (!sensor) throw new UnknownSensor(id, sensors);
  return sensor;
};
