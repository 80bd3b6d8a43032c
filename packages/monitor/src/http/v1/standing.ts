/** For those who keep books on a sensor's register: marks, and where the sensor stands. */
import { type Described, operation } from '@daisee/http';
import { formatMicro, Instant } from '@daisee/units';
import * as z from 'zod';
import { JITTER } from '../../sensor-time.ts';
import type { Mark } from '../../store/marks.ts';
import type { Standing } from '../../store/store.ts';
import type { CountedSensor } from '../measured/sensors.ts';
import { sensorOf, type V1Context } from './context.ts';
import { registerShape } from './counters.ts';
import { windowQuery } from './edges.ts';
import { instantShape, instantText, sampleAnswer, sampleShape, sensorParams } from './shapes.ts';

const GROUP = 'Books';

/** A name or a note: PostgreSQL takes no NUL, and half a character is none. */
const wordsShape = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'needs characters that can be shown');

export const markShape = z.object({
  id: z.number().int(),
  key: z.string(),
  at: instantShape,
  note: z.string().optional(),
});

export const marksShape = z.object({ marks: z.array(markShape) });

const newMarkShape = z
  .strictObject({
    key: wordsShape(200).describe('Your name for it: made again under it, it is the first one'),
    ago: z
      .number()
      .min(0)
      .max(1e12)
      .optional()
      .describe('How many ms ago it was, so that no clock of yours is asked'),
    at: instantText
      .or(instantShape)
      .optional()
      .describe('Or when it was, on the clock that stamps the samples'),
    note: wordsShape(4000).optional().describe('Your own words, given back'),
  })
  .refine(({ ago, at }) => (ago === undefined) !== (at === undefined), {
    message: 'needs either ago (ms) or at (an instant)',
    path: ['ago'],
  });

const markedShape = markShape.extend({
  register: registerShape.describe('Wh as of it, or as of `end` where that is older'),
  exported: registerShape.optional(),
});

export const standingShape = z.object({
  now: z.number().describe('On the clock that stamps its samples, Unix milliseconds'),
  store: z.string().describe('Names the store: a copy has the same name, another store has another'),
  revision: z
    .number()
    .int()
    .describe(
      'Rises when registers of the past change: by a late sample, a correction, a late mark, a set clock',
    ),
  id: z.number().int().describe('The highest identity of a sample in the store: it only rises'),
  end: z
    .object({
      at: instantShape,
      absent: z.string().optional().describe('Nothing is known from then on, and why'),
      register: registerShape,
      exported: registerShape.optional(),
    })
    .nullable()
    .describe('What is known last, a sample or an absence'),
  newest: sampleShape.nullable().describe('The newest sample up to `now`'),
  age: z.number().nullable().describe('ms since the newest sample was measured; null where there is none'),
  interval: z
    .number()
    .nullable()
    .describe('The usual time between two samples, ms; null before there are two'),
  reports: z.literal('change').optional().describe('The sensor speaks only when its power changes'),
  charge: z
    .object({
      age: z.number().describe('ms'),
      value: z.number().min(0).max(100),
      interval: z.number().nullable().describe('The usual time between two, ms'),
    })
    .nullable()
    .describe('The newest state of charge (percent), of the last quarter of an hour'),
  highest: z.number().nullable().describe('Highest power, watts, of the samples stored after `after`'),
  gaps: z
    .array(z.object({ from: instantShape, to: instantShape }))
    .describe('That the samples stored after `after` end'),
  marks: z.array(markedShape).describe('From `firstMark` on, ascending by id; the newest thousand'),
});

const markAnswer = ({ id, key, at, note }: Mark): z.infer<typeof markShape> => ({ id, key, at, note });

const ageOf = (now: Instant, at: Instant): number => Math.max(0, now - at);

const standingAnswer = (
  { store, revision, id, end, newest, interval, reports, charge, highest, gaps, marks }: Standing,
  sensor: CountedSensor,
  now: Instant,
): z.infer<typeof standingShape> => ({
  now,
  store,
  revision,
  id,
  end: end
    ? {
        at: end.at,
        absent: end.absent,
        register: formatMicro(end.register),
        exported: sensor.sign === 'signed' ? formatMicro(end.exported) : undefined,
      }
    : null,
  newest: newest ? sampleAnswer(newest, sensor) : null,
  age: newest ? ageOf(now, newest.at) : null,
  interval: interval ?? null,
  reports,
  charge: charge
    ? { age: ageOf(now, charge.at), value: charge.value, interval: charge.interval ?? null }
    : null,
  highest: highest ?? null,
  gaps: [...gaps],
  marks: marks.map(({ register, exported, ...mark }) => ({
    ...markAnswer(mark),
    register: formatMicro(register),
    exported: sensor.sign === 'signed' ? formatMicro(exported) : undefined,
  })),
});

export const standingOperations = (context: V1Context): readonly Described[] => {
  const { store, sensorTime } = context;
  return [
    operation({
      id: 'mark',
      method: 'POST',
      path: '/sensors/:id/marks',
      group: GROUP,
      summary: 'Mark an instant at which the source changed',
      description:
        'Between the samples around a mark the power is a step: the last one until then, the next one from then on. Its register is told by `standing`. May be repeated under its key.',
      scope: 'write',
      params: sensorParams,
      body: newMarkShape,
      answers: { 200: { description: 'The mark', shape: markShape } },
      answer: async ({ params: { id }, body: { key, ago, at, note } }) => {
        const sensor = await sensorOf(context, id);
        const instant = Math.round(at ?? sensorTime.now(sensor.id) - (ago ?? 0));
        return markAnswer(await store.mark(sensor.id, { key, at: Instant(instant), note }));
      },
    }),
    operation({
      id: 'marks',
      method: 'GET',
      path: '/sensors/:id/marks',
      group: GROUP,
      summary: 'The marks of a window',
      description: 'Those with from ≤ at < to, ascending.',
      scope: 'read',
      params: sensorParams,
      query: windowQuery.pick({ from: true, to: true }),
      answers: { 200: { description: 'They', shape: marksShape } },
      answer: async ({ params: { id }, query: { from, to = Number.MAX_SAFE_INTEGER } }) => {
        const sensor = await sensorOf(context, id);
        const marks = await store.marks(sensor.id, Instant(from), Instant(to));
        return { marks: marks.map(markAnswer) };
      },
    }),
    operation({
      id: 'standing',
      method: 'GET',
      path: '/sensors/:id/standing',
      group: GROUP,
      summary: 'Where a sensor stands: all of one moment',
      description:
        'What was booked is what the register rose by, whatever any clock shows. While `store` and `revision` are what they were, only what is new has to be asked about.',
      scope: 'read',
      params: sensorParams,
      query: z.strictObject({
        after: z.coerce.number().int().min(0).default(0).describe('The `id` of the standing known last'),
        firstMark: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER).describe('By its id'),
      }),
      answers: { 200: { description: 'It', shape: standingShape } },
      answer: async ({ params: { id }, query }) => {
        const sensor = await sensorOf(context, id);
        const now = sensorTime.now(sensor.id);
        const standing = await store.standing(sensor.id, { ...query, until: Instant(now + JITTER) });
        return standingAnswer(standing, sensor, now);
      },
    }),
  ];
};
