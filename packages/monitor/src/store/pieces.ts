/** Long lists of samples, stored a piece at a time so that others get their turn and memory stays small. */
import type { Measurement } from '@daisee/meter';
import type { Listed, SampleColumns } from './columns.ts';
import { distinct } from './recount.ts';
import type { Appended, AppendOptions, SampleStore, StoredSample } from './store.ts';

/** Samples in one transaction. */
const PIECE = 2000;

/** What became of a list of samples. */
export interface Counted extends Pick<Appended, 'stored' | 'repeated'> {
  /** As of `append`, where there are any. */
  readonly conflicting?: number | undefined;
  readonly replaced?: number | undefined;
}

type Append = (
  sensorId: number,
  samples: readonly Measurement[],
  options?: AppendOptions,
) => Promise<Appended>;

/**
 * The pieces of a list that is ascending. What is not later than all that is stored stays whole: all registers after it
 * change with it, so each piece of it would cost as much as the whole.
 */
const piecesOf = function* (samples: Listed, newest: number | undefined): Generator<readonly Measurement[]> {
  let late = 0;
  if (newest !== undefined) while (late < samples.length && samples.instantAt(late) <= newest) late++;
  if (late > 0) yield samples.slice(0, late);
  for (let start = late; start < samples.length; start += PIECE) yield samples.slice(start, start + PIECE);
};

const listed = (samples: readonly Measurement[]): Listed => ({
  length: samples.length,
  instantAt: (place) => samples[place]?.at ?? Number.NaN,
  slice: (from, to) => samples.slice(from, to),
});

/**
 * Makes an `append` of lists of any length. A list is checked as a whole before any of it is stored (columns by whoever
 * filled them); when the database fails on the way, a part of it stays, and the list may be sent again.
 * @param onStored hears of what was stored, piece by piece.
 */
export const createPieces = (
  store: Pick<SampleStore, 'last'>,
  append: Append,
  onStored: (sensorId: number, samples: readonly StoredSample[]) => void,
) => {
  const piecesFor = async (
    sensorId: number,
    samples: readonly Measurement[] | SampleColumns,
    { replace }: AppendOptions,
  ): Promise<{ readonly pieces: Iterable<readonly Measurement[]>; readonly conflicting: number }> => {
    if (Array.isArray(samples) && samples.length <= PIECE)
      return { pieces: [samples as readonly Measurement[]], conflicting: 0 };
    const newest = (await store.last(sensorId))?.at;
    if ('isAscending' in samples && samples.isAscending)
      return { pieces: piecesOf(samples, newest), conflicting: 0 };
    const ascending = distinct(samples.slice(0, samples.length), replace);
    return { pieces: piecesOf(listed(ascending.told), newest), conflicting: ascending.conflicting };
  };
  return async (
    sensorId: number,
    samples: readonly Measurement[] | SampleColumns,
    options: AppendOptions,
  ): Promise<Counted> => {
    const { pieces, conflicting: apart } = await piecesFor(sensorId, samples, options);
    let [stored, conflicting, replaced] = [0, apart, 0];
    for (const piece of pieces) {
      const appended = await append(sensorId, piece, options);
      onStored(sensorId, appended.samples);
      stored += appended.stored;
      conflicting += appended.conflicting;
      replaced += appended.replaced;
    }
    const repeated = samples.length - stored - replaced;
    return { stored, repeated, conflicting: conflicting || undefined, replaced: replaced || undefined };
  };
};
