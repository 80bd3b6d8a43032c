/** The clock that the whole lab goes by, in the file that `DAISEE_CLOCK` names. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Duration, Instant, pacedClock, systemClock } from '@daisee/units';
import type { PartName } from '../doors.ts';

/** Nine in the morning of a day in June: the same for every campaign. */
const LAB_START = Instant(Date.UTC(2026, 5, 21, 9));

export interface ClockFile {
  readonly clock: Clock;
  /** What a part's environment says. */
  readonly environment: (part: PartName) => string;
  /** Sets the clock of one part on, or back. */
  readonly step: (part: PartName, by: Duration) => void;
}

export const createClockFile = (folder: string, speed: number): ClockFile => {
  const file = join(folder, 'clock.json');
  const real = systemClock.now();
  const steps: Partial<Record<PartName, number>> = {};
  const write = (): void => {
    // Renamed into its place, so that nobody reads half of it.
    writeFileSync(`${file}.new`, JSON.stringify({ real, instant: LAB_START, speed, steps }));
    renameSync(`${file}.new`, file);
  };
  write();
  return {
    clock: pacedClock({ real, instant: LAB_START, speed }),
    environment: (part) => `${file}#${part}`,
    step: (part, by) => {
      steps[part] = (steps[part] ?? 0) + by;
      write();
    },
  };
};
