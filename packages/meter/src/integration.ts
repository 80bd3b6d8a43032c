/**
 * Power samples into cumulative registers, on integers.
 *
 * Power is rounded once, to whole microwatts, and time to whole milliseconds; from there on nothing is rounded but
 * the instant of a sign change. The trapezoid between two samples is (p0 + p1) · dt in **units** of half a
 * microwatt-millisecond; 1 µWh = 3.6e6 µW·ms = 7.2e6 units. Remainders below 1 µWh are carried.
 *
 * Negative power under `load` and `source`: a register never falls, and dropping the negative half of noise around
 * zero would pump it up without end. So negative energy becomes a debt that positive energy pays off before the
 * register rises again. What is no noise (a clamp put on the wrong way round, a battery being charged back) must not
 * eat later energy, so the debt is bounded by what the meter's highest power so far makes in `DEBT_TIME`. Both are
 * the same for any way of splitting an interval.
 *
 * Where samples carry what the device's own counter showed, the register follows the counter, and the power only tells
 * how the energy lies between two of its states. What the power told too much becomes a debt, too, this one without a
 * bound. So the register is the highest that counted energy and the power since have reached, and a stretch without
 * samples has the energy that the counter shows for it. `drivers/counter` has the rules by which a counter is believed.
 *
 * A change of the source is a step, not the middle of a line: one source sags or limits where the other does not. Where
 * the instant of a change is known (`Reading.steps`), the power before it is the last sample's and after it the next
 * one's. And where a clock was set between two samples, they say how long it truly was (`Reading.elapsed`).
 */
import { type Duration, Instant, Register, Watts } from '@daisee/units';
import { bridgedBy, type Rhythm, rhythmAfter } from './bridging.ts';
import { type CounterRule, DEFAULT_COUNTER_RULE } from './drivers/counter/counter.ts';
import { countStretch, type Following, UNITS_PER_MICRO_WATT_HOUR } from './drivers/counter/following.ts';
import { type Absence, isAbsence, type Sample, type SignRule } from './meter.ts';

/**
 * How much of its highest power a meter may owe, in milliseconds of it. Noise of standard deviation s (watts, one
 * independent reading each dt seconds) around zero then raises a register by about s² · dt / (2 · highest · time)
 * watts: for 0.2 % noise each 8 s, under 2 millionths of the highest power. A real reversal costs at most this time.
 */
const DEBT_TIME: Readonly<Record<SignRule, bigint>> = { load: 60_000n, source: 10_000n, signed: 0n };

/** What counters may make a meter owe: fits the 64 bits of a database, 640 kWh. */
const LARGEST_DEBT = 2n ** 62n;

/** A stretch of which nothing is known: longer than the `maxGap` of its meter without a sample, or after an absence. */
export interface Gap {
  readonly from: Instant;
  readonly to: Instant;
}

/** How a meter's samples are integrated. */
export interface IntegrationRule {
  readonly sign: SignRule;
  /** The longest time between two samples that is bridged by a straight line. */
  readonly maxGap: Duration;
  /** True: bridged is no more than the meter's own rhythm allows (`bridging.ts`), and `maxGap` at most. */
  readonly rhythm?: boolean;
  /** What can be believed of the counters in the samples; `DEFAULT_COUNTER_RULE` by default. */
  readonly counter?: CounterRule;
  /** True for a sensor that reports only on change: its last power holds, until the next sample or for `maxGap`. */
  readonly holds?: boolean;
  /** The longest time that the power bridges before this one sample, where that was settled under another `maxGap`. */
  readonly bridges?: Duration;
}

/**
 * How the energy lies in the stretch before a sample: under the straight line of its power, under the power `held`
 * since the sample before (until the gap, if there is one), or `even`, the same in each ms: told by a counter.
 */
export type Stretch = 'line' | 'held' | 'even';

/** The state of an integration: everything that must be kept to go on after a restart. */
export interface Integration {
  /** Energy counted up, whole µWh. */
  readonly register: Register;
  /** Units (see top) beyond `register`: 0 or more, less than one µWh. */
  readonly remainder: bigint;
  /** Exported energy, whole µWh; only `signed` meters count it. */
  readonly exported: Register;
  /** Units beyond `exported`. */
  readonly exportedRemainder: bigint;
  /** Energy still to be made up before `register` rises, in units, 0 or more. */
  readonly debt: bigint;
  /** The same before `exported` rises; only where a counter of the export is followed. */
  readonly exportedDebt: bigint;
  /** The counters that are followed; absent before their first reading. */
  readonly counter?: Following;
  readonly exportedCounter?: Following;
  /** Highest positive power so far in whole µW. */
  readonly highest: bigint;
  /** How often samples come; absent before the second one. */
  readonly rhythm?: Rhythm;
  /** The last sample taken, as rounded; or since when nothing is known. */
  readonly last?: { readonly at: Instant; readonly power: Watts; readonly absent?: true };
}

/** Before the first sample. */
export const emptyIntegration: Integration = {
  register: Register(0n),
  remainder: 0n,
  exported: Register(0n),
  exportedRemainder: 0n,
  debt: 0n,
  exportedDebt: 0n,
  highest: 0n,
};

/** A cumulative register with what is carried below its last digit: for adding up shared-out units. */
export interface Total {
  readonly register: Register;
  /** Units beyond `register`: 0 or more, less than one µWh. */
  readonly remainder: bigint;
}

/** Adds units (0 or more) to a register, exactly. */
export const addUnits = (total: Total, units: bigint): Total => {
  const sum = total.remainder + units;
  return {
    register: Register(total.register + sum / UNITS_PER_MICRO_WATT_HOUR),
    remainder: sum % UNITS_PER_MICRO_WATT_HOUR,
  };
};

/** What one part of an interval added, in units. */
export interface Share {
  readonly from: Instant;
  readonly to: Instant;
  /** Units added to `register`, 0 or more. */
  readonly added: bigint;
  /** Units added to `exported`, 0 or more. */
  readonly exported: bigint;
}

/** What is taken of a sample. */
export interface Reading extends Pick<Sample, 'at' | 'power' | 'counter' | 'exportedCounter' | 'elapsed'> {
  /**
   * The first and the last instant at which the source changed since the sample before; the power is a step there, and
   * in between a line. Neither is before that sample or after this one.
   */
  readonly steps?: readonly [first: Instant, last: Instant] | undefined;
}

/** The last sample, or the absence after it. */
type Last = NonNullable<Integration['last']>;

/** What a stretch ends with. */
type End = Reading & Pick<Last, 'absent'>;

/** Running sums of one interval, in units. */
interface Sums {
  readonly added: bigint;
  readonly exported: bigint;
  readonly debt: bigint;
  readonly exportedDebt: bigint;
}

const microWatts = (power: number): bigint => BigInt(Math.round(power * 1e6));
// Math.min and Math.max take no bigints.
const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const greater = (a: bigint, b: bigint): bigint => (a < b ? b : a);

const nothingYet = (state: Integration): Sums => ({
  added: 0n,
  exported: 0n,
  debt: state.debt,
  exportedDebt: state.exportedDebt,
});

/** Adds energy of one sign (in units) to the sums. */
const count = (sums: Sums, units: bigint, state: Integration, sign: SignRule): Sums => {
  if (units >= 0n) {
    const paid = lesser(units, sums.debt);
    return { ...sums, added: sums.added + units - paid, debt: sums.debt - paid };
  }
  if (sign === 'signed') {
    const paid = lesser(-units, sums.exportedDebt);
    return { ...sums, exported: sums.exported - units - paid, exportedDebt: sums.exportedDebt - paid };
  }
  // A bound lower than the debt (a counter's, a restored state's of another rule) never forgives what is owed already.
  const bound = state.highest * DEBT_TIME[sign];
  const debt = lesser(sums.debt - units, greater(bound, sums.debt));
  return { ...sums, debt };
};

/**
 * Adds the energy under a straight line of power (µW) over `span` ms, up to `elapsed` of them. The line is cut where it
 * crosses zero, so each piece has one sign and any further cut changes nothing.
 */
const countLine = (
  start: Sums,
  [p0, p1]: readonly [bigint, bigint],
  span: bigint,
  elapsed: bigint,
  { state, sign }: { readonly state: Integration; readonly sign: SignRule },
): Sums => {
  if (span === 0n) return start;
  // Rounded once and towards zero, so that the area never turns back along a piece; at the end it is exact.
  const area = (2n * p0 * elapsed * span + (p1 - p0) * elapsed * elapsed) / span;
  if (p0 * p1 >= 0n) return count(start, area, state, sign);
  const crossesAfter = p0 < 0n ? -p0 : p0;
  const slope = p0 < p1 ? p1 - p0 : p0 - p1;
  if (elapsed * slope <= crossesAfter * span) return count(start, area, state, sign);
  const first = ((p0 < 0n ? -1n : 1n) * (p0 * p0 * span)) / slope;
  const afterFirst = count(start, first, state, sign);
  return count(afterFirst, area - first, state, sign);
};

/** How long it truly was from one reading to the next, whole ms, 1 at least. */
const lengthOf = (from: Pick<Reading, 'at'>, to: Reading): number =>
  Math.max(1, Math.round(to.elapsed ?? to.at - from.at));

/** How long it truly was to an instant between two readings, ms. */
const trueTime = (from: Reading, to: Reading, at: number): bigint => {
  const stamped = BigInt(Math.round(at) - Math.round(from.at));
  const span = BigInt(Math.round(to.at) - Math.round(from.at));
  return to.elapsed === undefined || span === 0n
    ? stamped
    : (stamped * BigInt(Math.round(to.elapsed))) / span;
};

/** The sums from the last sample until an instant before the next reading: on the straight line to it, but for steps. */
const sumsUntil = (state: Integration, from: Reading, to: Reading, at: number, sign: SignRule): Sums => {
  const [p0, p1] = [microWatts(from.power), microWatts(to.power)];
  const until = trueTime(from, to, at);
  const end = trueTime(from, to, to.at);
  const [first, last] = to.steps?.map((step) => trueTime(from, to, step)) ?? [0n, end];
  const pieces = to.steps
    ? ([
        [first, [p0, p0]],
        [last, [p0, p1]],
        [end, [p1, p1]],
      ] as const)
    : ([[end, [p0, p1]]] as const);
  let sums = nothingYet(state);
  let begin = 0n;
  for (const [piece = begin, powers] of pieces) {
    const elapsed = lesser(until, piece) - begin;
    if (elapsed > 0n) sums = countLine(sums, powers, piece - begin, elapsed, { state, sign });
    begin = piece;
  }
  return sums;
};

/** What an interval adds, and how it lies in it. */
interface Outcome extends Pick<Integration, 'counter' | 'exportedCounter'> {
  readonly sums: Sums;
  readonly stretch: Stretch;
  /** What the power is taken to until where, for a stretch that is not even; absent when power tells nothing. */
  readonly until?: Reading;
  readonly gap?: Gap;
}

/** Where the power stops to be known after the last sample, and what it is there; undefined if it never was known. */
const knownUntil = (
  last: Last,
  next: End,
  rule: IntegrationRule,
  rhythm: Rhythm | undefined,
): Reading | undefined => {
  if (last.absent) return undefined;
  const usual = rule.rhythm && !rule.holds ? bridgedBy(rhythm, rule.maxGap) : rule.maxGap;
  const bridges = rule.bridges ?? usual;
  const isBridged = (next.elapsed ?? next.at - last.at) <= bridges;
  if (!rule.holds && !next.absent) return isBridged ? next : undefined;
  if (!rule.holds && !isBridged) return undefined;
  // What reports on change has told every step itself, and up to an absence there is no other power.
  if (isBridged) return { at: next.at, power: last.power, elapsed: next.elapsed };
  return { at: Instant(Math.floor(Math.min(next.at - 1, last.at + bridges))), power: last.power };
};

/**
 * What of an even stretch's units lies before an instant in it: by its length, and where the source changed in it as
 * the power is on either side.
 */
export const evenPart = (units: bigint, from: Reading, to: Reading, at: number): bigint => {
  const until = (instant: number): bigint => {
    if (!to.steps) return trueTime(from, to, instant);
    const { added, exported } = sumsUntil(emptyIntegration, from, to, instant, 'signed');
    return added + exported;
  };
  const whole = until(to.at);
  if (whole > 0n) return (units * until(at)) / whole;
  const span = BigInt(Math.round(to.at) - Math.round(from.at));
  return span === 0n ? 0n : (units * BigInt(Math.floor(at) - Math.round(from.at))) / span;
};

/** Makes a counter's word of a stretch out of what the power made of it. */
const corrected = (owed: bigint, units: bigint): { readonly added: bigint; readonly debt: bigint } => {
  const paid = lesser(units, owed);
  return units >= 0n
    ? { added: units - paid, debt: owed - paid }
    : { added: 0n, debt: lesser(owed - units, greater(LARGEST_DEBT, owed)) };
};

const outcomeOf = (state: Integration, last: Last, next: End, rule: IntegrationRule): Outcome => {
  const { sign, maxGap, counter: believed = DEFAULT_COUNTER_RULE } = rule;
  const until = knownUntil(last, next, rule, state.rhythm);
  const known = until?.at === next.at;
  const byPower = until ? sumsUntil(state, last, until, until.at, sign) : nothingYet(state);
  const stretchOf = (before: Following | undefined, reading: Reading['counter'], units: bigint) =>
    countStretch(before, next.at, reading, { units, known }, believed, maxGap);
  const imports = stretchOf(state.counter, next.counter, byPower.added + state.debt - byPower.debt);
  const exports =
    sign === 'signed'
      ? stretchOf(
          state.exportedCounter,
          next.exportedCounter,
          byPower.exported + state.exportedDebt - byPower.exportedDebt,
        )
      : undefined;
  const followed = {
    ...(imports && { counter: imports.following }),
    ...(exports && { exportedCounter: exports.following }),
  };
  if (imports?.units === undefined && exports?.units === undefined) {
    const gap = known ? undefined : { from: until?.at ?? last.at, to: next.at };
    const stretch = rule.holds || next.absent ? 'held' : 'line';
    return { sums: byPower, stretch, ...(until && { until }), ...(gap && { gap }), ...followed };
  }
  const { added, debt } = imports?.units === undefined ? byPower : corrected(state.debt, imports.units);
  const out =
    exports?.units === undefined
      ? { added: byPower.exported, debt: byPower.exportedDebt }
      : corrected(state.exportedDebt, exports.units);
  const sums = { added, debt, exported: out.added, exportedDebt: out.debt };
  return { sums, stretch: 'even', ...followed };
};

/** The counters of the first sample of all. */
const firstCounters = (next: Reading, rule: IntegrationRule) => {
  const follow = (reading: Reading['counter']) =>
    countStretch(
      undefined,
      next.at,
      reading,
      { units: 0n, known: true },
      rule.counter ?? DEFAULT_COUNTER_RULE,
      rule.maxGap,
    )?.following;
  const counter = follow(next.counter);
  const exportedCounter = rule.sign === 'signed' ? follow(next.exportedCounter) : undefined;
  return { ...(counter && { counter }), ...(exportedCounter && { exportedCounter }) };
};

/** A sample or an absence as the end of a stretch, its instant rounded. */
const endOf = (told: Reading | Absence): End => {
  const at = Instant(Math.round(told.at));
  return isAbsence(told) ? { at, power: Watts(0), elapsed: told.elapsed, absent: true } : { ...told, at };
};

/**
 * Takes the next sample or absence into the registers: pure, exact, the register never falls.
 *
 * One not later than the last (in whole ms) changes nothing. What is longer than `maxGap`, or comes after an absence, and
 * is bridged by no counter adds nothing and is returned as `gap`; `stretch` says how the energy lies before the sample.
 * Signs: `load` and `source` count positive power and let negative power become a bounded debt (see the top of this
 * file); `signed` counts each sign in its own register, cut at the zero crossing.
 */
export const integrate = (
  state: Integration,
  told: Reading | Absence,
  rule: IntegrationRule,
): { state: Integration; stretch: Stretch; gap?: Gap } => {
  const next = endOf(told);
  const { last, counter: _counter, exportedCounter: _exportedCounter, ...rest } = state;
  const highest = greater(microWatts(next.power), state.highest);
  const taken: Last = { at: next.at, power: next.power, ...(next.absent && { absent: next.absent }) };
  if (!last)
    return { state: { ...rest, highest, ...firstCounters(next, rule), last: taken }, stretch: 'line' };
  if (next.at <= last.at) return { state, stretch: 'line' };
  const { sums, stretch, gap, counter, exportedCounter } = outcomeOf(state, last, next, rule);
  // From a sample to an absence, or from one to a sample, is no interval of the meter's.
  const isInterval = !last.absent && !next.absent;
  const rhythm = isInterval ? rhythmAfter(state.rhythm, lengthOf(last, next)) : state.rhythm;
  const imported = addUnits(state, sums.added);
  const exported = addUnits({ register: state.exported, remainder: state.exportedRemainder }, sums.exported);
  return {
    state: {
      register: imported.register,
      remainder: imported.remainder,
      exported: exported.register,
      exportedRemainder: exported.remainder,
      debt: sums.debt,
      exportedDebt: sums.exportedDebt,
      highest,
      ...(rhythm && { rhythm }),
      ...(counter && { counter }),
      ...(exportedCounter && { exportedCounter }),
      last: taken,
    },
    stretch,
    ...(gap && { gap }),
  };
};

/**
 * Shares out what `integrate(state, told, rule)` would add among the parts of the interval between the boundaries:
 * switches of the source, ends of a window. Boundaries outside the interval are left out, so with none inside there
 * is one part; for a gap and for a sample that changes nothing there is none. The parts sum exactly to what
 * `integrate` adds, in units: keep one `Total` per source and add to it with `addUnits`.
 */
export const shareOut = (
  state: Integration,
  told: Reading | Absence,
  boundaries: readonly Instant[],
  rule: IntegrationRule,
): readonly Share[] => {
  const last = state.last;
  const next = endOf(told);
  if (!last || next.at <= last.at) return [];
  const { sums, stretch, until } = outcomeOf(state, last, next, rule);
  const end = stretch === 'even' ? next.at : (until?.at ?? last.at);
  const sumsAt = (at: Instant): Pick<Sums, 'added' | 'exported'> => {
    if (stretch !== 'even' && until) return sumsUntil(state, last, until, at, rule.sign);
    return {
      added: evenPart(sums.added, last, next, at),
      exported: evenPart(sums.exported, last, next, at),
    };
  };
  const inside = boundaries.map((at) => Instant(Math.round(at))).filter((at) => at > last.at && at < end);
  const cuts = [...new Set(inside)].sort((a, b) => a - b);
  const shares: Share[] = [];
  let from = last.at;
  let before: Pick<Sums, 'added' | 'exported'> = { added: 0n, exported: 0n };
  for (const to of end > last.at ? [...cuts, end] : []) {
    const sum = sumsAt(to);
    shares.push({ from, to, added: sum.added - before.added, exported: sum.exported - before.exported });
    from = to;
    before = sum;
  }
  return shares;
};
