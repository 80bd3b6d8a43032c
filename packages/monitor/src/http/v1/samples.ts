/** Samples in and out: ingest of one or many, reading by pages, the newest, the live stream. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Described, operation, RequestRefused } from '@daisee/http';
import type { Measurement } from '@daisee/meter';
import { Duration, Instant, messageOf, Percent, Watts } from '@daisee/units';
import * as z from 'zod';
import { tooFarAhead } from '../../horizon.ts';
import { createColumns, type SampleColumns } from '../../store/columns.ts';
import { distinct } from '../../store/recount.ts';
import { checkCount, type Given, givenOfJson, itemsOf, LongList, linesOf } from './body.ts';
import { sensorOf, type V1Context } from './context.ts';
import { countersOf } from './counters.ts';
import { lastEventOf, streamSamples } from './live.ts';
import type { Fault } from './problem.ts';
import {
  latestShape,
  newAbsenceShape,
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
/** Lines read before others get their turn. */
const TURN = 300;

const appendedShape = z.object({
  stored: z.number().int(),
  repeated: z.number().int().describe('Samples at an instant that was there already: the first one stays'),
  conflicting: z
    .number()
    .int()
    .optional()
    .describe(
      'How many of the repeated ones say something else than what stays, where any do: send a correction with `replace=true`',
    ),
  replaced: z.number().int().optional().describe('Samples that took the place of others, where any did'),
});

/** What was told of a list of samples. */
export const sendQuery = z.strictObject({
  replace: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe(
      'The samples are corrections: one at an instant that is there takes its place, and registers are counted anew',
    ),
});

const placeText = ({ index, line }: Pick<Fault, 'index' | 'line'>): string =>
  line === undefined ? `sample ${index}` : `line ${line}`;

/** What of a body is not stored when a sample in it cannot be. */
const ALL = 'Nothing of it was stored';

const refuse = (faults: readonly Fault[], bad: number, refused = ALL): RequestRefused => {
  const named = faults.slice(0, MOST_NAMED);
  const [first] = named;
  const where = first ? `${placeText(first)}: ${first.path} ${first.message}` : '';
  return new RequestRefused(
    400,
    'monitor.samples',
    `${refused}, since ${bad === 1 ? 'one sample' : `${bad} samples`} cannot be: ${where}${bad > 1 ? ', …' : ''}.`,
    { errors: named },
  );
};

/** What came, read: the samples and absences, and what is wrong with those that are none. */
interface Read {
  readonly samples: readonly Measurement[];
  readonly faults: readonly Fault[];
  readonly bad: number;
}

const isAbsent = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'absent' in value && !('power' in value);

const read = (given: readonly Given[]): Read => {
  const faults: Fault[] = [];
  let bad = 0;
  const samples: Measurement[] = [];
  const note = (place: Given['place'], { issues }: z.ZodError): void => {
    bad++;
    if (faults.length < MOST_NAMED)
      for (const { path, message } of issues)
        faults.push({ ...place, path: path.join('.') || 'it', message });
  };
  for (const { place, value } of given) {
    if (isAbsent(value)) {
      const absence = newAbsenceShape.safeParse(value);
      if (absence.success) samples.push({ ...absence.data, at: Instant(absence.data.at) });
      else note(place, absence.error);
      continue;
    }
    const result = newSampleShape.safeParse(value);
    if (result.success) {
      const { at, power, stateOfCharge, voltage, elapsed, ...counters } = result.data;
      samples.push({
        at: Instant(at),
        power: Watts(power),
        ...(stateOfCharge === undefined ? {} : { stateOfCharge: Percent(stateOfCharge) }),
        ...(voltage === undefined ? {} : { voltage }),
        ...countersOf(counters),
        ...(elapsed === undefined ? {} : { elapsed: Duration(elapsed) }),
      });
      continue;
    }
    note(place, result.error);
  }
  return { samples, faults, bad };
};

/** @throws RequestRefused (400) that names the bad ones. */
export const samplesOf = (given: readonly Given[], refused = ALL): readonly Measurement[] => {
  const { samples, faults, bad } = read(given);
  if (bad > 0) throw refuse(faults, bad, refused);
  return samples;
};

/** The samples that are too far ahead of the monitor's clock, as faults. */
const ahead = async (
  context: V1Context,
  sensorId: number,
  samples: readonly Measurement[],
  given: readonly Given[],
): Promise<Omit<Read, 'samples'>> => {
  const places = await tooFarAhead(context, sensorId, samples);
  const now = new Date(context.clock.now()).toISOString();
  const message = `is more than a day ahead of the monitor's clock, which shows ${now}: set the clock that stamps the samples, or the monitor's`;
  const faults = places
    .slice(0, MOST_NAMED)
    .map((place) => ({ ...given[place]?.place, path: 'at', message }));
  return { faults, bad: places.length };
};

/** @throws RequestRefused (400) that names the samples which are too far ahead of the monitor's clock. */
export const checkNotAhead = async (
  context: V1Context,
  sensorId: number,
  samples: readonly Measurement[],
  given: readonly Given[],
  refused = ALL,
): Promise<void> => {
  const { faults, bad } = await ahead(context, sensorId, samples, given);
  if (bad > 0) throw refuse(faults, bad, refused);
};

/** The lines of a body by pieces; those that are no JSON are faults. */
const piecesOfLines = function* (bytes: Buffer): Generator<Omit<Read, 'samples'> & { given: Given[] }> {
  let given: Given[] = [];
  let faults: Fault[] = [];
  let bad = 0;
  for (const [number, line] of linesOf(bytes)) {
    const place = { line: number };
    try {
      given.push({ place, value: JSON.parse(line) });
    } catch (error) {
      bad++;
      if (faults.length < MOST_NAMED)
        faults.push({ ...place, path: 'it', message: `is no JSON: ${messageOf(error)}` });
    }
    if (given.length + bad < TURN) continue;
    yield { given, faults, bad };
    [given, faults, bad] = [[], [], 0];
  }
  yield { given, faults, bad };
};

const piecesOfList = function* (list: LongList): ReturnType<typeof piecesOfLines> {
  for (const { first, values } of itemsOf(list)) {
    checkCount(first + values.length);
    const given = values.map((value, i) => ({ place: { index: first + i }, value }));
    yield { given, faults: [], bad: 0 };
  }
};

/**
 * Reads a long list piece by piece, each garbage before the next: of what was read only columns are kept.
 * @throws RequestRefused (400) that names the bad ones, of the whole list.
 */
const readLong = async (
  context: V1Context,
  sensorId: number,
  pieces: ReturnType<typeof piecesOfLines>,
): Promise<SampleColumns> => {
  const columns = createColumns();
  const wrong = { faults: [] as Fault[], bad: 0 };
  const early = { faults: [] as Fault[], bad: 0 };
  const note = (where: typeof wrong, { faults, bad }: Omit<Read, 'samples'>): void => {
    where.faults.push(...faults.slice(0, MOST_NAMED - where.faults.length));
    where.bad += bad;
  };
  for (const { given, ...noJson } of pieces) {
    note(wrong, noJson);
    const { samples, ...faulty } = read(given);
    note(wrong, faulty);
    // What no store takes is found before anything is stored.
    distinct(samples);
    if (faulty.bad === 0) note(early, await ahead(context, sensorId, samples, given));
    columns.add(samples);
    await nextTurn();
  }
  for (const { faults, bad } of [wrong, early]) if (bad > 0) throw refuse(faults, bad);
  return columns;
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
        'When one cannot be stored, none is; once it is answered they survive whatever happens to the monitor. Without an answer, or with a 5xx, a part of a long list may have been stored: send it again. Samples may be late by any time, and up to a day ahead of the monitor’s clock. May be repeated: a sample at an instant that is there already is not stored again; what says something else of it is counted as `conflicting`, and takes its place with `replace=true`. An object with `absent` in place of `power` says that nothing is known from then on, until the next sample. At most 10 MB.',
      scope: 'write',
      params: sensorParams,
      query: sendQuery,
      bodies: {
        'application/json': {
          shape: z.unknown(),
          described: z.union([
            newSampleShape,
            newAbsenceShape,
            z.array(z.union([newSampleShape, newAbsenceShape])),
          ]),
        },
        [NDJSON]: {
          shape: z.unknown(),
          described: z.string().describe('A sample or an absence as JSON on each line'),
        },
      },
      answers: { 200: { description: 'What became of them', shape: appendedShape } },
      answer: async ({ params: { id }, query, body }): Promise<z.infer<typeof appendedShape>> => {
        const sensor = await sensorOf(context, id);
        await checkTakes(context, sensor.id);
        // Bytes are lines: nothing else comes as such.
        const long = Buffer.isBuffer(body)
          ? piecesOfLines(body)
          : body instanceof LongList && piecesOfList(body);
        if (long) return await ingest(sensor.id, await readLong(context, sensor.id, long), query);
        const given = givenOfJson(body);
        const samples = samplesOf(given);
        await checkNotAhead(context, sensor.id, samples, given);
        return await ingest(sensor.id, samples, query);
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
