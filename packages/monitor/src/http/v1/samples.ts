/** Samples in and out: ingest of one or many, reading by pages, the newest, the live stream. */
import type { Sample } from '@daisee/meter';
import { Instant, messageOf, Percent, Watts } from '@daisee/units';
import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { RequestRefused } from '../refusals.ts';
import { sensorOf, type V1Context } from './context.ts';
import { streamSamples } from './live.ts';
import { type Described, operation } from './operation.ts';
import type { Fault } from './problem.ts';
import {
  latestShape,
  newSampleShape,
  sampleAnswer,
  samplesQuery,
  samplesShape,
  sensorParams,
} from './shapes.ts';

const GROUP = 'Samples';
const NDJSON = 'application/x-ndjson';
/** Bad samples that an answer names. */
const MOST_NAMED = 20;

const appendedShape = z.object({
  stored: z.number().int(),
  repeated: z.number().int().describe('Samples at an instant that was there already: the first one stays'),
});

/** A sample that came, and where it stood. */
export interface Given {
  readonly place: Pick<Fault, 'index' | 'line'>;
  readonly value: unknown;
}

const placeText = ({ index, line }: Pick<Fault, 'index' | 'line'>): string =>
  line === undefined ? `sample ${index}` : `line ${line}`;

const refuse = (faults: readonly Fault[], bad: number): RequestRefused => {
  const named = faults.slice(0, MOST_NAMED);
  const [first] = named;
  const where = first ? `${placeText(first)}: ${first.path} ${first.message}` : '';
  return new RequestRefused(
    400,
    'samples',
    `Nothing of it was stored, since ${bad === 1 ? 'one sample' : `${bad} samples`} cannot be: ${where}${bad > 1 ? ', …' : ''}.`,
    { errors: named },
  );
};

/** @throws RequestRefused (400) that names the bad ones. */
export const samplesOf = (given: readonly Given[]): readonly Sample[] => {
  const faults: Fault[] = [];
  let bad = 0;
  const samples: Sample[] = [];
  for (const { place, value } of given) {
    const result = newSampleShape.safeParse(value);
    if (result.success) {
      const { at, power, stateOfCharge, voltage } = result.data;
      samples.push({
        at: Instant(at),
        power: Watts(power),
        ...(stateOfCharge === undefined ? {} : { stateOfCharge: Percent(stateOfCharge) }),
        ...(voltage === undefined ? {} : { voltage }),
      });
      continue;
    }
    bad++;
    if (faults.length < MOST_NAMED)
      for (const { path, message } of result.error.issues)
        faults.push({ ...place, path: path.join('.') || 'it', message });
  }
  if (bad > 0) throw refuse(faults, bad);
  return samples;
};

const linesOf = (text: string): readonly Given[] => {
  const given: Given[] = [];
  const faults: Fault[] = [];
  let bad = 0;
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const place = { line: i + 1 };
    try {
      given.push({ place, value: JSON.parse(line) });
    } catch (error) {
      bad++;
      if (faults.length < MOST_NAMED)
        faults.push({ ...place, path: 'it', message: `is no JSON: ${messageOf(error)}` });
    }
  }
  if (bad > 0) throw refuse(faults, bad);
  return given;
};

const givenOf = (body: unknown, lines: boolean): readonly Given[] => {
  if (lines) return linesOf(String(body));
  const values: readonly unknown[] = Array.isArray(body) ? body : [body];
  return values.map((value, index) => ({ place: { index }, value }));
};

/** The instant after which a stream resumes: the header that browsers send, or `?lastEventId=` for those who cannot. */
const resumeAfterOf = (request: FastifyRequest, lastEventId: string | undefined): Instant | undefined => {
  const text = request.headers['last-event-id'] ?? lastEventId;
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Instant(Number(text)) : undefined;
};

/** @throws RequestRefused (409) for one that takes no more samples. */
export const checkTakes = async ({ directory }: V1Context, id: number): Promise<void> => {
  if ((await directory.archived()).has(id))
    throw new RequestRefused(
      409,
      'archived',
      `Sensor ${id} is archived and takes no samples: PATCH /api/v1/sensors/${id} with {"archived": false} first.`,
    );
};

export const sampleOperations = (context: V1Context): readonly Described[] => {
  const { store, subscribe, ingest } = context;
  return [
    operation({
      id: 'sendSamples',
      method: 'POST',
      path: '/sensors/:id/samples',
      group: GROUP,
      summary: 'Store one sample or many',
      description:
        'All or none: once it is answered they survive whatever happens to the monitor. May be repeated: a sample at an instant that is there already is not stored again. At most 10 MB.',
      scope: 'write',
      params: sensorParams,
      body: {
        'application/json': {
          shape: z.unknown(),
          described: z.union([newSampleShape, z.array(newSampleShape)]),
        },
        [NDJSON]: {
          shape: z.unknown(),
          described: z.string().describe('A sample as JSON on each line'),
        },
      },
      answers: { 200: { description: 'What became of them', shape: appendedShape } },
      answer: async ({ params: { id }, body, request }): Promise<z.infer<typeof appendedShape>> => {
        const sensor = await sensorOf(context, id);
        await checkTakes(context, sensor.id);
        const lines = (request.headers['content-type'] ?? '').toLowerCase().startsWith(NDJSON);
        const { stored, repeated } = await ingest(sensor.id, samplesOf(givenOf(body, lines)));
        return { stored, repeated };
      },
    }),
    operation({
      id: 'samples',
      method: 'GET',
      path: '/sensors/:id/samples',
      group: GROUP,
      summary: 'The samples of a window, by pages',
      description: 'Those with from ≤ at < to, ascending.',
      scope: 'read',
      params: sensorParams,
      query: samplesQuery,
      answers: { 200: { description: 'A page; `next` is the `from` of the next one', shape: samplesShape } },
      answer: async ({ params: { id }, query: { from, to, limit } }) => {
        const sensor = await sensorOf(context, id);
        const samples = await store.samples(sensor.id, Instant(from), Instant(to), limit);
        const last = samples.at(-1);
        const answers = samples.map((sample) => sampleAnswer(sample, sensor));
        return { samples: answers, ...(last && samples.length === limit ? { next: last.at + 1 } : {}) };
      },
    }),
    operation({
      id: 'latestSample',
      method: 'GET',
      path: '/sensors/:id/latest',
      group: GROUP,
      summary: 'The newest sample',
      scope: 'read',
      params: sensorParams,
      answers: { 200: { description: 'It, or null', shape: latestShape } },
      answer: async ({ params: { id } }) => {
        const sensor = await sensorOf(context, id);
        const sample = await store.last(sensor.id);
        return { sample: sample ? sampleAnswer(sample, sensor) : null };
      },
    }),
    operation({
      id: 'liveSamples',
      method: 'GET',
      path: '/sensors/:id/live',
      group: GROUP,
      summary: 'Samples as they are stored, as server-sent events',
      description:
        'An event `sample` for each one, its id the instant, its data as in `latest`. With the header `Last-Event-ID` it begins with those after that one.',
      scope: 'read',
      params: sensorParams,
      query: z.object({
        lastEventId: z.string().optional().describe('For those who cannot send the header'),
      }),
      answers: { 200: { description: 'Events', type: 'text/event-stream', shape: z.string() } },
      endless: true,
      answer: async ({ params: { id }, query: { lastEventId }, request, reply }) => {
        const sensor = await sensorOf(context, id);
        // From here on the answer is written without Fastify.
        reply.hijack();
        await streamSamples(reply.raw, sensor, resumeAfterOf(request, lastEventId), { store, subscribe });
      },
    }),
  ];
};
