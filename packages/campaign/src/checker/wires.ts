/** Laws 6 and 7, on the twin's wires: what the contacts did, whoever ordered it. */
import type { Duration, Instant } from '@daisee/units';
import type { LeaseTries, Violation } from '../doors.ts';
import { restBounds } from '../stage/rest.ts';
import type { CheckedStage } from '../stage/stage.ts';
import { SELLER_CHANNEL } from '../stage/world.ts';

export const iso = (at: number): string => new Date(at).toISOString();
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export interface Wires {
  look(): readonly Violation[];
  readonly tries: LeaseTries;
}

/** Nothing heard since an instant. */
interface Silence {
  readonly since: Instant;
  /** Contacts were away from rest when it began: the lease is tried. */
  readonly isTried: boolean;
  isDisturbed: boolean;
  isCounted: boolean;
  isTold: boolean;
}

const silence = (since: Instant, isTried: boolean): Silence => ({
  since,
  isTried,
  isDisturbed: false,
  isCounted: false,
  isTold: false,
});

export const createWires = (stage: CheckedStage, bought: () => bigint): Wires => {
  const { clock, twin, board, parts, links } = stage;
  const bounds = restBounds(stage);
  const way = links['agent1-relay'];
  const tries = { agent: 0, link: 0, device: 0 };
  let told = 0;
  let isUnpaidTold = false;

  const away = (part: { readonly running: boolean; readonly paused: boolean }) =>
    !part.running || part.paused;
  const isAnyOn = () => board.contacts.some((on) => on);

  const outlasted = (quiet: Silence, bound: Duration, cause: () => keyof LeaseTries, what: string) => {
    const now = clock.now();
    if (now - quiet.since <= bound) return [];
    if (quiet.isTried && !quiet.isCounted) {
      quiet.isCounted = true;
      tries[cause()]++;
    }
    if (quiet.isTold || !isAnyOn()) return [];
    quiet.isTold = true;
    const evidence = `${what} since ${iso(quiet.since)} (${seconds(now - quiet.since)}; bound ${seconds(bound)}), and the contacts are ${board.contacts.map(Number).join('')} since ${iso(twin.contacts.at(-1)?.at ?? 0)}`;
    return [{ law: 7, at: now, what: evidence }] as const;
  };

  let heard = { carried: way.carried, quiet: silence(clock.now(), isAnyOn()) };
  /** The relay's lease: whatever keeps the agent from being heard there. */
  const lease = (): readonly Violation[] => {
    if (way.carried !== heard.carried)
      heard = { carried: way.carried, quiet: silence(clock.now(), isAnyOn()) };
    const { quiet } = heard;
    quiet.isDisturbed ||= away(parts.relay) || links['relay-board'].disturbed || board.disturbed;
    const isGone = away(parts.agent1);
    return outlasted(
      quiet,
      quiet.isDisturbed ? bounds.disturbed : bounds.lease,
      () => (isGone ? 'agent' : 'link'),
      `the relay heard nothing of Node 1's agent${isGone ? ', which is away,' : ''}`,
    );
  };

  let ordered: Silence | undefined;
  /** The device's own lease: it holds whoever else is away. */
  const ownLease = (): readonly Violation[] => {
    if (!board.told) return [];
    const { at, isOn } = board.told;
    if (ordered?.since !== at) ordered = silence(at, isOn);
    return outlasted(ordered, bounds.device, () => 'device', 'the device was told nothing');
  };

  return {
    tries,
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
      found.push(...lease(), ...ownLease());
      if (!isUnpaidTold && board.contacts[SELLER_CHANNEL] && bought() === 0n) {
        isUnpaidTold = true;
        const what = 'the seller’s contact is closed, and nothing was ever bought';
        found.push({ law: 7, at: clock.now(), what });
      }
      return found;
    },
  };
};
