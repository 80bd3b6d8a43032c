/**
 * Relays of a Shelly of the second generation or later, over its local HTTP
 * (https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch).
 *
 * Each write that switches on carries `toggle_after`, the device's own lease: unless told again, it switches back off.
 */
import { Duration, Seconds } from '@daisee/units';
import type { RelayDriver } from '../../driver.ts';
import { lossOf, renewalPeriod } from '../lease.ts';
import { ShellyRelayAnswer, ShellyRelayUnsafe } from './errors.ts';
import { createShellyRpc } from './rpc.ts';

export interface ShellyOutput {
  /** Its number on the device, from 0. */
  readonly id: number;
  /** How long it stays on without being told again; 60 s. See `ownLease` for a load's own source. */
  readonly lease?: Duration;
}

export interface ShellyDriverOptions {
  /** Host name or address, with a port where it is not 80. */
  readonly host: string;
  /** Of its user `admin`, where it has one. */
  readonly password?: string;
  /** By channel, from 0 on; output 0 alone by default. */
  readonly outputs?: readonly ShellyOutput[];
  /** How long it may take to answer a call, of the machine's time; 2 s. */
  readonly timeout?: Duration;
}

const LEASE = Seconds(60);
/** It tells nothing by itself: what its button or another program switched shows when it is looked at. */
const LOOK_EVERY = Seconds(5);

/**
 * Creates a driver; its channels are the outputs in their order.
 * @throws (from its methods) ShellyRelayAway, ShellyRelayLogin, ShellyRelayAnswer, ShellyRelayUnsafe
 */
export const createShellyDriver = (options: ShellyDriverOptions): RelayDriver => {
  const { host, password, outputs = [{ id: 0 }], timeout = Seconds(2) } = options;
  const leases = outputs.map(({ lease = LEASE }) => lease);
  const refreshEvery = Duration(Math.min(LOOK_EVERY, renewalPeriod(leases) ?? LOOK_EVERY));
  const rpc = createShellyRpc({ host, password, timeout });

  const set = async (channel: number, on: boolean): Promise<void> => {
    const output = outputs[channel];
    if (!output) throw new ShellyRelayAnswer(host, 'Switch.Set', `no output for channel ${channel}`);
    const lease = Math.ceil((leases[channel] ?? LEASE) / 1000);
    // Never with "off": it would flip back to on.
    await rpc.call('Switch.Set', { id: output.id, on, ...(on ? { toggle_after: lease } : {}) });
  };

  /** That nothing switches it on but we. */
  const check = async (id: number): Promise<void> => {
    const {
      initial_state: initial,
      auto_on: autoOn,
      in_mode: input,
    } = await rpc.call('Switch.GetConfig', { id });
    if (initial !== 'off')
      throw new ShellyRelayUnsafe(
        host,
        id,
        `does not start switched off (initial_state is ${JSON.stringify(initial)})`,
        'set its state after power on to off',
      );
    if (autoOn === true)
      throw new ShellyRelayUnsafe(host, id, 'switches itself on (auto_on)', 'turn its auto on timer off');
    // Plugs have no such terminal.
    if (input !== undefined && input !== 'detached')
      throw new ShellyRelayUnsafe(
        host,
        id,
        `is switched by its input terminal (in_mode is ${JSON.stringify(input)})`,
        'set the mode of its input to detached',
      );
  };

  const show = async (id: number): Promise<boolean> => {
    const { output, timer_duration: timer } = await rpc.call('Switch.GetStatus', { id });
    if (typeof output !== 'boolean') throw new ShellyRelayAnswer(host, 'Switch.GetStatus', 'no output');
    if (!output && timer !== undefined)
      throw new ShellyRelayUnsafe(host, id, 'is off with a timer that switches it on', 'stop its timer');
    return output;
  };

  return {
    channels: outputs.length,
    refreshEvery,
    lostAfter: lossOf(leases, refreshEvery, timeout),
    open: async () => {
      for (const { id } of outputs) await check(id);
    },
    write: async (states) => {
      for (const [channel, on] of states) await set(channel, on);
    },
    refresh: async (states) => {
      for (const [channel, on] of states) if (on) await set(channel, true);
    },
    read: async () => {
      const shown: boolean[] = [];
      for (const { id } of outputs) shown.push(await show(id));
      return shown;
    },
    close: async () => rpc.close(),
  };
};
