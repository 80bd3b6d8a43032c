/** Many samples in little memory: sixteen bytes each, and an object only for those that carry more than their power. */
import { isAbsence, type Measurement } from '@daisee/meter';
import { Instant, Watts } from '@daisee/units';

/** What has a length, instants by place, and pieces. */
export interface Listed {
  readonly length: number;
  instantAt(place: number): number;
  slice(from: number, to: number): readonly Measurement[];
}

export interface SampleColumns extends Listed {
  /** Whether each is later than the one before it. */
  readonly isAscending: boolean;
  add(samples: readonly Measurement[]): void;
}

/** Places of a piece of the columns: one that grew as a whole would be there twice while it does. */
const PIECE = 4096;

interface Piece {
  readonly instants: Float64Array<ArrayBuffer>;
  readonly powers: Float64Array<ArrayBuffer>;
}

export const createColumns = (): SampleColumns => {
  const pieces: Piece[] = [];
  const rich = new Map<number, Measurement>();
  let length = 0;
  let isAscending = true;
  let last = Number.NEGATIVE_INFINITY;
  const pieceOf = (place: number): Piece | undefined => pieces[Math.floor(place / PIECE)];
  const instantAt = (place: number): number => pieceOf(place)?.instants[place % PIECE] ?? Number.NaN;
  return {
    get length() {
      return length;
    },
    get isAscending() {
      return isAscending;
    },
    instantAt,
    add: (samples) => {
      for (const sample of samples) {
        let piece = pieces.at(-1);
        if (!piece || length % PIECE === 0) {
          piece = { instants: new Float64Array(PIECE), powers: new Float64Array(PIECE) };
          pieces.push(piece);
        }
        const { at, power, ...more } = isAbsence(sample) ? { ...sample, power: 0 } : sample;
        isAscending &&= at > last;
        last = at;
        piece.instants[length % PIECE] = at;
        piece.powers[length % PIECE] = power;
        if (Object.keys(more).length > 0) rich.set(length, sample);
        length++;
      }
    },
    slice: (from, to) =>
      Array.from({ length: Math.max(0, Math.min(to, length) - from) }, (_, i) => {
        const place = from + i;
        const power = pieceOf(place)?.powers[place % PIECE] ?? 0;
        return rich.get(place) ?? { at: Instant(instantAt(place)), power: Watts(power) };
      }),
  };
};
