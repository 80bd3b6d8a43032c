/** What waits between a socket that delivers when it likes and a loop that lives in the clock's time. */
import { type Clock, type Duration, SleepAborted } from '@daisee/units';

export class Inbox<T> {
  readonly #waiting: T[] = [];
  #wake = new AbortController();

  put(item: T): void {
    this.#waiting.push(item);
    this.#wake.abort();
  }

  /** The next item, waited for on the clock; undefined when none came in time or the signal aborted. */
  async take(clock: Clock, atMost: Duration, signal: AbortSignal): Promise<T | undefined> {
    if (this.#waiting.length === 0 && !signal.aborted) {
      this.#wake = new AbortController();
      try {
        await clock.sleep(atMost, AbortSignal.any([signal, this.#wake.signal]));
      } catch (error) {
        if (!(error instanceof SleepAborted)) throw error;
      }
    }
    return signal.aborted ? undefined : this.#waiting.shift();
  }
}
