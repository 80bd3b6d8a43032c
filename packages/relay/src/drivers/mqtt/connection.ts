/**
 * A connection to a broker for orders: nothing is kept for later, at neither end. An order that cannot be delivered now
 * must not be carried out when nobody expects it any more, so everything is QoS 0, not retained and not queued.
 */
import { type Duration, messageOf } from '@daisee/units';
import type { MqttClient } from 'mqtt';
import { MqttRelayAway, MqttRelayLogin } from './errors.ts';

export interface BrokerOptions {
  /** `mqtt://host`, `mqtts://host`. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM. */
  readonly ca?: string | Buffer;
  /** This client's own certificate and its key, where the broker asks for one; PEM. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name in the broker's certificate, where it is not the host's. */
  readonly servername?: string;
  /** How long the broker and each device may take to answer, of the machine's time; 2 s. */
  readonly timeout?: Duration;
}

export interface Broker {
  /** @throws MqttRelayAway, MqttRelayLogin */
  open(topics: readonly string[]): Promise<void>;
  isConnected(): boolean;
  /** @throws MqttRelayAway when it is not connected */
  publish(topic: string, payload: string): void;
  /** Hears every message; returns how to stop hearing. */
  listen(listener: (topic: string, payload: string) => void): () => void;
  /**
   * Publishes, and waits for what `answer` makes something of.
   * @throws MqttRelayAway when it does not come in time
   */
  ask<T>(
    topic: string,
    payload: string,
    answer: (topic: string, payload: string) => T | undefined,
  ): Promise<T>;
  close(): Promise<void>;
}

/** After a lost connection, in ms of the machine's time. */
const RECONNECT_AFTER = 1000;
/** Seconds: a device that is away shows by missing answers, not by this. */
const KEEPALIVE = 15;
/** Codes of MQTT 3.1.1, 3.2.2.3: bad user name or password, not authorised. */
const LOGIN_CODES: readonly unknown[] = [4, 5];

export const createBroker = (
  options: BrokerOptions & { readonly timeout: Duration },
  where: string,
): Broker => {
  const { url, user, password, ca, cert, key, servername, timeout } = options;
  const listeners = new Set<(topic: string, payload: string) => void>();
  let client: MqttClient | undefined;

  const inTime = <T>(
    what: string,
    work: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
  ) =>
    new Promise<T>((resolve, reject) => {
      let undo = (): void => undefined;
      const end = (settle: () => void) => {
        clearTimeout(timer);
        undo();
        settle();
      };
      const timer = setTimeout(
        () => end(() => reject(new MqttRelayAway(where, `${what}: none within ${timeout / 1000} s`))),
        timeout,
      );
      undo = work(
        (value) => end(() => resolve(value)),
        (error) => end(() => reject(error)),
      );
    });

  const publish = (topic: string, payload: string): void => {
    if (!client?.connected) throw new MqttRelayAway(where, 'the broker is not connected');
    client.publish(topic, payload, { qos: 0, retain: false });
  };

  const listen: Broker['listen'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  return {
    isConnected: () => client?.connected === true,
    publish,
    listen,
    ask: (topic, payload, answer) =>
      inTime(topic, (done, fail) => {
        const unlisten = listen((at, text) => {
          const value = answer(at, text);
          if (value !== undefined) done(value);
        });
        try {
          publish(topic, payload);
        } catch (error) {
          // After this function has returned what to undo.
          queueMicrotask(() => fail(error));
        }
        return unlisten;
      }),

    open: async (topics) => {
      // Loaded when a broker is wanted, so that machines without one need none of it.
      const { default: mqtt } = await import('mqtt');
      const made = mqtt.connect(url, {
        protocolVersion: 4,
        clean: true,
        queueQoSZero: false,
        keepalive: KEEPALIVE,
        connectTimeout: timeout,
        reconnectPeriod: RECONNECT_AFTER,
        ...(user === undefined ? {} : { username: user }),
        ...(password === undefined ? {} : { password }),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(servername === undefined ? {} : { servername }),
      });
      client = made;
      made.on('message', (topic, payload) => {
        for (const listener of listeners) listener(topic, payload.toString('utf8'));
      });
      // What it means shows where something is asked: it is not connected.
      made.on('error', () => undefined);
      await inTime<void>('the broker', (done, fail) => {
        const refused = (error: Error): void => {
          const isLogin = 'code' in error && LOGIN_CODES.includes(error.code);
          fail(
            isLogin ? new MqttRelayLogin(where, error) : new MqttRelayAway(where, messageOf(error), error),
          );
        };
        made.once('error', refused);
        const connected = (): void => {
          made.subscribe([...topics], { qos: 0 }, (error) => (error ? refused(error) : done()));
        };
        made.once('connect', connected);
        return () => {
          made.off('error', refused);
          made.off('connect', connected);
        };
      });
    },

    close: async () => {
      const ending = client;
      client = undefined;
      if (ending) await ending.endAsync(true);
    },
  };
};
