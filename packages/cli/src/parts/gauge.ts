/** The fuel gauge's file of v0.2: whatever writes it, the last whole line is the reading. */
import { readFile, stat } from 'node:fs/promises';
import { type Clock, type Duration, Percent, Seconds } from '@daisee/units';

/** A reading older than this says nothing about now. */
const FRESH: Duration = Seconds(60);

/**
 * Reads the state of charge from a file of lines `cellVoltage|stateOfCharge|power` (or `cellVoltage|stateOfCharge`).
 * An empty, half-written, missing or old file gives undefined: not known now.
 */
export const createGauge = (file: string, clock: Clock) => async (): Promise<Percent | undefined> => {
  try {
    if (clock.now() - (await stat(file)).mtimeMs > FRESH) return undefined;
    const text = await readFile(file, 'utf8');
    const line =
      text
        .slice(0, text.lastIndexOf('\n') + 1 || text.length)
        .trimEnd()
        .split(/\r?\n/)
        .at(-1) ?? '';
    const match = /^\s*\d+(?:\.\d+)?\|(\d+(?:\.\d+)?)(?:\|-?\d+(?:\.\d+)?)?\s*$/.exec(line);
    const value = Number(match?.[1]);
    return match && value <= 100 ? Percent(value) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};
