/**
 * Publishes the sensors of a monitor to Home Assistant, through the MQTT broker that it listens to.
 *
 * - A sensor is announced when it is fed by a meter of this monitor, else with its first sample; a value that it did
 *   not have before (a state of charge) is announced when it comes.
 * - Discovery messages and registers are retained; power, state of charge and voltage are not, since they are of the
 *   moment. While the broker is away nothing is kept for it: once it is back, or Home Assistant says that it was
 *   started (its birth message), everything is announced and the newest values are published.
 * - Of many samples at once only the newest is published. A register never falls here, also when a late sample
 *   lowered it: Home Assistant would take a fall for a new meter. What was told before a restart is what the broker
 *   keeps, so nothing is published before that could come.
 * - The broker says `offline` for this node when it vanishes (its will), and so does `stop`. Devices stay known to
 *   Home Assistant, with their history, until `removeFromHomeAssistant`.
 */
import {
  type Broker,
  type BrokerMessage,
  brokerName,
  clientIdFor,
  DEFAULT_MAX_GAP,
  openBroker,
  Warner,
} from '@daisee/meter';
import { type Clock, type Duration, type Instant, messageOf, Seconds, sleepOrStop } from '@daisee/units';
import type { MonitorWarning } from '../collector.ts';
import type { SampleEvent } from '../http/v1/live.ts';
import type { SampleStore, Sensor, StoredSample } from '../store/store.ts';
import {
  availabilityTopic,
  birthTopic,
  discoveryPayload,
  discoveryTopic,
  isCounted,
  kilowattHours,
  plainNumber,
  registerOf,
  registerTopics,
  stateTopic,
  type Value,
  valuesOf,
} from './discovery.ts';
import { connectionOf, type HomeAssistantBroker, placeOf } from './place.ts';

export interface HomeAssistantOptions extends HomeAssistantBroker {
  readonly store: Pick<SampleStore, 'sensor' | 'last'>;
  /** How to hear of samples: `monitor.onSample`. */
  readonly onSample: (listener: (event: SampleEvent) => void) => () => void;
  readonly clock: Clock;
  /** Sensors that are announced without waiting for a sample: those that this monitor's meters feed. */
  readonly sensorIds?: readonly number[];
  /** The shortest time between two publications; 1 s by default. */
  readonly every?: Duration;
  /** How long a power holds without a new one; 15 min by default, as in the store. */
  readonly maxGap?: Duration;
  /** The version of this software, as Home Assistant shows it. */
  readonly version?: string;
  readonly onWarning?: (warning: MonitorWarning) => void;
}

export interface HomeAssistant {
  /** Begins to publish; does not wait for the broker. The signal aborts the starting only. */
  start(signal?: AbortSignal): Promise<void>;
  /** Says that the node is away and disconnects. Safe to call twice. */
  stop(): Promise<void>;
}

/** A sensor and what was told of it. */
interface Feed {
  readonly sensorId: number;
  sensor?: Sensor;
  readonly values: Set<Value>;
  latest?: StoredSample | undefined;
  announced: boolean;
  /** The newest sample was not published yet. */
  fresh: boolean;
  readonly highest: Map<Value, bigint>;
}

/** A round without cause, so that a store that failed is asked again. */
const IDLE = Seconds(60);
/** Samples may come a little later than each `maxGap`. */
const GRACE = 60;

/**
 * What was told before a restart, as far as it counts: a register far below it is that of another store, and Home
 * Assistant takes a fall by more than a tenth for a new meter, too (`reset_detected` in its sensor/recorder.py).
 */
const floorOf = (told: bigint | undefined, register: bigint): bigint =>
  told === undefined || register * 10n < told * 9n ? 0n : told;

/** @throws HomeAssistantSettingWrong, MqttSettingWrong for settings that can never work */
export const createHomeAssistant = (options: HomeAssistantOptions): HomeAssistant => {
  const { store, clock, onSample, sensorIds = [], every = Seconds(1), version } = options;
  const { maxGap = DEFAULT_MAX_GAP } = options;
  const place = placeOf(options);
  const origin = { version, expireAfter: Math.round(maxGap / 1000) + GRACE };
  const say = (message: string, error?: unknown): void =>
    options.onWarning?.({ kind: 'publish', message, ...(error === undefined ? {} : { error }) });
  const warner = new Warner(`Home Assistant at ${brokerName(options.url)}`, ({ message }) => say(message));
  const feeds = new Map<number, Feed>();
  let failing = false;
  let greeted = false;
  /** Registers that the broker kept, by topic, and whether they had the time to come. */
  const told = new Map<string, bigint>();
  let recalled = false;
  let wake = new AbortController();
  let running: { readonly end: () => Promise<void> } | undefined;

  const feedOf = (sensorId: number): Feed => {
    const known = feeds.get(sensorId);
    if (known) return known;
    const made: Feed = { sensorId, values: new Set(), announced: false, fresh: true, highest: new Map() };
    feeds.set(sensorId, made);
    return made;
  };

  const heard = ({ sensorId, sample }: SampleEvent): void => {
    const feed = feedOf(sensorId);
    // A late sample tells nothing of now.
    if (feed.latest && sample.at < feed.latest.at) return;
    feed.latest = sample;
    feed.fresh = true;
    wake.abort();
  };

  /** Everything is to be told again: to a broker that is back, or to a Home Assistant that was started. */
  const afresh = (): void => {
    greeted = false;
    for (const feed of feeds.values()) {
      feed.announced = false;
      feed.fresh = true;
    }
    wake.abort();
  };

  const onMessage = (message: BrokerMessage): void => {
    const text = Buffer.from(message.payload).toString('utf8').trim();
    // A retained birth message comes with each connection, which announces everything by itself.
    if (message.topic === birthTopic(place) && text === 'online' && !message.retained) afresh();
    const register = registerOf(text);
    if (message.retained && register !== undefined) told.set(message.topic, register);
    message.taken();
  };

  const textOf = (feed: Feed, sample: StoredSample, value: Value, now: Instant): string | undefined => {
    if (isCounted(value)) {
      const register = value === 'energy' ? sample.register : sample.exported;
      let highest =
        feed.highest.get(value) ?? floorOf(told.get(stateTopic(place, feed.sensorId, value)), register);
      if (register > highest) highest = register;
      feed.highest.set(value, highest);
      return kilowattHours(highest);
    }
    if (now - sample.at > maxGap) return undefined;
    const measured = { power: sample.power, charge: sample.stateOfCharge, voltage: sample.voltage };
    const number = measured[value as keyof typeof measured];
    return number === undefined ? undefined : plainNumber(number);
  };

  const tell = async (broker: Broker, feed: Feed): Promise<void> => {
    if (!feed.announced) {
      const sensor = await store.sensor(feed.sensorId);
      if (!sensor) return;
      feed.sensor = sensor;
      if (!feed.latest) {
        const last = await store.last(feed.sensorId);
        // A sample may have come meanwhile.
        feed.latest ??= last;
      }
    }
    const { sensor, latest } = feed;
    if (!sensor) return;
    for (const value of valuesOf(sensor, latest))
      if (!feed.values.has(value)) {
        feed.values.add(value);
        feed.announced = false;
      }
    if (!feed.announced) {
      const payload = JSON.stringify(discoveryPayload(place, sensor, feed.values, origin));
      feed.announced = broker.publish(discoveryTopic(place, sensor.id), payload, true);
    }
    if (!feed.fresh || !latest) return;
    feed.fresh = false;
    for (const value of feed.values) {
      const text = textOf(feed, latest, value, clock.now());
      if (text !== undefined) broker.publish(stateTopic(place, sensor.id, value), text, isCounted(value));
    }
  };

  const round = async (broker: Broker): Promise<void> => {
    if (!broker.connected()) return;
    if (!greeted) greeted = broker.publish(availabilityTopic(place), 'online', true);
    if (!recalled) return;
    for (const feed of feeds.values())
      try {
        await tell(broker, feed);
        failing = false;
      } catch (error) {
        if (!failing) say(`Home Assistant waits for a sensor: ${messageOf(error)}`, error);
        failing = true;
      }
  };

  const run = async (broker: Broker, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      wake = new AbortController();
      const wasThere = broker.connected();
      await round(broker);
      if (!(await sleepOrStop(clock, every, signal))) return;
      if (!recalled && wasThere) {
        // Retained messages come right after a subscription.
        recalled = broker.connected();
        continue;
      }
      if (!wake.signal.aborted) await sleepOrStop(clock, IDLE, AbortSignal.any([signal, wake.signal]));
    }
  };

  const begin = async (): Promise<void> => {
    const stop = new AbortController();
    const broker = await openBroker(
      {
        ...connectionOf(options, clientIdFor(`${place.id} Home Assistant`)),
        will: { topic: availabilityTopic(place), payload: 'offline' },
      },
      // Who may only publish cannot be told what it published.
      { topics: [birthTopic(place), ...registerTopics(place)], guessed: new Set(registerTopics(place)) },
      { connected: afresh, lost: () => undefined, message: onMessage },
      warner,
    );
    for (const sensorId of sensorIds) feedOf(sensorId);
    const forget = onSample(heard);
    const loop = clock.task(() => run(broker, stop.signal));
    running = {
      end: async () => {
        forget();
        stop.abort();
        await clock.aside(() => loop);
        await broker.close({ topic: availabilityTopic(place), payload: 'offline' });
      },
    };
  };

  const stop = async (): Promise<void> => {
    const ending = running;
    running = undefined;
    await ending?.end();
  };

  return {
    start: async (signal) => {
      if (running || signal?.aborted) return;
      await begin();
    },
    stop,
  };
};
