/** The relay's lease beside the agent's period: an agent renews it at each of its looks. */
import { Duration, Seconds } from '@daisee/units';
import type { RelaySettings } from './relay.ts';

/** Two looks may be late or fail before a load returns to its own source. */
const LOOKS = 3;
/** Of an order over HTTP, where the period asks for no more. */
const SHORTEST = Seconds(60);
/** What the relay's HTTP takes. */
const LONGEST = Seconds(86_400);
/** The relay's own, of an order through the v0.2 port. */
const V02 = 120;

/** The lease that an agent with this period asks for over HTTP. */
export const leaseFor = (period: Duration | undefined): Duration =>
  Duration(Math.max(SHORTEST, LOOKS * (period ?? 0)));

/** Why the load would return to its own source between two looks of its agent; undefined where it would not. */
export const leaseTooShort = (relay: RelaySettings, period: Duration | undefined): string | undefined => {
  if (period === undefined) return undefined;
  const needed = LOOKS * period;
  if (relay.url !== undefined)
    return needed > LONGEST
      ? `needs 8 hours at most: the relay's lease, a day at most, has to last ${LOOKS} periods (got ${period / 1000} s)`
      : undefined;
  const lease = relay.lease ?? V02;
  if (lease === 0 || needed <= lease * 1000) return undefined;
  return `of ${period / 1000} s is too long for the relay's lease of ${lease} s, which has to last ${LOOKS} periods: set relay.lease to ${Math.ceil(needed / 1000)} (where the board is served too), or relay.url, whose lease follows the period`;
};
