/** Thins old samples in the background, a step at a time, so that everybody else gets their turn. */
import { type Clock, Duration, Instant, messageOf, Seconds, sleepOrStop } from '@daisee/units';
import type { MonitorWarning } from './collector.ts';
import type { SampleStore } from './store/store.ts';

/** From which age on samples are thinned; those without an age stay as they are. */
export interface Retention {
  /** Older than this, one row a minute. */
  readonly minutesAfter?: Duration;
  /** Older than this, one row a quarter of an hour. */
  readonly quartersAfter?: Duration;
}

export interface RetentionOptions {
  readonly store: Pick<SampleStore, 'sensors' | 'thin'>;
  readonly clock: Clock;
  readonly retention: Retention;
  readonly onWarning: (warning: MonitorWarning) => void;
}

export interface Thinner {
  start(): void;
  /** Ends after the step that runs. Safe to call twice. */
  stop(): Promise<void>;
}

const MINUTE = Seconds(60);
const QUARTER = Seconds(15 * 60);
/** Between two rounds. */
const EVERY = Seconds(3600);
/** Between two steps: most of the time is others'. */
const PAUSE = Duration(50);

export const createThinner = ({ store, clock, retention, onWarning }: RetentionOptions): Thinner => {
  const { minutesAfter, quartersAfter } = retention;
  let stopping = new AbortController();
  let running: Promise<void> | undefined;

  const thinAll = async (
    sensorId: number,
    span: Duration,
    after: Duration | undefined,
    signal: AbortSignal,
  ): Promise<void> => {
    if (after === undefined) return;
    const before = Instant(clock.now() - after);
    while (!signal.aborted) {
      const { done } = await store.thin(sensorId, span, before);
      if (done || !(await sleepOrStop(clock, PAUSE, signal))) return;
    }
  };
  const round = async (signal: AbortSignal): Promise<void> => {
    for (const { id } of await store.sensors()) {
      await thinAll(id, MINUTE, minutesAfter, signal);
      await thinAll(id, QUARTER, quartersAfter, signal);
    }
  };
  const loop = async (signal: AbortSignal): Promise<void> => {
    let failing = false;
    do {
      try {
        await round(signal);
        failing = false;
      } catch (error) {
        // Once for each time that it begins to fail; the next round goes on where this one ended.
        if (!failing)
          onWarning({
            kind: 'store',
            message: `Old samples could not be thinned and wait for the next hour: ${messageOf(error)}`,
            error,
          });
        failing = true;
      }
    } while (await sleepOrStop(clock, EVERY, signal));
  };

  return {
    start: () => {
      if (running || (minutesAfter === undefined && quartersAfter === undefined)) return;
      stopping = new AbortController();
      running = clock.task(() => loop(stopping.signal));
    },
    stop: async () => {
      const ended = running;
      running = undefined;
      stopping.abort();
      if (ended) await clock.aside(() => ended);
    },
  };
};
