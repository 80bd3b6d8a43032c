/** Endings: ports through which a test ends an agent's life at any await, as kill -9 does. */
import { type Clock, SleepAborted } from '@daisee/units';

/** A life that can end between two of its awaits. What it awaits then never answers. */
export interface Life {
  readonly clock: Clock;
  /** The same object, dead when this life is over. */
  port<T extends object>(port: T): T;
  /** Awaits so far, before and after each call counted apart. */
  readonly steps: number;
  readonly isDead: boolean;
  kill(): void;
}

/** `diesAt`: the step before which it dies; none: it lives. */
export const createLife = (clock: Clock, diesAt = Number.POSITIVE_INFINITY): Life => {
  let steps = 0;
  let dead = false;
  // Aside, so that a virtual clock does not wait for the dead.
  const hang = () => clock.aside(() => new Promise<never>(() => undefined));
  const step = async (): Promise<void> => {
    steps += 1;
    if (steps >= diesAt) dead = true;
    if (dead) await hang();
  };
  const mortal =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await step();
      try {
        return await call(...args);
      } finally {
        await step();
      }
    };
  return {
    clock: {
      now: () => clock.now(),
      sleep: async (duration, signal) => {
        try {
          await clock.sleep(duration, signal);
        } catch (error) {
          if (!(error instanceof SleepAborted)) throw error;
          if (dead) await hang();
          throw error;
        }
        await step();
      },
      task: (work) => clock.task(work),
      aside: (wait) => clock.aside(wait),
    },
    port: <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, key) => {
          const value: unknown = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          return mortal(value.bind(target) as (...args: readonly unknown[]) => Promise<unknown>);
        },
      }),
    get steps() {
      return steps;
    },
    get isDead() {
      return dead;
    },
    kill: () => {
      dead = true;
    },
  };
};
