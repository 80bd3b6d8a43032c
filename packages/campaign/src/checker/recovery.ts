/** Whether the lab works as it does without faults, judged by what it does and says. */
import { DaiseeError, type Instant } from '@daisee/units';
import { BLOCK_SECONDS } from '../stage/settings.ts';
import type { CheckedStage } from '../stage/stage.ts';
import { OWN_CHANNEL, SAMPLE_PERIOD, SELLER_CHANNEL } from '../stage/world.ts';

export interface Recovery {
  /** Undefined when everything works, else the first thing that does not. */
  missing(): Promise<string | undefined>;
}

/** Lab ms. An agent reports each 16 s, and a report takes a block or two. */
const REPORT_AGE = 75_000;
const BOOK_AGE = 5 * SAMPLE_PERIOD;
const BLOCK_AGE = 4 * BLOCK_SECONDS * 1000;
/** Real ms: processes of a busy machine have their turns late. */
const LATE_REAL = 500;
/** Real ms: it guards a real socket. */
const TIMEOUT = 3000;

/** Areas of an agent without which it does not work; that nobody sells just now (`market`) is none of them. */
const ESSENTIAL = ['relay', 'order', 'monitor', 'samples', 'ledger', 'store', 'period', 'charge'] as const;

export const createRecovery = (stage: CheckedStage): Recovery => {
  const { clock, owned, gateways, ledger, ports, speed, board, people } = stage;
  const late = LATE_REAL * speed;
  const last = { report1: 0, book1: 0, report2: 0, book2: 0 };
  let believed: string = 'own';
  /** What each agent's present process has told of and not seen mended, by area. */
  const troubles = { 1: new Map<string, string>(), 2: new Map<string, string>() };
  const hear = (number: 1 | 2) => (record: Readonly<Record<string, unknown>>) => {
    const now = clock.now();
    if (record['type'] === 'reported') last[`report${number}`] = now;
    if (record['type'] === 'consumed-locally' || record['type'] === 'produced-locally')
      last[`book${number}`] = now;
    const area = String(record['area']);
    if (record['type'] === 'trouble') troubles[number].set(area, String(record['message']));
    if (record['type'] === 'recovered') troubles[number].delete(area);
    if (record['type'] === 'switched') believed = String(record['to']);
  };
  owned.agent1.onRecord(hear(1));
  owned.agent2.onRecord(hear(2));
  owned.agent1.onLaunch(() => troubles[1].clear());
  owned.agent2.onLaunch(() => troubles[2].clear());

  const age = (at: number): number => clock.now() - at - late;

  const contacts = (): string | undefined => {
    const shown = `${Number(board.contacts[OWN_CHANNEL])}${Number(board.contacts[SELLER_CHANNEL])}`;
    const wanted = believed === people.node2 ? '11' : '00';
    return shown === wanted ? undefined : `contacts ${shown} while the agent is on ${believed}`;
  };

  const chain = async (): Promise<string | undefined> => {
    let at: Instant;
    try {
      ({ at } = await ledger.block());
    } catch (error) {
      if (error instanceof DaiseeError) return error.message;
      throw error;
    }
    return age(at) > BLOCK_AGE
      ? `the last block is ${Math.round((clock.now() - at) / 1000)} s old`
      : undefined;
  };

  const app = async (): Promise<string | undefined> => {
    try {
      const response = await fetch(`http://127.0.0.1:${ports.app}/`, {
        signal: AbortSignal.timeout(TIMEOUT),
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `the App answers ${response.status}`;
    } catch (error) {
      return `the App does not answer: ${String(error)}`;
    }
  };

  return {
    missing: async () => {
      for (const part of Object.values(owned)) {
        if (!part.running) return `${part.name} does not run`;
        if (part.paused) return `${part.name} is paused`;
      }
      for (const number of [1, 2] as const) {
        if (gateways[number].waiting > 3)
          return `${gateways[number].waiting} samples wait for monitor${number}`;
        for (const area of ESSENTIAL) {
          const trouble = troubles[number].get(area);
          if (trouble !== undefined) return `agent${number}: ${trouble}`;
        }
        if (age(last[`book${number}`]) > BOOK_AGE) return `agent${number} has booked nothing lately`;
        if (age(last[`report${number}`]) > REPORT_AGE) return `agent${number} has reported nothing lately`;
      }
      return contacts() ?? (await chain()) ?? (await app());
    },
  };
};
