import { type Clock, Duration, Instant, sleepOrStop, Watts } from '@daisee/units';
import type { Meter, SignRule } from '../../meter.ts';
import { readPowerCsv, spanOf } from '../../power-csv.ts';

export interface ReplayMeterOptions {
  readonly name: string;
  /** A CSV of instants and watts: see `readPowerCsv`. */
  readonly file: string;
  readonly clock: Clock;
  /** What the file's sign means; `load` by default. */
  readonly sign?: SignRule;
  /** Begins anew when the file ends, one step after its last row. */
  readonly loop?: boolean;
  /**
   * `original` (the default): rows come at their own instants, those of the past at once. `now`: the whole file is
   * moved so that its first row is now.
   */
  readonly start?: 'original' | 'now';
}

/**
 * A meter that replays a recording, each row at its instant on the clock. Ends with the file unless it loops.
 * @throws PowerCsvError out of `samples` when the file cannot be read
 */
export const createReplayMeter = (options: ReplayMeterOptions): Meter => {
  const { name, file, clock, sign = 'load', loop = false, start = 'original' } = options;
  return {
    name,
    sign,
    async *samples(signal) {
      const series = await readPowerCsv(file);
      const { from, to } = spanOf(series);
      const length = to - from + series.step;
      let shift = start === 'now' ? Math.round(clock.now()) - from : 0;
      for (;;) {
        for (let row = 0; row < series.instants.length; row++) {
          const at = Instant((series.instants[row] ?? 0) + shift);
          const wait = at - clock.now();
          if (wait > 0 && !(await sleepOrStop(clock, Duration(wait), signal))) return;
          if (signal.aborted) return;
          yield { at, power: Watts(series.watts[row] ?? 0) };
        }
        if (!loop) return;
        shift += length;
      }
    },
  };
};
