/**
 * Relays of a Tasmota device at a broker: orders on `cmnd/TOPIC/POWERn`, acknowledged on `stat/TOPIC/POWERn`, read
 * back with the command `State` on `stat/TOPIC/RESULT` (https://tasmota.github.io/docs/MQTT,
 * https://tasmota.github.io/docs/Commands).
 *
 * Not with an empty `POWERn`: that ends the running PulseTime, the device's own lease (Tasmota's ExecuteCommandPower
 * clears the timer for every POWER command and starts it again only for those that switch).
 */
import { type Duration, Seconds } from '@daisee/units';
import type { RelayDriver } from '../../driver.ts';
import { lossOf, renewalPeriod } from '../lease.ts';
import { type BrokerOptions, createBroker } from './connection.ts';
import { MqttRelayAway, MqttRelayMoved, MqttRelayUnsafe } from './errors.ts';

export interface TasmotaOutput {
  /** As in `POWERn`, from 1. */
  readonly number: number;
  /** How long it stays on without being told again, from 12 s to 18 h in whole seconds; 60 s. */
  readonly lease?: Duration;
}

export interface TasmotaDriverOptions extends BrokerOptions {
  /** The device's `Topic`. */
  readonly topic: string;
  /** Its `FullTopic`; `%prefix%/%topic%/`. */
  readonly fullTopic?: string;
  /** By channel, from 0 on; `POWER1` alone by default. */
  readonly outputs?: readonly TasmotaOutput[];
}

const LEASE = Seconds(60);
/** PulseTime is seconds with this offset, from 112 to 64900. */
const PULSE_OFFSET = 100;
const PULSE_LEAST = 112;
const PULSE_MOST = 64_900;

const fieldsOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
};

const stateOf = (word: unknown): boolean | undefined =>
  word === 'ON' ? true : word === 'OFF' ? false : undefined;

/**
 * Creates a driver; its channels are the outputs in their order.
 * @throws (from its methods) MqttRelayAway, MqttRelayLogin, MqttRelayUnsafe
 */
export const createTasmotaDriver = (options: TasmotaDriverOptions): RelayDriver => {
  const { topic, fullTopic = '%prefix%/%topic%/', outputs = [{ number: 1 }], timeout = Seconds(2) } = options;
  const leases = outputs.map(({ lease = LEASE }) => lease);
  const refreshEvery = renewalPeriod(leases) ?? LEASE;
  const where = `The Tasmota device ${topic}`;
  const broker = createBroker({ ...options, timeout }, where);
  /** What each was told last; nothing once it was seen to do something else. */
  const told = new Map<number, boolean>();
  let report: ((error: unknown) => void) | undefined;
  let unlisten = (): void => undefined;

  const at = (prefix: 'cmnd' | 'stat' | 'tele', what: string): string =>
    `${fullTopic.replace('%prefix%', prefix).replace('%topic%', topic).replace(/\/?$/, '/')}${what}`;

  /** A device with one relay may call it POWER (SetOption26). */
  const names = (number: number): readonly string[] =>
    number === 1 ? ['POWER1', 'POWER'] : [`POWER${number}`];

  const set = async (channel: number, on: boolean): Promise<void> => {
    const number = outputs[channel]?.number;
    if (number === undefined) throw new MqttRelayAway(where, `it has no output for channel ${channel}`);
    const acknowledgements = names(number).map((name) => at('stat', name));
    told.set(channel, on);
    await broker.ask(at('cmnd', `POWER${number}`), on ? 'ON' : 'OFF', (heard, payload) =>
      acknowledgements.includes(heard) && stateOf(payload) === on ? true : undefined,
    );
  };

  /** It tells each switch, whoever ordered it: one that nobody here did is found out before the next look. */
  const hear = (heard: string, payload: string): void => {
    if (heard === at('tele', 'LWT') && payload === 'Offline')
      report?.(new MqttRelayAway(where, 'the broker has lost it'));
    const on = stateOf(payload);
    if (on === undefined) return;
    for (const [channel, { number }] of outputs.entries()) {
      if (told.get(channel) !== !on || !names(number).some((name) => heard === at('stat', name))) continue;
      told.delete(channel);
      report?.(new MqttRelayMoved(where, `POWER${number}`, on));
    }
  };

  /** The answer to a command under a key. With SetOption4 it comes on a topic of its own. */
  const command = (name: string, payload: string, key = name): Promise<unknown> =>
    broker.ask(at('cmnd', name), payload, (heard, text) =>
      heard.startsWith(at('stat', '')) ? fieldsOf(text)[key] : undefined,
    );

  /** The PulseTime of an output: what it is and what its lease calls for. */
  const pulseTime = async ({ number, lease = LEASE }: TasmotaOutput) => {
    const wanted = Math.ceil(lease / 1000) + PULSE_OFFSET;
    if (wanted < PULSE_LEAST || wanted > PULSE_MOST)
      throw new MqttRelayUnsafe(where, `cannot have a lease of ${lease / 1000} s`, 'give it 12 s to 64800 s');
    const name = `PulseTime${number}`;
    return { name, wanted, is: setting(await command(name, '')) };
  };

  const setting = (answer: unknown): unknown =>
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'Set') : answer;

  /** PulseTime is kept in its flash memory, which bears few writes. */
  const setLease = async (output: TasmotaOutput): Promise<void> => {
    const { name, wanted, is } = await pulseTime(output);
    if (is === wanted) return;
    const answer = setting(await command(name, String(wanted)));
    if (answer !== wanted)
      throw new MqttRelayUnsafe(
        where,
        `answered ${name} ${wanted} with ${JSON.stringify(answer)}`,
        'update its firmware',
      );
  };

  /** Connects and checks what only its owner may set; then does the rest of the opening. */
  const connect = async <T>(rest: () => Promise<T>): Promise<T> => {
    try {
      await broker.open([at('stat', '+'), at('tele', 'LWT')]);
      const start = await command('PowerOnState', '');
      if (Number(start) !== 0)
        throw new MqttRelayUnsafe(
          where,
          `does not start switched off (PowerOnState is ${JSON.stringify(start)})`,
          'send it PowerOnState 0',
        );
      return await rest();
    } catch (error) {
      await broker.close();
      throw error;
    }
  };

  return {
    channels: outputs.length,
    refreshEvery,
    lostAfter: lossOf(leases, refreshEvery, timeout),
    watch: (call) => {
      report = call;
    },
    openToLook: () =>
      connect(async () => {
        const differing: string[] = [];
        for (const output of outputs) {
          const { name, wanted, is } = await pulseTime(output);
          if (is !== wanted) differing.push(`${name} is ${JSON.stringify(is)} instead of ${wanted}`);
        }
        return differing;
      }),
    open: async () => {
      await connect(async () => {
        for (const output of outputs) await setLease(output);
      });
      told.clear();
      unlisten = broker.listen(hear);
    },
    write: async (states) => {
      for (const [channel, on] of states) await set(channel, on);
    },
    refresh: async (states) => {
      for (const [channel, on] of states) if (on) await set(channel, true);
    },
    read: () =>
      broker.ask(at('cmnd', 'State'), '', (heard, payload) => {
        if (!heard.startsWith(at('stat', ''))) return undefined;
        const fields = fieldsOf(payload);
        // Only a whole state has it; the answer to POWERn looks like a part of one.
        if (fields['Uptime'] === undefined) return undefined;
        return outputs.map(({ number }) => {
          const name = names(number).find((one) => fields[one] !== undefined);
          return name === undefined ? undefined : stateOf(fields[name]);
        });
      }),
    close: async () => {
      unlisten();
      await broker.close();
    },
  };
};
