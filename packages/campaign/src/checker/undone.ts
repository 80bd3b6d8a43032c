/**
 * Which purchases the chain showed and took back. A sum of purchases that it showed at a block, and that the chain of the
 * end has not reached by that block, was of blocks that never were: that holds for every way of reorganising a chain.
 */
import type { Address, LedgerEvent } from '@daisee/chain';

export interface ShownSums {
  /** The chain showed this sum, at this block or before it. */
  show(seller: Address, sum: bigint, block: number): void;
  /** Whether the sum was shown and undone, by the events that there are in the end. */
  wasUndone(events: readonly LedgerEvent[], buyer: Address): (seller: Address, sum: bigint) => boolean;
}

const keyOf = (seller: string, sum: bigint): string => `${seller.toLowerCase()} ${sum}`;

export const createShownSums = (): ShownSums => {
  /** The earliest block: a sum that was undone may be reached again later. */
  const shown = new Map<string, number>();
  return {
    show: (seller, sum, block) => {
      const key = keyOf(seller, sum);
      shown.set(key, Math.min(block, shown.get(key) ?? block));
    },
    wasUndone: (events, buyer) => (seller, sum) => {
      const block = shown.get(keyOf(seller, sum));
      if (block === undefined) return false;
      let reached = 0n;
      for (const event of events)
        if (
          event.type === 'bought' &&
          event.buyer === buyer &&
          event.seller.toLowerCase() === seller.toLowerCase() &&
          event.block <= block
        )
          reached += event.energy;
      return reached < sum;
    },
  };
};
