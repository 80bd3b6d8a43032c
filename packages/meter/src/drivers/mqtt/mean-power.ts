/**
 * The power of a device that reports its counters alone: the mean since they last moved. Pure.
 *
 * A power is negative only while a counter of the export rises; a counter that falls has restarted, or was read wrong, and
 * says nothing of that time.
 */
import { type Energy, type Instant, wattHours } from '@daisee/units';

/** The two counters of a device, µWh; undefined for one that it does not have. */
export interface Counters {
  readonly imported: Energy | undefined;
  readonly exported: Energy | undefined;
}

/** What they showed at an instant. */
export interface Counted extends Counters {
  readonly at: Instant;
}

/** A mean power, W, and since when; `first`: there was none before it. */
export interface Mean {
  readonly power: number;
  readonly since: Counted;
  readonly first: boolean;
}

/** Less is the jitter of a counter's last digit. */
const JITTER = wattHours(10);
/** 1 µWh in 1 ms is 3.6 W. */
const WATTS = 3.6;

const risen = (from: bigint = 0n, to: bigint = 0n): bigint | undefined => {
  if (to >= from) return to - from;
  return from - to <= JITTER ? 0n : undefined;
};

const higher = (a: Energy | undefined, b: Energy | undefined): Energy | undefined =>
  a !== undefined && (b === undefined || a > b) ? a : b;

export class MeanPower {
  readonly #highestPower: number;
  #base: Counted | undefined;
  /** There was a mean before. */
  #isKnown = false;
  /** What the counters last rose by in how many ms. */
  #rise: { readonly net: bigint; readonly length: number } | undefined;

  /** @param highestPower W: a mean beyond it comes from a counter that jumped */
  constructor(highestPower: number) {
    this.#highestPower = highestPower;
  }

  /** Takes what the counters show; undefined where they tell no power. */
  take(counted: Counted): Mean | undefined {
    const base = this.#base;
    const length = base ? counted.at - base.at : 0;
    if (!base || length <= 0) {
      this.#base = counted;
      return undefined;
    }
    const [up, down] = [risen(base.imported, counted.imported), risen(base.exported, counted.exported)];
    if (up === undefined || down === undefined) return this.#startAt(counted);
    const known = this.#rise;
    if (up === 0n && down === 0n) {
      // Still between two of its digits: at most as fast as if it moved now.
      if (!known) return undefined;
      const power = (Number(known.net) / Math.max(known.length, length)) * WATTS;
      return { power, since: base, first: false };
    }
    const net = up - down;
    const power = (Number(net) / length) * WATTS;
    if (Math.abs(power) > this.#highestPower) return this.#startAt(counted);
    this.#rise = { net, length };
    this.#base = {
      at: counted.at,
      imported: higher(base.imported, counted.imported),
      exported: higher(base.exported, counted.exported),
    };
    const first = !this.#isKnown;
    this.#isKnown = true;
    return { power, since: base, first };
  }

  #startAt(counted: Counted): undefined {
    this.#base = counted;
    this.#rise = undefined;
  }
}
