/**
 * Several guards for one board: whoever kills the service and one guard at the same instant leaves another, which is
 * running already and needs nothing from the disk. Each acts by itself; what one brought to rest the others find so.
 */
import { createGuard, type GuardOptions } from './guard.ts';

/** Service and one guard may die at one instant. */
const GUARDS = 2;

export interface Guards {
  /** Starts all and waits until all are prepared. @throws GuardLost when one cannot be; none is left then. */
  start(): Promise<void>;
  /** True while at least one is prepared. */
  readonly present: boolean;
  /** Their process identifiers. */
  readonly pids: readonly number[];
  /** Tells them whether something is on: only then is a hang dangerous, and ended. */
  arm(armed: boolean): void;
  /** Ends them. With `farewell` the board is at rest; without, they bring it there first. */
  stop(farewell: boolean): Promise<void>;
}

export const createGuards = (options: GuardOptions): Guards => {
  const guards = Array.from({ length: GUARDS }, () => createGuard(options));
  const stop = async (farewell: boolean): Promise<void> => {
    await Promise.all(guards.map((guard) => guard.stop(farewell)));
  };
  return {
    get present() {
      return guards.some((guard) => guard.present);
    },
    get pids() {
      return guards.flatMap((guard) => guard.pid ?? []);
    },
    arm: (armed) => {
      for (const guard of guards) guard.arm(armed);
    },
    start: async () => {
      const started = await Promise.allSettled(guards.map((guard) => guard.start()));
      const failed = started.find((result) => result.status === 'rejected');
      if (!failed) return;
      await stop(true); // nothing was switched on yet
      throw failed.reason;
    },
    stop,
  };
};
