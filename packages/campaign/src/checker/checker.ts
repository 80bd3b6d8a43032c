/** The checker: looks at the laws while the campaign runs, and at everything when it is over. */
import { DaiseeError, Duration, messageOf, Seconds } from '@daisee/units';
import type { Checker, Law, Violation } from '../doors.ts';
import type { CheckedStage } from '../stage/stage.ts';
import { checkHistory } from './history.ts';
import { createRecovery } from './recovery.ts';
import { checkMonitors, checkRegisters } from './registers.ts';
import { createShownSums } from './undone.ts';
import { createWires, iso } from './wires.ts';

/** Lab time after the last fault by which everything works again. */
const RECOVERY_BOUND: Duration = Seconds(15 * 60);
/** Real ms: how often that is looked for. */
const LOOK = 250;
/** How often an agent may be ended until its last report is through. */
const ENDINGS = 4;

export interface OwnChecker extends Checker {
  /** What does not work yet; undefined when everything does. */
  missing(): Promise<string | undefined>;
}

export const createChecker = (stage: CheckedStage): OwnChecker => {
  const { clock, ledger, people, owned, gateways, speed } = stage;
  let bought = 0n;
  let wasRead = false;
  const wires = createWires(stage, () => (wasRead ? bought : 1n));
  const recovery = createRecovery(stage);
  const told = new Set<string>();
  const shown = createShownSums();

  /** The purchases that the chain shows now, with the block that is the last one then. */
  const purchases = async () => {
    const rows = await ledger.purchases(people.node1);
    const { number } = await ledger.block();
    for (const { seller, purchased } of rows) shown.show(seller, purchased, number);
    return rows;
  };
  // A chain that is killed may come back without its last blocks: what it showed in them is looked at before.
  owned.chain.onKill(async () => {
    try {
      await purchases();
    } catch (error) {
      // It was away already.
      if (!(error instanceof DaiseeError)) throw error;
    }
  });

  /** Laws 2 and 3 in the ledger's own views, each of one block. */
  const books = async (): Promise<readonly Violation[]> => {
    const found: Violation[] = [];
    const tell = (law: Law, what: string): void => {
      if (told.has(what)) return;
      told.add(what);
      found.push({ law, what, at: clock.now() });
    };
    for (const row of await ledger.sellers())
      if (row.available > 0n && row.taken + row.available > row.produced)
        tell(
          2,
          `${row.account} has ${row.available} µWh for sale, of ${row.produced} produced and ${row.taken} taken`,
        );
    const rows = await purchases();
    bought = rows.reduce((sum, row) => sum + row.purchased, 0n);
    wasRead = true;
    for (const { purchased, consumed, allowance, overdrawn } of rows)
      if (purchased !== consumed + allowance - overdrawn)
        tell(
          3,
          `purchased ${purchased} ≠ consumed ${consumed} + allowance ${allowance} − overdrawn ${overdrawn} µWh`,
        );
    return found;
  };

  const look = async (): Promise<readonly Violation[]> => {
    try {
      // Before the wires are judged: what closed a contact was bought before.
      const found = await books();
      return [...wires.look(), ...found];
    } catch (error) {
      // A chain that is away says nothing; the wires do.
      if (!(error instanceof DaiseeError)) throw error;
      wasRead = false;
      return wires.look();
    }
  };

  const recoveredWithin = async (bound: Duration): Promise<string | undefined> => {
    const until = clock.now() + bound;
    for (;;) {
      const missing = await recovery.missing();
      if (missing === undefined || clock.now() > until) return missing;
      await clock.sleep(Duration(LOOK * speed));
    }
  };

  /** Ends an agent as a person does; again when its last report did not come through in time. */
  const end = async (name: 'agent1' | 'agent2'): Promise<Violation | undefined> => {
    const part = owned[name];
    const troubles: string[] = [];
    part.onRecord((record) => {
      if (record['type'] === 'trouble' && record['area'] === 'stop') troubles.push(String(record['message']));
    });
    for (let ending = 1; ending <= ENDINGS; ending++) {
      troubles.length = 0;
      await part.stop();
      if (troubles.length === 0) return undefined;
      stage.note(`${name} could not finish (${troubles.join(' ')}); it is started and ended once more`);
      await part.start();
      await clock.sleep(Seconds(30));
    }
    await part.stop();
    return { law: 8, at: clock.now(), what: `${name} never ended in order: ${troubles.join(' ')}` };
  };

  const final = async (): Promise<readonly Violation[]> => {
    const found: Violation[] = [...(await look())];
    const began = clock.now();
    const missing = await recoveredWithin(RECOVERY_BOUND);
    if (missing !== undefined)
      found.push({
        law: 8,
        at: clock.now(),
        what: `${RECOVERY_BOUND / 60_000} minutes after the last fault (${iso(began)}) the lab does not work: ${missing}`,
      });
    for (const name of ['agent1', 'agent2'] as const) {
      const late = await end(name);
      if (late) found.push(late);
    }
    if (stage.board.contacts.some((on) => on))
      found.push({
        law: 7,
        at: clock.now(),
        what: `the agent has ended, and the contacts are ${stage.board.contacts.map(Number).join('')}`,
      });
    const patience = AbortSignal.timeout(30_000);
    for (const number of [1, 2] as const)
      if (!(await gateways[number].drained(patience)))
        found.push({
          law: 8,
          at: clock.now(),
          what: `monitor${number} does not take the ${gateways[number].waiting} samples that wait`,
        });
    found.push(...(await look()), ...(await checkRegisters(stage)), ...(await checkHistory(stage, shown)));
    for (const name of ['monitor1', 'monitor2'] as const) await owned[name].stop();
    found.push(...checkMonitors(stage));
    return found;
  };

  return {
    look,
    missing: () => recovery.missing(),
    tries: wires.tries,
    recovered: async () => (await recovery.missing()) === undefined,
    final: async () => {
      try {
        return await final();
      } catch (error) {
        return [
          {
            law: 8,
            at: clock.now(),
            what: `the campaign could not be brought to its end: ${messageOf(error)}`,
          },
        ];
      }
    },
  };
};
