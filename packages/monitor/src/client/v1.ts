/** The client's side of `/api/v1`. */

import type { Sample } from '@daisee/meter';
import { Duration, Energy, Instant, Percent, parseMicro, Register, Watts } from '@daisee/units';
import * as z from 'zod';
import { countersOf, ruleOf, wattHoursShape } from '../http/v1/counters.ts';
import { problemShape } from '../http/v1/problem.ts';
import {
  healthShape,
  instantShape,
  latestShape,
  MOST_SAMPLES,
  type SampleAnswer,
  samplesShape,
  sensorShape,
} from '../http/v1/shapes.ts';
import { markShape, marksShape, standingShape } from '../http/v1/standing.ts';
import type { Mark } from '../store/marks.ts';
import { MonitorAnswer, NoSuchSensor } from './errors.ts';
import type { MonitorClient, SensorStanding } from './monitor-client.ts';
import { type Answer, ask, knock, read, type TransportOptions } from './transport.ts';

const sampleOf = ({ at, power, stateOfCharge, voltage, elapsed, ...counters }: SampleAnswer): Sample => ({
  at: Instant(at),
  power: Watts(power),
  ...countersOf(counters),
  ...(stateOfCharge === undefined ? {} : { stateOfCharge: Percent(stateOfCharge) }),
  ...(voltage === undefined ? {} : { voltage }),
  ...(elapsed === undefined ? {} : { elapsed: Duration(elapsed) }),
});

const headersOf = ({ login, password }: TransportOptions): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${login}:${password()}`).toString('base64')}`,
  Accept: 'application/json',
});

const get = (options: TransportOptions, path: string): Promise<Answer> =>
  ask(options, path, { headers: headersOf(options) });

/**
 * Whether what answers has this API: a v0.2 monitor sends the question to its login page or knows no such address.
 * Undefined when the answer leaves it open (a refused login, a monitor that fails just now).
 * @throws MonitorUnreachable when nothing answers.
 */
export const hasV1 = async (options: TransportOptions): Promise<boolean | undefined> => {
  const answer = await knock(options, '/api/v1/health', { headers: headersOf(options) });
  if (answer.status === 200) {
    try {
      read(answer, healthShape);
      return true;
    } catch (error) {
      if (error instanceof MonitorAnswer) return false;
      throw error;
    }
  }
  // 501: a server that knows POST only.
  const open =
    [401, 403, 421, 429].includes(answer.status) || (answer.status >= 500 && answer.status !== 501);
  return open ? undefined : false;
};

const UNKNOWN_SENSOR = 'monitor.unknown-sensor';

const codeIn = ({ text }: Answer): string | undefined => {
  try {
    return problemShape.parse(JSON.parse(text)).code;
  } catch {
    return undefined;
  }
};

/** What a problem document says in words. */
const saidBy = ({ text }: Answer): string => {
  try {
    return problemShape.parse(JSON.parse(text)).detail;
  } catch {
    return text;
  }
};

/** Reads an instant that a date can have. @throws MonitorAnswer */
type Dated = (at: number) => Instant;

const markIn = ({ id, key, at, note }: z.infer<typeof markShape>, dated: Dated): Mark => ({
  id,
  key,
  at: dated(at),
  ...(note === undefined ? {} : { note }),
});

const standingIn = (answer: z.infer<typeof standingShape>, dated: Dated): SensorStanding => {
  const { now, store, revision, id, end, newest, age, interval, reports, charge, highest, gaps, marks } =
    answer;
  const ofAge = (length: number | null): Duration | undefined =>
    length === null || length < 0 ? undefined : Duration(length);
  return {
    now: dated(now),
    store,
    revision,
    id,
    end: end ? { at: dated(end.at), register: registerIn(end.register), absent: end.absent } : undefined,
    newest: newest ? { ...sampleOf(newest), at: dated(newest.at) } : undefined,
    age: ofAge(age),
    interval: ofAge(interval),
    reports,
    charge: charge
      ? {
          age: ofAge(charge.age) ?? Duration(0),
          value: Percent(charge.value),
          interval: ofAge(charge.interval),
        }
      : undefined,
    highest: highest === null ? undefined : Watts(highest),
    gaps: gaps.map(({ from, to }) => ({ from: dated(from), to: dated(to) })),
    marks: marks.map(({ register, ...mark }) => ({ ...markIn(mark, dated), register: registerIn(register) })),
  };
};

const powerStepsShape = z.object({ steps: z.array(z.object({ power: z.number().nullable() })) });
const energyStepsShape = z.object({
  steps: z.array(z.object({ from: instantShape, to: instantShape, energy: wattHoursShape.nullable() })),
});

/** Of one window: ten million samples. */
const MOST_PAGES = 1000;
/** The last millisecond that a date can have (ECMAScript, "Time Values and Time Range"). */
const LAST_INSTANT = 8.64e15;

const registerIn = (text: string): Register => Register(parseMicro(text));

/** A window as a query; instants are whole milliseconds there. */
const windowText = (from: Instant, to: Instant, more: Readonly<Record<string, string>>): string =>
  new URLSearchParams({
    from: String(Math.round(from)),
    to: String(Math.round(to)),
    ...more,
  }).toString();

export const createV1Client = (options: TransportOptions): MonitorClient => {
  const { sensorId } = options;
  const dated: Dated = (at) => {
    if (Math.abs(at) > LAST_INSTANT)
      throw new MonitorAnswer(options.url, `${at}`, 'an instant that no date has');
    return Instant(at);
  };
  /** A monitor of 0.3.0 keeps no books for others: it has the sensor, and no such address. */
  const ofBooks = async <T>(path: string, shape: z.ZodType<T>, body?: object): Promise<T | undefined> => {
    const json = { method: 'POST', body: JSON.stringify(body) };
    const type = { 'Content-Type': 'application/json' };
    const answer = await ask(
      options,
      `/api/v1/sensors/${sensorId}/${path}`,
      body ? { ...json, headers: { ...headersOf(options), ...type } } : { headers: headersOf(options) },
    );
    if (answer.status !== 404) return read(answer, shape);
    if (codeIn(answer) === UNKNOWN_SENSOR) throw new NoSuchSensor(options.url, sensorId, saidBy(answer));
    return undefined;
  };
  const getOfSensor = async <T>(path: string, shape: z.ZodType<T>): Promise<T> => {
    const answer = await get(options, `/api/v1/sensors/${sensorId}${path && `/${path}`}`);
    if (answer.status === 404) throw new NoSuchSensor(options.url, sensorId, saidBy(answer));
    return read(answer, shape);
  };
  return {
    rule: async () => ruleOf(await getOfSensor('', sensorShape)),
    standing: async ({ after, firstMark }) => {
      const query = new URLSearchParams({ after: String(after) });
      if (firstMark !== undefined) query.set('firstMark', String(firstMark));
      const answer = await ofBooks(`standing?${query.toString()}`, standingShape);
      return answer && standingIn(answer, dated);
    },
    mark: async (mark) => {
      const answer = await ofBooks('marks', markShape, mark);
      return answer && markIn(answer, dated);
    },
    marks: async (from, to) => {
      const answer = await ofBooks(`marks?${windowText(from, to, {})}`, marksShape);
      return (answer?.marks ?? []).map((mark) => markIn(mark, dated));
    },
    time: async () => Instant(read(await get(options, '/api/v1/health'), healthShape).now),
    samples: async (from, to) => {
      const samples: Sample[] = [];
      let pages = 0;
      for (let start: number | undefined = Math.ceil(from); start !== undefined; ) {
        const query = new URLSearchParams({
          from: String(start),
          to: String(Math.ceil(to)),
          limit: String(MOST_SAMPLES),
        });
        const page: z.infer<typeof samplesShape> = await getOfSensor(
          `samples?${query.toString()}`,
          samplesShape,
        );
        for (const sample of page.samples) {
          const last = samples.at(-1)?.at ?? start - 1;
          if (sample.at <= last || sample.at >= to)
            throw new MonitorAnswer(options.url, `${sample.at}`, `samples of another time, or not in order`);
          samples.push(sampleOf(sample));
        }
        pages += 1;
        // Asked again from where it was, it would answer the same for ever.
        if (page.next !== undefined && (page.next <= start || pages === MOST_PAGES))
          throw new MonitorAnswer(options.url, `${page.next}`, 'pages without end');
        start = page.next;
      }
      return samples;
    },
    latest: async () => {
      const { sample } = await getOfSensor('latest', latestShape);
      return sample ? { ...sampleOf(sample), at: dated(sample.at) } : undefined;
    },
    powerBySteps: async (from, to, step) => {
      const { steps } = await getOfSensor(
        `power?${windowText(from, to, { step: String(step) })}`,
        powerStepsShape,
      );
      return steps.map(({ power }) => (power === null ? undefined : Watts(power)));
    },
    energyBySteps: async (from, to, step, zone) => {
      const { steps } = await getOfSensor(`energy?${windowText(from, to, { step, zone })}`, energyStepsShape);
      return steps.map((one) => ({
        from: Instant(one.from),
        to: Instant(one.to),
        energy: one.energy === null ? undefined : Energy(parseMicro(one.energy)),
      }));
    },
  };
};
