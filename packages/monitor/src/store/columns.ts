/** Many samples in little memory: sixteen bytes each, and an object only for those that carry more than their power. */
import type { Sample } from '@daisee/meter';
import { Instant, Watts } from '@daisee/units';

/** What has a length, instants by place, and pieces. */
export interface Listed {
  readonly length: number;
  instantAt(place: number): number;
  slice(from: number, to: number): readonly Sample[];
}

export interface SampleColumns extends Listed {
  /** Whether each is later than the one before it. */
  readonly isAscending: boolean;
  add(samples: readonly Sample[]): void;
}

const FIRST_ROOM = 4096;

const grown = (column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(2 * column.length);
  larger.set(column);
  return larger;
};

export const createColumns = (): SampleColumns => {
  let instants = new Float64Array(FIRST_ROOM);
  let powers = new Float64Array(FIRST_ROOM);
  const rich = new Map<number, Sample>();
  let length = 0;
  let isAscending = true;
  let last = Number.NEGATIVE_INFINITY;
  const instantAt = (place: number): number => instants[place] ?? Number.NaN;
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
        if (length === instants.length) {
          instants = grown(instants);
          powers = grown(powers);
        }
        const { at, power, ...more } = sample;
        isAscending &&= at > last;
        last = at;
        instants[length] = at;
        powers[length] = power;
        if (Object.keys(more).length > 0) rich.set(length, sample);
        length++;
      }
    },
    slice: (from, to) =>
      Array.from({ length: Math.max(0, Math.min(to, length) - from) }, (_, i) => {
        const place = from + i;
        return rich.get(place) ?? { at: Instant(instantAt(place)), power: Watts(powers[place] ?? 0) };
      }),
  };
};
