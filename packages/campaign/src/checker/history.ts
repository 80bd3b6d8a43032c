/** Laws 2 to 5 over everything that the ledger ever told, read again from its first block by a reader of its own. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Ledger, LedgerEvent } from '@daisee/chain';
import { formatMicro } from '@daisee/units';
import type { Law, Violation } from '../doors.ts';
import { connect } from '../stage/community.ts';
import type { CheckedStage } from '../stage/stage.ts';
import { checkNeeds, replay } from './replay.ts';
import type { ShownSums } from './undone.ts';

/** Every event from the deployment on. */
const readAll = async (ledger: Ledger): Promise<readonly LedgerEvent[]> => {
  const feed = ledger.createFeed({ blocks: 2000 });
  const events: LedgerEvent[] = [];
  const { number } = await ledger.block();
  do {
    for (const event of await feed.poll()) {
      if (event.type === 'reverted') events.splice(events.findIndex(({ block }) => block >= event.fromBlock));
      else events.push(event);
    }
  } while ((feed.place?.next ?? 0) <= number);
  return events;
};

/** Which purchase each transaction of Node 1's agent was sent for, by its hash. */
const intentsOf = (file: string): ReadonlyMap<string, string> => {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  try {
    const rows = database.prepare('SELECT hash, intent FROM outbox WHERE intent IS NOT NULL').all();
    return new Map(rows.map((row) => [String(row['hash']).toLowerCase(), String(row['intent'])]));
  } finally {
    database.close();
  }
};

/** @returns what breaks a law; throws when the chain cannot be read */
export const checkHistory = async (stage: CheckedStage, shown: ShownSums): Promise<readonly Violation[]> => {
  const { clock, people, connection } = stage;
  const ledger = connect(connection);
  const found: Violation[] = [];
  const say = (law: Law, event: LedgerEvent, what: string): void =>
    void found.push({ law, at: event.at, what: `block ${event.block}, ${event.hash}: ${what}` });
  const tell = (law: Law, what: string): void => void found.push({ law, at: clock.now(), what });
  await ledger.start();
  try {
    const events = await readAll(ledger);
    const { balances, minted, trades } = replay(events, say);
    const intents = intentsOf(join(stage.directory('agent1'), 'outbox.sqlite'));
    checkNeeds(events, people.node1, intents, shown.wasUndone(events, people.node1), say);
    for (const account of [people.node1, people.node2, people.admin]) {
      const [there, told] = [await ledger.balance(account), balances.get(account) ?? 0n];
      if (there !== told)
        tell(4, `${account} has ${formatMicro(there)} coins, and its transfers make ${formatMicro(told)}`);
    }
    const all = [...balances.values()].reduce((sum, balance) => sum + balance, 0n);
    if (all !== minted)
      tell(4, `${formatMicro(minted)} coins were minted, and ${formatMicro(all)} are there`);
    for (const row of await ledger.purchases(people.node1)) {
      const { purchased, consumed } = trades.get(`${people.node1} ${row.seller}`) ?? {
        purchased: 0n,
        consumed: 0n,
      };
      if (row.purchased !== purchased || row.consumed !== consumed)
        tell(
          3,
          `the ledger shows ${row.purchased} µWh purchased and ${row.consumed} consumed from ${row.seller}; its events make ${purchased} and ${consumed}`,
        );
      if (row.purchased !== row.consumed + row.allowance - row.overdrawn)
        tell(
          3,
          `purchased ${row.purchased} ≠ consumed ${row.consumed} + allowance ${row.allowance} − overdrawn ${row.overdrawn} µWh`,
        );
    }
    return found;
  } finally {
    await ledger.stop();
  }
};
