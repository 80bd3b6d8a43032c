/**
 * A reorganisation: the last blocks of the embedded chain never were, and what was in them may come again, all, some or
 * none of it, in another order. It is made on the chain's own journal (its tables, `packages/chain/src/journal.ts`) while
 * the chain is dead. Agents and App either see that outage, or never: their requests are kept waiting at the links until
 * the other branch is the longer one, so that one answer was slow and the next one is of a chain that changed its mind.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DaiseeError, Seconds, sleepOrStop } from '@daisee/units';
import { shuffled } from '../chance.ts';
import type { Chance, Fault, LinkName, Stage } from '../doors.ts';
import { answering, bringBack, untilDeep } from './lasting.ts';

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

/**
 * Takes the last `depth` blocks out of the journal of a chain that does not run; `share` of their transactions are offered
 * again. @throws NoJournal
 */
export const undoBlocks = (directory: string, depth: number, chance: Chance, share: number): Undone => {
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
      removed.filter(() => chance.next() < share),
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
const CHAIN_LINKS: readonly LinkName[] = ['agent1-chain', 'agent2-chain', 'app-chain'];
/** Machine seconds that a request under way may take to be answered before the chain is killed. */
const UNDER_WAY = 0.3;
/** Machine seconds between looks at the chain, a few in a block. */
const LOOK = 0.05;
/** Lab time that a purchase is waited for: one comes about every ten minutes. */
const PATIENCE = Seconds(12 * 60);

const tells = ({ from, to, offered, lost }: Undone): string =>
  `blocks ${from} to ${to} never were; of their transactions ${offered} offered again, ${lost} lost`;

/** All, half or none of them come again. */
const shareOf = (chance: Chance): number => chance.pick([0, 0.5, 0.5, 1]);

/** Kept waiting at the links, whoever asks is answered by the chain of then. */
const hold = (stage: Stage): { readonly release: () => string } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const began = stage.clock.now();
  let held = 0;
  const ends = CHAIN_LINKS.map((name) =>
    answering(stage.links[name], async (request) => {
      held++;
      await promise;
      return request.pass();
    }),
  );
  return {
    release: () => {
      for (const end of ends) end();
      resolve();
      const waited = (stage.clock.now() - began) / 1000 / stage.speed;
      return `${held} requests waited, ${waited.toFixed(1)} s of the machine at most`;
    },
  };
};

/** What the last block is; undefined while the chain is away. */
const headOf = async (stage: Stage): Promise<number | undefined> => {
  try {
    return (await stage.ledger.block()).number;
  } catch (error) {
    if (error instanceof DaiseeError) return undefined;
    throw error;
  }
};

/** Waits for a purchase to be mined, so that it is in the last block; false when none came. */
const purchased = async (stage: Stage, signal: AbortSignal): Promise<boolean> => {
  const sum = async (): Promise<bigint> =>
    (await stage.ledger.purchases(stage.community.node1)).reduce((all, row) => all + row.purchased, 0n);
  const before = await sum();
  const until = stage.clock.now() + PATIENCE;
  while (stage.clock.now() < until) {
    if ((await sum()) > before) return true;
    if (!(await sleepOrStop(stage.clock, Seconds(LOOK * stage.speed), signal))) return false;
  }
  return false;
};

const reorganisedLive: Fault = {
  name: 'a reorganisation under running clients',
  tries: [1, 3, 4, 8],
  weight: 4,
  alone: true,
  strike: async (stage, chance, signal) => {
    const isWaiting = chance.next() < 0.5;
    // Until the chain is dead a block or two may come after the purchase.
    const depth = chance.whole(isWaiting ? 3 : 1, DEEPEST);
    const share = shareOf(chance);
    const beyond = chance.whole(1, 3);
    const { chain } = stage.parts;
    const when = isWaiting && (await purchased(stage, signal)) ? ', among them a purchase' : '';
    const { release } = hold(stage);
    let waited = '';
    let undone: Undone;
    try {
      await sleepOrStop(stage.clock, Seconds(UNDER_WAY * stage.speed), signal);
      await chain.kill();
      undone = undoBlocks(stage.directory('chain'), depth, chance, share);
      await bringBack(stage, chain, signal);
      while (!signal.aborted && ((await headOf(stage)) ?? 0) < undone.to + beyond)
        await sleepOrStop(stage.clock, Seconds(LOOK * stage.speed), signal);
    } finally {
      waited = release();
      await bringBack(stage, chain, signal);
    }
    if (!signal.aborted) await untilDeep(stage, signal);
    return `${tells(undone)}${when}; ${waited}`;
  },
};

const reorganisedAway: Fault = {
  name: 'a reorganisation over an outage',
  tries: [1, 3, 4, 8],
  weight: 2,
  alone: true,
  strike: async (stage, chance, signal) => {
    const depth = chance.whole(1, DEEPEST);
    const { chain } = stage.parts;
    await chain.kill();
    const undone = undoBlocks(stage.directory('chain'), depth, chance, shareOf(chance));
    await bringBack(stage, chain, signal);
    if (!signal.aborted) await untilDeep(stage, signal);
    return tells(undone);
  },
};

export const reorganisationFaults: readonly Fault[] = [reorganisedLive, reorganisedAway];
