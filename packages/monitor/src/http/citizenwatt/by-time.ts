/** `by_time` of the CitizenWatt API: samples and energy of instants, windows and steps, as JSON text. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Duration, Instant, MICRO } from '@daisee/units';
import { stepEdges } from '../../store/steps.ts';
import type { SampleStore, StoredSample } from '../../store/store.ts';
import { float, list, object, timestamp } from './json.ts';
import type { Window } from './numbers.ts';

/** What is asked of a store here. */
export type Measured = Pick<SampleStore, 'samples' | 'energyBySteps' | 'meanPowerBySteps'>;

const nothingBySteps = (
  _sensorId: number,
  from: Instant,
  to: Instant,
  step: Duration,
): readonly undefined[] =>
  stepEdges(from, to, step)
    .slice(1)
    .map(() => undefined);

/** What a sensor that is not there measured: v0.2 answered for it as for one without samples. */
export const nothingMeasured: Measured = {
  samples: () => [],
  energyBySteps: nothingBySteps,
  meanPowerBySteps: nothingBySteps,
};

/** Samples read, and steps computed, before others get their turn. */
const PAGE = 2000;

// No tariff is set, so there is one rate for day and night; v0.2 counted that as night and named no current rate.
const NIGHT = '1';
const RATE = 'null';

const answer = (data: string): string => object({ data, rate: RATE });

// Written out, since a day has ten thousand of them.
const row = (sensorId: number, { id, power, at }: StoredSample): string =>
  `{"id": ${id}, "sensor_id": ${sensorId}, "value": ${float(power)}, "timestamp": ${timestamp(at)}, "night_rate": ${NIGHT}}`;

const kilowattHours = (microWattHours: bigint): number => Number(microWattHours) / Number(MICRO * 1000n);

const energyJson = (microWattHours: bigint): string => {
  const value = float(kilowattHours(microWattHours));
  return object({ night_rate: value, day_rate: float(0), value });
};

const meanJson = (watts: number): string => {
  const value = float(watts);
  return object({ value, day_rate: float(0), night_rate: value });
};

/** The sample at an instant. */
export const sampleAt = async (store: Measured, sensorId: number, at: Instant): Promise<string> => {
  const [sample] = await store.samples(sensorId, at, Instant(at + 1), 1);
  return answer(sample ? row(sensorId, sample) : 'null');
};

/** The samples of a window: one text when they are few, else piece by piece. */
export const samplesOfWindow = async (
  store: Measured,
  sensorId: number,
  { from, to }: Window,
): Promise<string | AsyncIterable<string>> => {
  const first = await store.samples(sensorId, from, to, PAGE);
  if (first.length === 0) return answer('null');
  const rows = (samples: readonly StoredSample[]) =>
    samples.map((sample) => row(sensorId, sample)).join(', ');
  if (first.length < PAGE) return answer(`[${rows(first)}]`);
  return (async function* () {
    yield `{"data": [${rows(first)}`;
    for (let page = first; page.length === PAGE; ) {
      await nextTurn();
      const after = Instant((page.at(-1)?.at ?? to) + 1);
      page = await store.samples(sensorId, after, to, PAGE);
      if (page.length > 0) yield `, ${rows(page)}`;
    }
    yield `], "rate": ${RATE}}`;
  })();
};

/** The energy of a window; null when nothing was measured in it. */
export const energyOfWindow = async (
  store: Measured,
  sensorId: number,
  { from, to }: Window,
): Promise<string> => {
  const [energy] = to > from ? await store.energyBySteps(sensorId, from, to, Duration(to - from)) : [];
  return answer(energy === undefined ? 'null' : energyJson(energy));
};

/** One answer for each step of a window, null where `ask` has none, a page of steps at a time. */
const bySteps = async <T>(
  { from, to }: Window,
  step: Duration,
  ask: (from: Instant, to: Instant) => Promise<readonly (T | undefined)[]> | readonly (T | undefined)[],
  json: (value: T) => string,
): Promise<string> => {
  const items: string[] = [];
  const span = step * PAGE;
  for (let page = 0; from + page * span < to; page++) {
    if (page > 0) await nextTurn();
    const steps = await ask(Instant(from + page * span), Instant(Math.min(to, from + (page + 1) * span)));
    for (const value of steps) items.push(value === undefined ? 'null' : json(value));
  }
  return answer(list(items));
};

/** The energy of each step. */
export const energyOfSteps = (
  store: Measured,
  sensorId: number,
  window: Window,
  step: Duration,
): Promise<string> =>
  bySteps(window, step, (from, to) => store.energyBySteps(sensorId, from, to, step), energyJson);

/** The mean power of each step. */
export const meanPowers = (
  store: Measured,
  sensorId: number,
  window: Window,
  step: Duration,
): Promise<string> =>
  bySteps(window, step, (from, to) => store.meanPowerBySteps(sensorId, from, to, step), meanJson);
