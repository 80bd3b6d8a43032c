/** Laws 6 and 7, on the twin's wires: what the contacts did, whoever ordered it. */
import { Duration, type Instant } from '@daisee/units';
import type { Violation } from '../doors.ts';
import { deviceRest, LEASES } from '../stage/settings.ts';
import type { CheckedStage } from '../stage/stage.ts';
import { SELLER_CHANNEL } from '../stage/world.ts';

/** What a rest may take beyond the leases: real ms of time-outs (twice 2 s), and lab ms of looking. */
const SLOW_REAL = 4000;
const SLOW = 20_000;

export const iso = (at: number): string => new Date(at).toISOString();
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export interface Wires {
  look(): readonly Violation[];
}

/** How long the contacts may stay away from rest without the agent. */
interface RestBounds {
  /** With the relay and its device in order. */
  readonly lease: Duration;
  /** With one of them away meanwhile: then the device rests by itself. */
  readonly disturbed: Duration;
}

export const restBounds = ({ relay, speed }: Pick<CheckedStage, 'relay' | 'speed'>): RestBounds => {
  const lease = 1000 * LEASES[relay] + SLOW + SLOW_REAL * speed;
  // Disturbed just before the device would have rested, it is told again once more at most.
  return { lease: Duration(lease), disturbed: Duration(lease + 2 * 1000 * deviceRest(speed)) };
};

export const createWires = (stage: CheckedStage, bought: () => bigint): Wires => {
  const { clock, twin, board, parts, links } = stage;
  const bounds = restBounds(stage);
  let told = 0;
  let goneSince: Instant | undefined;
  let wasDisturbed = false;
  let isTold = false;
  let isUnpaidTold = false;

  const away = (part: { readonly running: boolean; readonly paused: boolean }) =>
    !part.running || part.paused;

  const lease = (): Violation | undefined => {
    const now = clock.now();
    if (!away(parts.agent1)) {
      goneSince = undefined;
      return undefined;
    }
    if (goneSince === undefined) {
      goneSince = now;
      wasDisturbed = false;
      isTold = false;
    }
    wasDisturbed ||= away(parts.relay) || links['relay-board'].disturbed || board.disturbed;
    const states = board.contacts;
    const bound = wasDisturbed ? bounds.disturbed : bounds.lease;
    if (isTold || now - goneSince <= bound || states.every((on) => !on)) return undefined;
    isTold = true;
    const last = twin.contacts.at(-1);
    return {
      law: 7,
      at: now,
      what: `Node 1's agent is gone since ${iso(goneSince)} (${seconds(now - goneSince)}; bound ${seconds(bound)}), and the contacts are ${states.map(Number).join('')} since ${iso(last?.at ?? 0)}`,
    };
  };

  return {
    look: () => {
      const found: Violation[] = twin.twoSources.slice(told).map(({ at, load, states }) => ({
        law: 6,
        at,
        what: `${load} had two sources: contacts ${states.map(Number).join('')} at ${iso(at)}, before that ${twin.contacts
          .filter((record) => record.at <= at)
          .slice(-4)
          .map((record) => `${record.states.map(Number).join('')} from ${iso(record.at)}`)
          .join(', ')}`,
      }));
      told = twin.twoSources.length;
      const late = lease();
      if (late) found.push(late);
      if (!isUnpaidTold && board.contacts[SELLER_CHANNEL] && bought() === 0n) {
        isUnpaidTold = true;
        const what = 'the seller’s contact is closed, and nothing was ever bought';
        found.push({ law: 7, at: clock.now(), what });
      }
      return found;
    },
  };
};
