/** Which source fed the node when, out of the agent's own file: for charts; nothing is changed. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Address } from '@daisee/chain';
import { Instant } from '@daisee/units';

/** A change of source. */
export interface SourceTurn {
  readonly at: Instant;
  /** Whose source it is from then on; its own under its own account. */
  readonly origin: Address;
}

/**
 * Up to when the agent has booked what was measured: it does so once a minute while it works and there are samples.
 * Undefined when it has not yet.
 * @throws Error of the database when the file cannot be read
 */
export const readBooked = (file: string): Instant | undefined => {
  if (!existsSync(file)) return undefined;
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
  try {
    const at = database.prepare('SELECT at FROM agent').get()?.['at'];
    return typeof at === 'number' ? Instant(at) : undefined;
  } finally {
    database.close();
  }
};

/**
 * The source in force at `from` and every change before `to`, ascending; none when there is no file yet.
 * @throws Error of the database when the file cannot be read
 */
export const readSources = (file: string, from: Instant, to: Instant): readonly SourceTurn[] => {
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
  try {
    const rows = database
      .prepare(
        'SELECT at, origin FROM journal WHERE id >= coalesce((SELECT max(id) FROM journal WHERE at <= ?), 0) AND at < ? ORDER BY id',
      )
      .all(Math.round(from), Math.round(to));
    return rows.map((row) => ({ at: Instant(Number(row['at'])), origin: String(row['origin']) as Address }));
  } finally {
    database.close();
  }
};
