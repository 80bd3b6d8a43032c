/** Topics that speak and of which no sample comes: what they say is taken for something else than it is. */
import { type Duration, type Instant, Seconds } from '@daisee/units';

/** So long a topic may speak in vain. */
const IN_VAIN: Duration = Seconds(60);

interface Spoken {
  readonly since: Instant;
  readonly payload: string;
}

/** A topic that has spoken in vain, and what it said first. */
export interface Unheard {
  readonly topic: string;
  readonly payload: string;
}

export class UnheardTopics {
  /** Those that have spoken and not been told yet. */
  readonly #spoken = new Map<string, Spoken>();
  /** Those of which a sample has come, or that were told. */
  readonly #done = new Set<string>();
  /** Those that told something that the next sample has in it. */
  readonly #read = new Set<string>();

  /** A topic said something; `isRead` when it was understood. */
  spoke(topic: string, payload: string, at: Instant, isRead: boolean): void {
    if (this.#done.has(topic)) return;
    if (isRead) this.#read.add(topic);
    if (!this.#spoken.has(topic)) this.#spoken.set(topic, { since: at, payload });
  }

  /** A topic's word is no reading, and understood. */
  understood(topic: string): void {
    this.#done.add(topic);
    this.#spoken.delete(topic);
  }

  /** A sample came, with all that was read so far. */
  sampled(): void {
    for (const topic of this.#read) this.understood(topic);
    this.#read.clear();
  }

  /** When the next one is to be told. */
  due(): Instant | undefined {
    const [first] = [...this.#spoken.values()].map(({ since }) => since).toSorted((a, b) => a - b);
    return first === undefined ? undefined : ((first + IN_VAIN) as Instant);
  }

  /** Those that have spoken in vain for too long, each once. */
  take(now: Instant): readonly Unheard[] {
    const overdue = [...this.#spoken].filter(
      ([, { since }]) => now - since >= IN_VAIN || now < since - IN_VAIN,
    );
    for (const [topic] of overdue) this.understood(topic);
    return overdue.map(([topic, { payload }]) => ({ topic, payload }));
  }
}
