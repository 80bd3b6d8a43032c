import { type Clock, type Duration, sleepOrStop } from '@daisee/units';

/**
 * Runs work in a clock task of its own and waits for it, but not longer than `limit`: false when it took longer. Its
 * signal aborts then, and what it still does goes on unheard.
 */
export const within = (
  clock: Clock,
  limit: Duration,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> =>
  clock.aside(async () => {
    const over = new AbortController();
    const done = clock.task(async () => {
      await work(over.signal);
      return true;
    });
    const late = sleepOrStop(clock, limit, over.signal).then(() => false);
    try {
      return await Promise.race([done, late]);
    } finally {
      over.abort();
      // After the time limit nobody is left to hear how it failed.
      done.catch(() => undefined);
    }
  });
