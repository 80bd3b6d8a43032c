/**
 * Leases and other appointments of the board on its clock. Each has a key and an instant; one clock task sleeps until
 * the earliest, and exists only while there is one.
 */
import { type Clock, Duration, Instant, sleepOrStop } from '@daisee/units';

export interface Appointments<K> {
  /** Makes or moves the appointment of `key`: `due` is called once `after` has passed on the clock. */
  set(key: K, after: Duration): void;
  has(key: K): boolean;
  /** When it is due. */
  at(key: K): Instant | undefined;
  cancel(key: K): void;
  /** Cancels everything; resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

/** `due` is awaited before the next appointment is looked at, and must not throw. */
export const createAppointments = <K>(
  clock: Clock,
  due: (keys: readonly K[]) => Promise<void>,
): Appointments<K> => {
  const times = new Map<K, Instant>();
  let watch: Promise<void> | undefined;
  let sleepingUntil: Instant | undefined;
  let alarm = new AbortController();

  const keep = async (): Promise<void> => {
    while (times.size > 0) {
      const next = Instant(Math.min(...times.values()));
      const wait = next - clock.now();
      let now = clock.now();
      if (wait > 0) {
        alarm = new AbortController();
        sleepingUntil = next;
        const slept = await sleepOrStop(clock, Duration(wait), alarm.signal);
        sleepingUntil = undefined;
        if (!slept) continue;
        // Having slept the whole time counts, whatever was done to the machine's clock meanwhile (a Pi sets its own
        // from the network some time after it started).
        now = Instant(Math.max(next, clock.now()));
      }
      const keys = [...times].filter(([, at]) => at <= now).map(([key]) => key);
      for (const key of keys) times.delete(key);
      if (keys.length > 0) await due(keys);
    }
    watch = undefined;
  };

  return {
    set: (key, after) => {
      const at = Instant(clock.now() + after);
      times.set(key, at);
      if (!watch) watch = clock.task(keep);
      else if (sleepingUntil !== undefined && at < sleepingUntil) alarm.abort();
    },
    has: (key) => times.has(key),
    at: (key) => times.get(key),
    cancel: (key) => {
      times.delete(key);
      if (times.size === 0) alarm.abort();
    },
    stop: async () => {
      times.clear();
      alarm.abort();
      const running = watch;
      if (running) await clock.aside(() => running);
    },
  };
};
