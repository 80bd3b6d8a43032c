import { type Clock, Duration, type Instant, Seconds, Watts } from '@daisee/units';
import { DEFAULT_MAX_GAP } from '../../bridging.ts';
import { isAbsence, type Measurement, type Meter, type SignRule } from '../../meter.ts';
import { type MeterWarning, Warner } from '../../warning.ts';
import type { Phase } from '../shelly/status.ts';
import { Assembly } from './assembly.ts';
import { availabilityTopic, readAvailability } from './availability.ts';
import { type BrokerMessage, brokerName, clientIdFor, type MqttTls, openBroker } from './connection.ts';
import { MqttSettingWrong } from './errors.ts';
import { Inbox } from './inbox.ts';
import type { PartOfPower } from './parts.ts';
import { type MqttTopic, type News, type Report, TopicReader } from './payloads.ts';
import { checkZone } from './stamps.ts';
import { type Quantity, unitOfDiscovery, unitTopics } from './topic-names.ts';
import { UnheardTopics } from './unheard.ts';

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
  /**
   * How long the last power holds at most for a device that does not say whether it is there, 15 min by default; less
   * where its own rhythm is faster.
   */
  readonly maxGap?: Duration;
  /** It says nothing while its power stays the same: its last power holds for all of `maxGap`. */
  readonly reports?: 'change';
  /** Without a reading for this long the meter says so; 10 min by default. */
  readonly silence?: Duration;
  /** The identity at the broker, one for each client; made of `name` by default. */
  readonly clientId?: string;
  /** The pause before the broker is tried again (of the machine's time); 2 s by default. */
  readonly reconnectAfter?: Duration;
  /** The quality of service that is asked for; 1 by default. */
  readonly qos?: 0 | 1;
  readonly onWarning?: (warning: MeterWarning) => void;
  /** Connects to the broker; a connection of this room's by default, one without a network in tests. */
  readonly open?: typeof openBroker;
}

/** A payload as a message shows it. */
const shown = (payload: Uint8Array): string =>
  JSON.stringify(Buffer.from(payload.subarray(0, 60)).toString('utf8'));

const NAMES: Readonly<Record<Quantity, string>> = {
  power: 'power',
  energy: 'counter of energy',
  exported: 'counter of exported energy',
};

/** What settings can say of topics that give the same quantity. */
const PARTS =
  'of each what it is to the whole, part: add or part: subtract (phases and tariffs add; what is given, where that is a positive power, subtracts), or value: of one that is something else';

/**
 * Topics that give the same quantity are parts of it, or one of them is of something else: that is for the settings to say.
 * @throws MqttSettingWrong where they do not
 */
const checkParts = (readers: readonly TopicReader[]): void => {
  for (const quantity of ['power', 'energy', 'exported'] as const) {
    const giving = readers.filter(({ gives }) => gives.includes(quantity));
    const [first, second] = giving;
    if (!first || !second || giving.every(({ part }) => part !== undefined)) continue;
    throw new MqttSettingWrong(
      'topics',
      giving.map(({ topic }) => topic),
      `one ${NAMES[quantity]}, or ${PARTS}`,
    );
  }
  const wrong = readers.find(({ part, gives }) => part === 'subtract' && !gives.includes('power'));
  if (wrong)
    throw new MqttSettingWrong(
      'part',
      `subtract on ${wrong.topic}`,
      'a power; of a counter of what is given say value: exported',
    );
};

/** Leaves out what a second topic gives of a quantity that another one gives already, and that is no part of it. */
class Owners {
  readonly #order: readonly string[];
  readonly #owners = new Map<Quantity, TopicReader>();

  constructor(readers: readonly TopicReader[]) {
    this.#order = readers.map(({ topic }) => topic);
  }

  /** The topic that gives one of these quantities already and comes before this one in the settings. */
  rivalOf(reader: TopicReader, report: Report): TopicReader | undefined {
    if (reader.part) return undefined;
    const given: readonly (readonly [Quantity, unknown])[] = [
      ['power', report.power],
      ['energy', report.imported],
      ['exported', report.exported],
    ];
    for (const [quantity, value] of given) {
      if (value === undefined) continue;
      const owner = this.#owners.get(quantity);
      if (!owner || owner.owner === reader.owner || this.#place(reader) < this.#place(owner))
        this.#owners.set(quantity, reader);
      else return owner;
    }
    return undefined;
  }

  #place({ topic }: TopicReader): number {
    return this.#order.indexOf(topic);
  }
}

/** Topics whose powers make up the meter's. */
const partsOf = (readers: readonly TopicReader[]): readonly PartOfPower[] =>
  readers.flatMap(({ topic, part, gives }) => (part && gives.includes('power') ? [{ topic, part }] : []));

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
  const { highestPower = Watts(1e5), repeatEvery = Seconds(30), maxGap = DEFAULT_MAX_GAP } = options;
  const { silence = Seconds(600), clientId = clientIdFor(name), reconnectAfter = Seconds(2) } = options;
  const { open = openBroker } = options;
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
  if (readers.size < options.topics.length)
    throw new MqttSettingWrong('topics', [...readers.keys()], 'each topic once');
  checkParts([...readers.values()]);
  const topics = [...readers.keys()];
  /** Where units may be told: by topic, how, and of which. */
  const units = new Map(
    topics.flatMap((topic) => unitTopics(topic).map((unit) => [unit.topic, { ...unit, of: topic }] as const)),
  );
  const availability = new Set(
    options.availability === undefined
      ? topics.map(availabilityTopic).filter((topic) => topic !== undefined)
      : [options.availability],
  );

  const complain = (news: News, topic: string, payload: Uint8Array): void => {
    if (news.kind === 'garbage')
      warner.warn(
        'garbage',
        `no reading in ${shown(payload)} on ${topic}; expected a Tasmota, Shelly or plain number payload of at most ${highestPower} W, or set its JSON paths.`,
      );
    if (news.kind === 'unclear')
      warner.warn(
        'unclear',
        `the device measures ${news.components.join(' and ')}; set component to one of them.`,
      );
  };

  async function* read(inbox: Inbox<Event>, signal: AbortSignal): AsyncGenerator<Measurement> {
    const holds = options.reports === 'change';
    const parts = partsOf([...readers.values()]);
    const assembly = new Assembly({ sign, invert, highestPower, repeatEvery, maxGap, holds, parts });
    const unheard = new UnheardTopics();
    const owners = new Owners([...readers.values()]);
    let heard = clock.now();
    const tellUnheard = (): void => {
      for (const { topic, payload } of unheard.take(clock.now()))
        warner.warn(
          'unclear',
          `${topic} says ${payload} and there is no sample of it: it is ${readers.get(topic)?.described() ?? 'unknown'}. Say value (power, energy or exported) and its unit, or its JSON paths, or leave the topic out.`,
          `unheard ${topic}`,
        );
    };
    const takeUnit = ({ topic, payload }: BrokerMessage): boolean => {
      const unit = units.get(topic);
      if (!unit) return false;
      const text = Buffer.from(payload).toString('utf8');
      const told = unit.form === 'text' ? text : unitOfDiscovery(text, unit.of);
      if (told !== undefined && told !== '') readers.get(unit.of)?.tellUnit(told);
      return !readers.has(topic);
    };
    const assembled = (message: BrokerMessage & { readonly arrival: Instant }): readonly Measurement[] => {
      const { topic, payload, retained, arrival } = message;
      if (availability.has(topic)) {
        const online = readAvailability(payload);
        return online === undefined ? [] : assembly.alive(online, arrival).samples;
      }
      if (takeUnit(message)) return [];
      const reader = readers.get(topic);
      // A topic that was subscribed under older settings of this session.
      if (!reader) return [];
      const news = reader.read(payload, arrival);
      complain(news, topic, payload);
      unheard.spoke(topic, shown(payload), arrival, news.kind === 'report');
      if (news.kind === 'absent') {
        unheard.understood(topic);
        return assembly.absent(news.words, arrival, topic, news.of).samples;
      }
      if (news.kind !== 'report') return [];
      const rival = owners.rivalOf(reader, news.report);
      if (rival) {
        unheard.understood(topic);
        warner.warn(
          'unclear',
          `${topic} is left out, as ${rival.topic} gives the same: ${PARTS}.`,
          `rival ${topic}`,
        );
        return [];
      }
      heard = arrival;
      warner.over('silent');
      const { samples, late } = assembly.report(news.report, arrival, retained, topic);
      if (samples.some((told) => !isAbsence(told))) unheard.sampled();
      if (late) warner.warn('late', `a reading on ${topic} is older than one before it and is left out.`);
      return samples;
    };
    while (!signal.aborted) {
      const wait = assembly.untilRepeat(clock.now()) ?? repeatEvery;
      const untilTold = Math.max(0, (unheard.due() ?? Number.POSITIVE_INFINITY) - clock.now());
      const event = await inbox.take(clock, Duration(Math.min(wait, untilTold)), signal);
      tellUnheard();
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
        const repeated = assembly.repeat(clock.now());
        if (repeated.length > 0) unheard.sampled();
        yield* repeated;
      }
    }
  }

  return {
    name,
    sign,
    async *samples(signal) {
      const inbox = new Inbox<Event>();
      const { user, password, tls, qos } = options;
      const broker = await open(
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
          // Units first, so that what is kept of a value is read in its unit.
          topics: [...new Set([...units.keys(), ...topics, ...availability])],
          // Where a device says that it is there, or in which unit a value is, is only guessed.
          guessed: new Set([...units.keys(), ...availability].filter((topic) => !readers.has(topic))),
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
