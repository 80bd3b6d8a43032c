/** What spares the relay: how often it switches in an hour, and the sellers with whom a stay was too short. */
import type { Address } from '@daisee/chain';
import { Duration, Instant } from '@daisee/units';
import type { Feed } from './feed.ts';
import { backOff } from './retry.ts';
import type { ConsumerRules } from './settings.ts';
import type { Inputs } from './situation.ts';

export const HOUR = Duration(3_600_000);

/** A seller is left by another switch, maybe at once: it is only gone to when both are left of the hour's. */
const THERE_AND_BACK = 2;

/** Undefined: it may go to a seller. Else from when on it may. */
export const switchesUntil = (
  { switches }: Pick<Inputs, 'switches'>,
  { maxSwitches }: Pick<ConsumerRules, 'maxSwitches'>,
): Instant | undefined => {
  const over = switches.length + THERE_AND_BACK - maxSwitches;
  const last = switches.toSorted((a, b) => a - b)[over - 1];
  return over <= 0 || last === undefined ? undefined : Instant(last + HOUR);
};

export interface Stays {
  /** The source changed; `isUsedUp`: it left because nothing was left there. */
  readonly switched: (at: Instant, from: Feed, isUsedUp: boolean) => void;
  /** Sellers to which the node does not go now. */
  readonly resting: (now: Instant) => ReadonlySet<Address>;
}

/** A stay shorter than this, ended because nothing was left to buy, was not worth its two switches. */
export const createStays = (shortest: Duration): Stays => {
  const short = new Map<Address, { readonly times: number; readonly until: Instant }>();
  let since: Instant | undefined;
  return {
    switched: (at, from, isUsedUp) => {
      const began = since;
      since = at;
      if (from === 'own' || from === 'unknown' || from === 'disordered' || began === undefined) return;
      if (at - began >= shortest) short.delete(from);
      else if (isUsedUp) {
        const times = (short.get(from)?.times ?? 0) + 1;
        const rest = Math.min(backOff(shortest, times), Math.max(HOUR, shortest));
        short.set(from, { times, until: Instant(at + rest) });
      }
    },
    resting: (now) =>
      new Set(
        [...short]
          // Later than it can have been set is a clock that was set back.
          .filter(([, { until }]) => until > now && until - now <= Math.max(HOUR, shortest))
          .map(([seller]) => seller),
      ),
  };
};
