/**
 * From what a device reports, when it happens to report it, to samples. Pure: instants go in.
 *
 * **A constant load.** Many sensors report only on change. When nothing came for `repeatEvery`, the last power is
 * given again, at each `repeatEvery`, for as long as the device is known to be alive: without end while it is
 * connected to the broker by its own word (its availability topic says so) and so are we, else until `maxGap` after
 * its last message. A new power after such a pause is a step, not the end of a line: the old power is given once more
 * one millisecond before it. Beyond that there is a gap, and it stays one.
 *
 * **Absence.** A device that says that it has no value (`unavailable`, null) or is gone (`offline`) is absent from then
 * on: the last power holds up to that instant and no further.
 *
 * **Old news.** A message that the broker kept (`retained`) with a time stamp older than `maxGap` is no sample of
 * now. One without a stamp is taken as of now when the device says that it is there, else not at all.
 *
 * **Instants** are the device's own where it gives them and they are not from the future, else those of arrival.
 */
import { Duration, type Energy, Instant, Watts } from '@daisee/units';
import type { Absence, Measurement, Sample, SignRule } from '../../meter.ts';
import type { Report } from './payloads.ts';

export interface AssemblyRule {
  readonly sign: SignRule;
  /** The device counts the other way round: power changes its sign, the two counters their places. */
  readonly invert: boolean;
  /** In watts: a mean power beyond it comes from a counter that jumped. */
  readonly highestPower: number;
  readonly repeatEvery: Duration;
  readonly maxGap: Duration;
}

/** What a report came to; `late`: it was older than a sample already given, and differed from it. */
export interface Assembled {
  readonly samples: readonly Measurement[];
  readonly late?: boolean;
}

const NONE: Assembled = { samples: [] };
/** A clock that runs this far ahead of ours is wrong; less is the network's and the clocks' ordinary difference. */
const AHEAD = 2000;
/** Devices without a clock count from 1970, 2000 or 2016: no stamp before 2020 is one. */
const FIRST_STAMP = Date.UTC(2020, 0, 1);
/** Messages closer than this came in a burst; further back, the clock was set back. */
const BURST = 1000;

export class Assembly {
  readonly #rule: AssemblyRule;
  #held: { readonly power: number } | undefined;
  #lastAt: Instant | undefined;
  /** When the device last gave a sign of life. */
  #lastNews: Instant | undefined;
  /** What the device says of itself; undefined when it says nothing or we cannot hear it. */
  #online: boolean | undefined;
  #connected = false;
  /** It has said that it has no value, and none has come since. */
  #absent = false;
  /** When something last came, by our clock: nothing is repeated while the broker hands out what it kept. */
  #heard: Instant | undefined;
  #repeating = false;
  #sawPower = false;
  #kept: Report | undefined;
  #imported: Energy | undefined;
  #exported: Energy | undefined;
  /** The last counter that a power was made of, for devices that report energy alone. */
  #base: { readonly at: Instant; readonly net: bigint } | undefined;

  constructor(rule: AssemblyRule) {
    this.#rule = rule;
  }

  connected(now: Instant): void {
    this.#connected = true;
    this.#heard = now;
  }

  /** The connection is gone: of the device nothing is known until it says something again. */
  lost(): void {
    this.#connected = false;
    this.#online = undefined;
  }

  /** The device says that it has no value now, in its words. */
  absent(words: string, arrival: Instant): Assembled {
    this.#held = undefined;
    this.#repeating = false;
    this.#kept = undefined;
    if (this.#absent) return NONE;
    this.#absent = true;
    return { samples: [this.#absence(words, arrival)] };
  }

  /** The device says that it is there, or the broker that it went away. */
  alive(online: boolean, arrival: Instant): Assembled {
    this.#online = online;
    if (!online) return this.absent('offline', arrival);
    this.#noteNews(arrival);
    const kept = this.#kept;
    this.#kept = undefined;
    return kept ? this.#take(kept, arrival, undefined) : NONE;
  }

  /** Takes a report that arrived. */
  report(report: Report, arrival: Instant, retained: boolean): Assembled {
    const stamp = typeof report.stamp === 'number' ? this.#believed(report.stamp, arrival) : undefined;
    this.#heard = arrival;
    if (!retained) {
      this.#kept = undefined;
      // What it says now outweighs what was said of it.
      if (this.#online === false) this.#online = undefined;
      this.#noteNews(stamp ?? arrival);
      return this.#take(report, arrival, stamp);
    }
    const { minute } = report;
    // A device whose clock is ahead says no more than that it was made before it came.
    const made = stamp ?? (minute === undefined ? undefined : Instant(Math.min(minute, arrival)));
    if (made !== undefined) {
      if (arrival - made > this.#rule.maxGap) return NONE;
      this.#noteNews(made);
      return this.#take(report, arrival, stamp);
    }
    if (report.stamp === 'unplaced') return NONE;
    if (this.#online === true) return this.#take(report, arrival, undefined);
    this.#kept = report;
    return NONE;
  }

  /** How long until the last power is to be given again; undefined when it is not. */
  untilRepeat(now: Instant): Duration | undefined {
    const due = this.#due();
    // After a step of the clock backward the due instant would be far off: never more than one interval.
    return due === undefined ? undefined : Duration(Math.min(Math.max(0, due - now), this.#rule.repeatEvery));
  }

  /** Gives the last power again. */
  repeat(now: Instant): readonly Sample[] {
    if (this.#lastAt !== undefined && now < this.#lastAt) {
      this.#lastAt = undefined;
      this.#lastNews = now;
    }
    this.#heard = now;
    const limit = this.#limit();
    if (!this.#held || limit === undefined) return [];
    const at = Instant(Math.min(now, limit));
    if (this.#lastAt !== undefined && at <= this.#lastAt) return [];
    this.#repeating = true;
    return [this.#sample(at, this.#held.power)];
  }

  /** Until when the last power holds; infinite while the device is known to be there. */
  #limit(): number | undefined {
    if (!this.#connected || this.#lastNews === undefined || this.#online === false) return undefined;
    return this.#online ? Number.POSITIVE_INFINITY : this.#lastNews + this.#rule.maxGap;
  }

  #due(): number | undefined {
    const limit = this.#limit();
    if (!this.#held || this.#lastAt === undefined || limit === undefined || this.#lastAt >= limit)
      return undefined;
    return Math.max(this.#lastAt, this.#heard ?? 0) + this.#rule.repeatEvery;
  }

  #noteNews(at: Instant): void {
    if (this.#lastNews === undefined || at > this.#lastNews) this.#lastNews = at;
  }

  #believed(stamp: Instant, arrival: Instant): Instant | undefined {
    return stamp < FIRST_STAMP || stamp > arrival + AHEAD ? undefined : Instant(Math.min(stamp, arrival));
  }

  #take(report: Report, arrival: Instant, stamp: Instant | undefined): Assembled {
    const at = this.#placed(arrival, stamp);
    if (at === undefined) {
      // Power and counters of one instant may come one after the other; the next sample has those counters.
      if (report.power === undefined && stamp !== undefined && this.#isInBurst(stamp))
        this.#count(report, true);
      return {
        samples: [],
        late: report.power !== undefined && this.#oriented(report.power) !== this.#held?.power,
      };
    }
    this.#count(report);
    const power = report.power === undefined ? this.#meanPower(at) : this.#oriented(report.power);
    if (report.power !== undefined) this.#sawPower = true;
    if (power === undefined) return NONE;
    const step = this.#step(at);
    this.#held = { power };
    this.#repeating = false;
    return { samples: [...step, this.#sample(at, power)] };
  }

  /** The instant of a sample, later than the last one; undefined for one that comes too late. */
  #placed(arrival: Instant, stamp: Instant | undefined): Instant | undefined {
    const at = stamp ?? arrival;
    if (this.#lastAt === undefined || at > this.#lastAt) return at;
    if (arrival < this.#lastAt - BURST) {
      // The clock was set back: samples follow it.
      this.#lastAt = undefined;
      this.#lastNews = at;
      return at;
    }
    return stamp === undefined ? Instant(this.#lastAt + 1) : undefined;
  }

  /** The old power until just before a new one, where it was being repeated. */
  #step(at: Instant): readonly Sample[] {
    const held = this.#held;
    if (!held || !this.#repeating || this.#lastAt === undefined) return [];
    const before = Instant(at - 1);
    const heldOn = before > this.#lastAt && at - this.#lastAt <= this.#rule.repeatEvery + BURST;
    return heldOn ? [this.#sample(before, held.power)] : [];
  }

  #oriented(power: number): number {
    // Not -0, which is another value to some.
    return this.#rule.invert && power !== 0 ? -power : power;
  }

  #isInBurst(stamp: Instant): boolean {
    return this.#lastAt !== undefined && this.#lastAt - stamp < BURST;
  }

  /** Takes its counters; of a report that was overtaken only those that are further on. */
  #count(report: Report, isOvertaken = false): void {
    const { imported, exported } = report;
    const [up, down] = this.#rule.invert ? [exported, imported] : [imported, exported];
    const isNews = (energy: Energy, known: Energy | undefined): boolean =>
      !isOvertaken || known === undefined || energy > known;
    if (up !== undefined && isNews(up, this.#imported)) this.#imported = up;
    if (down !== undefined && isNews(down, this.#exported)) this.#exported = down;
  }

  /** Of a device that reports energy alone: the mean since the reading before; undefined without one. */
  #meanPower(at: Instant): number | undefined {
    if (this.#sawPower) return undefined;
    const net = (this.#imported ?? 0n) - (this.#exported ?? 0n);
    const base = this.#base;
    this.#base = { at, net };
    const elapsed = base ? at - base.at : 0;
    if (!base || elapsed <= 0) return undefined;
    // A counter that fell has restarted: what it counted in that time it does not tell.
    if (net < base.net && this.#rule.sign !== 'signed') return undefined;
    // 1 µWh in 1 ms is 3.6 W.
    const mean = (Number(net - base.net) / elapsed) * 3.6;
    return Math.abs(mean) > this.#rule.highestPower ? undefined : mean;
  }

  #absence(words: string, arrival: Instant): Absence {
    // Older than the last sample by more than a burst: the clock was set back, and absences follow it, too.
    const isBack = this.#lastAt !== undefined && arrival < this.#lastAt - BURST;
    const at = this.#lastAt === undefined || isBack ? arrival : Instant(Math.max(arrival, this.#lastAt + 1));
    this.#lastAt = at;
    return { at, absent: words };
  }

  #sample(at: Instant, power: number): Sample {
    this.#lastAt = at;
    this.#absent = false;
    return {
      at,
      power: Watts(power),
      ...(this.#imported !== undefined && { counter: this.#imported }),
      ...(this.#exported !== undefined &&
        this.#rule.sign === 'signed' && { exportedCounter: this.#exported }),
    };
  }
}
