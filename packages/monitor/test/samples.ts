/** Samples by the second, for tests of stores. */
import type { Sample } from '@daisee/meter';
import { Instant, Watts } from '@daisee/units';

export const at = (seconds: number): Instant => Instant(seconds * 1000);
export const sample = (seconds: number, watts: number): Sample => ({ at: at(seconds), power: Watts(watts) });

/** Samples each `period` seconds from 0, the power given by the second. */
export const every = (period: number, count: number, power: (second: number) => number): readonly Sample[] =>
  Array.from({ length: count }, (_, i) => sample(i * period, power(i * period)));

/** The same sample so many seconds later. */
export const later =
  (seconds: number) =>
  (given: Sample): Sample => ({ ...given, at: Instant(given.at + seconds * 1000) });
