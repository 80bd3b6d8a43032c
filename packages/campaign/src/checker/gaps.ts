/**
 * Gaps that an agent had no cause to declare: energy left out over samples that it could have had. Pure.
 *
 * A gap ends with the sample that the agent took after it, so its fetch was made when the monitor had that one already.
 * What the monitor had acknowledged before that one was even sent was in the same answer or an earlier one, whatever was
 * late, away, full or on a stepped clock meanwhile. Only what came after it, late, could not be booked any more.
 */
import type { Gap } from '@daisee/meter';
import type { Duration } from '@daisee/units';
import type { Delivery } from '../stage/gateway.ts';

/** A sample and its way to the monitor. */
export interface Delivered {
  readonly at: number;
  readonly delivery: Delivery | undefined;
}

export interface UndueGap {
  readonly gap: Gap;
  /** Two samples in it that were to be bridged; undefined when it ends where nothing was measured. */
  readonly between: readonly [number, number] | undefined;
}

/** @param samples in the order of their instants */
export const undueGaps = (
  gaps: readonly Gap[],
  samples: readonly Delivered[],
  maxGap: Duration,
): readonly UndueGap[] =>
  gaps.flatMap((gap): readonly UndueGap[] => {
    const inside = samples.filter(({ at }) => at >= gap.from && at <= gap.to);
    const end = inside.at(-1);
    if (inside[0]?.at !== gap.from || end?.at !== gap.to || !end.delivery)
      return [{ gap, between: undefined }];
    const { sent } = end.delivery;
    const there = inside.filter(
      ({ at, delivery }) =>
        at === gap.from ||
        at === gap.to ||
        (delivery?.acknowledged !== undefined && delivery.acknowledged < sent),
    );
    for (const [index, { at }] of there.entries()) {
      const before = there[index - 1];
      if (before && at - before.at <= maxGap) return [{ gap, between: [before.at, at] }];
    }
    return [];
  });
