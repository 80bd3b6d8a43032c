/** A simulated driver that fails on request, and a record of everything that the contacts and the break times did. */
import { DaiseeError } from '@daisee/units';
import { type ChannelStates, createSimulatedDriver, type RelayDriver } from '../../src/index.ts';

/** What the next call of the driver does: refuse, refuse after half of the channels, or keep the first from moving. */
export type Failure = 'none' | 'refuse' | 'half' | 'ignoreFirst';

export type Step =
  | { readonly type: 'states'; readonly states: readonly boolean[] }
  | { readonly type: 'pause' };

export interface FailingDriver extends RelayDriver {
  /** Failures of the next calls, in order; none when empty. */
  failures: Failure[];
  /** Channels that do not move at all. */
  readonly stuck: Set<number>;
  /** Every state that the contacts were in, one channel at a time, and every pause. */
  readonly steps: Step[];
  readonly pause: () => Promise<void>;
  /** Nothing that was not done yet is ever done: the process was killed. */
  kill(): void;
}

const never = new Promise<never>(() => undefined);

const broken = (): DaiseeError =>
  new DaiseeError({ code: 'test.broken', message: 'the test broke this driver', retryable: true });

export const createFailingDriver = (channels: number, initial: ChannelStates = new Map()): FailingDriver => {
  const steps: Step[] = [];
  const states = Array.from({ length: channels }, (_, channel) => initial.get(channel) ?? false);
  steps.push({ type: 'states', states: [...states] });
  let killed = false;
  const inner = createSimulatedDriver({ channels });
  const driver: FailingDriver = {
    channels,
    failures: [],
    stuck: new Set(),
    steps,
    pause: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (killed) await never;
      steps.push({ type: 'pause' });
    },
    open: () => inner.open(),
    close: () => inner.close(),
    kill: () => {
      killed = true;
    },
    read: async () => {
      await Promise.resolve();
      if (killed) await never;
      if ((driver.failures.shift() ?? 'none') === 'refuse') throw broken();
      return [...states];
    },
    write: async (changes) => {
      await Promise.resolve();
      if (killed) await never;
      const failure = driver.failures.shift() ?? 'none';
      if (failure === 'refuse') throw broken();
      const entries = [...changes];
      const done = failure === 'half' ? entries.slice(0, Math.floor(entries.length / 2)) : entries;
      for (const [index, [channel, on]] of done.entries()) {
        if (driver.stuck.has(channel) || (failure === 'ignoreFirst' && index === 0)) continue;
        if (states[channel] === on) continue;
        states[channel] = on;
        steps.push({ type: 'states', states: [...states] });
      }
      if (failure === 'half') throw broken();
    },
  };
  return driver;
};
