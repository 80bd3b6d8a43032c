/** Which source fed the node when, out of the agent's own file: for charts; nothing is changed. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Address } from '@daisee/chain';
import { type Instant, messageOf } from '@daisee/units';
import { AgentStoreError, address, instant } from './store-row.ts';

/** A change of source. */
export interface SourceTurn {
  readonly at: Instant;
  /** Whose source it is from then on; its own under its own account. */
  readonly origin: Address;
}

/** Asks the file. @throws AgentStoreError when it cannot be read */
const asking = <T>(file: string, work: (database: DatabaseSync) => T): T => {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
    return work(database);
  } catch (error) {
    throw new AgentStoreError({
      code: 'agent.store-read',
      message: `The agent's file ${file} cannot be read: ${messageOf(error)}. Check its owner; restore it from a backup if it is damaged.`,
      retryable: true,
      values: { file },
      cause: error,
    });
  } finally {
    database?.close();
  }
};

/**
 * Up to when the agent has booked what was measured: it does so once a minute while it works and there are samples.
 * Undefined when it has not yet.
 * @throws AgentStoreError when the file cannot be read
 */
export const readBooked = (file: string): Instant | undefined => {
  if (!existsSync(file)) return undefined;
  return asking(file, (database) => {
    const at = database.prepare('SELECT at FROM agent').get()?.['at'];
    return typeof at === 'number' ? instant({ at }, 'at') : undefined;
  });
};

/**
 * The source in force at `from` and every change before `to`, ascending; none when there is no file yet.
 * @throws AgentStoreError when the file cannot be read
 */
export const readSources = (file: string, from: Instant, to: Instant): readonly SourceTurn[] => {
  if (!existsSync(file)) return [];
  return asking(file, (database) => {
    const rows = database
      .prepare(
        'SELECT at, origin FROM journal WHERE id >= coalesce((SELECT max(id) FROM journal WHERE at <= ?), 0) AND at < ? ORDER BY id',
      )
      .all(Math.round(from), Math.round(to));
    return rows.map((row) => ({ at: instant(row, 'at'), origin: address(row, 'origin') }));
  });
};
