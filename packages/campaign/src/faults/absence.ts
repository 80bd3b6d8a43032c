/** Absences that outlast the leases of the contacts, begun while the seller feeds: only then the leases are tried. */
import { Duration, Seconds, sleepOrStop } from '@daisee/units';
import type { Chance, Fault, Part, Stage } from '../doors.ts';
import { restBounds } from '../stage/rest.ts';
import { SELLER_CHANNEL } from '../stage/world.ts';
import { bringBack, inWords, lasting, seconds, seenIf } from './lasting.ts';

/** How long the seller's turn is waited for. It comes about every eight minutes. */
const PATIENCE = 12 * 60_000;
const LOOK = Seconds(4);
/** Beyond the bound, lab seconds: the checker looks in between, and it is over soon after. */
const LATEST = 120;
const SEEN = 20;

const beyond = (chance: Chance, bound: Duration): Duration =>
  seconds(chance, bound / 1000 + SEEN, bound / 1000 + LATEST);

/** How long agent 1 is away: as long as any part, or, half the time, until the relay must have given it up. */
export const agentAbsence = (stage: Stage, chance: Chance, usual: Duration): Duration =>
  chance.next() < 0.5 ? beyond(chance, restBounds(stage).lease) : usual;

/** Waits for the seller's turn; false when it does not come. */
const untilFed = async (stage: Stage, signal: AbortSignal): Promise<boolean> => {
  const { clock, board } = stage;
  const until = clock.now() + PATIENCE;
  while (!board.contacts[SELLER_CHANNEL])
    if (clock.now() > until || !(await sleepOrStop(clock, LOOK, signal))) return false;
  // Those who saw it switch have seen it to its end; not so long that it is over again.
  return sleepOrStop(clock, Duration(2 * LOOK), signal);
};

/** Begins an absence; what it returns ends it. */
type Begin = (stage: Stage, signal: AbortSignal) => Promise<() => Promise<void>>;

/** `alone`: with the relay disturbed by another fault the bound would be the device's. */
const awayWhileFed = (name: string, weight: number, lease: 'lease' | 'device', begin: Begin): Fault => ({
  name: `${name} while the seller feeds, and stays away`,
  tries: [1, 7, 8],
  weight,
  alone: true,
  strike: async (stage, chance, signal) => {
    const length = beyond(chance, restBounds(stage)[lease]);
    if (!(await untilFed(stage, signal))) return seenIf(false, 'the seller did not feed');
    const end = await begin(stage, signal);
    await lasting(stage, length, signal);
    const states = stage.board.contacts.map(Number).join('');
    await end();
    return `for ${inWords(length)}; then the contacts were ${states}`;
  },
});

const killed =
  (part: (stage: Stage) => Part): Begin =>
  async (stage, signal) => {
    await part(stage).kill();
    return () => bringBack(stage, part(stage), signal);
  };

const paused =
  (part: (stage: Stage) => Part): Begin =>
  async (stage) => {
    part(stage).pause();
    return async () => part(stage).resume();
  };

const agent = ({ parts }: Stage): Part => parts.agent1;
const relay = ({ parts }: Stage): Part => parts.relay;

export const absenceFaults: readonly Fault[] = [
  awayWhileFed('agent1 killed', 3, 'lease', killed(agent)),
  awayWhileFed('agent1 paused', 2, 'lease', paused(agent)),
  awayWhileFed('agent1-relay cut', 2, 'lease', async ({ links }) => {
    const end = links['agent1-relay'].cut();
    return async () => end();
  }),
  awayWhileFed('agent1-relay stalled', 2, 'lease', async ({ links }) => {
    const end = links['agent1-relay'].stall();
    return async () => end();
  }),
  awayWhileFed('relay killed', 2, 'device', killed(relay)),
  awayWhileFed('relay paused', 1, 'device', paused(relay)),
];
