/**
 * A reorganisation: the last blocks of the embedded chain never were, and what was in them may come again, some of
 * it, in another order. It is made on the chain's own journal (its tables, `packages/chain/src/journal.ts`), while the
 * chain is dead: a client that comes back on another branch shows its callers the same.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DaiseeError } from '@daisee/units';
import { shuffled } from '../chance.ts';
import type { Chance, Fault } from '../doors.ts';
import { bringBack, untilDeep } from './lasting.ts';

/** The journal is not where, or not what, it is expected to be. */
class NoJournal extends DaiseeError {
  constructor(directory: string, why: string) {
    super({
      code: 'campaign.journal',
      message: `No reorganisation can be made in ${directory}: ${why}. Compare faults/reorganisation.ts with the chain's journal.ts.`,
      retryable: false,
      values: { directory, why },
    });
  }
}

interface Undone {
  readonly from: number;
  readonly to: number;
  readonly offered: number;
  readonly lost: number;
}

const numberOf = (value: unknown): number => Number(value ?? 0);

/** Takes the last `depth` blocks out of the journal of a chain that does not run. @throws NoJournal */
export const undoBlocks = (directory: string, depth: number, chance: Chance): Undone => {
  const file = join(directory, 'chain.sqlite');
  if (!existsSync(file)) throw new NoJournal(directory, 'there is no chain.sqlite');
  const database = new DatabaseSync(file, { timeout: 5000 });
  try {
    const last = numberOf(database.prepare('SELECT max(number) AS last FROM blocks').get()?.['last']);
    if (last <= depth) throw new NoJournal(directory, `it has ${last} blocks only`);
    const top = last - depth;
    database.exec('BEGIN IMMEDIATE');
    const removed = database
      .prepare('SELECT seq FROM sends WHERE block > ? ORDER BY seq')
      .all(top)
      .map((row) => numberOf(row['seq']));
    database.prepare('DELETE FROM blocks WHERE number > ?').run(top);
    const offered = shuffled(
      removed.filter(() => chance.next() < 0.6),
      chance,
    );
    const kept = new Set(offered);
    for (const seq of removed)
      if (!kept.has(seq)) database.prepare('DELETE FROM sends WHERE seq = ?').run(seq);
    let next = numberOf(
      database
        .prepare('SELECT max((SELECT max(seq) FROM sends), (SELECT max(seq) FROM blocks)) AS top')
        .get()?.['top'],
    );
    for (const seq of offered)
      database.prepare('UPDATE sends SET block = NULL, seq = ? WHERE seq = ?').run(++next, seq);
    // A snapshot of a block that never was is of another chain.
    const snapshot = numberOf(
      database.prepare("SELECT value FROM settings WHERE name = 'snapshot'").get()?.['value'],
    );
    if (snapshot > top) database.exec("DELETE FROM settings WHERE name = 'snapshot'");
    database.exec('COMMIT');
    if (snapshot > top)
      for (const name of readdirSync(directory))
        if (/^snapshot-\d+\.json\.gz/.test(name)) rmSync(join(directory, name));
    return { from: top + 1, to: last, offered: offered.length, lost: removed.length - offered.length };
  } finally {
    database.close();
  }
};

const DEEPEST = 5;

const reorganised: Fault = {
  name: 'a reorganisation',
  tries: [1, 3, 4, 8],
  weight: 4,
  alone: true,
  strike: async (stage, chance, signal) => {
    const depth = chance.whole(1, DEEPEST);
    const { chain } = stage.parts;
    await chain.kill();
    const { from, to, offered, lost } = undoBlocks(stage.directory('chain'), depth, chance);
    await bringBack(stage, chain, signal);
    if (!signal.aborted) await untilDeep(stage, signal);
    return `blocks ${from} to ${to} never were; of their transactions ${offered} offered again, ${lost} lost`;
  },
};

export const reorganisationFaults: readonly Fault[] = [reorganised];
