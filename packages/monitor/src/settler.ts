/** Has a store commit now and then what it holds of meters. */
import { type Clock, type Duration, messageOf, Seconds, sleepOrStop } from '@daisee/units';
import type { MonitorWarning } from './collector.ts';
import type { SampleStore } from './store/store.ts';

export interface SettlerOptions {
  readonly store: Pick<SampleStore, 'settle'>;
  readonly clock: Clock;
  readonly every: Duration;
  readonly onWarning: (warning: MonitorWarning) => void;
}

export interface Settler {
  /** Does nothing for a store that holds nothing. */
  start(): void;
  /** Has all that is held committed; says so when that cannot be. Safe to call twice. */
  stop(): Promise<void>;
}

/** The pause before what could not be committed is tried again. */
const RETRY_PAUSE = Seconds(15);

export const createSettler = ({ store, clock, every, onWarning }: SettlerOptions): Settler => {
  let stopping = new AbortController();
  let running: Promise<void> | undefined;
  let failing = false;

  const settle = (): void => {
    try {
      store.settle?.();
      if (failing)
        onWarning({ kind: 'store', message: 'Samples that were held in memory are on the disk now.' });
      failing = false;
    } catch (error) {
      if (!failing)
        onWarning({
          kind: 'store',
          message: `Samples are held in memory since they could not be written: ${messageOf(error)}`,
          error,
        });
      failing = true;
    }
  };
  const loop = async (signal: AbortSignal): Promise<void> => {
    while (await sleepOrStop(clock, failing ? RETRY_PAUSE : every, signal)) settle();
  };

  return {
    start: () => {
      if (running || !store.settle) return;
      stopping = new AbortController();
      running = clock.task(() => loop(stopping.signal));
    },
    stop: async () => {
      const ended = running;
      running = undefined;
      stopping.abort();
      if (!ended) return;
      await clock.aside(() => ended);
      settle();
    },
  };
};
