/** `/metrics` for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats). */
import { toWattHours } from '@daisee/units';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Access } from '../http/access.ts';
import type { Subscribe } from '../http/v1/live.ts';
import type { SampleStore } from '../store/store.ts';

export interface MetricsOptions {
  readonly store: SampleStore;
  readonly access: Access;
  readonly subscribe: Subscribe;
  readonly waiting: () => number;
}

/** Upper edges in seconds; the slowest requests are windows of years. */
const BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.04, 0.1, 0.5, 2, 10];

/** Names the sensors by id, as names change. */
const LABELS = ['sensor'] as const;

export const addMetrics = (
  app: FastifyInstance,
  { store, access, subscribe, waiting }: MetricsOptions,
): void => {
  const registry = new Registry();
  const registers = [registry];
  const power = new Gauge({
    name: 'daisee_power_watts',
    help: 'Power of the newest sample, with the sign of the sensor.',
    labelNames: LABELS,
    registers,
  });
  const sampledAt = new Gauge({
    name: 'daisee_sample_timestamp_seconds',
    help: 'Instant of the newest sample.',
    labelNames: LABELS,
    registers,
  });
  const energy = new Counter({
    name: 'daisee_energy_watt_hours_total',
    help: 'Register as of the newest sample; import only for a signed sensor.',
    labelNames: LABELS,
    registers,
  });
  const exported = new Counter({
    name: 'daisee_exported_watt_hours_total',
    help: 'Register of export as of the newest sample; signed sensors only.',
    labelNames: LABELS,
    registers,
  });
  const info = new Gauge({
    name: 'daisee_sensor_info',
    help: 'What each sensor is called and how it counts.',
    labelNames: [...LABELS, 'name', 'sign'],
    registers,
  });
  const stored = new Counter({
    name: 'daisee_samples_stored_total',
    help: 'Samples stored since the start.',
    labelNames: LABELS,
    registers,
  });
  const inLine = new Gauge({
    name: 'daisee_samples_waiting',
    help: 'Samples of meters that the store has not taken yet.',
    registers,
  });
  const memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
  });
  const requests = new Histogram({
    name: 'daisee_http_request_duration_seconds',
    help: 'Time until an answer was sent.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers,
  });

  const unsubscribe = subscribe(({ sensorId }) => stored.inc({ sensor: sensorId }));
  app.addHook('onClose', async () => {
    unsubscribe();
  });
  app.addHook(
    'onResponse',
    async ({ method, routeOptions: { url = 'none' } }, { elapsedTime, statusCode }) => {
      requests.observe({ method, route: url, status: statusCode }, elapsedTime / 1000);
    },
  );
  app.get('/metrics', { onRequest: access.toV1('read') }, async (_request, reply) => {
    const sensors = await store.sensors();
    const newest = await Promise.all(sensors.map(async ({ id }) => await store.last(id)));
    // From here to the text without a pause, as two scrapes may come at once.
    for (const metric of [power, sampledAt, energy, exported, info]) metric.reset();
    for (const [i, { id, name, sign }] of sensors.entries()) {
      info.set({ sensor: id, name, sign }, 1);
      const last = newest[i];
      if (!last) continue;
      const labels = { sensor: id };
      power.set(labels, last.power);
      sampledAt.set(labels, last.at / 1000);
      energy.inc(labels, toWattHours(last.register));
      if (sign === 'signed') exported.inc(labels, toWattHours(last.exported));
    }
    inLine.set(waiting());
    memory.set(process.memoryUsage.rss());
    return await reply.type(registry.contentType).send(await registry.metrics());
  });
};
