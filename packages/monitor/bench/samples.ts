/** The samples that the benchmark stores: one every 8 s, as v0.2's sensors sent them, the same in each run. */
import type { Sample } from '@daisee/meter';
import { Instant, Watts } from '@daisee/units';

export const STEP = 8000;
/** 2020-01-01: even 100 M samples of the past would end far from a gap, and no sample is ahead of the clock. */
const START = Date.UTC(2020, 0, 1);

export const instantOf = (place: number): Instant => Instant(START + place * STEP);

/** A household: some hundred watts that move, with two decimals as sensors give them. */
export const sampleOf = (place: number): Sample => {
  const noise = ((place * 2654435761) % 2 ** 32) / 2 ** 32;
  const day = Math.sin((place * 2 * Math.PI) / 10_800);
  return { at: instantOf(place), power: Watts(Math.round((400 + 300 * day + 200 * noise) * 100) / 100) };
};

export const samplesOf = (from: number, count: number): readonly Sample[] =>
  Array.from({ length: count }, (_, i) => sampleOf(from + i));
