/**
 * What `/api/v1` takes and gives, for server and client alike. Instants are Unix milliseconds, power is in watts with
 * the sensor's sign, registers are watt-hours as decimal text with 6 places (exact; a float would not be).
 */
import { formatMicro, parseMicro } from '@daisee/units';
import * as z from 'zod';
import type { Sensor, StoredSample } from '../../store/store.ts';

/** Samples in one answer: the default and the most that `limit` may ask for. */
const DEFAULT_LIMIT = 1000;
export const MOST_SAMPLES = 10_000;

const instant = z.number().int();
const wattHours = z.string().refine((text) => {
  try {
    return parseMicro(text) >= 0n;
  } catch {
    return false;
  }
}, 'watt-hours like 12.345678');

const sampleShape = z.object({
  id: z.number().int(),
  /** Unix milliseconds. */
  at: instant,
  /** Watts. */
  power: z.number(),
  /** Percent. */
  stateOfCharge: z.number().min(0).max(100).optional(),
  /** Volts. */
  voltage: z.number().optional(),
  /** Wh counted up to this sample (import, for a signed sensor). */
  register: wattHours,
  /** Wh of export; signed sensors only. */
  exported: wattHours.optional(),
});
export type SampleAnswer = z.infer<typeof sampleShape>;

/** `next` is the `from` of the next page; absent on the last. */
export const samplesShape = z.object({ samples: z.array(sampleShape), next: instant.optional() });
export const latestShape = z.object({ sample: sampleShape.nullable() });

const sensorShape = z.object({
  id: z.number().int(),
  name: z.string(),
  type: z.string(),
  sign: z.enum(['load', 'source', 'signed']),
});
type SensorAnswer = z.infer<typeof sensorShape>;

export const healthShape = z.object({
  status: z.enum(['ok', 'degraded']),
  /** The API's version: how a client tells this monitor from a v0.2 one. */
  api: z.literal('v1'),
  /** The monitor's clock, Unix milliseconds. */
  now: z.number(),
  sensors: z.number().int(),
  /** Samples taken from the meters that the store has not taken yet. */
  waiting: z.number().int(),
});

export const sampleAnswer = (sample: StoredSample, sensor: Sensor): SampleAnswer => ({
  id: sample.id,
  at: sample.at,
  power: sample.power,
  ...(sample.stateOfCharge === undefined ? {} : { stateOfCharge: sample.stateOfCharge }),
  ...(sample.voltage === undefined ? {} : { voltage: sample.voltage }),
  register: formatMicro(sample.register),
  ...(sensor.sign === 'signed' ? { exported: formatMicro(sample.exported) } : {}),
});

export const sensorAnswer = ({ id, name, type, sign }: Sensor): SensorAnswer => ({ id, name, type, sign });

/** An instant in a query: Unix milliseconds or ISO 8601 with a zone. */
const instantText = z.union(
  [
    z
      .string()
      .regex(/^-?\d{1,15}$/)
      .transform(Number),
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  ],
  { error: 'needs Unix milliseconds or an ISO time like 2026-07-01T12:00:00Z' },
);

/** `from` ≤ at < `to`; by default from the first sample on, to the newest. */
export const samplesQuery = z.strictObject({
  from: instantText.default(Number.MIN_SAFE_INTEGER),
  to: instantText.default(Number.MAX_SAFE_INTEGER),
  limit: z.coerce.number().int().min(1).max(MOST_SAMPLES).default(DEFAULT_LIMIT),
});

export const sensorParams = z.object({
  id: z.coerce.number({ error: 'needs the number of a sensor' }).int().min(1),
});
