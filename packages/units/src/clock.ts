/**
 * Time as a dependency. Rooms take a `Clock` and never touch `Date.now()` or `setTimeout` themselves.
 *
 * A clock also knows the tasks that live in it. On the system clock that means nothing; on a virtual clock
 * (`VirtualClock`) time stands still while any task works and moves to the next sleeper when all of them sleep, so
 * that a run at 200 times real speed and one at real speed make the same decisions at the same instants.
 */
import { uptime } from 'node:os';
import { DaiseeError } from './errors.ts';
import { Duration, Instant } from './quantities.ts';

/** Thrown out of `sleep` when its signal aborts. */
export class SleepAborted extends DaiseeError {
  constructor() {
    super({
      code: 'clock.aborted',
      message: 'The wait was ended because its task is stopping.',
      retryable: false,
    });
  }
}

export interface Clock {
  /** The current UTC instant, milliseconds. It may be set on or back at any moment: no length of time is told by it. */
  now(): Instant;
  /**
   * Time that only goes on, at the rate of `now` and through a machine's sleep, whatever `now` is set to: lengths of time
   * are differences of it. Its zero means nothing. Missing where `now` is never set; `steadyNow` reads either.
   */
  readonly monotonic?: () => Duration;
  /**
   * Resolves when `duration` has passed on this clock; at once for zero or less (after other tasks had a turn).
   * @throws SleepAborted when the signal aborts, also when it had before.
   */
  sleep(duration: Duration, signal?: AbortSignal): Promise<void>;
  /**
   * Runs a task that lives in this clock's time. A virtual clock stands still while the task works and moves only
   * while every task sleeps in `sleep` or waits in `aside`.
   */
  task<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Waits inside a task for something that needs the clock to move (another task's end): while it waits, the task
   * does not hold a virtual clock.
   */
  aside<T>(wait: () => Promise<T>): Promise<T>;
}

const LONGEST_TIMER = 2 ** 31 - 1;

/** A machine's time awake and its time since the start differ by more than this only when it slept. */
const SLEPT = 2000;

/**
 * Node's own steady time stands still while a machine sleeps (CLOCK_MONOTONIC); the time since its start does not, but
 * comes in hundredths of a second (/proc/uptime). So the one counts, and the other says how long was slept. Between two
 * processes of one start of the machine it is the same, to these hundredths.
 */
const createMachineMonotonic = (): (() => Duration) => {
  let slept: number | undefined;
  return () => {
    const awake = performance.now();
    const apart = uptime() * 1000 - awake;
    if (slept === undefined || apart - slept > SLEPT) slept = apart;
    return Duration(slept + awake);
  };
};

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Instant(Date.now()),
  monotonic: createMachineMonotonic(),
  sleep: (duration, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new SleepAborted());
      const timer = setTimeout(
        () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
        Math.min(Math.max(0, duration), LONGEST_TIMER),
      );
      const abort = () => {
        clearTimeout(timer);
        reject(new SleepAborted());
      };
      signal?.addEventListener('abort', abort, { once: true });
    }),
  task: (work) => work(),
  aside: (wait) => wait(),
};

/** How far a clock has gone on, whatever it was set to: for lengths of time. */
export const steadyNow = (clock: Pick<Clock, 'now' | 'monotonic'>): Duration =>
  clock.monotonic?.() ?? Duration(clock.now());

/** Sleeps without holding a task to it: for `every` loops. Returns false when the signal ended it. */
export const sleepOrStop = async (
  clock: Clock,
  duration: Duration,
  signal: AbortSignal,
): Promise<boolean> => {
  try {
    await clock.sleep(duration, signal);
    return true;
  } catch (error) {
    if (error instanceof SleepAborted) return false;
    throw error;
  }
};

/** The next multiple of `period` after `now`, counted from the epoch: keeps loops on one grid across restarts. */
export const untilNext = (now: Instant, period: Duration): Duration =>
  Duration((Math.floor(now / period + 1e-9) + 1) * period - now);
