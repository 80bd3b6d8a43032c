/**
 * What `/api/v1` takes and gives, for server and client alike. Instants are Unix milliseconds, power is in watts with
 * the sensor's sign, registers are watt-hours as decimal text with 6 places (exact; a float would not be).
 */
import { formatMicro, type Instant } from '@daisee/units';
import * as z from 'zod';
import type { Sensor, StoredSample } from '../../store/store.ts';
import { counterShape, countersText, registerShape, ruleAnswer, ruleShape } from './counters.ts';

/** Samples in one answer: the default and the most that `limit` may ask for. */
const DEFAULT_LIMIT = 1000;
export const MOST_SAMPLES = 10_000;

/** Watts; no store takes more. */
const HIGHEST_POWER = 1e8;

/** What something is called. PostgreSQL takes no NUL, and half a character is none. */
export const nameShape = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'needs characters that can be shown');

export const instantShape = z.number().int().describe('Unix milliseconds');
export const SIGNS = ['load', 'source', 'signed'] as const;
export const sampleShape = z.object({
  id: z.number().int(),
  /** Unix milliseconds. */
  at: instantShape,
  /** Watts. */
  power: z.number(),
  /** Percent. */
  stateOfCharge: z.number().min(0).max(100).optional(),
  /** Volts. */
  voltage: z.number().optional(),
  /** Wh that the device's own counter showed, as it showed it. */
  counter: registerShape.optional(),
  /** Wh that its counter of export showed. */
  exportedCounter: registerShape.optional(),
  /** ms since the sample before, where the stamps do not say it: a clock was set in between. */
  elapsed: z.number().optional(),
  /** Where samples were thinned: how many it stands for (its power is their mean), and for how many ms from `at` on. */
  samples: z.number().int().optional(),
  span: z.number().optional(),
  /** Wh counted up to this sample (import, for a signed sensor). */
  register: registerShape,
  /** Wh of export; signed sensors only. */
  exported: registerShape.optional(),
});
export type SampleAnswer = z.infer<typeof sampleShape>;

/** `next` is the `from` of the next page; absent on the last. */
export const samplesShape = z.object({ samples: z.array(sampleShape), next: instantShape.optional() });
export const latestShape = z.object({ sample: sampleShape.nullable() });

export const sensorShape = z.object({
  id: z.number().int(),
  name: z.string(),
  type: z.string().describe('What it measures, as the CitizenWatt API calls it'),
  sign: z
    .enum(SIGNS)
    .describe(
      'How its samples count: load takes energy, source gives it, signed does both (import positive)',
    ),
  ...ruleShape,
  archived: instantShape.optional().describe('Since when it takes no samples; absent while it does'),
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

export const sampleAnswer = (sample: StoredSample, sensor: Pick<Sensor, 'sign'>): SampleAnswer => ({
  id: sample.id,
  at: sample.at,
  power: sample.power,
  ...(sample.stateOfCharge === undefined ? {} : { stateOfCharge: sample.stateOfCharge }),
  ...(sample.voltage === undefined ? {} : { voltage: sample.voltage }),
  ...countersText(sample),
  ...(sample.elapsed === undefined ? {} : { elapsed: sample.elapsed }),
  ...(sample.samples === undefined ? {} : { samples: sample.samples }),
  ...(sample.span === undefined ? {} : { span: sample.span }),
  register: formatMicro(sample.register),
  ...(sensor.sign === 'signed' ? { exported: formatMicro(sample.exported) } : {}),
});

export const sensorAnswer = (
  { id, name, type, sign, ...rule }: Sensor,
  archived: ReadonlyMap<number, Instant> = new Map(),
): SensorAnswer => {
  const since = archived.get(id);
  return { id, name, type, sign, ...ruleAnswer(rule), ...(since === undefined ? {} : { archived: since }) };
};

/** `to` is the sample after it; absent while there is none. `reason` where the device said why. */
export const gapsShape = z.object({
  gaps: z.array(z.object({ from: instantShape, to: instantShape.optional(), reason: z.string().optional() })),
});

const isoInstant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** An instant in a query: Unix milliseconds or ISO 8601 with a zone. */
export const instantText = z.union(
  [
    z
      .string()
      .regex(/^-?\d{1,15}$/)
      .transform(Number),
    isoInstant,
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

const newInstant = z
  .union([instantShape, isoInstant], {
    error: 'needs Unix milliseconds (whole) or an ISO time like 2026-07-01T12:00:00Z',
  })
  .describe('Unix milliseconds, or ISO 8601 with a zone');

const absentShape = nameShape.describe('Why nothing is known from then on: unavailable, offline…');

/** From an instant on nothing is known, until the next sample. */
export const newAbsenceShape = z.strictObject({ at: newInstant, absent: absentShape });

/** A sample that is sent: `at` as Unix milliseconds or ISO 8601 with a zone. */
export const newSampleShape = z.strictObject({
  at: newInstant,
  power: z.number().min(-HIGHEST_POWER).max(HIGHEST_POWER).describe('Watts, with the sign of the sensor'),
  stateOfCharge: z.number().min(0).max(100).optional().describe('Percent'),
  voltage: z.number().optional().describe('Volts'),
  counter: counterShape
    .optional()
    .describe("Wh that the device's own counter showed, as decimal text; it may restart or roll over"),
  exportedCounter: counterShape.optional().describe('The same of its counter of export; signed sensors only'),
  elapsed: z
    .number()
    .min(0)
    .max(1e12)
    .optional()
    .describe('How many ms it truly was since the sample before, where your clock was set in between'),
});
