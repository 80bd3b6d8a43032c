/**
 * The board's logbook: its last switches with who ordered them and why, and how often each contact moved (relays wear
 * out: a data sheet gives 100,000 operations and less under load). In memory, and on disk where a directory is given.
 */
import { type Clock, type DaiseeError, type Duration, Seconds } from '@daisee/units';
import { createAppointments } from '../board/appointments.ts';
import type { Board, BoardEvent } from '../board/types.ts';
import { asFault } from '../fault.ts';
import { type Entry, entryOf } from './entry.ts';
import { createLogbookFiles } from './files.ts';

export interface LogbookOptions {
  readonly clock: Clock;
  /** Made when it is not there; nothing is kept without it. */
  readonly directory?: string;
  /** How many entries are kept; 1000. */
  readonly keep?: number;
  /** Entries are written together this long after the first; what a power cut takes is not older. 2 s. */
  readonly writeAfter?: Duration;
  /** Counts are written this long after they changed; 10 min. */
  readonly countAfter?: Duration;
  /** Counts are written, with the entries, when they rose by so many; 100. */
  readonly countEvery?: number;
  /** Hears that the disk fails; the logbook goes on in memory and tries again. */
  readonly onFailure?: (error: DaiseeError) => void;
}

export interface Logbook {
  /** As they were on disk, for the board to count on from. */
  readonly operations: readonly number[];
  /** Writes down what this board does, from now on. */
  follow(board: Pick<Board, 'subscribe' | 'report'>): void;
  /** The newest entries, newest last; those before the entry `before`, where given. */
  entries(limit: number, before?: number): readonly Entry[];
  /** All that came after this entry, as far as they are kept. */
  after(id: number): readonly Entry[];
  /** Hears each new entry; returns how to stop hearing. */
  subscribe(listener: (entry: Entry) => void): () => void;
  /** Writes everything and follows no board any more. Call it after the board's stop. */
  stop(): Promise<void>;
}

/** An entry that is made when it is first asked for: one names every channel and load of the board. */
interface Kept {
  readonly id: number;
  entry(): Entry;
}

const keptOf = (event: BoardEvent, id: number): Kept => {
  let made: Entry | undefined;
  return {
    id,
    entry: () => {
      made ??= entryOf(event, id);
      return made;
    },
  };
};

const entryIn = (kept: Kept): Entry => kept.entry();

/** Opens a logbook; reads what is on disk. */
export const openLogbook = (options: LogbookOptions): Logbook => {
  const { clock, directory, keep = 1000, onFailure } = options;
  const { writeAfter = Seconds(2), countAfter = Seconds(600), countEvery = 100 } = options;
  const files = directory === undefined ? undefined : createLogbookFiles(directory, keep);
  const listeners = new Set<(entry: Entry) => void>();

  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (error) {
      onFailure?.(asFault(error));
      return otherwise;
    }
  };
  const operations = attempt(() => files?.readOperations() ?? [], []);
  let entries: Kept[] = attempt(() => files?.readHistory() ?? [], []).map((entry) => ({
    id: entry.id,
    entry: () => entry,
  }));
  let fresh: Kept[] = [];
  let counts: () => readonly number[] = () => operations;
  let written = sum(operations);
  let unfollow = (): void => undefined;
  let isFailing = false;

  const write = async (withCounts: boolean): Promise<void> => {
    if (!files) return;
    const batch = fresh;
    fresh = [];
    try {
      if (batch.length > 0)
        await files.writeHistory(batch.map(entryIn), () => entries.slice(-keep).map(entryIn));
      const now = counts();
      if (sum(now) !== written && (withCounts || sum(now) >= written + countEvery)) {
        await files.writeOperations(now);
        written = sum(now);
        appointments.cancel('counts');
      }
      isFailing = false;
    } catch (error) {
      fresh = [...batch, ...fresh].slice(-keep);
      appointments.set('counts', countAfter);
      if (!isFailing) onFailure?.(asFault(error));
      isFailing = true;
    }
  };

  const appointments = createAppointments<'entries' | 'counts'>(clock, (keys) =>
    write(keys.includes('counts')),
  );

  const take = (event: BoardEvent): void => {
    // Goes on rising after a restart that lost the last entries.
    const id = Math.max((entries.at(-1)?.id ?? 0) + 1, Math.floor(event.at));
    const kept = keptOf(event, id);
    entries.push(kept);
    if (entries.length > 2 * keep) entries = entries.slice(-keep);
    if (files) {
      fresh.push(kept);
      if (!appointments.has('entries')) appointments.set('entries', writeAfter);
      if (!appointments.has('counts')) appointments.set('counts', countAfter);
    }
    for (const listener of listeners) listener(kept.entry());
  };

  return {
    operations,
    follow: (board) => {
      unfollow();
      counts = () => board.report().operations;
      unfollow = board.subscribe(take);
    },
    entries: (limit, before = Number.POSITIVE_INFINITY) =>
      entries
        .slice(-keep)
        .filter(({ id }) => id < before)
        .slice(-limit)
        .map(entryIn),
    after: (after) =>
      entries
        .slice(-keep)
        .filter(({ id }) => id > after)
        .map(entryIn),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      unfollow();
      await appointments.stop();
      await write(true);
    },
  };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
