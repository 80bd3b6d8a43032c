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
 */
import { type Duration, Instant, Register, type Watts } from '@daisee/units';
import type { SignRule } from './meter.ts';

/** Units of the integration in one micro-watt-hour: 2 · 3,600,000. */
export const UNITS_PER_MICRO_WATT_HOUR = 7_200_000n;

/**
 * How much of its highest power a meter may owe, in milliseconds of it. Noise of standard deviation s (watts, one
 * independent reading each dt seconds) around zero then raises a register by about s² · dt / (2 · highest · time)
 * watts: for 0.2 % noise each 8 s, under 2 millionths of the highest power. A real reversal costs at most this time.
 */
const DEBT_TIME: Readonly<Record<SignRule, bigint>> = { load: 60_000n, source: 10_000n, signed: 0n };

/** A stretch without samples, longer than the `maxGap` of its meter: nothing is known of its energy. */
export interface Gap {
  readonly from: Instant;
  readonly to: Instant;
}

/** How a meter's samples are integrated. */
export interface IntegrationRule {
  readonly sign: SignRule;
  /** The longest time between two samples that is bridged by a straight line. */
  readonly maxGap: Duration;
}

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
  /** Negative energy still to be made up, in units, 0 or more; only `load` and `source`. */
  readonly debt: bigint;
  /** Highest positive power so far in whole µW. */
  readonly highest: bigint;
  /** The last sample taken, as rounded. */
  readonly last?: { readonly at: Instant; readonly power: Watts };
}

/** Before the first sample. */
export const emptyIntegration: Integration = {
  register: Register(0n),
  remainder: 0n,
  exported: Register(0n),
  exportedRemainder: 0n,
  debt: 0n,
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

interface Reading {
  readonly at: Instant;
  readonly power: Watts;
}

/** Running sums of one interval, in units. */
interface Sums {
  readonly added: bigint;
  readonly exported: bigint;
  readonly debt: bigint;
}

const microWatts = (power: number): bigint => BigInt(Math.round(power * 1e6));
// Math.min and Math.max take no bigints.
const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const greater = (a: bigint, b: bigint): bigint => (a < b ? b : a);

/** Adds energy of one sign (in units) to the sums. */
const count = (sums: Sums, units: bigint, state: Integration, sign: SignRule): Sums => {
  if (units >= 0n) {
    const paid = lesser(units, sums.debt);
    return { ...sums, added: sums.added + units - paid, debt: sums.debt - paid };
  }
  if (sign === 'signed') return { ...sums, exported: sums.exported - units };
  // A bound lower than the debt (a restored state of another rule) never forgives what is owed already.
  const bound = state.highest * DEBT_TIME[sign];
  const debt = lesser(sums.debt - units, greater(bound, sums.debt));
  return { ...sums, debt };
};

/**
 * The sums from the last sample until `elapsed` ms after it, on the straight line to the next sample. The line is
 * cut where it crosses zero, so each piece has one sign and any further cut changes nothing.
 */
const sumsUntil = (state: Integration, from: Reading, to: Reading, elapsed: bigint, sign: SignRule): Sums => {
  const span = BigInt(Math.round(to.at) - Math.round(from.at));
  const p0 = microWatts(from.power);
  const p1 = microWatts(to.power);
  const start: Sums = { added: 0n, exported: 0n, debt: state.debt };
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

/** True when the two samples are too far apart to be bridged. */
const isGap = (from: Reading, to: Reading, rule: IntegrationRule): boolean => to.at - from.at > rule.maxGap;

/**
 * Takes the next sample into the registers: pure, exact, the register never falls.
 *
 * A sample not later than the last (in whole ms) changes nothing. An interval longer than `maxGap` adds nothing and
 * is returned as `gap`. Signs: `load` and `source` count positive power and let negative power become a bounded debt
 * (see the top of this file); `signed` counts each sign in its own register, cut at the zero crossing.
 */
export const integrate = (
  state: Integration,
  sample: Reading,
  rule: IntegrationRule,
): { state: Integration; gap?: Gap } => {
  const next: Reading = { at: Instant(Math.round(sample.at)), power: sample.power };
  const power = microWatts(sample.power);
  const highest = greater(power, state.highest);
  const last = state.last;
  if (!last) return { state: { ...state, highest, last: next } };
  if (next.at <= last.at) return { state };
  if (isGap(last, next, rule)) {
    return { state: { ...state, highest, last: next }, gap: { from: last.at, to: next.at } };
  }
  const sums = sumsUntil(state, last, next, BigInt(next.at - last.at), rule.sign);
  const imported = addUnits(state, sums.added);
  const exported = addUnits({ register: state.exported, remainder: state.exportedRemainder }, sums.exported);
  return {
    state: {
      register: imported.register,
      remainder: imported.remainder,
      exported: exported.register,
      exportedRemainder: exported.remainder,
      debt: sums.debt,
      highest,
      last: next,
    },
  };
};

/**
 * Shares out what `integrate(state, sample, rule)` would add among the parts of the interval between the boundaries:
 * switches of the source, ends of a window. Boundaries outside the interval are left out, so with none inside there
 * is one part; for a gap and for a sample that changes nothing there is none. The parts sum exactly to what
 * `integrate` adds, in units: keep one `Total` per source and add to it with `addUnits`.
 */
export const shareOut = (
  state: Integration,
  sample: Reading,
  boundaries: readonly Instant[],
  rule: IntegrationRule,
): readonly Share[] => {
  const last = state.last;
  const end = Instant(Math.round(sample.at));
  if (!last || end <= last.at || isGap(last, { at: end, power: sample.power }, rule)) return [];
  const inside = boundaries.map((at) => Instant(Math.round(at))).filter((at) => at > last.at && at < end);
  const cuts = [...new Set(inside)].sort((a, b) => a - b);
  const shares: Share[] = [];
  let from = last.at;
  let before: Sums = { added: 0n, exported: 0n, debt: state.debt };
  for (const to of [...cuts, end]) {
    const until = sumsUntil(state, last, { at: end, power: sample.power }, BigInt(to - last.at), rule.sign);
    shares.push({ from, to, added: until.added - before.added, exported: until.exported - before.exported });
    from = to;
    before = until;
  }
  return shares;
};
