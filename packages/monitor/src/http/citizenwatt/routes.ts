/**
 * The CitizenWatt API as v0.2's clients call it: `watts` and `kwatthours` by time, sensors, types, time. By identity,
 * euros and tariffs belong here too, a file for each topic.
 */
import { Readable } from 'node:stream';
import type { Clock } from '@daisee/units';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SampleStore, Sensor } from '../../store/store.ts';
import type { Access } from '../access.ts';
import {
  energyOfSteps,
  energyOfWindow,
  type Measured,
  meanPowers,
  nothingMeasured,
  sampleAt,
  samplesOfWindow,
} from './by-time.ts';
import { float, list, object } from './json.ts';
import { instantOf, sensorIdOf, stepOf, windowOf } from './numbers.ts';

export interface CitizenWattOptions {
  readonly store: SampleStore;
  readonly clock: Clock;
  readonly access: Access;
}

type Body = string | AsyncIterable<string>;

/** The parts of an address: text, checked where it is used. */
interface Parts {
  readonly sensor: string;
  readonly t0: string;
  readonly t1: string;
  readonly step: string;
}

const sensorJson = (sensor: Sensor): string =>
  object({
    id: String(sensor.id),
    name: JSON.stringify(sensor.name),
    type: JSON.stringify(sensor.type),
    type_id: String(sensor.typeId),
  });

/** v0.2 said null where a list was empty. */
const listOrNull = (items: readonly string[]): string => (items.length === 0 ? 'null' : list(items));

export const addCitizenWatt = (app: FastifyInstance, { store, clock, access }: CitizenWattOptions): void => {
  const route = (url: string, answer: (parts: Parts) => Promise<Body> | Body): void => {
    app.route<{ Params: Parts }>({
      method: ['GET', 'POST'],
      url,
      preHandler: access.toCitizenWatt,
      handler: async (request, reply): Promise<FastifyReply> => {
        const body = await answer(request.params);
        return await reply
          .type('application/json')
          .send(typeof body === 'string' ? body : Readable.from(body));
      },
    });
  };
  const measured = (
    url: string,
    answer: (from: Measured, sensorId: number, parts: Parts) => Promise<Body>,
  ): void =>
    route(`/api/:sensor/get/${url}`, async (parts) => {
      const sensorId = sensorIdOf(parts.sensor);
      return await answer((await store.sensor(sensorId)) ? store : nothingMeasured, sensorId, parts);
    });

  route('/api/time', () => object({ data: float(clock.now() / 1000) }));
  route('/api/sensors', async () => object({ data: listOrNull((await store.sensors()).map(sensorJson)) }));
  route('/api/sensors/:sensor', async ({ sensor: id }) => {
    const sensor = await store.sensor(sensorIdOf(id));
    return object({ data: sensor ? sensorJson(sensor) : 'null' });
  });
  route('/api/types', async () => {
    const types = (await store.types()).map(({ id, name }) =>
      object({ id: String(id), name: JSON.stringify(name) }),
    );
    return object({ data: listOrNull(types) });
  });
  measured('watts/by_time/:t0', (from, id, { t0 }) => sampleAt(from, id, instantOf('T', t0)));
  measured('watts/by_time/:t0/:t1', (from, id, parts) => samplesOfWindow(from, id, windowOf(parts)));
  measured('kwatthours/by_time/:t0/:t1', (from, id, parts) => energyOfWindow(from, id, windowOf(parts)));
  measured('watts/by_time/:t0/:t1/:step', (from, id, parts) => {
    const window = windowOf(parts);
    return meanPowers(from, id, window, stepOf(parts.step, window));
  });
  measured('kwatthours/by_time/:t0/:t1/:step', (from, id, parts) => {
    const window = windowOf(parts);
    return energyOfSteps(from, id, window, stepOf(parts.step, window));
  });
};
