/**
 * What a device publishes, second by second, through the whole driver and into registers, in the clock's own time. The
 * broker has no network here, so that hours pass in no time; `mqtt.test.ts` has a real one.
 */
import { Duration, Instant, Seconds, VirtualClock } from '@daisee/units';
import {
  type BrokerMessage,
  createMqttMeter,
  DEFAULT_MAX_GAP,
  emptyIntegration,
  type IntegrationRule,
  integrate,
  isAbsence,
  type Measurement,
  type MeterWarning,
  type MqttMeterOptions,
} from '../../src/index.ts';

const START = Instant(Date.UTC(2026, 10, 22, 12));

/** At so many seconds a message comes on a topic; retained ones before the start are what the broker keeps. */
export type Published = readonly [
  second: number,
  topic: string,
  payload: unknown,
  options?: { readonly retain?: boolean },
];

type Open = NonNullable<MqttMeterOptions['open']>;

/** A broker in memory: what is retained comes at the beginning, in the order of the subscription. */
const memoryBroker = () => {
  const retained = new Map<string, Uint8Array>();
  let deliver: ((message: BrokerMessage) => void) | undefined;
  let subscribed: readonly string[] = [];
  const message = (topic: string, payload: Uint8Array, isRetained: boolean): BrokerMessage => ({
    topic,
    payload,
    retained: isRetained,
    taken: () => undefined,
  });
  const open: Open = async (_options, { topics }, events) => {
    subscribed = topics;
    deliver = events.message;
    events.connected();
    for (const topic of topics) {
      const kept = retained.get(topic);
      if (kept) events.message(message(topic, kept, true));
    }
    return {
      connected: () => true,
      publish: () => true,
      close: async () => {
        deliver = undefined;
      },
    };
  };
  return {
    open,
    subscribed: () => subscribed,
    publish: (topic: string, value: unknown, retain = false): void => {
      const payload = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
      if (retain) retained.set(topic, payload);
      if (subscribed.includes(topic)) deliver?.(message(topic, payload, false));
    },
  };
};

export interface Timeline extends Partial<Omit<MqttMeterOptions, 'open' | 'onWarning' | 'clock'>> {
  readonly topics: MqttMeterOptions['topics'];
  readonly published: readonly Published[];
  /** Seconds; the last message by default. */
  readonly until?: number;
  readonly rule?: Partial<IntegrationRule>;
}

/** Runs a driver through what is published, and integrates what it tells. */
export const runTimeline = async ({ published, until, rule, ...options }: Timeline) => {
  const clock = new VirtualClock({ start: START });
  const broker = memoryBroker();
  const warnings: (MeterWarning & { readonly second: number })[] = [];
  const told: Measurement[] = [];
  const meter = createMqttMeter({
    name: 'm',
    url: 'mqtt://127.0.0.1',
    clock,
    open: broker.open,
    onWarning: (warning) => warnings.push({ ...warning, second: (clock.now() - START) / 1000 }),
    ...options,
  });
  const stop = new AbortController();
  const end = until ?? published.at(-1)?.[0] ?? 0;
  for (const [second, topic, payload] of published) if (second < 0) broker.publish(topic, payload, true);
  await Promise.all([
    clock.task(async () => {
      for await (const one of meter.samples(stop.signal)) told.push(one);
    }),
    clock.task(async () => {
      for (const [second, topic, payload, { retain = false } = {}] of published) {
        if (second < 0) continue;
        await clock.sleep(Duration(START + second * 1000 - clock.now()));
        broker.publish(topic, payload, retain);
      }
      await clock.sleep(Duration(START + end * 1000 - clock.now()));
      // What fell due at the end is still given.
      await clock.sleep(Seconds(0));
      stop.abort();
    }),
  ]);
  let state = emptyIntegration;
  const gaps: (readonly [number, number])[] = [];
  const by: IntegrationRule = { sign: meter.sign, maxGap: DEFAULT_MAX_GAP, rhythm: true, ...rule };
  for (const one of told) {
    const step = integrate(state, one, by);
    state = step.state;
    if (step.gap) gaps.push([(step.gap.from - START) / 1000, (step.gap.to - START) / 1000]);
  }
  return {
    told,
    samples: told.flatMap((one) => (isAbsence(one) ? [] : [one])),
    subscribed: broker.subscribed(),
    warnings,
    gaps,
    wattHours: Number(state.register) / 1e6,
    exported: Number(state.exported) / 1e6,
  };
};

/** A message each so many seconds, from one second to another. */
export const each = (
  period: number,
  from: number,
  to: number,
  publish: (second: number) => readonly (readonly [topic: string, payload: unknown])[],
): readonly Published[] => {
  const all: Published[] = [];
  for (let second = from; second <= to; second += period)
    for (const [topic, payload] of publish(second)) all.push([second, topic, payload]);
  return all;
};
