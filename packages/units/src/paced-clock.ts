/** A clock at another speed than the machine's, for simulations whose parts are processes of their own. */
import { type Clock, systemClock } from './clock.ts';
import { Duration, Instant } from './quantities.ts';

export interface PacedClockOptions {
  /** The machine's time at which this clock shows `instant`; several processes that share both agree. */
  readonly real: Instant;
  readonly instant: Instant;
  /** How many times as fast as the machine's. */
  readonly speed: number;
  /** By how much it was set on (or back, negative) since, of its own time; asked whenever it shows the time. */
  readonly step?: () => Duration;
  /** The machine's time; for tests. */
  readonly machine?: Clock;
}

/**
 * Creates a clock that runs `speed` times as fast as the machine's. A step changes what it shows and no wait that is under
 * way, as setting a machine's clock does. Tasks mean nothing to it.
 */
export const pacedClock = (options: PacedClockOptions): Clock => {
  const { real, instant, speed, step, machine = systemClock } = options;
  // By what the machine shows, since that is what its processes agree on; a simulation's machine is never set.
  const unset = (): number => instant + (machine.now() - real) * speed;
  return {
    now: () => Instant(unset() + (step?.() ?? 0)),
    monotonic: () => Duration(unset()),
    sleep: (duration, signal) => machine.sleep(Duration(duration / speed), signal),
    task: (work) => machine.task(work),
    aside: (wait) => machine.aside(wait),
  };
};
