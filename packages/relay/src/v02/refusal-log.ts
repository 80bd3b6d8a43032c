/** How many refusals of one client are told: some at once, then few, with the number of those that were not. */
import type { Clock, Instant } from '@daisee/units';

/** Told at once. */
const BURST = 10;
/** After them, one more each so many ms. */
const PAUSE = 10_000;
/** Beyond this many clients the one heard of longest ago is forgotten. */
const MOST_CLIENTS = 1024;

interface Told {
  readonly count: number;
  readonly at: Instant;
  readonly untold: number;
}

/** Whether one more refusal of this client is told, and how many before it were not; undefined when it is not. */
export type RefusalLog = (client: string) => number | undefined;

/** So that an allowed client which sends nothing but nonsense fills no disk. */
export const createRefusalLog = (clock: Clock): RefusalLog => {
  const told = new Map<string, Told>();
  return (client) => {
    const now = clock.now();
    const before = told.get(client) ?? { count: 0, at: now, untold: 0 };
    const count = Math.max(0, before.count - Math.max(0, now - before.at) / PAUSE);
    const isTold = count <= BURST - 1;
    told.delete(client);
    told.set(client, {
      count: isTold ? count + 1 : count,
      at: now,
      untold: isTold ? 0 : before.untold + 1,
    });
    const [oldest] = told.keys();
    if (told.size > MOST_CLIENTS && oldest !== undefined) told.delete(oldest);
    return isTold ? before.untold : undefined;
  };
};
