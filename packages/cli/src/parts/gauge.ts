/** The fuel gauge's file of v0.2: whatever writes it, the last whole line is the reading. */
import { readFile, stat } from 'node:fs/promises';
import { type Clock, DaiseeError, type Duration, Percent, Seconds } from '@daisee/units';

/** A reading older than this says nothing about now. */
const FRESH: Duration = Seconds(60);

/** The gauge's file says nothing of now. */
class GaugeSilent extends DaiseeError {
  constructor(file: string, why: string) {
    super({
      code: 'cli.gauge',
      message: `The fuel gauge's file ${file} ${why}.`,
      retryable: true,
      values: { file, why },
    });
  }
}

const lastWholeLine = (text: string): string =>
  text
    .slice(0, text.lastIndexOf('\n') + 1 || text.length)
    .trimEnd()
    .split(/\r?\n/)
    .at(-1) ?? '';

/**
 * Reads the state of charge from a file of lines `cellVoltage|stateOfCharge|power` (or `cellVoltage|stateOfCharge`).
 * @throws GaugeSilent for a missing, old, empty or half-written file: the charge is not known now.
 */
export const createGauge = (file: string, clock: Clock) => async (): Promise<Percent> => {
  try {
    const age = clock.now() - (await stat(file)).mtimeMs;
    // A time in the future is a clock that was set back: it says nothing of now either.
    if (Math.abs(age) > FRESH)
      throw new GaugeSilent(
        file,
        `was last written ${age < 0 ? `${Math.round(-age / 1000)} s from now` : `${Math.round(age / 1000)} s ago`}, and a line counts for ${FRESH / 1000} s: is what writes it running?`,
      );
    const text = await readFile(file, 'utf8');
    const match = /^\s*\d+(?:\.\d+)?\|(\d+(?:\.\d+)?)(?:\|-?\d+(?:\.\d+)?)?\s*$/.exec(lastWholeLine(text));
    const value = Number(match?.[1]);
    if (!match || value > 100)
      throw new GaugeSilent(file, 'has no whole line like 3.98|87.50|12.34 (volts, percent, watts)');
    return Percent(value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new GaugeSilent(file, 'is not there');
    throw error;
  }
};
