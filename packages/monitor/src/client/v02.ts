/** The v0.2 protocol, as v0.2's client speaks it: POST, a form under the header of JSON, Unix seconds. */
import type { Sample } from '@daisee/meter';
import { Energy, Instant, Seconds, Watts } from '@daisee/units';
import * as z from 'zod';
import type { MonitorClient } from './monitor-client.ts';
import { type Answer, ask, read, type TransportOptions } from './transport.ts';

/** The last second that a date can have (ECMAScript, "Time Values and Time Range"). */
const second = z.number().min(0).max(8.64e12);
/** Watts, or kWh: what is beyond is no measurement, and would not fit the numbers it is counted with. */
const measured = z.number().min(-1e9).max(1e9);
const timeShape = z.object({ data: second });
const rowShape = z.object({ value: measured, timestamp: second });
const rowsShape = z.object({ data: z.array(rowShape).nullable() });
const oneShape = z.object({ data: rowShape.nullable() });

const stepsShape = z.object({ data: z.array(z.object({ value: measured }).nullable()).nullable() });

const HOUR = Seconds(3600);
const MICRO_WATT_HOURS_OF_KWH = 1e9;

/** How far back the newest sample is looked for when the monitor cannot say which it is. */
const LOOK_BACK = [Seconds(60), Seconds(3600), Seconds(24 * 3600)];

const sampleOf = ({ value, timestamp }: z.infer<typeof rowShape>): Sample => ({
  at: Instant(Math.round(timestamp * 1000)),
  power: Watts(value),
});

export const createV02Client = (options: TransportOptions): MonitorClient => {
  const { sensorId, login, password } = options;
  const post = (path: string): Promise<Answer> =>
    ask(options, path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: `login=${encodeURIComponent(login)}&password=${encodeURIComponent(password())}`,
    });
  const time: MonitorClient['time'] = async () => {
    const { data } = read(await post('/api/time'), timeShape);
    return Instant(data * 1000);
  };
  const samples: MonitorClient['samples'] = async (from, to) => {
    if (to <= from) return [];
    // v0.2 rounds what it is asked to whole seconds; the seconds around the window are asked for and cut here, so
    // that no sample falls between two windows.
    const window = `${Math.floor(from / 1000)}/${Math.ceil(to / 1000)}`;
    const { data } = read(await post(`/api/${sensorId}/get/watts/by_time/${window}`), rowsShape);
    return (data ?? [])
      .map(sampleOf)
      .filter(({ at }) => at >= from && at < to)
      .toSorted((a, b) => a.at - b.at);
  };
  return {
    // It knows power alone.
    rule: async () => ({}),
    standing: async () => undefined,
    mark: async () => undefined,
    marks: async () => [],
    time,
    samples,
    latest: async () => {
      const answer = await post(`/api/${sensorId}/get/watts/by_id/-1`);
      if (answer.status === 200) {
        const { data } = read(answer, oneShape);
        return data ? sampleOf(data) : undefined;
      }
      const end = Instant((await time()) + 1000);
      for (const back of LOOK_BACK) {
        const last = (await samples(Instant(Math.max(0, end - back)), end)).at(-1);
        if (last) return last;
      }
      return undefined;
    },
    powerBySteps: async (from, to, step) => {
      const window = `${from / 1000}/${to / 1000}/${step / 1000}`;
      const { data } = read(await post(`/api/${sensorId}/get/watts/by_time/${window}`), stepsShape);
      const steps = Math.ceil((to - from) / step);
      return Array.from({ length: steps }, (_, i) => {
        const one = data?.[i];
        return one ? Watts(one.value) : undefined;
      });
    },
    energyBySteps: async (from, to, step) => {
      const length = step === 'PT1H' ? HOUR : 24 * HOUR;
      const window = `${from / 1000}/${to / 1000}/${length / 1000}`;
      const { data } = read(await post(`/api/${sensorId}/get/kwatthours/by_time/${window}`), stepsShape);
      return Array.from({ length: Math.ceil((to - from) / length) }, (_, i) => {
        const one = data?.[i];
        return {
          from: Instant(from + i * length),
          to: Instant(Math.min(to, from + (i + 1) * length)),
          energy: one ? Energy(BigInt(Math.round(one.value * MICRO_WATT_HOURS_OF_KWH))) : undefined,
        };
      });
    },
  };
};
