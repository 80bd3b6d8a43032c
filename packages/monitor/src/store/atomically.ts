import type { DatabaseSync } from 'node:sqlite';

/** Runs work whole or not at all: what it throws comes out and nothing of it stays. */
export type Atomically = <T>(work: () => T) => T;

/**
 * Makes it for a database: a transaction of its own, or within another one a part that can be undone alone, so that
 * appends which arrived together share one commit.
 */
export const createAtomically = (database: DatabaseSync): Atomically => {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  const part = database.prepare('SAVEPOINT part');
  const keep = database.prepare('RELEASE part');
  const undo = database.prepare('ROLLBACK TO part');

  const inPart: Atomically = (work) => {
    part.run();
    let whole = false;
    try {
      const result = work();
      whole = true;
      return result;
    } finally {
      // A full disk and the like undo the whole transaction by themselves.
      if (database.isTransaction) {
        if (!whole) undo.run();
        keep.run();
      }
    }
  };
  return (work) => {
    if (database.isTransaction) return inPart(work);
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } finally {
      if (database.isTransaction) rollback.run();
    }
  };
};
