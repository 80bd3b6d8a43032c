/** What every part of the conformance suite of the CitizenWatt API needs: a served store, and the shapes of answers. */
import { Instant, VirtualClock, Watts } from '@daisee/units';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SampleStore } from '../src/index.ts';
import { askAsV02, NOW, type Reply, serveStore } from './served.ts';

/** The first sample's instant in Unix seconds: 2026-11-22T00:59:28 in Paris. */
export const T = 1_795_305_568;
export const samplesOf = (...watts: readonly number[]) =>
  watts.map((power, i) => ({ at: Instant((T + 8 * i) * 1000), power: Watts(power) }));

export const answer = (data: string, rate = 'null'): string => `{"data": ${data}, "rate": ${rate}}`;
export const NOTHING = answer('null');
export const row = (id: number, value: string, timestamp: number | string, night = 1): string =>
  `{"id": ${id}, "sensor_id": 1, "value": ${value}, "timestamp": ${timestamp}, "night_rate": ${night}}`;
export const kwh = (night: string, day = '0.0', value = night): string =>
  `{"night_rate": ${night}, "day_rate": ${day}, "value": ${value}}`;
export const mean = (night: string, day = '0.0', value = night): string =>
  `{"value": ${value}, "day_rate": ${day}, "night_rate": ${night}}`;
export const euros = (value: string): string => `{"value": ${value}}`;

type Row = readonly [call: string, answer: string];
type Served = Awaited<ReturnType<typeof serveStore<SampleStore>>>;

/** A store to serve, empty, and how it ends. */
export interface OpenedStore {
  readonly store: SampleStore;
  dispose(): Promise<void>;
}

export interface Asking {
  /** The store and where it is served; from the first test on. */
  readonly served: () => Served;
  /** Asks as v0.2's client does. */
  readonly ask: (path: string) => Promise<Reply>;
  /** A test for each row of a table. */
  readonly answersLikeTheTable: (table: readonly Row[]) => void;
}

/** Within a `describe`: serves a store with one sensor, "CitizenWatt", a load, its samples 8 s apart from `T` on. */
export const asking = (
  open: () => Promise<OpenedStore>,
  watts: readonly number[],
  before: (store: SampleStore) => Promise<void> = async () => undefined,
): Asking => {
  let opened: OpenedStore | undefined;
  let now: Served | undefined;
  beforeAll(async () => {
    opened = await open();
    const { store } = opened;
    await store.addSensor({ name: 'CitizenWatt', sign: 'load' });
    await store.append(1, samplesOf(...watts));
    await before(store);
    now = await serveStore(store, { clock: new VirtualClock({ start: NOW }) });
  });
  afterAll(async () => {
    await now?.end();
    await opened?.dispose();
  });
  const served = (): Served => {
    expect(now).toBeDefined();
    return now as Served;
  };
  const ask = (path: string): Promise<Reply> => askAsV02(served().url + path);
  return {
    served,
    ask,
    answersLikeTheTable: (table) => {
      it.each(table)('answers %s with %s', async (call, expected) => {
        const reply = await ask(call);
        expect(reply.text).toBe(expected);
        expect(reply.status).toBe(200);
        expect(reply.headers['content-type']).toMatch(/^application\/json/);
      });
    },
  };
};
