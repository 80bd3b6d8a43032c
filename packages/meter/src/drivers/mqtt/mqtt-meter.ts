import { type Clock, type Duration, type Instant, Seconds, Watts } from '@daisee/units';
import type { Measurement, Meter, SignRule } from '../../meter.ts';
import { type MeterWarning, Warner } from '../../warning.ts';
import type { Phase } from '../shelly/status.ts';
import { Assembly } from './assembly.ts';
import { availabilityTopic, readAvailability } from './availability.ts';
import { type BrokerMessage, brokerName, clientIdFor, type MqttTls, openBroker } from './connection.ts';
import { MqttSettingWrong } from './errors.ts';
import { Inbox } from './inbox.ts';
import { type MqttTopic, type News, TopicReader } from './payloads.ts';
import { checkZone } from './stamps.ts';

export interface MqttMeterOptions {
  readonly name: string;
  /** The broker: `mqtt://host`, `mqtts://host`, `ws://…`, `wss://…`. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: MqttTls;
  /** The topics of one device. A text alone is recognised by its payload; see `payloads.ts`. */
  readonly topics: readonly (string | MqttTopic)[];
  /** Which of a Shelly's components (`em:0`, `switch:1`); needed only where it has several that measure. */
  readonly component?: string;
  /** One conductor of a three-phase Shelly; all together by default. */
  readonly phase?: Phase;
  /** Where the device says whether it is there; known by itself for Tasmota, Shelly and ESPHome. */
  readonly availability?: string;
  /** The zone (IANA name) of time stamps without an offset, as Tasmota's; without it they are not used. */
  readonly zone?: string;
  readonly clock: Clock;
  /** `load` by default: consumption positive. */
  readonly sign?: SignRule;
  /** The device counts the other way round: power changes its sign, its two counters their places. */
  readonly invert?: boolean;
  /** A reading beyond it is garbage; 100 kW by default. */
  readonly highestPower?: Watts;
  /** The last power is given again when nothing came for this long; 30 s by default. */
  readonly repeatEvery?: Duration;
  /** How long the last power holds for a device that does not say whether it is there; 15 min by default. */
  readonly maxGap?: Duration;
  /** Without a reading for this long the meter says so; 10 min by default. */
  readonly silence?: Duration;
  /** The identity at the broker, one for each client; made of `name` by default. */
  readonly clientId?: string;
  /** The pause before the broker is tried again (of the machine's time); 2 s by default. */
  readonly reconnectAfter?: Duration;
  /** The quality of service that is asked for; 1 by default. */
  readonly qos?: 0 | 1;
  readonly onWarning?: (warning: MeterWarning) => void;
}

type Event =
  | { readonly kind: 'connected' | 'lost' }
  | (BrokerMessage & { readonly kind: 'message'; readonly arrival: Instant });

/**
 * A meter whose device publishes to an MQTT broker; see `assembly.ts` for what becomes a sample, and when.
 *
 * Sign: as the device has it, positive in the direction that it calls consumption; `invert` turns it round. A
 * message is acknowledged when its sample was taken, so one that was not is delivered again. It never throws once it
 * runs: a broker that is missing, goes away or refuses, and messages that hold no reading, are reported through
 * `onWarning` (the 1st, 10th, 100th… time).
 * @throws MqttSettingWrong when the settings can never work
 */
export const createMqttMeter = (options: MqttMeterOptions): Meter => {
  const { name, url, clock, component, phase, zone, sign = 'load', invert = false } = options;
  const { highestPower = Watts(1e5), repeatEvery = Seconds(30), maxGap = Seconds(900) } = options;
  const { silence = Seconds(600), clientId = clientIdFor(name), reconnectAfter = Seconds(2) } = options;
  if (options.topics.length === 0) throw new MqttSettingWrong('topics', [], 'at least one topic');
  if (zone !== undefined) checkZone(zone);
  const warner = new Warner(`Meter ${name} at ${brokerName(url)}`, options.onWarning);
  const components: ConstructorParameters<typeof TopicReader>[2] = new Map();
  const rule = { component, phase, zone, highestPower };
  const readers = new Map(
    options.topics.map((settings) => {
      const reader = new TopicReader(settings, rule, components);
      return [reader.topic, reader] as const;
    }),
  );
  const topics = [...readers.keys()];
  const availability = new Set(
    options.availability === undefined
      ? topics.map(availabilityTopic).filter((topic) => topic !== undefined)
      : [options.availability],
  );

  const complain = (news: News, topic: string, payload: Uint8Array): void => {
    if (news.kind === 'garbage')
      warner.warn(
        'garbage',
        `no reading in ${JSON.stringify(Buffer.from(payload.subarray(0, 60)).toString('utf8'))} on ${topic}; expected a Tasmota, Shelly or plain number payload of at most ${highestPower} W, or set its JSON paths.`,
      );
    if (news.kind === 'unclear')
      warner.warn(
        'unclear',
        `the device measures ${news.components.join(' and ')}; set component to one of them.`,
      );
  };

  async function* read(inbox: Inbox<Event>, signal: AbortSignal): AsyncGenerator<Measurement> {
    const assembly = new Assembly({ sign, invert, highestPower, repeatEvery, maxGap });
    let heard = clock.now();
    const assembled = (message: BrokerMessage & { readonly arrival: Instant }): readonly Measurement[] => {
      const { topic, payload, retained, arrival } = message;
      if (availability.has(topic)) {
        const online = readAvailability(payload);
        return online === undefined ? [] : assembly.alive(online, arrival).samples;
      }
      // A topic that was subscribed under older settings of this session.
      const news = readers.get(topic)?.read(payload, arrival) ?? { kind: 'nothing' };
      complain(news, topic, payload);
      if (news.kind === 'absent') return assembly.absent(news.words, arrival).samples;
      if (news.kind !== 'report') return [];
      heard = arrival;
      warner.over('silent');
      const { samples, late } = assembly.report(news.report, arrival, retained);
      if (late) warner.warn('late', `a reading on ${topic} is older than one before it and is left out.`);
      return samples;
    };
    while (!signal.aborted) {
      const wait = assembly.untilRepeat(clock.now()) ?? repeatEvery;
      const event = await inbox.take(clock, wait, signal);
      if (event?.kind === 'message') {
        yield* assembled(event);
        event.taken();
      } else if (event?.kind === 'connected') assembly.connected(clock.now());
      else if (event?.kind === 'lost') assembly.lost();
      else if (!signal.aborted) {
        if (clock.now() - heard > silence) {
          heard = clock.now();
          warner.warn(
            'silent',
            `no reading on ${topics.join(', ')} for ${silence / 1000} s; check the topic and the device.`,
          );
        }
        yield* assembly.repeat(clock.now());
      }
    }
  }

  return {
    name,
    sign,
    async *samples(signal) {
      const inbox = new Inbox<Event>();
      const { user, password, tls, qos } = options;
      const broker = await openBroker(
        {
          url,
          clientId,
          reconnectAfter,
          ...(user !== undefined && { user }),
          ...(password !== undefined && { password }),
          ...(tls && { tls }),
          ...(qos !== undefined && { qos }),
        },
        {
          topics: [...new Set([...topics, ...availability])],
          // Where a device says that it is there is only guessed.
          guessed: new Set([...availability].filter((topic) => !readers.has(topic))),
        },
        {
          connected: () => inbox.put({ kind: 'connected' }),
          lost: () => inbox.put({ kind: 'lost' }),
          message: (message) => inbox.put({ ...message, kind: 'message', arrival: clock.now() }),
        },
        warner,
      );
      try {
        yield* read(inbox, signal);
      } finally {
        await broker.close();
      }
    },
  };
};
