/**
 * A clock that moves by itself from sleeper to sleeper: discrete events over real input and output.
 *
 * Tasks started with `task` hold it while they work (including real I/O they await); when all sleep, it goes to the
 * earliest of them. `speed` paces it against the machine's clock: 1 is real time, 200 is two hundred times faster,
 * Infinity does not wait. When work takes longer than its time allows, the clock falls behind the machine's and no
 * instant is skipped, so results never depend on the speed.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, SleepAborted, sleepOrStop, systemClock } from './clock.ts';
import { Duration, Instant } from './quantities.ts';

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** A task's hold on the clock; follows the task through its awaits. */
interface Hold {
  held: boolean;
}

export interface VirtualClockOptions {
  /** The instant at which it starts. */
  readonly start: Instant;
  /** Simulated milliseconds for each of the machine's; Infinity (the default) never waits. */
  readonly speed?: number;
  /** The clock that paces it; the machine's by default. */
  readonly pace?: Clock;
}

export class VirtualClock implements Clock {
  #now: number;
  #speed: number;
  #hurry = new AbortController();
  readonly #pace: Clock;
  readonly #paceStart: number;
  readonly #start: number;
  #busy = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];
  #turning = false;
  #frozen = false;
  #lag = 0;
  #set = 0;
  readonly #holds = new AsyncLocalStorage<Hold>();

  constructor(options: VirtualClockOptions) {
    this.#now = options.start;
    this.#start = options.start;
    this.#speed = options.speed ?? Number.POSITIVE_INFINITY;
    this.#pace = options.pace ?? systemClock;
    this.#paceStart = this.#pace.now();
  }

  now(): Instant {
    return Instant(this.#now + this.#set);
  }

  monotonic(): Duration {
    return Duration(this.#now);
  }

  /** Sets what it shows on by this (or back), as a person sets a machine's clock: no wait changes by it. */
  step(by: Duration): void {
    this.#set += by;
  }

  /** How far behind its pace the clock is, in the machine's milliseconds (0 when it keeps up). */
  get lag(): Duration {
    return Duration(this.#lag);
  }

  /** Stands still from here on: for the end of a run, when its parts stop one after another. */
  freeze(): void {
    this.#frozen = true;
  }

  /** From here on, waits for nothing: for the last steps of a run that was paced. */
  hurry(): void {
    this.#speed = Number.POSITIVE_INFINITY;
    this.#lag = 0;
    this.#hurry.abort();
  }

  task<T>(work: () => Promise<T>): Promise<T> {
    const hold: Hold = { held: false };
    this.#take(hold);
    return this.#holds.run(hold, async () => {
      try {
        return await work();
      } finally {
        this.#release(hold);
      }
    });
  }

  async aside<T>(wait: () => Promise<T>): Promise<T> {
    const hold = this.#release(this.#holds.getStore());
    try {
      return await wait();
    } finally {
      this.#take(hold);
    }
  }

  sleep(duration: Duration, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new SleepAborted());
      // Only the task's own hold is let go: a sleep outside any task (a server's handler) just waits.
      let hold: Hold | undefined;
      const end = () => {
        signal?.removeEventListener('abort', abort);
        this.#take(hold);
      };
      const sleeper: Sleeper = {
        at: this.#now + Math.max(0, duration),
        order: this.#order++,
        wake: () => {
          end();
          resolve();
        },
      };
      const abort = () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        end();
        reject(new SleepAborted());
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#sleepers.push(sleeper);
      hold = this.#release(this.#holds.getStore());
      this.#turn();
    });
  }

  #take(hold: Hold | undefined): void {
    if (!hold) return;
    hold.held = true;
    this.#busy++;
  }

  /** Lets go of a hold and returns it, or undefined when there was none to let go. */
  #release(hold: Hold | undefined): Hold | undefined {
    if (!hold?.held) return undefined;
    hold.held = false;
    this.#busy--;
    this.#turn();
    return hold;
  }

  /** Moves to the next sleeper once nothing works; one turn at a time, after the microtasks of this one. */
  #turn(): void {
    if (this.#turning || this.#frozen || this.#busy > 0) return;
    this.#turning = true;
    setImmediate(() => {
      void this.#advance().finally(() => {
        this.#turning = false;
        if (this.#busy === 0 && this.#sleepers.length > 0) this.#turn();
      });
    });
  }

  async #advance(): Promise<void> {
    const next = this.#earliest();
    if (this.#busy > 0 || this.#frozen || !next) return;
    if (Number.isFinite(this.#speed)) {
      const due = this.#paceStart + (next.at - this.#start) / this.#speed;
      const wait = due - this.#pace.now();
      this.#lag = Math.max(0, -wait);
      if (wait > 1) await sleepOrStop(this.#pace, Duration(wait), this.#hurry.signal);
      if (this.#busy > 0 || this.#earliest() !== next) return;
    }
    this.#sleepers = this.#sleepers.filter((other) => other !== next);
    this.#now = Math.max(this.#now, next.at);
    next.wake();
  }

  #earliest(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers)
      if (!first || sleeper.at < first.at || (sleeper.at === first.at && sleeper.order < first.order))
        first = sleeper;
    return first;
  }
}
