import { Duration, systemClock } from '@daisee/units';

/**
 * Waits at least this long in real time. A timer counts from when its event loop last looked at the time, so that it
 * ends early by whatever the loop has worked since; contacts are owed the whole break.
 */
export const atLeast = async (duration: Duration): Promise<void> => {
  const until = performance.now() + duration;
  for (let left: number = duration; left > 0; left = until - performance.now())
    await systemClock.sleep(Duration(Math.ceil(left)));
};
