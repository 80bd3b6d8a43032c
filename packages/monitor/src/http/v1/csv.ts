/** Samples as CSV (RFC 4180), out and in, piece by piece in both directions. */

import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Described, operation, problemOf, RequestRefused } from '@daisee/http';
import { isAbsence } from '@daisee/meter';
import { Instant, Watts } from '@daisee/units';
import * as z from 'zod';
import type { Counted } from '../../store/pieces.ts';
import type { AppendOptions, StoredAbsence, StoredSample } from '../../store/store.ts';
import { RULES } from '../failures.ts';
import type { CountedSensor } from '../measured/sensors.ts';
import type { Given } from './body.ts';
import { sensorOf, type V1Context } from './context.ts';
import { problemShape } from './problem.ts';
import { checkNotAhead, checkTakes, samplesOf, sendQuery } from './samples.ts';
import { sampleAnswer, samplesQuery, sensorParams } from './shapes.ts';

const GROUP = 'CSV';
/** Rows written or stored before others get their turn. */
const PAGE = 2000;
/** Characters of a line; a file without line ends is none. */
const LONGEST_LINE = 1000;

const COLUMNS = [
  'at',
  'power',
  'stateOfCharge',
  'voltage',
  'register',
  'exported',
  'counter',
  'exportedCounter',
] as const;
/** Only where there is one: why nothing is known from `at` on; of the rest of its line there are the registers. */
const ABSENT = 'absent';
const TAKEN = ['power', 'stateOfCharge', 'voltage', 'counter', 'exportedCounter', 'elapsed', ABSENT] as const;
/** Those that are decimal text, since a float would not be exact, and those that are words. */
const TEXTS: ReadonlySet<string> = new Set(['counter', 'exportedCounter', ABSENT]);

type Told = StoredSample | StoredAbsence;

/** Words in quotes, as they may have the separator in them. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

const rowOf = (told: Told, sensor: CountedSensor, withAbsent: boolean): string => {
  // An absence has no number and no power; they stay empty in its line.
  const answer = sampleAnswer({ id: 0, power: Watts(0), ...told }, sensor);
  const fields = COLUMNS.map((column) => {
    if (column === 'at') return new Date(answer.at).toISOString();
    return column === 'power' && isAbsence(told) ? '' : (answer[column] ?? '');
  });
  const absent = isAbsence(told) ? quoted(told.absent) : '';
  return [...fields, ...(withAbsent ? [absent] : [])].join(',');
};

/** A page of samples with the absences among them. */
const merged = (samples: readonly StoredSample[], absences: readonly StoredAbsence[]): readonly Told[] =>
  absences.length === 0 ? samples : [...samples, ...absences].toSorted((a, b) => a.at - b.at);

/** The lines of a text that comes in pieces, with their numbers from 1. */
const linesOf = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly [number, string]> {
  const decoder = new TextDecoder();
  let number = 0;
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield [++number, line];
    if (rest.length > LONGEST_LINE)
      throw new RequestRefused(
        400,
        'monitor.csv',
        `Line ${number + 1} is longer than ${LONGEST_LINE} characters.`,
      );
  }
  if (rest !== '') yield [number + 1, rest];
};

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A field, in quotes (in which quotes are doubled) or not, up to the separator or the end. */
const FIELD = {
  ',': /\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(?:,|$)/y,
  ';': /\s*(?:"((?:[^"]|"")*)"\s*|([^;]*))(?:;|$)/y,
} as const;

/** The fields of a line. */
const fieldsOf = (line: string, separator: ',' | ';'): readonly string[] => {
  const field = FIELD[separator];
  const fields: string[] = [];
  field.lastIndex = 0;
  for (let match = field.exec(line); match; match = field.exec(line)) {
    const [all, inQuotes, plain = ''] = match;
    fields.push(inQuotes?.replaceAll('""', '"') ?? plain.trim());
    if (!all.endsWith(separator)) break;
  }
  return fields;
};

type ReadRow = (line: string) => Readonly<Record<string, unknown>>;

/** Learns from the first line where each column is. @throws RequestRefused when it names no `at` or `power`. */
const columnsOf = (header: string): ReadRow => {
  const separator = header.includes(';') ? ';' : ',';
  const names = fieldsOf(header.replace(/^\uFEFF/, ''), separator);
  const place = (name: string): number => names.indexOf(name);
  if (place('at') < 0 || place('power') < 0)
    throw new RequestRefused(
      400,
      'monitor.csv',
      `Line 1 names no columns at and power but ${JSON.stringify(header.slice(0, 100))}: begin with a line like at,power,stateOfCharge,voltage.`,
    );
  return (line) => {
    const fields = fieldsOf(line, separator);
    const at = fields[place('at')] ?? '';
    const value: Record<string, unknown> = { at: /^-?\d+$/.test(at) ? Number(at) : at };
    for (const name of TAKEN) {
      const field = fields[place(name)] ?? '';
      // Where a semicolon separates, spreadsheets write decimals with a comma.
      const text = separator === ';' && name !== ABSENT ? field.replace(',', '.') : field;
      if (text !== '') value[name] = !TEXTS.has(name) && NUMBER.test(text) ? Number(text) : text;
    }
    return value;
  };
};

const progressShape = z.object({
  lines: z.number().int().describe('Read so far, the first one too'),
  stored: z.number().int(),
  repeated: z.number().int(),
  conflicting: z.number().int().optional().describe('Of the repeated ones, where any say something else'),
  replaced: z.number().int().optional(),
  done: z.boolean(),
  problem: problemShape.optional().describe('What ended it early; what was stored so far stays'),
});
type Progress = z.infer<typeof progressShape>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const csvOperations = (context: V1Context): readonly Described[] => {
  const { store, ingest } = context;

  const rows = async function* (sensor: CountedSensor, from: number, to: number): AsyncGenerator<string> {
    const absences = await store.absences(sensor.id, Instant(from), Instant(to));
    const withAbsent = absences.length > 0;
    yield `${[...COLUMNS, ...(withAbsent ? [ABSENT] : [])].join(',')}\r\n`;
    const lines = (told: readonly Told[]): string =>
      told.map((one) => `${rowOf(one, sensor, withAbsent)}\r\n`).join('');
    let written = 0;
    for (let start: number | undefined = from; start !== undefined; ) {
      const page: readonly StoredSample[] = await store.samples(sensor.id, Instant(start), Instant(to), PAGE);
      const last = page.at(-1);
      start = last && page.length === PAGE ? last.at + 1 : undefined;
      const among = absences.slice(written).filter(({ at }) => start === undefined || at < start);
      written += among.length;
      if (page.length + among.length > 0) yield lines(merged(page, among));
      await nextTurn();
    }
  };

  const storing = async function* (
    sensor: CountedSensor,
    pieces: AsyncIterable<Buffer>,
    url: string,
    query: Pick<AppendOptions, 'replace'>,
  ): AsyncGenerator<Progress> {
    const count: Writable<Omit<Progress, 'done' | 'problem'>> = { lines: 0, stored: 0, repeated: 0 };
    const add = (more: Counted): void => {
      count.stored += more.stored;
      count.repeated += more.repeated;
      for (const kind of ['conflicting', 'replaced'] as const)
        count[kind] = (count[kind] ?? 0) + (more[kind] ?? 0) || undefined;
    };
    let batch: Given[] = [];
    const storeBatch = async (): Promise<void> => {
      const refused = `Nothing from line ${batch[0]?.place.line} on was stored`;
      const samples = samplesOf(batch, refused);
      await checkNotAhead(context, sensor.id, samples, batch, refused);
      add(await ingest(sensor.id, samples, query));
      batch = [];
    };
    try {
      let read: ReadRow | undefined;
      for await (const [line, text] of linesOf(pieces)) {
        count.lines = line;
        if (text.trim() === '') continue;
        if (read) batch.push({ place: { line }, value: read(text) });
        else read = columnsOf(text.trim());
        if (batch.length < PAGE) continue;
        await storeBatch();
        yield { ...count, done: false };
        await nextTurn();
      }
      await storeBatch();
      yield { ...count, done: true };
    } catch (error) {
      // The status is out already, so the last line says what happened.
      yield { ...count, done: false, problem: problemOf(error, url, RULES) };
    }
  };

  return [
    operation({
      id: 'exportSamples',
      method: 'GET',
      path: '/sensors/:id/samples.csv',
      group: GROUP,
      summary: 'The samples of a window as CSV',
      scope: 'read',
      params: sensorParams,
      query: samplesQuery.pick({ from: true, to: true }),
      answers: {
        200: {
          description: `A line for each sample: ${COLUMNS.join(',')}. A line without power and with why in the last column, absent, begins a gap`,
          type: 'text/csv',
          shape: z.string(),
        },
      },
      isEndless: true,
      answer: async ({ params: { id }, query: { from, to }, reply }) => {
        const sensor = await sensorOf(context, id);
        void reply.header('Content-Disposition', `attachment; filename="sensor-${id}.csv"`);
        return await reply
          .type('text/csv; charset=utf-8')
          .send(Readable.from(rows(sensor, from, to), { highWaterMark: 1 }));
      },
    }),
    operation({
      id: 'importSamples',
      method: 'POST',
      path: '/sensors/:id/samples.csv',
      group: GROUP,
      summary: 'Store the samples of a CSV file of any length',
      description:
        'The first line names the columns: at (Unix ms or ISO 8601) and power are needed, stateOfCharge, voltage, counter, exportedCounter and elapsed taken, others left out; a line without power and with a column absent begins a gap; separated by , or ; (then decimals may have a comma). Stored in batches as it comes; may be repeated. The status only says that it began: the last line of the answer says how it ended.',
      scope: 'write',
      params: sensorParams,
      query: sendQuery,
      bodies: { 'text/csv': { shape: z.custom<AsyncIterable<Buffer>>(), described: z.string() } },
      answers: {
        200: {
          description: 'A line of JSON for each batch, the last one with `done` or a `problem`',
          type: 'application/x-ndjson',
          shape: z.string().describe(JSON.stringify(z.toJSONSchema(progressShape))),
        },
      },
      answer: async ({ params: { id }, query, body, request, reply }) => {
        const sensor = await sensorOf(context, id);
        await checkTakes(context, id);
        const text = async function* () {
          for await (const progress of storing(sensor, body, request.url, query))
            yield `${JSON.stringify(progress)}\n`;
        };
        return await reply.type('application/x-ndjson').send(Readable.from(text()));
      },
    }),
  ];
};
