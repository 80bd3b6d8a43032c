/**
 * The logbook on disk: `operations.json`, the count of each contact, replaced as a whole; `history.jsonl`, an entry a
 * line, appended to and cut when it has twice as many as are kept. An SD card bears few writes, so both are written
 * in batches.
 */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { appendFile, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DaiseeError, messageOf } from '@daisee/units';
import * as z from 'zod';
import { type Entry, entryShape } from './entry.ts';

/** Thrown when the logbook cannot be read or written; the board works without it. */
export class LogbookFailed extends DaiseeError {
  constructor(file: string, action: string, cause: unknown) {
    super({
      code: 'relay.logbook',
      message: `The relay's logbook ${file} cannot be ${action}: ${messageOf(cause)}. The board works on; check the disk and who may write there.`,
      retryable: true,
      values: { file, action },
      cause,
    });
  }
}

const countsShape = z.object({ operations: z.array(z.number().int().min(0)) });

export interface LogbookFiles {
  /** Counts by channel; empty when there is no file yet. @throws LogbookFailed */
  readOperations(): readonly number[];
  /** The newest `keep` entries; a line that a power cut left in pieces is left out. @throws LogbookFailed */
  readHistory(): readonly Entry[];
  /** @throws LogbookFailed */
  writeOperations(operations: readonly number[]): Promise<void>;
  /** Appends `fresh`, or writes `all` anew when the file has grown too long. @throws LogbookFailed */
  writeHistory(fresh: readonly Entry[], all: () => readonly Entry[]): Promise<void>;
}

const lines = (entries: readonly Entry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');

export const createLogbookFiles = (directory: string, keep: number): LogbookFiles => {
  const operationsFile = join(directory, 'operations.json');
  const historyFile = join(directory, 'history.jsonl');
  /** Lines in the file; Infinity makes the next write a whole one. */
  let length = 0;

  const read = (file: string): string | undefined => {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new LogbookFailed(file, 'read', error);
    }
  };

  /** Old or new after a power cut, and nothing between. */
  const replace = async (file: string, text: string): Promise<void> => {
    const fresh = `${file}.new`;
    const written = await open(fresh, 'w', 0o600);
    try {
      await written.writeFile(text);
      await written.sync();
    } finally {
      await written.close();
    }
    await rename(fresh, file);
  };

  const write = async (file: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw new LogbookFailed(file, 'written', error);
    }
  };

  return {
    readOperations: () => {
      const text = read(operationsFile);
      if (text === undefined) return [];
      try {
        return countsShape.parse(JSON.parse(text)).operations;
      } catch (error) {
        // Kept, because counting begins anew and would be written over it.
        const aside = `${operationsFile}.damaged`;
        try {
          renameSync(operationsFile, aside);
        } catch (refused) {
          throw new LogbookFailed(operationsFile, 'read', refused);
        }
        throw new LogbookFailed(aside, 'read, and the operations of each contact count from zero', error);
      }
    },

    readHistory: () => {
      const all = (read(historyFile) ?? '').split('\n').filter((line) => line !== '');
      length = all.length;
      const entries: Entry[] = [];
      for (const line of all.slice(-keep)) {
        try {
          entries.push(entryShape.parse(JSON.parse(line)));
        } catch (error) {
          if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
          length = Number.POSITIVE_INFINITY;
        }
      }
      return entries;
    },

    writeOperations: (operations) =>
      write(operationsFile, () => replace(operationsFile, `${JSON.stringify({ operations })}\n`)),

    writeHistory: (fresh, all) =>
      write(historyFile, async () => {
        if (length + fresh.length > 2 * keep) {
          const whole = all();
          await replace(historyFile, lines(whole));
          length = whole.length;
        } else {
          await appendFile(historyFile, lines(fresh), { mode: 0o600 });
          length += fresh.length;
        }
      }),
  };
};
