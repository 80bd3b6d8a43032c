/**
 * Leases that devices keep themselves: each turns a channel off unless told again that it should be on, so that a
 * service that is lost ends with the board at rest.
 */
import { Duration } from '@daisee/units';
import type { RelayDriver } from '../driver.ts';

/** How often a lease is renewed within its length. */
const RENEWALS = 3;

/** How often devices with these leases are told again; undefined for none. */
export const renewalPeriod = (leases: readonly Duration[]): Duration | undefined => {
  const finite = leases.filter((lease) => Number.isFinite(lease));
  return finite.length === 0 ? undefined : Duration(Math.min(...finite) / RENEWALS);
};

/** The lease of a load's own source: when everything is lost, it closes after the sellers' have opened. */
export const ownLease = (sellers: Duration, timeout: Duration): Duration =>
  Duration(sellers + (2 * sellers) / RENEWALS + 2 * timeout);

/** When channels with these leases go off by themselves. A renewal may be as old as a period and a slow answer. */
export const lossOf =
  (
    leases: readonly Duration[],
    refreshEvery: Duration,
    timeout: Duration,
  ): NonNullable<RelayDriver['lostAfter']> =>
  (channel) => {
    const lease = leases[channel] ?? (Number.POSITIVE_INFINITY as Duration);
    const earliest = Number.isFinite(lease) ? Duration(Math.max(0, lease - refreshEvery - timeout)) : lease;
    return { earliest, latest: lease };
  };
