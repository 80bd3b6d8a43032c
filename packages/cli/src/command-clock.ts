/**
 * The clock of a command: the machine's, or for a simulation the one that `DAISEE_CLOCK=FILE#NAME` describes. The file is
 * JSON: at the machine's time `real` (Unix ms) the clock shows `instant` (Unix ms) and runs `speed` times as fast;
 * `steps` has by how many ms the clocks of processes were set on, by the name that each goes by.
 */
import { readFileSync, statSync } from 'node:fs';
import {
  type Clock,
  DaiseeError,
  Duration,
  Instant,
  messageOf,
  pacedClock,
  systemClock,
} from '@daisee/units';
import { z } from 'zod';

const described = z.object({
  real: z.number(),
  instant: z.number(),
  speed: z.number().positive(),
  steps: z.record(z.string(), z.number()).optional(),
});

/** Thrown when `DAISEE_CLOCK` names a file that describes no clock. */
export class ClockUnreadable extends DaiseeError {
  constructor(file: string, cause: unknown) {
    super({
      code: 'cli.clock',
      message: `DAISEE_CLOCK names ${file}, which describes no clock: ${messageOf(cause)}. It is for simulations; unset it to use the machine's clock.`,
      retryable: false,
      values: { file },
      cause,
    });
  }
}

/** Real ms after which the file is looked at again: a step is seen within that. */
const LOOK_AGAIN = 20;

/** The clock that the file describes. @throws ClockUnreadable */
const clockFrom = (file: string, name: string): Clock => {
  const read = () => {
    try {
      return described.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch (error) {
      throw new ClockUnreadable(file, error);
    }
  };
  const { real, instant, speed, steps } = read();
  let step = steps?.[name] ?? 0;
  let changed = statSync(file).mtimeMs;
  let looked = systemClock.now();
  return pacedClock({
    real: Instant(real),
    instant: Instant(instant),
    speed,
    step: () => {
      const now = systemClock.now();
      if (Math.abs(now - looked) >= LOOK_AGAIN) {
        looked = now;
        // Gone with its simulation: the clock goes on as it was.
        const modified = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? changed;
        if (modified !== changed) {
          changed = modified;
          step = read().steps?.[name] ?? 0;
        }
      }
      return Duration(step);
    },
  });
};

/** @param described the value of `DAISEE_CLOCK` @throws ClockUnreadable */
export const clockOf = (described: string | undefined): Clock => {
  if (!described) return systemClock;
  const [file = '', name = ''] = described.split(/#(?=[^#]*$)/);
  return clockFrom(file, name);
};

let known: Clock | undefined;

/** The clock that this process goes by. @throws ClockUnreadable */
export const commandClock = (): Clock => (known ??= clockOf(process.env['DAISEE_CLOCK']));
