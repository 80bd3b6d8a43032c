/** One client at a broker, for as long as a meter or what publishes runs. */
import { createHash } from 'node:crypto';
import { type Duration, messageOf } from '@daisee/units';
import type { MqttClient } from 'mqtt';
import type { Warner } from '../../warning.ts';
import { MqttSettingWrong } from './errors.ts';

/** Certificates in PEM, for `mqtts:` and `wss:`. */
export interface MqttTls {
  /** Who signs the broker's certificate, where the system does not know them. */
  readonly ca?: string;
  /** This client's own certificate and key, where the broker asks for one. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the broker's certificate, where it is not the host's. */
  readonly servername?: string;
}

export interface BrokerOptions {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly tls?: MqttTls;
  readonly clientId: string;
  readonly reconnectAfter: Duration;
  /** `kept` by default: the broker keeps what is published at QoS 1 while this client is away. */
  readonly session?: 'kept' | 'fresh';
  /** The quality of service of the subscriptions, 1 by default. */
  readonly qos?: 0 | 1;
  /** What the broker publishes, retained, when this client vanishes without a goodbye. */
  readonly will?: { readonly topic: string; readonly payload: string };
}

/** What is subscribed; `guessed` topics may be refused without a word. */
export interface Subscriptions {
  readonly topics: readonly string[];
  readonly guessed?: ReadonlySet<string>;
}

/** A client that stays connected until it is closed. */
export interface Broker {
  readonly connected: () => boolean;
  /**
   * Publishes while connected; otherwise nothing is sent, now or later. At QoS 0, or retained at QoS 1: some brokers
   * (aedes) drop retained messages at QoS 0 that are followed at once by others. What got no acknowledgement before
   * the connection was lost is sent again before `connected` is told, so never after what is newer.
   * @returns false when it was not sent
   */
  readonly publish: (topic: string, payload: string, retain?: boolean) => boolean;
  /** Publishes a last word, waits (bounded) until the broker has it, and disconnects. */
  readonly close: (last?: { readonly topic: string; readonly payload: string }) => Promise<void>;
}

export interface BrokerMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  /** Tells the broker that the message is taken: until then it keeps it for this client. */
  readonly taken: () => void;
}

export interface BrokerEvents {
  readonly connected: () => void;
  readonly lost: () => void;
  readonly message: (message: BrokerMessage) => void;
}

const SCHEMES = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:', 'tcp:', 'ssl:']);
/** Real seconds: a broker that vanished without a word is noticed within one and a half of it. */
const KEEPALIVE = 15;
const CONNECT_TIMEOUT = 10_000;
/** Real ms that a goodbye may take. */
const GOODBYE = 1000;

const REFUSED = 128;

/** Where a broker is, without login and password. */
export const brokerName = (url: string): string => {
  if (!URL.canParse(url) || !SCHEMES.has(new URL(url).protocol))
    throw new MqttSettingWrong('url', url, 'a broker like mqtt://192.168.0.10:1883 or mqtts://broker.lan');
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
};

/** The identity that a broker keeps messages for: the same each time for a meter, another for another meter. */
export const clientIdFor = (name: string): string => {
  const readable = name.replace(/[^a-z0-9]+/gi, '-').slice(0, 10);
  // 23 characters is what every broker must take (MQTT 3.1.1, 3.1.3.1).
  return `dai-${readable}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
};

/** `force`: without a goodbye, so that what was not taken stays with the broker. */
const ended = (client: MqttClient, force: boolean): Promise<void> =>
  new Promise((resolve) => {
    // Real time: it guards a real socket, whose peer may be gone.
    const timer = setTimeout(() => {
      client.stream.destroy();
      resolve();
    }, GOODBYE);
    client.end(force, {}, () => {
      clearTimeout(timer);
      resolve();
    });
  });

/**
 * Connects and stays connected, by real time: the client's own timers guard real sockets. A `kept` session (MQTT
 * 3.1.1, "clean session" off) subscribed at QoS 1 is delivered what was published at QoS 1 while this client was
 * away. Topics are subscribed anew at each connection, so that retained messages come again.
 */
export const openBroker = async (
  options: BrokerOptions,
  { topics, guessed = new Set() }: Subscriptions,
  events: BrokerEvents,
  warner: Warner,
): Promise<Broker> => {
  const { tls, clientId, reconnectAfter, session = 'kept', qos = 1, will } = options;
  // A login in the address is one too, but the client would prefer it to the one set.
  const address = new URL(options.url);
  const user = options.user ?? (decodeURIComponent(address.username) || undefined);
  const password = options.password ?? (decodeURIComponent(address.password) || undefined);
  address.username = '';
  address.password = '';
  // Loaded when a broker is wanted, so that machines without one need none of it.
  const { default: mqtt } = await import('mqtt');
  const client = mqtt.connect(address.href, {
    protocolVersion: 4,
    clean: session === 'fresh',
    // What could not be sent is old by the time that it could be.
    queueQoSZero: false,
    clientId,
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...tls,
    keepalive: KEEPALIVE,
    connectTimeout: CONNECT_TIMEOUT,
    reconnectPeriod: reconnectAfter,
    // A password that is wrong today may be right tomorrow: no error ends the meter.
    reconnectOnConnackError: true,
    resubscribe: false,
  });
  const again = `Trying again every ${reconnectAfter / 1000} s.`;
  let wasConnected = false;
  let stopping = false;
  /** Messages that were not taken yet. */
  let waiting = 0;

  client.handleMessage = (packet, done) => {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    waiting += 1;
    const taken = () => {
      waiting -= 1;
      done();
    };
    events.message({ topic: packet.topic, payload, retained: packet.retain, taken });
  };
  client.on('connect', () => {
    wasConnected = true;
    warner.over('unreachable');
    events.connected();
    client.subscribe([...topics], { qos }, (error, _granted, packet) => {
      if (!error || stopping || !client.connected) return;
      // 128: not granted (MQTT 3.1.1, 3.9.3), in the order of the topics. Where a device may say that it is there is
      // only guessed, so a refusal of that alone is no trouble.
      const codes: readonly unknown[] = packet?.granted ?? [];
      const refused = topics.filter((topic, index) => codes[index] === REFUSED && !guessed.has(topic));
      const who = user ?? 'a client without login';
      if (refused.length > 0)
        warner.warn(
          'refused',
          `the broker does not let ${who} read ${refused.join(', ')}; allow it there.`,
          'topics',
        );
      else if (!codes.includes(REFUSED))
        warner.warn('refused', `subscribing failed (${messageOf(error)}).`, 'topics');
    });
  });
  client.on('error', (error) => {
    const isLogin = 'code' in error && (error.code === 4 || error.code === 5);
    if (isLogin)
      warner.warn(
        'refused',
        `the broker refuses the login (${messageOf(error)}); check user and password. ${again}`,
      );
    else if (!wasConnected) warner.warn('unreachable', `cannot be reached (${reasonOf(error)}). ${again}`);
  });
  client.on('close', () => {
    if (wasConnected && !stopping)
      warner.warn(
        'lost',
        `the connection was lost. ${again} If this goes on, look for another client with the identity ${clientId}.`,
      );
    wasConnected = false;
    events.lost();
  });
  return {
    connected: () => client.connected,
    publish: (topic, payload, retain = false) => {
      if (!client.connected) return false;
      client.publish(topic, payload, { qos: retain ? 1 : 0, retain }, () => undefined);
      return true;
    },
    close: async (last) => {
      stopping = true;
      if (last && client.connected) await said(client, last);
      await ended(client, !client.connected || waiting > 0);
    },
  };
};

/** Publishes, retained, and waits for the broker's word that it has it; of the machine's time, as in `ended`. */
const said = (client: MqttClient, { topic, payload }: { topic: string; payload: string }): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, GOODBYE);
    client.publish(topic, payload, { qos: 1, retain: true }, () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** A refused connection to a name with two addresses has an error for each and no text of its own. */
const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return messageOf(error);
};
