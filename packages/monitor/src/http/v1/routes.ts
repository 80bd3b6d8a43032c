/** `/api/v1`: sensors, samples, latest, live, health. */
import { type Clock, Instant } from '@daisee/units';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import { UnknownSensor } from '../../store/errors.ts';
import type { SampleStore, Sensor } from '../../store/store.ts';
import type { Access } from '../access.ts';
import { RequestRefused } from '../refusals.ts';
import { type Subscribe, streamSamples } from './live.ts';
import { type healthShape, sampleAnswer, samplesQuery, sensorAnswer, sensorParams } from './shapes.ts';

export interface V1Options {
  readonly store: SampleStore;
  readonly clock: Clock;
  readonly access: Access;
  readonly subscribe: Subscribe;
  /** Samples taken from the meters that the store has not taken yet. */
  readonly waiting: () => number;
}

const parsed = <T>(shape: z.ZodType<T>, what: string, value: unknown): T => {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${[what, ...path].join('.')}: ${message}`);
  throw new RequestRefused(400, 'bad-request', `${problems.join('; ')}.`, { problems });
};

/** The instant after which a stream resumes: the header that browsers send, or `?lastEventId=` for those who cannot. */
const resumeAfterOf = (request: FastifyRequest): Instant | undefined => {
  const { lastEventId } = request.query as { readonly lastEventId?: unknown };
  const text = request.headers['last-event-id'] ?? lastEventId;
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Instant(Number(text)) : undefined;
};

export const addV1 = (
  app: FastifyInstance,
  { store, clock, access, subscribe, waiting }: V1Options,
): void => {
  const guard = { preHandler: access.toV1 };
  const sensorOf = async (request: FastifyRequest): Promise<Sensor> => {
    const { id } = parsed(sensorParams, 'sensor', request.params);
    const sensor = await store.sensor(id);
    if (!sensor) throw new UnknownSensor(id, await store.sensors());
    return sensor;
  };

  app.get('/api/v1/health', guard, async (): Promise<z.infer<typeof healthShape>> => {
    const samplesWaiting = waiting();
    return {
      status: samplesWaiting === 0 ? 'ok' : 'degraded',
      api: 'v1',
      now: clock.now(),
      sensors: (await store.sensors()).length,
      waiting: samplesWaiting,
    };
  });
  app.get('/api/v1/sensors', guard, async () => ({ sensors: (await store.sensors()).map(sensorAnswer) }));
  app.get('/api/v1/sensors/:id/latest', guard, async (request) => {
    const sensor = await sensorOf(request);
    const sample = await store.last(sensor.id);
    return { sample: sample ? sampleAnswer(sample, sensor) : null };
  });
  app.get('/api/v1/sensors/:id/samples', guard, async (request) => {
    const sensor = await sensorOf(request);
    const { from, to, limit } = parsed(samplesQuery, 'query', request.query);
    const samples = await store.samples(sensor.id, Instant(from), Instant(to), limit);
    const last = samples.at(-1);
    const answers = samples.map((sample) => sampleAnswer(sample, sensor));
    return { samples: answers, ...(last && samples.length === limit ? { next: last.at + 1 } : {}) };
  });
  app.get('/api/v1/sensors/:id/live', guard, async (request, reply) => {
    const sensor = await sensorOf(request);
    // From here on the answer is written without Fastify.
    reply.hijack();
    await streamSamples(reply.raw, sensor, resumeAfterOf(request), { store, subscribe });
  });
};
