/**
 * Whether a quantity that was sampled through a long run stays where it is, and the picture of it.
 */

/** A quantity at one instant of the lab. */
export interface Point {
  /** Days since the lab began. */
  readonly day: number;
  readonly value: number;
}

/** How a quantity is told and judged. */
export interface Quantity {
  readonly name: string;
  readonly unit: string;
  /** It is flat when it grows in the whole run by less than this share of its median … */
  readonly share: number;
  /** … or by less than this much. */
  readonly floor: number;
  /** What it may grow with, where that is its nature. */
  readonly grows?: Growth;
}

/** Growth that is meant. */
export interface Growth {
  /** What each of them adds, in words: "sample", "block". */
  readonly with: string;
  /** How many of them a day of the lab has. */
  readonly perDay: number;
  /** The most that each may add, in the quantity's unit. */
  readonly most: number;
  readonly because: string;
}

export interface Verdict {
  readonly first: number;
  readonly last: number;
  readonly max: number;
  /** Per day of the lab, after the warm-up. */
  readonly slope: number;
  readonly kind: 'flat' | 'explained' | 'grows' | 'falls' | 'too short';
  readonly why: string;
}

/** Caches fill and compilers finish in the first part of a run: at most so many days, or this share. */
const WARM_UP_DAYS = 2;
const WARM_UP_SHARE = 0.2;
/** The run is looked at in so many windows, by the lowest value of each: what is left after collecting garbage. */
const WINDOWS = 24;

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = low] = sorted.slice(sorted.length % 2 === 0 ? middle - 1 : middle, middle + 1);
  return (low + high) / 2;
};

/** The lowest point of each window, and the window's middle. */
const lowest = (points: readonly Point[]): readonly Point[] => {
  const from = points[0]?.day ?? 0;
  const width = ((points.at(-1)?.day ?? 0) - from) / WINDOWS || 1;
  const windows = Map.groupBy(points, ({ day }) => Math.min(WINDOWS - 1, Math.floor((day - from) / width)));
  return [...windows].map(([window, inside]) => ({
    day: from + (window + 0.5) * width,
    value: Math.min(...inside.map(({ value }) => value)),
  }));
};

/** The median of the slopes between all pairs (Theil 1950, Sen 1968): a few outliers do not move it. */
export const slopeOf = (points: readonly Point[]): number =>
  median(
    points.flatMap((a, index) =>
      points.slice(index + 1).flatMap((b) => (b.day > a.day ? [(b.value - a.value) / (b.day - a.day)] : [])),
    ),
  );

/** Looks at a run's points, oldest first. */
export const judge = (quantity: Quantity, points: readonly Point[]): Verdict => {
  const end = points.at(-1)?.day ?? 0;
  const warm = Math.min(WARM_UP_DAYS, end * WARM_UP_SHARE);
  const settled = points.filter(({ day }) => day >= warm);
  const values = points.map(({ value }) => value);
  const looked = { first: values[0] ?? 0, last: values.at(-1) ?? 0, max: Math.max(0, ...values) };
  const { unit, grows } = quantity;
  const windows = lowest(settled);
  if (windows.length < 4) return { ...looked, slope: 0, kind: 'too short', why: 'too few samples to tell' };
  const slope = slopeOf(windows);
  const span = end - warm;
  const bound = Math.max(quantity.floor, quantity.share * median(settled.map(({ value }) => value)));
  if (Math.abs(slope * span) <= bound) return { ...looked, slope, kind: 'flat', why: 'flat' };
  const rate = `${slope > 0 ? 'grows' : 'falls'} ${number(Math.abs(slope))} ${unit} a day`;
  if (slope < 0) return { ...looked, slope, kind: 'falls', why: rate };
  if (!grows) return { ...looked, slope, kind: 'grows', why: `${rate}: unexplained` };
  const each = slope / grows.perDay;
  const told = `${rate}, ${number(each * 1e6)} ${micro(unit)} a ${grows.with}`;
  return each <= grows.most
    ? { ...looked, slope, kind: 'explained', why: `${told}: ${grows.because}` }
    : { ...looked, slope, kind: 'grows', why: `${told}, more than the ${number(grows.most * 1e6)} expected` };
};

/** A millionth of a unit in words. */
const micro = (unit: string): string => (unit === 'MB' ? 'B' : `millionths of ${unit}`);

/** Three digits that count. */
export const number = (value: number): string => {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(4, digits));
};

const BLOCKS = ' ▁▂▃▄▅▆▇█';
const COLUMNS = 60;
const ROWS = 2;
const LEVELS = 8;

/** Two rows of blocks from 0 to the highest value, each column the mean of its part of the run. */
export const chart = (points: readonly Point[], columns = COLUMNS): readonly string[] => {
  const end = points.at(-1)?.day ?? 0;
  const highest = Math.max(...points.map(({ value }) => value), Number.MIN_VALUE);
  const cells = Map.groupBy(points, ({ day }) =>
    Math.min(columns - 1, Math.floor((day / (end || 1)) * columns)),
  );
  let level = 0;
  const levels = Array.from({ length: columns }, (_, column) => {
    const inside = cells.get(column);
    // Fewer samples than columns: the last one still stands.
    if (inside)
      level = (inside.reduce((sum, { value }) => sum + value, 0) / inside.length / highest) * ROWS * LEVELS;
    return Math.max(1, Math.round(level));
  });
  return Array.from({ length: ROWS }, (_, row) =>
    levels
      .map((height) => BLOCKS[Math.max(0, Math.min(LEVELS, height - (ROWS - 1 - row) * LEVELS))] ?? ' ')
      .join(''),
  );
};
