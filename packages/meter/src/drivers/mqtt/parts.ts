/**
 * The powers and counters of several topics, as one. A power made of several is known only while each of them is: one that
 * has no value, or has been silent for longer than its own rhythm allows, leaves all of it unknown.
 */
import { type Duration, Energy, Instant } from '@daisee/units';
import { bridgedBy, type Rhythm, rhythmAfter } from '../../bridging.ts';
import type { Counters } from './mean-power.ts';
import type { Report } from './payloads.ts';

/** A topic whose power is a part of the meter's. */
export interface PartOfPower {
  readonly topic: string;
  readonly part: 'add' | 'subtract';
}

interface Told {
  readonly power: number;
  readonly at: Instant;
  readonly rhythm: Rhythm | undefined;
}

/** What is known of a power: how much, or why it is not. */
export type Whole =
  | { readonly power: number; readonly holdsUntil: number }
  | { readonly missing: string; readonly since: Instant }
  | undefined;

export class Parts {
  readonly #parts: readonly PartOfPower[];
  readonly #maxGap: Duration;
  readonly #holds: boolean;
  readonly #told = new Map<string, Told>();
  readonly #imported = new Map<string, readonly Energy[]>();
  readonly #exported = new Map<string, readonly Energy[]>();

  /** @param holds they report on change only: their silence has no rhythm */
  constructor(parts: readonly PartOfPower[], maxGap: Duration, holds: boolean) {
    this.#parts = parts;
    this.#maxGap = maxGap;
    this.#holds = holds;
  }

  /** Takes the counters of a report; of one that was overtaken only what is further on. */
  count(topic: string, { imported, exported, channels }: Report, isOvertaken = false): void {
    const keep = (known: Map<string, readonly Energy[]>, told: readonly Energy[] | undefined): void => {
      if (!told) return;
      const old = known.get(topic);
      const isNews = !isOvertaken || !old || told.some((one, index) => one > (old[index] ?? -1n));
      if (isNews) known.set(topic, told);
    };
    keep(this.#imported, channels?.imported ?? (imported === undefined ? undefined : [imported]));
    keep(this.#exported, channels?.exported ?? (exported === undefined ? undefined : [exported]));
  }

  /** A topic that has no value of its counters any more. */
  forgetCounters(topic: string): void {
    this.#imported.delete(topic);
    this.#exported.delete(topic);
  }

  /** The sums of the counters; undefined where there is none. */
  counters(): Counters {
    return { imported: sumOf(this.#imported), exported: sumOf(this.#exported) };
  }

  /** Takes the power of a topic. */
  tell(topic: string, power: number, at: Instant): void {
    const before = this.#told.get(topic);
    const length = before ? Math.round(at - before.at) : 0;
    const rhythm = length > 0 ? rhythmAfter(before?.rhythm, length) : before?.rhythm;
    this.#told.set(topic, { power, at, rhythm });
  }

  /** A topic that has no value of its power any more. */
  forget(topic: string): void {
    this.#told.delete(topic);
  }

  isPart(topic: string): boolean {
    return this.#parts.some((part) => part.topic === topic);
  }

  /**
   * The power of all topics at an instant, from the power of one of them where it is the only one.
   * @param isOnline the device says that it is there: what it does not tell anew has not changed
   */
  whole(at: Instant, isOnline: boolean): Whole {
    let power = 0;
    let holdsUntil = Number.POSITIVE_INFINITY;
    for (const { topic, part } of this.#parts) {
      const told = this.#told.get(topic);
      if (!told) return undefined;
      const until = isOnline
        ? Number.POSITIVE_INFINITY
        : told.at + (this.#holds ? this.#maxGap : bridgedBy(told.rhythm, this.#maxGap));
      if (at > until) return { missing: `silence on ${topic}`, since: Instant(until) };
      holdsUntil = Math.min(holdsUntil, until);
      power += part === 'add' ? told.power : -told.power;
    }
    return { power, holdsUntil };
  }
}

const sumOf = (known: ReadonlyMap<string, readonly Energy[]>): Energy | undefined =>
  known.size === 0
    ? undefined
    : Energy([...known.values()].flat().reduce((sum: bigint, energy) => sum + energy, 0n));
