/**
 * Switches of an ESPHome device at a broker: orders on `PREFIX/switch/NAME/command`, states on `…/state` (retained),
 * `online` and `offline` on `PREFIX/status` (https://esphome.io/components/mqtt.html).
 *
 * It answers no question: what is read back is the last state that it published, while the broker has it online. A
 * device that has just died counts as online until its keep-alive is over (22 s by ESPHome's default), and one that is
 * told what it shows already publishes nothing.
 */
import { type Duration, Seconds } from '@daisee/units';
import type { RelayDriver } from '../../driver.ts';
import { lossOf, renewalPeriod } from '../lease.ts';
import { type BrokerOptions, createBroker } from './connection.ts';
import { MqttRelayAway, MqttRelayMoved } from './errors.ts';

export interface EsphomeOutput {
  /** The switch's object id, as in its topics. */
  readonly name: string;
  /**
   * After how long without `ON` it switches off, which its own configuration has to do (see the README); it stays on
   * for ever without.
   */
  readonly lease?: Duration;
}

export interface EsphomeDriverOptions extends BrokerOptions {
  /** Its `topic_prefix`: its name, unless set. */
  readonly topic: string;
  /** By channel, from 0 on. */
  readonly outputs: readonly EsphomeOutput[];
}

/** How often it is looked at where no lease says more. */
const LOOK_EVERY = Seconds(10);

/**
 * Creates a driver; its channels are the switches in their order.
 * @throws (from its methods) MqttRelayAway, MqttRelayLogin
 */
export const createEsphomeDriver = (options: EsphomeDriverOptions): RelayDriver => {
  const { topic, outputs, timeout = Seconds(2) } = options;
  const leases = outputs.map(({ lease }) => lease ?? (Number.POSITIVE_INFINITY as Duration));
  const refreshEvery = renewalPeriod(leases) ?? LOOK_EVERY;
  const where = `The ESPHome device ${topic}`;
  const broker = createBroker({ ...options, timeout }, where);
  const shown = new Map<number, boolean>();
  /** What each was told last; nothing once it was seen to do something else. */
  const told = new Map<number, boolean>();
  let isOnline = false;
  let report: ((error: unknown) => void) | undefined;
  let unlisten = (): void => undefined;

  const statusTopic = `${topic}/status`;
  const commandTopic = (channel: number): string => `${topic}/switch/${outputs[channel]?.name}/command`;
  const stateTopics: ReadonlyMap<string, number> = new Map(
    outputs.map(({ name }, channel) => [`${topic}/switch/${name}/state`, channel] as const),
  );

  const hear = (heard: string, payload: string): void => {
    const channel = stateTopics.get(heard);
    if (channel !== undefined && (payload === 'ON' || payload === 'OFF')) {
      const on = payload === 'ON';
      shown.set(channel, on);
      if (told.get(channel) === !on) {
        told.delete(channel);
        report?.(new MqttRelayMoved(where, `${outputs[channel]?.name}`, on));
      }
    }
    if (heard !== statusTopic) return;
    const wasOnline = isOnline;
    isOnline = payload === 'online';
    if (wasOnline && !isOnline) report?.(new MqttRelayAway(where, 'the broker has lost it'));
  };

  const requireOnline = (): void => {
    if (!broker.isConnected()) throw new MqttRelayAway(where, 'the broker is not connected');
    if (!isOnline) throw new MqttRelayAway(where, 'the broker does not have it online');
  };

  const set = async (channel: number, on: boolean): Promise<void> => {
    requireOnline();
    told.set(channel, on);
    const payload = on ? 'ON' : 'OFF';
    if (shown.get(channel) === on) broker.publish(commandTopic(channel), payload);
    else
      await broker.ask(commandTopic(channel), payload, (heard, text) =>
        stateTopics.get(heard) === channel && text === payload ? true : undefined,
      );
  };

  /** The retained states come with the subscription, in no order. */
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      const isKnown = () => isOnline && shown.size === outputs.length;
      const end = () => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(end, timeout);
      const stop = broker.listen(() => isKnown() && end());
      if (isKnown()) end();
    });

  return {
    channels: outputs.length,
    refreshEvery,
    lostAfter: lossOf(leases, refreshEvery, timeout),
    watch: (call) => {
      report = call;
    },
    open: async () => {
      shown.clear();
      told.clear();
      isOnline = false;
      unlisten = broker.listen(hear);
      try {
        await broker.open([...stateTopics.keys(), statusTopic]);
        await settled();
        requireOnline();
      } catch (error) {
        unlisten();
        await broker.close();
        throw error;
      }
    },
    write: async (states) => {
      for (const [channel, on] of states) await set(channel, on);
    },
    refresh: async (states) => {
      for (const [channel, on] of states) if (on) await set(channel, true);
    },
    read: async () => {
      requireOnline();
      return outputs.map((_, channel) => shown.get(channel));
    },
    close: async () => {
      unlisten();
      await broker.close();
    },
  };
};
