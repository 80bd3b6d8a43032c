/**
 * From what a device reports, when it happens to report it, to samples. Pure: instants go in.
 *
 * **A constant load.** Many sensors report only on change. When nothing came for `repeatEvery`, the last power is
 * given again, at each `repeatEvery`, for as long as the device is known to be alive: without end while it is
 * connected to the broker by its own word (its availability topic says so) and so are we, else for as long after its last
 * message as its own rhythm allows, `maxGap` at most (and up to that where it reports on change only, or its rhythm is not
 * known yet). A new power after such a pause is a step, not the end of a line: the old power is given once more
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
import { Duration, Instant, Watts } from '@daisee/units';
import { bridgedBy, type Rhythm, rhythmAfter } from '../../bridging.ts';
import type { Absence, Measurement, Sample, SignRule } from '../../meter.ts';
import { type Counters, MeanPower } from './mean-power.ts';
import { type PartOfPower, Parts } from './parts.ts';
import type { Report } from './payloads.ts';
import type { Quantity } from './topic-names.ts';

export interface AssemblyRule {
  readonly sign: SignRule;
  /** The device counts the other way round: power changes its sign, the two counters their places. */
  readonly invert: boolean;
  /** In watts: a mean power beyond it comes from a counter that jumped. */
  readonly highestPower: number;
  readonly repeatEvery: Duration;
  readonly maxGap: Duration;
  /** It says nothing while its power stays the same: its silence has no rhythm. */
  readonly holds: boolean;
  /** Topics whose powers make up the meter's; none where one power is all of it, on whatever topic it comes. */
  readonly parts?: readonly PartOfPower[] | undefined;
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
  /** When it last measured, and how often it does. */
  #lastReport: Instant | undefined;
  #rhythm: Rhythm | undefined;
  /** What the device says of itself; undefined when it says nothing or we cannot hear it. */
  #online: boolean | undefined;
  #connected = false;
  /** It has said that it has no value, and none has come since. */
  #absent = false;
  /** When something last came, by our clock: nothing is repeated while the broker hands out what it kept. */
  #heard: Instant | undefined;
  #repeating = false;
  #sawPower = false;
  /** What the broker kept without a time, by its topic, until the device says that it is there. */
  readonly #kept = new Map<string, Report>();
  readonly #parts: Parts;
  /** For devices that report energy alone. */
  readonly #mean: MeanPower;

  constructor(rule: AssemblyRule) {
    this.#rule = rule;
    this.#parts = new Parts(rule.parts ?? [], rule.maxGap, rule.holds);
    this.#mean = new MeanPower(rule.highestPower);
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

  /** The device says that it has no value now, in its words: of a quantity on one of its topics. */
  absent(words: string, arrival: Instant, topic = '', quantity: Quantity = 'power'): Assembled {
    this.#kept.delete(topic);
    if (quantity === 'power') this.#parts.forget(topic);
    else {
      this.#parts.forgetCounters(topic);
      // Of a device that tells its power as well, only a counter is gone.
      if (this.#sawPower) return NONE;
    }
    return this.#end(words, arrival);
  }

  /** From now on nothing is known. */
  #end(words: string, arrival: Instant): Assembled {
    this.#held = undefined;
    this.#repeating = false;
    if (this.#absent) return NONE;
    this.#absent = true;
    return { samples: [this.#absence(words, arrival)] };
  }

  /** The device says that it is there, or the broker that it went away. */
  alive(online: boolean, arrival: Instant): Assembled {
    this.#online = online;
    const kept = [...this.#kept];
    this.#kept.clear();
    if (!online) return this.#end('offline', arrival);
    this.#noteNews(arrival);
    return {
      samples: kept.flatMap(([topic, report]) => this.#take(report, arrival, undefined, topic).samples),
    };
  }

  /** Takes a report that arrived on a topic. */
  report(report: Report, arrival: Instant, retained: boolean, topic = ''): Assembled {
    const stamp = typeof report.stamp === 'number' ? this.#believed(report.stamp, arrival) : undefined;
    this.#heard = arrival;
    if (!retained) {
      this.#kept.delete(topic);
      // What it says now outweighs what was said of it.
      if (this.#online === false) this.#online = undefined;
      this.#noteNews(stamp ?? arrival);
      return this.#take(report, arrival, stamp, topic);
    }
    const { minute } = report;
    // A device whose clock is ahead says no more than that it was made before it came.
    const made = stamp ?? (minute === undefined ? undefined : Instant(Math.min(minute, arrival)));
    if (made !== undefined) {
      if (arrival - made > this.#rule.maxGap) return NONE;
      this.#noteNews(made);
      return this.#take(report, arrival, stamp, topic);
    }
    if (report.stamp === 'unplaced') return NONE;
    if (this.#online === true) return this.#take(report, arrival, undefined, topic);
    this.#kept.set(topic, report);
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
    if (this.#online) return Number.POSITIVE_INFINITY;
    const { holds, maxGap } = this.#rule;
    const limit = this.#lastNews + (holds ? maxGap : bridgedBy(this.#rhythm, maxGap));
    const whole = this.#parts.whole(this.#lastNews, false);
    return whole && 'power' in whole ? Math.min(limit, whole.holdsUntil) : limit;
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

  #noteRhythm(at: Instant): void {
    const length = this.#lastReport === undefined ? 0 : Math.round(at - this.#lastReport);
    // What comes in one burst is one report in pieces.
    if (length >= BURST) this.#rhythm = rhythmAfter(this.#rhythm, length);
    if (length < 0 || length >= BURST || this.#lastReport === undefined) this.#lastReport = at;
  }

  #believed(stamp: Instant, arrival: Instant): Instant | undefined {
    return stamp < FIRST_STAMP || stamp > arrival + AHEAD ? undefined : Instant(Math.min(stamp, arrival));
  }

  #take(report: Report, arrival: Instant, stamp: Instant | undefined, topic: string): Assembled {
    const at = this.#placed(arrival, stamp);
    if (at === undefined) {
      // Power and counters of one instant may come one after the other; the next sample has those counters.
      if (report.power === undefined && stamp !== undefined && this.#isInBurst(stamp))
        this.#parts.count(topic, report, true);
      return {
        samples: [],
        late: report.power !== undefined && this.#oriented(report.power) !== this.#held?.power,
      };
    }
    this.#parts.count(topic, report);
    if (report.power === undefined) return this.#sawPower ? NONE : this.#byCounters(at);
    this.#sawPower = true;
    if (!this.#parts.isPart(topic)) return { samples: this.#measured(at, this.#oriented(report.power)) };
    this.#parts.tell(topic, report.power, at);
    return this.#byParts(at, arrival);
  }

  /** The power of all parts, where each of them is known. */
  #byParts(at: Instant, arrival: Instant): Assembled {
    const whole = this.#parts.whole(at, this.#online === true && this.#connected);
    if (whole === undefined) return NONE;
    if ('missing' in whole) return this.#end(whole.missing, Instant(Math.min(arrival, whole.since)));
    return { samples: this.#measured(at, this.#oriented(whole.power)) };
  }

  /** Of a device that reports energy alone: the mean power since its counters moved before. */
  #byCounters(at: Instant): Assembled {
    const mean = this.#mean.take({ at, ...this.#counters() });
    if (!mean) return NONE;
    const { since, power, first } = mean;
    // The first of all was as much from where it began.
    const isFirst = first && (this.#lastAt === undefined || since.at > this.#lastAt);
    const begin = isFirst ? [this.#sample(since.at, power, since)] : [];
    return { samples: [...begin, ...this.#measured(at, power)] };
  }

  #measured(at: Instant, power: number): readonly Sample[] {
    this.#noteRhythm(at);
    const step = this.#step(at);
    this.#held = { power };
    this.#repeating = false;
    return [...step, this.#sample(at, power)];
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

  /** What the device has counted, in the direction of its power and in the other. */
  #counters(): Counters {
    const { imported, exported } = this.#parts.counters();
    return this.#rule.invert ? { imported: exported, exported: imported } : { imported, exported };
  }

  #absence(words: string, arrival: Instant): Absence {
    // Older than the last sample by more than a burst: the clock was set back, and absences follow it, too.
    const isBack = this.#lastAt !== undefined && arrival < this.#lastAt - BURST;
    const at = this.#lastAt === undefined || isBack ? arrival : Instant(Math.max(arrival, this.#lastAt + 1));
    this.#lastAt = at;
    return { at, absent: words };
  }

  /** A sample, with what the counters show or showed then. */
  #sample(at: Instant, power: number, counted = this.#counters()): Sample {
    this.#lastAt = at;
    this.#absent = false;
    const { imported, exported } = counted;
    return {
      at,
      power: Watts(power),
      ...(imported !== undefined && { counter: imported }),
      ...(exported !== undefined && this.#rule.sign === 'signed' && { exportedCounter: exported }),
    };
  }
}
