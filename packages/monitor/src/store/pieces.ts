/** Long lists of samples, stored a piece at a time so that others get their turn and memory stays small. */
import type { Sample } from '@daisee/meter';
import { distinct } from './recount.ts';
import type { Appended, AppendOptions, SampleStore, StoredSample } from './store.ts';

/** Samples in one transaction. */
const PIECE = 2000;

/** What became of a list of samples. */
export type Counted = Pick<Appended, 'stored' | 'repeated'>;

type Append = (sensorId: number, samples: readonly Sample[], options?: AppendOptions) => Promise<Appended>;

/**
 * The pieces of a list, ascending. What is not later than all that is stored stays whole: all registers after it change
 * with it, so each piece of it would cost as much as the whole.
 */
const piecesOf = (samples: readonly Sample[], newest: number | undefined): readonly (readonly Sample[])[] => {
  const later = samples.findIndex(({ at }) => newest === undefined || at > newest);
  const late = later < 0 ? samples.length : later;
  const pieces = late > 0 ? [samples.slice(0, late)] : [];
  for (let start = late; start < samples.length; start += PIECE)
    pieces.push(samples.slice(start, start + PIECE));
  return pieces;
};

/**
 * Makes an `append` of lists of any length. A list is checked as a whole before any of it is stored; when the database
 * fails on the way, a part of it stays, and the list may be sent again.
 * @param onStored hears of what was stored, piece by piece.
 */
export const createPieces =
  (
    store: Pick<SampleStore, 'last'>,
    append: Append,
    onStored: (sensorId: number, samples: readonly StoredSample[]) => void,
  ) =>
  async (sensorId: number, samples: readonly Sample[], options: AppendOptions): Promise<Counted> => {
    const short = samples.length <= PIECE;
    const pieces = short ? [samples] : piecesOf(distinct(samples), (await store.last(sensorId))?.at);
    let stored = 0;
    for (const piece of pieces) {
      const appended = await append(sensorId, piece, options);
      onStored(sensorId, appended.samples);
      stored += appended.stored;
    }
    return { stored, repeated: samples.length - stored };
  };
