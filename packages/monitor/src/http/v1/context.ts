/** What the operations of `/api/v1` work on. */

import type { Measurement } from '@daisee/meter';
import type { Clock, Duration } from '@daisee/units';
import type { SensorTime } from '../../sensor-time.ts';
import type { SampleColumns } from '../../store/columns.ts';
import type { Directory } from '../../store/directory.ts';
import { UnknownSensor } from '../../store/errors.ts';
import type { Counted } from '../../store/pieces.ts';
import type { AppendOptions, SampleStore, Sensor } from '../../store/store.ts';
import { type CountedSensor, rememberedSensor } from '../measured/sensors.ts';
import type { Subscribe } from './live.ts';

export interface V1Context {
  readonly store: SampleStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly subscribe: Subscribe;
  /** Stores samples that came over HTTP and tells who listens. */
  readonly ingest: (
    sensorId: number,
    told: readonly Measurement[] | SampleColumns,
    options: Pick<AppendOptions, 'replace'>,
  ) => Promise<Counted>;
  readonly sensorTime: SensorTime;
  /** Samples taken from the meters that the store has not taken yet. */
  readonly waiting: () => number;
  /** How long a connection may be silent, in real time. */
  readonly patience: Duration;
  /** Hears of requests that failed by the monitor's own fault. */
  readonly onFailure: (request: string, error: unknown) => void;
}

/** The sensor of each request that is about one: number and sign only, of which neither ever changes. @throws UnknownSensor */
export const sensorOf = async ({ store }: Pick<V1Context, 'store'>, id: number): Promise<CountedSensor> =>
  (await rememberedSensor(store, id)) ?? (await namedSensorOf({ store }, id));

/** A sensor with the name that it has now. @throws UnknownSensor */
export const namedSensorOf = async ({ store }: Pick<V1Context, 'store'>, id: number): Promise<Sensor> => {
  const sensors = await store.sensors();
  const sensor = sensors.find((one) => one.id === id);
  if (!sensor) throw new UnknownSensor(id, sensors);
  return sensor;
};
