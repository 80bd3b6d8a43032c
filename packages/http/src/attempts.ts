import type { Clock } from '@daisee/units';

/** Counts the wrong logins of each address. */
export interface Attempts {
  /** @throws what `tooMany` makes, while the address has sent too many wrong ones; right ones are refused then, too. */
  check(address: string): void;
  failed(address: string): void;
}

/** Wrong logins that an address may send at once. */
const MOST_WRONG = 10;
/** After them, one more each so many ms. */
const PAUSE = 10_000;
/** Beyond this many addresses the one unheard of for longest is forgotten. */
const MOST_ADDRESSES = 10_000;

/** Who has one IPv6 address has its whole /64 (RFC 6177), so that counts as one. */
const blockOf = (address: string): string => {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return groups.slice(0, 4).join(':');
};

/** @param tooMany makes the refusal, of the seconds until the next one may be tried */
export const createAttempts = (clock: Clock, tooMany: (retryAfter: number) => Error): Attempts => {
  // Wrong logins still held against an address; in the order of the last one.
  const wrong = new Map<string, { readonly count: number; readonly at: number }>();
  const countOf = (block: string): number => {
    const held = wrong.get(block);
    return held ? Math.max(0, held.count - Math.max(0, clock.now() - held.at) / PAUSE) : 0;
  };
  return {
    check: (address) => {
      const over = countOf(blockOf(address)) - (MOST_WRONG - 1);
      if (over > 0) throw tooMany(Math.ceil((over * PAUSE) / 1000));
    },
    failed: (address) => {
      const block = blockOf(address);
      const count = countOf(block) + 1;
      wrong.delete(block);
      wrong.set(block, { count, at: clock.now() });
      const [oldest] = wrong.keys();
      if (wrong.size > MOST_ADDRESSES && oldest !== undefined) wrong.delete(oldest);
    },
  };
};
