/** The CitizenWatt API as v0.2's clients call it: each address, and which file answers it. */
import { Readable } from 'node:stream';
import type { Clock } from '@daisee/units';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { SampleStore, Sensor } from '../../store/store.ts';
import { costAt, type Tariff, toEuros } from '../../tariff/tariff.ts';
import type { Access } from '../access.ts';
import { type Asked, nothingMeasured } from '../measured/by-rate.ts';
import { createPricing } from '../measured/pricing.ts';
import { rememberedSensor } from '../measured/sensors.ts';
import { amountById, amountByIdSteps, meanPowersById, sampleById, samplesById } from './by-id.ts';
import { amountOfSteps, amountOfWindow, meanPowers, sampleAt, samplesOfWindow } from './by-time.ts';
import { float, list, object } from './json.ts';
import {
  energyOf,
  instantOf,
  oneOf,
  rangeOf,
  sensorIdOf,
  stepOf,
  stepOfRange,
  tariffIdOf,
  windowOf,
} from './numbers.ts';
import { providerJson } from './providers.ts';

export interface CitizenWattOptions {
  readonly store: SampleStore;
  readonly clock: Clock;
  readonly access: Access;
}

type Body = string | AsyncIterable<Buffer>;

/** Bytes that an answer is ahead of who takes it; pieces counted by number (16 of them) would be a day of watts. */
const AHEAD = 64 * 1024;

/** The parts of an address: text, checked where it is used. */
interface Parts {
  readonly sensor: string;
  readonly t0: string;
  readonly t1: string;
  readonly a: string;
  readonly b: string;
  readonly step: string;
  readonly tariff: string;
  readonly kwh: string;
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
        const sent =
          typeof body === 'string' ? body : Readable.from(body, { objectMode: false, highWaterMark: AHEAD });
        return await reply.type('application/json').send(sent);
      },
    });
  };
  const pricing = createPricing(store, clock);
  const measured = (url: string, answer: (asked: Asked, parts: Parts) => Promise<Body>): void =>
    route(`/api/:sensor/get/${url}`, async (parts) => {
      const sensorId = sensorIdOf(parts.sensor);
      const [sensor, priced] = await Promise.all([rememberedSensor(store, sensorId), pricing()]);
      return await answer({ store: sensor ? store : nothingMeasured, sensorId, pricing: priced }, parts);
    });
  const tariffOf = async (text: string): Promise<Tariff | undefined> => {
    const id = tariffIdOf(text);
    return (await store.tariffs()).find((tariff) => (id === undefined ? tariff.current : tariff.id === id));
  };

  route('/api/time', () => object({ data: float(clock.now() / 1000) }));
  route('/api/sensors', async () => object({ data: listOrNull((await store.sensors()).map(sensorJson)) }));
  route('/api/sensors/:sensor', async ({ sensor: id }) => {
    const sensorId = sensorIdOf(id);
    // Out of the list: a store may remember the name that a sensor had before.
    const sensor = (await store.sensors()).find((one) => one.id === sensorId);
    return object({ data: sensor ? sensorJson(sensor) : 'null' });
  });
  route('/api/types', async () => {
    const types = (await store.types()).map(({ id, name }) =>
      object({ id: String(id), name: JSON.stringify(name) }),
    );
    return object({ data: listOrNull(types) });
  });
  measured('watts/by_time/:t0', (asked, { t0 }) => sampleAt(asked, instantOf('T', t0)));
  measured('watts/by_time/:t0/:t1', (asked, parts) => samplesOfWindow(asked, windowOf(parts)));
  measured('watts/by_time/:t0/:t1/:step', (asked, parts) => {
    const window = windowOf(parts);
    return meanPowers(asked, window, stepOf(parts.step, window));
  });
  measured('watts/by_id/:a', (asked, { a }) => sampleById(asked, oneOf(a)));
  measured('watts/by_id/:a/:b', (asked, parts) => samplesById(asked, rangeOf(parts)));
  measured('watts/by_id/:a/:b/:step', (asked, parts) => {
    const range = rangeOf(parts);
    return meanPowersById(asked, range, stepOfRange(parts.step, range));
  });
  for (const amount of ['kwatthours', 'euros'] as const) {
    measured(`${amount}/by_time/:t0/:t1`, (asked, parts) => amountOfWindow(amount, asked, windowOf(parts)));
    measured(`${amount}/by_time/:t0/:t1/:step`, (asked, parts) => {
      const window = windowOf(parts);
      return amountOfSteps(amount, asked, window, stepOf(parts.step, window));
    });
    measured(`${amount}/by_id/:a`, (asked, { a }) => amountById(amount, asked, oneOf(a)));
    measured(`${amount}/by_id/:a/:b`, (asked, parts) => amountById(amount, asked, rangeOf(parts)));
    measured(`${amount}/by_id/:a/:b/:step`, (asked, parts) => {
      const range = rangeOf(parts);
      return amountByIdSteps(amount, asked, range, stepOfRange(parts.step, range));
    });
  }
  route('/api/energy_providers', async () =>
    object({ data: listOrNull((await store.tariffs()).map(providerJson)) }),
  );
  route('/api/energy_providers/:tariff', async (parts) => {
    const tariff = await tariffOf(parts.tariff);
    return object({ data: tariff ? providerJson(tariff) : 'null' });
  });
  for (const rate of ['day', 'night'] as const)
    route(`/api/:tariff/watt_to_euros/${rate}/:kwh`, async (parts) => {
      const energy = energyOf(parts.kwh);
      const tariff = await tariffOf(parts.tariff);
      return object({ data: tariff ? float(toEuros(costAt(tariff[rate], energy))) : 'null' });
    });
};
