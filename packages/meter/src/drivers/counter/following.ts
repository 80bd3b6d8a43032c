/**
 * What a device's counter says of the energy between two samples, beside what their power says: pure, on integers.
 *
 * Between two states of the counter the power tells the energy; when the counter has moved on, the energy since its
 * last state is what it rose by, whatever the power told. A counter that shows the same again says nothing for a
 * while: many are renewed once a minute, many have a last digit that a small load takes long to turn, and software
 * repeats the last one it knows. Once it has stood still for longer than `maxGap`, the power is believed no further
 * than the counter's tolerance.
 */
import { Energy, Instant } from '@daisee/units';
import {
  type CounterLine,
  type CounterReading,
  type CounterRule,
  emptyCounter,
  followCounter,
  toleranceOf,
} from './counter.ts';

/** Units of the integration in one micro-watt-hour: 2 · 3,600,000. */
export const UNITS_PER_MICRO_WATT_HOUR = 7_200_000n;

/** Everything that must be kept of one counter of a meter. */
export interface Following {
  readonly line: CounterLine;
  /** Units counted since `line.last` was read, less those owed: what the counter has not confirmed yet. */
  readonly since: bigint;
}

/** A stretch between two samples as the power shows it. */
export interface ByPower {
  /** Units, negative ones too: what the power says of the stretch; 0 where it says nothing. */
  readonly units: bigint;
  /** False for a stretch too long to be known by power. */
  readonly known: boolean;
}

/** A stretch as it is counted. */
export interface Counted {
  readonly following: Following;
  /** Units of the stretch where the counter tells them, negative to take back what power said too much. */
  readonly units?: bigint;
}

/** Where it is told what a rise is less than: a counter that moved elsewhere missed what came before. */
const MISSED = new Set(['restarted', 'moved']);

/** Counts a stretch that ends with a reading of the counter, or with none. */
export const countStretch = (
  before: Following | undefined,
  at: Instant,
  counter: Energy | undefined,
  power: ByPower,
  rule: CounterRule,
  maxGap: number,
): Counted | undefined => {
  const since = (before?.since ?? 0n) + power.units;
  if (counter === undefined) return before && { following: { ...before, since } };
  const old = before?.line ?? {};
  const { state, added, event } = followCounter({ ...emptyCounter, ...old }, { at, counter }, rule);
  const line = lineOf(state);
  const { last } = line;
  if (!last) return { following: { line, since: 0n } };
  if (event === 'doubted' || event === 'old') return { following: { line, since } };
  if (!old.last) return { following: { line, since: 0n } };
  const started = before?.since ?? 0n;
  const told = added * UNITS_PER_MICRO_WATT_HOUR;
  if (last.at < at) return standing({ line, since: started }, at - last.at > maxGap, power, rule);
  if (event === undefined || !MISSED.has(event))
    return { following: { line, since: 0n }, units: told - started };
  // What the new line counted is the least there was: the power may know of more, from before it began.
  const all = power.known && since > told ? since : started > told ? started : told;
  const credited = Energy((all - told) / UNITS_PER_MICRO_WATT_HOUR);
  const following = {
    line: line.before && credited > 0n ? { ...line, before: { ...line.before, credited } } : line,
    since: 0n,
  };
  return power.known && all === since ? { following } : { following, units: all - started };
};

/** The counter shows what it showed before. `long`: for longer than a gap. */
const standing = (before: Following, long: boolean, power: ByPower, rule: CounterRule): Counted => {
  const since = before.since + power.units;
  const most = toleranceOf(rule) * UNITS_PER_MICRO_WATT_HOUR;
  if (power.known && !(long && since > most)) return { following: { ...before, since } };
  const kept = since > most ? most : since;
  return { following: { ...before, since: kept }, units: kept - before.since };
};

const lineOf = ({ last, doubted, before }: CounterLine): CounterLine => ({
  ...(last && { last }),
  ...(doubted && { doubted }),
  ...(before && { before }),
});

/** The following of a counter that has just been believed and of which nothing is doubted. */
export const justRead = (at: Instant, counter: Energy): Following => ({
  line: { last: { at, counter } },
  since: 0n,
});

/** True when all that is known of a counter is this reading. */
export const isJustRead = (following: Following | undefined, at: Instant, counter: Energy): boolean => {
  const { line: { last, doubted, before } = {}, since } = following ?? {};
  return since === 0n && last?.at === at && last.counter === counter && !doubted && !before;
};

const readingText = ({ at, counter }: CounterReading): readonly [number, string] => [at, String(counter)];

/** As JSON: units since, the last reading, the doubted one, the one before. */
export const followingJson = ({ line, since }: Following): readonly unknown[] => {
  const { last, doubted, before } = line;
  return [
    String(since),
    last ? readingText(last) : 0,
    ...(doubted || before ? [doubted ? [...readingText(doubted), String(doubted.from)] : 0] : []),
    ...(before ? [[...readingText(before), String(before.since), String(before.credited ?? 0n)]] : []),
  ];
};

type Listed = readonly [number, string, string?, string?] | 0 | undefined;

/** Reads what `followingJson` wrote. */
export const followingOf = (json: readonly unknown[]): Following => {
  const [since, last, doubted, before] = json as readonly [string, Listed, Listed, Listed];
  const energy = (text: string | undefined): Energy => Energy(BigInt(text ?? '0'));
  const reading = (listed: readonly [number, string, string?, string?]): CounterReading => ({
    at: Instant(listed[0]),
    counter: energy(listed[1]),
  });
  const credited = before ? energy(before[3]) : 0n;
  return {
    line: {
      ...(last && { last: reading(last) }),
      ...(doubted && { doubted: { ...reading(doubted), from: energy(doubted[2]) } }),
      ...(before && {
        before: {
          ...reading(before),
          since: energy(before[2]),
          ...(credited > 0n && { credited: Energy(credited) }),
        },
      }),
    },
    since: BigInt(since),
  };
};
