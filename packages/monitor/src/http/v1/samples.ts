/** Samples in and out: ingest of one or many, reading by pages, the newest, the live stream. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Described, operation, RequestRefused } from '@daisee/http';
import type { Sample } from '@daisee/meter';
import { Instant, messageOf, Percent, Watts } from '@daisee/units';
import * as z from 'zod';
import { tooFarAhead } from '../../horizon.ts';
import { type Given, givenOfJson, linesOf } from './body.ts';
import { sensorOf, type V1Context } from './context.ts';
import { countersOf } from './counters.ts';
import { lastEventOf, streamSamples } from './live.ts';
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
/** Samples read before others get their turn. */
const TURN = 5000;

const appendedShape = z.object({
  stored: z.number().int(),
  repeated: z.number().int().describe('Samples at an instant that was there already: the first one stays'),
});

const placeText = ({ index, line }: Pick<Fault, 'index' | 'line'>): string =>
  line === undefined ? `sample ${index}` : `line ${line}`;

const refuse = (faults: readonly Fault[], bad: number): RequestRefused => {
  const named = faults.slice(0, MOST_NAMED);
  const [first] = named;
  const where = first ? `${placeText(first)}: ${first.path} ${first.message}` : '';
  return new RequestRefused(
    400,
    'monitor.samples',
    `Nothing of it was stored, since ${bad === 1 ? 'one sample' : `${bad} samples`} cannot be: ${where}${bad > 1 ? ', …' : ''}.`,
    { errors: named },
  );
};

/** @throws RequestRefused (400) that names the bad ones. */
export const samplesOf = async (given: readonly Given[]): Promise<readonly Sample[]> => {
  const faults: Fault[] = [];
  let bad = 0;
  const samples: Sample[] = [];
  for (const [n, { place, value }] of given.entries()) {
    if (n % TURN === TURN - 1) await nextTurn();
    const result = newSampleShape.safeParse(value);
    if (result.success) {
      const { at, power, stateOfCharge, voltage, ...counters } = result.data;
      samples.push({
        at: Instant(at),
        power: Watts(power),
        ...(stateOfCharge === undefined ? {} : { stateOfCharge: Percent(stateOfCharge) }),
        ...(voltage === undefined ? {} : { voltage }),
        ...countersOf(counters),
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

const givenOfLines = async (text: string): Promise<readonly Given[]> => {
  const given: Given[] = [];
  const faults: Fault[] = [];
  let bad = 0;
  for (const [number, line] of linesOf(text)) {
    const place = { line: number };
    if (number % TURN === 0) await nextTurn();
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

/** @throws RequestRefused (400) that names the samples which are too far ahead of the monitor's clock. */
export const checkNotAhead = async (
  context: V1Context,
  sensorId: number,
  samples: readonly Sample[],
  given: readonly Given[],
): Promise<void> => {
  const places = await tooFarAhead(context, sensorId, samples);
  if (places.length === 0) return;
  const now = new Date(context.clock.now()).toISOString();
  const message = `is more than a day ahead of the monitor's clock, which shows ${now}: set the clock that stamps the samples, or the monitor's`;
  const faults = places
    .slice(0, MOST_NAMED)
    .map((place) => ({ ...given[place]?.place, path: 'at', message }));
  throw refuse(faults, places.length);
};

/** @throws RequestRefused (409) for one that takes no more samples. */
export const checkTakes = async ({ directory }: V1Context, id: number): Promise<void> => {
  if ((await directory.archived()).has(id))
    throw new RequestRefused(
      409,
      'monitor.archived',
      `Sensor ${id} is archived and takes no samples: PATCH /api/v1/sensors/${id} with {"archived": false} first.`,
    );
};

export const sampleOperations = (context: V1Context): readonly Described[] => {
  const { store, subscribe, ingest, patience, onFailure } = context;
  return [
    operation({
      id: 'sendSamples',
      method: 'POST',
      path: '/sensors/:id/samples',
      group: GROUP,
      summary: 'Store one sample or many',
      description:
        'When one cannot be stored, none is; once it is answered they survive whatever happens to the monitor. Without an answer, or with a 5xx, a part of a long list may have been stored: send it again. Samples may be late by any time, and up to a day ahead of the monitor’s clock. May be repeated: a sample at an instant that is there already is not stored again. At most 10 MB.',
      scope: 'write',
      params: sensorParams,
      bodies: {
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
        const given = lines ? await givenOfLines(String(body)) : givenOfJson(body);
        const samples = await samplesOf(given);
        await checkNotAhead(context, sensor.id, samples, given);
        const { stored, repeated } = await ingest(sensor.id, samples);
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
        'An event `sample` for each one, its data as in `latest`, its id `s` and the sample’s `id`. They come in the order of storing; with the header `Last-Event-ID` it begins with those stored after that one, also those that are older than what was there and came late. An instant in Unix milliseconds is taken for a `Last-Event-ID`, too. Samples that another monitor puts into the same database are not told.',
      scope: 'read',
      params: sensorParams,
      query: z.object({
        lastEventId: z.string().optional().describe('For those who cannot send the header'),
      }),
      answers: { 200: { description: 'Events', type: 'text/event-stream', shape: z.string() } },
      isEndless: true,
      answer: async ({ params: { id }, query: { lastEventId }, request, reply }) => {
        const sensor = await sensorOf(context, id);
        const last = lastEventOf(request.headers['last-event-id'] ?? lastEventId);
        await streamSamples(reply, sensor, last, {
          store,
          subscribe,
          patience,
          onFailure: (error) => onFailure(`${request.method} ${request.url}`, error),
        });
      },
    }),
  ];
};
