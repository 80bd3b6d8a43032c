/** What goes wrong on a link just now; faults nest, so each adds itself and takes itself away again. */
import type { HttpInstead, HttpSeen } from '../doors.ts';

export type Way = 'there' | 'back';
export type Garble = (chunk: Uint8Array, way: Way) => Uint8Array | 'cut' | 'hold';
export type Instead = (request: HttpSeen) => HttpInstead | Promise<HttpInstead>;

export interface Conditions {
  /** Anything at all. */
  readonly isAny: boolean;
  readonly isCut: boolean;
  readonly isStalled: boolean;
  /** Machine milliseconds, the sum of all delays. */
  readonly delay: number;
  readonly garbles: readonly Garble[];
  readonly answers: readonly Instead[];
  /** Each gives its end, which may be called twice. */
  cut(): () => void;
  stall(): () => void;
  delayBy(milliseconds: number): () => void;
  garble(change: Garble): () => void;
  answer(instead: Instead): () => void;
  /** Hears of every change; returns how to hear no more. */
  onChange(heard: () => void): () => void;
}

export const createConditions = (): Conditions => {
  const listeners = new Set<() => void>();
  const cuts = new Set<object>();
  const stalls = new Set<object>();
  const delays = new Set<{ readonly milliseconds: number }>();
  const garbles = new Set<{ readonly change: Garble }>();
  const answers = new Set<{ readonly instead: Instead }>();
  const tell = () => {
    for (const heard of listeners) heard();
  };
  /** An entry of its own each time: the same fault may be there twice. */
  const enter = <T extends object>(set: Set<T>, entry: T): (() => void) => {
    set.add(entry);
    tell();
    return () => {
      if (set.delete(entry)) tell();
    };
  };
  return {
    get isAny() {
      return [cuts, stalls, delays, garbles, answers].some((set) => set.size > 0);
    },
    get isCut() {
      return cuts.size > 0;
    },
    get isStalled() {
      return stalls.size > 0;
    },
    get delay() {
      let sum = 0;
      for (const { milliseconds } of delays) sum += milliseconds;
      return sum;
    },
    get garbles() {
      return [...garbles].map(({ change }) => change);
    },
    get answers() {
      return [...answers].map(({ instead }) => instead);
    },
    cut: () => enter(cuts, {}),
    stall: () => enter(stalls, {}),
    delayBy: (milliseconds) => enter(delays, { milliseconds }),
    garble: (change) => enter(garbles, { change }),
    answer: (instead) => enter(answers, { instead }),
    onChange: (heard) => {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
};
