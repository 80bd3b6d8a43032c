/** Relays that exist only in memory, for the lab and for tests: all off when created. */
import { DaiseeError } from '@daisee/units';
import type { RelayDriver } from '../../driver.ts';

export interface SimulatedDriverOptions {
  /** How many channels; 4 by default, as on the v0.2 board. */
  readonly channels?: number;
  /**
   * Called after each single channel that changed, with the states of all: contacts move one after the other, so that
   * whatever follows the wires sees every state in between.
   */
  readonly onChange?: (states: readonly boolean[]) => void;
}

/** Thrown when a channel is written that the simulated board does not have, or when it is used while closed. */
class SimulatedDriverMisused extends DaiseeError {
  constructor(problem: string, values: Readonly<Record<string, unknown>>) {
    super({
      code: 'relay.simulated-driver',
      message: `The simulated relay ${problem}.`,
      retryable: false,
      values,
    });
  }
}

/** Creates simulated relays. They keep their states while closed, as latching ones would: the board has to see to rest. */
export const createSimulatedDriver = (options: SimulatedDriverOptions = {}): RelayDriver => {
  const { channels = 4, onChange } = options;
  const states = Array.from({ length: channels }, () => false);
  let open = false;

  const requireOpen = (action: string): void => {
    if (!open) throw new SimulatedDriverMisused(`cannot ${action} before it is opened`, { action });
  };

  return {
    channels,
    open: async () => {
      open = true;
    },
    write: async (changes) => {
      requireOpen('write');
      for (const channel of changes.keys())
        if (states[channel] === undefined)
          throw new SimulatedDriverMisused(`has no channel ${channel}: it has 0 to ${channels - 1}`, {
            channel,
            channels,
          });
      for (const [channel, on] of changes) {
        if (states[channel] === on) continue;
        states[channel] = on;
        onChange?.([...states]);
      }
    },
    read: async () => {
      requireOpen('read');
      return [...states];
    },
    close: async () => {
      open = false;
    },
  };
};
