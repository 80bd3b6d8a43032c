/**
 * The energy counter of a device as a register: pure, on integers, one reading after the other.
 *
 * The register rises by what the counter rose, and never by more than `highestPower` makes in the time between two
 * readings (and the counter's `tolerance`). A reading that does not follow from the last one is doubted, and only a
 * second reading that follows from the doubted one makes it believed. So one bad reading changes nothing, and a
 * counter that really restarted, was reset or replaced is followed from its new state on.
 *
 * | reading                                                     | register                                    |
 * | ----------------------------------------------------------- | ------------------------------------------- |
 * | higher, and possible in the time                            | rises by the difference                     |
 * | the same again                                              | stays; the first of them is kept as the last |
 * | lower by `tolerance` or less                                | stays until the counter is past the last one |
 * | lower, and past `rollsOverAt` possible in the time          | rises by the difference across it           |
 * | low enough to have begun at zero since the last one, twice  | rises by what the new counter shows         |
 * | anywhere else, twice                                        | rises by what the new counter rose          |
 * | back where it was before such a change, soon after          | as if the change had not been               |
 * | negative, or once anywhere else                             | stays                                       |
 *
 * What a counter counted between the last reading and its restart nobody knows: that energy is not invented here.
 */
import { Energy, Instant, Register, Watts, wattHours } from '@daisee/units';

/** One reading of a counter. */
export interface CounterReading {
  readonly at: Instant;
  /** As the device shows it, µWh. */
  readonly counter: Energy;
}

/** What can be believed of a counter. */
export interface CounterRule {
  /** The highest power that the device can measure or the connection can carry, watts: a counter cannot rise faster. */
  readonly highestPower: Watts;
  /** How far a reading may be off either way, at least its last digit: 10 Wh by default (kWh with two decimals). */
  readonly tolerance?: Energy;
  /** Where the counter shows zero again, for one that has a last number: 1000000 kWh for six digits. */
  readonly rollsOverAt?: Energy;
}

/** Where a counter is, and what is doubted of it. */
export interface CounterLine {
  /** The last reading believed; of several that showed the same, the first: from then on it stood still. */
  readonly last?: CounterReading;
  /** A reading that does not follow from `last`, with the state that its counting would begin at. */
  readonly doubted?: CounterReading & { readonly from: Energy };
  /**
   * Where the counter was before it changed, with what was counted since, until the new line has risen; `credited`:
   * what was counted by other means (the power) over and above that.
   */
  readonly before?: CounterReading & { readonly since: Energy; readonly credited?: Energy };
}

/** Everything that must be kept to go on after a restart. */
export interface CounterState extends CounterLine {
  /** Energy counted so far, µWh: begins at zero, whatever the counter shows first. */
  readonly register: Register;
}

/**
 * What was special about a reading: `lower` (within the tolerance), `rolled-over`, `doubted`, `restarted` (from zero),
 * `moved` (goes on from elsewhere: replaced, or restored to an older state), `returned` (to where it was before a
 * change that was none), `old` (not later than the last one).
 */
export type CounterEvent = 'lower' | 'rolled-over' | 'doubted' | 'restarted' | 'moved' | 'returned' | 'old';

/** What a reading did. */
export interface CounterStep {
  readonly state: CounterState;
  /** What the register rose by, µWh, 0 or more. */
  readonly added: Energy;
  readonly event?: CounterEvent;
}

const DEFAULT_TOLERANCE = wattHours(10);
/** Energy in µWh is power in µW times time in ms through this (ms in an hour). */
const HOUR = 3_600_000n;

/** 100 kW: more than the connection of any house (three phases of 100 A are 69 kW). */
export const DEFAULT_COUNTER_RULE: CounterRule = { highestPower: Watts(100_000) };

/** Before the first reading. */
export const emptyCounter: CounterState = { register: Register(0n) };

/** How far a reading may be off. */
export const toleranceOf = (rule: CounterRule): Energy => rule.tolerance ?? DEFAULT_TOLERANCE;

/** The most that a counter can rise between two instants, µWh. */
const mostBetween = (from: Instant, to: Instant, rule: CounterRule): bigint =>
  (BigInt(Math.round(rule.highestPower * 1e6)) * BigInt(Math.abs(to - from))) / HOUR + toleranceOf(rule);

interface Rise {
  readonly energy: bigint;
  readonly event?: CounterEvent;
}

/** What the counter rose by from one reading to a later one, or undefined when that cannot be. */
const riseOf = (from: CounterReading, to: CounterReading, rule: CounterRule): Rise | undefined => {
  const fall = from.counter - to.counter;
  if (fall > 0n && fall <= toleranceOf(rule)) return { energy: 0n, event: 'lower' };
  const most = mostBetween(from.at, to.at, rule);
  if (fall <= 0n) return -fall <= most ? { energy: -fall } : undefined;
  const across = rule.rollsOverAt === undefined ? -1n : rule.rollsOverAt - fall;
  return across >= 0n && across <= most ? { energy: across, event: 'rolled-over' } : undefined;
};

const raised = (state: CounterState, added: bigint, event?: CounterEvent): CounterStep => ({
  state: added === 0n ? state : { ...state, register: Register(state.register + added) },
  added: Energy(added),
  ...(event && { event }),
});

/** The counter goes on as it did. */
const goOn = (state: CounterState, next: CounterReading, rise: Rise, rule: CounterRule): CounterStep => {
  const { register, last, before } = state;
  // A lower reading moves nothing: the register waits until the counter is past its highest state. The same reading
  // again may be an old one that was only repeated: it says nothing of the time since.
  const kept = rise.energy === 0n && rise.event !== 'rolled-over' && last ? last : next;
  const since = before && Energy(before.since + rise.energy);
  // A line that rises by itself is no passing fault: from then on there is no way back to the line before.
  const stillBefore = before && since !== undefined && since <= toleranceOf(rule);
  const following: CounterState = {
    register,
    last: kept,
    ...(stillBefore && { before: { ...before, since } }),
  };
  return raised(following, rise.energy, rise.event);
};

/** The counter is back where it was before a change that was none; undefined when it cannot be. */
const goBack = (
  { register, before }: CounterState,
  next: CounterReading,
  rule: CounterRule,
): CounterStep | undefined => {
  const back = before && riseOf(before, next, rule);
  if (!back) return undefined;
  const counted = before.since + (before.credited ?? 0n);
  const added = back.energy > counted ? back.energy - counted : 0n;
  return raised({ register, last: next }, added, 'returned');
};

/** A reading that does not follow from the last one. */
const leave = (
  state: CounterState,
  last: CounterReading,
  next: CounterReading,
  rule: CounterRule,
): CounterStep => {
  const { register, doubted } = state;
  const back = goBack(state, next, rule);
  if (back) return back;
  if (doubted && next.counter >= doubted.counter && riseOf(doubted, next, rule)) {
    const added = next.counter - doubted.from;
    const left = { ...last, since: Energy(added) };
    return raised({ register, last: next, before: left }, added, doubted.from === 0n ? 'restarted' : 'moved');
  }
  const fromZero = next.counter < last.counter && next.counter <= mostBetween(last.at, next.at, rule);
  return raised(
    { ...state, doubted: { ...next, from: fromZero ? Energy(0n) : next.counter } },
    0n,
    'doubted',
  );
};

/**
 * Takes the next reading: the register never falls and never rises faster than `highestPower`.
 *
 * A reading not later than the last one is old news and changes nothing, unless the counter shows more than it did
 * and can have risen in that time: then the clock was set back, not the reading late.
 */
export const followCounter = (
  state: CounterState,
  reading: CounterReading,
  rule: CounterRule,
): CounterStep => {
  const next: CounterReading = { at: Instant(Math.round(reading.at)), counter: reading.counter };
  const { last } = state;
  const impossible =
    next.counter < 0n || (rule.rollsOverAt !== undefined && next.counter >= rule.rollsOverAt);
  if (impossible) return raised(state, 0n, 'doubted');
  if (!last) return raised({ ...state, last: next }, 0n);
  if (next.at <= last.at && next.counter <= last.counter) return raised(state, 0n, 'old');
  // Past where it was before it changed, with hardly anything counted since: of two ways there, the one that was gone.
  const back = state.before && next.counter >= state.before.counter && goBack(state, next, rule);
  if (back) return back;
  const rise = riseOf(last, next, rule);
  if (rise) return goOn(state, next, rise, rule);
  return next.at <= last.at ? raised(state, 0n, 'old') : leave(state, last, next, rule);
};
