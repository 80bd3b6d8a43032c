/** Rows of `samples` and the integration states they hold. */
import {
  type Absence,
  addUnits,
  countersOf,
  emptyIntegration,
  evenPart,
  type Integration,
  isAbsence,
  type Measurement,
  type Reading,
  rhythmOf,
  type Sample,
  type SignRule,
  type Stretch,
  shareOut,
  type Total,
  UNITS_PER_MICRO_WATT_HOUR,
} from '@daisee/meter';
import { type Clock, Duration, Energy, Instant, Percent, Register, Watts } from '@daisee/units';
import type { Appended, FollowedSample, Sensor, StoredSample } from './store.ts';

/** A row's state of the integration; whole numbers as SQLite keeps them (read as bigint). */
export interface StateRow {
  readonly id: bigint;
  readonly at: bigint;
  readonly power: bigint;
  readonly register: bigint;
  readonly remainder: bigint;
  readonly exported: bigint;
  readonly exported_remainder: bigint;
  readonly debt: bigint;
  readonly highest: bigint;
  readonly gap_from: bigint | null;
  readonly counter: bigint | null;
  readonly exported_counter: bigint | null;
  readonly counters: string | null;
  readonly stretch: bigint | number | null;
  readonly stands_for: bigint | number | null;
  /** Why nothing is known from `at` on; null for a sample. */
  readonly absent: string | null;
  readonly rhythm: string | null;
  readonly elapsed: bigint | null;
  readonly step_from: bigint | null;
  readonly step_to: bigint | null;
  readonly state_of_charge: number | null;
  readonly voltage: number | null;
}

export const STATE_COLUMNS = `id, at, power, register, remainder, exported, exported_remainder, debt, highest, gap_from,
  counter, exported_counter, counters, stretch, stands_for, absent, elapsed, step_from, step_to, state_of_charge, voltage, rhythm`;

/** How a stretch is written in its row. */
export const STRETCH_CODES: Readonly<Record<Stretch, number | null>> = { line: null, even: 1, held: 2 };

/** How the energy lies before a row. */
export const stretchOf = ({ stretch }: Pick<StateRow, 'stretch'>): Stretch => {
  if (stretch === null) return 'line';
  return Number(stretch) === STRETCH_CODES.even ? 'even' : 'held';
};

/** A row as the API gives it. */
export interface SampleRow {
  readonly id: bigint;
  readonly at: bigint;
  readonly power: bigint;
  readonly state_of_charge: number | null;
  readonly voltage: number | null;
  readonly counter: bigint | null;
  readonly exported_counter: bigint | null;
  readonly register: bigint;
  readonly exported: bigint;
  readonly stands_for: bigint | number | null;
  readonly span: bigint | null;
  readonly elapsed: bigint | null;
}

export const SAMPLE_COLUMNS =
  'id, at, power, state_of_charge, voltage, counter, exported_counter, register, exported, stands_for, span, elapsed';

/** Leaves out the rows that are no samples: the ends of stretches that were thinned, and absences. */
export const IS_SAMPLE = '(stands_for IS NULL OR stands_for > 0)';

/** Bridges an interval whatever its length: for those whose judgement is already on record. */
export const BRIDGED = Duration(Number.MAX_SAFE_INTEGER);

const wattsOf = (microWatts: bigint): Watts => Watts(Number(microWatts) / 1e6);

/** The state of the integration right after the row's sample. */
export const stateOf = (row: StateRow): Integration => {
  const reading = readingOf(row);
  return {
    register: Register(row.register),
    remainder: row.remainder,
    exported: Register(row.exported),
    exportedRemainder: row.exported_remainder,
    debt: row.debt,
    ...countersOf(row.counters ?? undefined, reading),
    highest: row.highest,
    ...(row.rhythm !== null && { rhythm: rhythmOf(row.rhythm) }),
    last: { at: reading.at, power: reading.power, ...(row.absent !== null && { absent: true }) },
  };
};

/** What a row was told of. */
export const toldIn = (row: StateRow): Reading | Absence =>
  row.absent === null
    ? readingOf(row)
    : { at: Instant(Number(row.at)), absent: row.absent, ...elapsedIn(row) };

/** How long the stretch before it truly was, where the stamps do not say it. */
const elapsedIn = ({ elapsed }: Pick<StateRow, 'elapsed'>): Pick<Sample, 'elapsed'> =>
  elapsed === null ? {} : { elapsed: Duration(Number(elapsed)) };

/** The reading of a row. */
const readingOf = (row: StateRow): Reading => ({
  at: Instant(Number(row.at)),
  power: wattsOf(row.power),
  ...countersIn(row),
  ...elapsedIn(row),
  ...(row.step_from === null || row.step_to === null
    ? {}
    : { steps: [Instant(Number(row.step_from)), Instant(Number(row.step_to))] as const }),
});

/** What the device's own counters showed. */
const countersIn = ({
  counter,
  exported_counter: exported,
}: Pick<StateRow, 'counter' | 'exported_counter'>): Pick<Sample, 'counter' | 'exportedCounter'> => ({
  ...(counter === null ? {} : { counter: Energy(counter) }),
  ...(exported === null ? {} : { exportedCounter: Energy(exported) }),
});

export const storedSampleOf = (row: SampleRow): StoredSample => ({
  id: Number(row.id),
  at: Instant(Number(row.at)),
  power: wattsOf(row.power),
  ...(row.state_of_charge === null ? {} : { stateOfCharge: Percent(row.state_of_charge) }),
  ...(row.voltage === null ? {} : { voltage: row.voltage }),
  ...countersIn(row),
  ...elapsedIn(row),
  register: Register(row.register),
  exported: Register(row.exported),
  ...(row.stands_for === null || row.span === null
    ? {}
    : { samples: Number(row.stands_for), span: Duration(Number(row.span)) }),
});

/** A row with the instant of the next one of its sensor. */
export interface FollowedRow extends SampleRow {
  readonly next: bigint | null;
}

// The search ends at the first one that is a sample.
export const FOLLOWED_COLUMNS = `${SAMPLE_COLUMNS},
  (SELECT later.at FROM samples AS later WHERE later.sensor = samples.sensor AND later.at > samples.at
    AND (later.stands_for IS NULL OR later.stands_for > 0) ORDER BY later.at LIMIT 1) AS next`;

export const followedSampleOf = (row: FollowedRow): FollowedSample => ({
  ...storedSampleOf(row),
  ...(row.next === null ? {} : { next: Instant(Number(row.next)) }),
});

/** A row that was stored. */
export interface Placed {
  readonly at: Instant;
  /** None for an absence. */
  readonly sample?: StoredSample;
}

export const placedAs = (
  id: number,
  { told, state }: { readonly told: Measurement; readonly state: Integration },
): Placed => {
  if (isAbsence(told)) return { at: told.at };
  const { register, exported } = state;
  const power = Watts(Math.round(told.power * 1e6) / 1e6);
  return { at: told.at, sample: { ...told, power, id, register, exported } };
};

/** What became of so many that were given. */
export const appendedOf = (
  given: number,
  placed: readonly Placed[],
  { conflicting = 0, replaced = 0 }: Partial<Pick<Appended, 'conflicting' | 'replaced'>> = {},
): Appended => ({
  stored: placed.length,
  repeated: given - placed.length - replaced,
  conflicting,
  replaced,
  samples: placed.flatMap(({ sample }) => sample ?? []),
});

/** An instant in a sensor's history: the rows around it. */
export interface Edge {
  readonly at: Instant;
  /** The newest row not later than `at`. */
  readonly before?: StateRow;
  /** The oldest row later than `at`. */
  readonly after?: StateRow;
  /** Without a row after it, until when the power of the one before holds. */
  readonly holdsUntil?: Instant;
}

/** How the newest value of a sensor that reports on change holds: up to now on this clock, for the longest gap. */
export interface Holding {
  readonly clock: Clock | undefined;
  readonly maxGap: Duration;
}

/** An edge of a sensor: up to now on a clock, what reports on change holds beyond its newest sample. */
export const edgeBetween = (
  at: Instant,
  before: StateRow | undefined,
  after: StateRow | undefined,
  { reports }: Pick<Sensor, 'reports'>,
  { clock, maxGap }: Holding,
): Edge => {
  const holds = clock && reports === 'change' && before && before.absent === null && !after;
  return {
    at,
    ...(before ? { before } : {}),
    ...(after ? { after } : {}),
    ...(holds ? { holdsUntil: Instant(Math.floor(Math.min(clock.now(), Number(before.at) + maxGap))) } : {}),
  };
};

/** How far a sum rises between two, in units. */
const unitsBetween = (from: Total, to: Total): bigint =>
  (to.register - from.register) * UNITS_PER_MICRO_WATT_HOUR + to.remainder - from.remainder;

const importOf = ({ register, remainder }: Pick<Integration, 'register' | 'remainder'>): Total => ({
  register,
  remainder,
});
const exportOf = (state: Pick<Integration, 'exported' | 'exportedRemainder'>): Total => ({
  register: state.exported,
  remainder: state.exportedRemainder,
});

/** The registers at an edge with what is below their last digit, as the energy lies between the rows around it. */
export const totalsAt = (
  { at, before, after, holdsUntil }: Edge,
  sign: SignRule,
): { readonly imported: Total; readonly exported: Total } => {
  const state = before ? stateOf(before) : emptyIntegration;
  const [imported, exported] = [importOf(state), exportOf(state)];
  const start = { imported, exported };
  if (!before || at <= Number(before.at)) return start;
  const stretch = after ? stretchOf(after) : 'held';
  if (after && stretch === 'even') {
    const end = stateOf(after);
    const part = (units: bigint): bigint =>
      evenPart(units, readingOf(before), readingOf(after), Math.floor(at));
    return {
      imported: addUnits(imported, part(unitsBetween(imported, importOf(end)))),
      exported: addUnits(exported, part(unitsBetween(exported, exportOf(end)))),
    };
  }
  const until = Number(after?.gap_from ?? after?.at ?? holdsUntil ?? before.at);
  const { elapsed, steps } = after && after.gap_from === null ? readingOf(after) : {};
  const { power } = after && stretch === 'line' ? readingOf(after) : readingOf(before);
  const next = { at: Instant(until), power, elapsed, steps };
  const rule = { sign, maxGap: BRIDGED, holds: stretch === 'held' };
  const [share] = shareOut(state, next, [at], rule);
  if (!share || share.to > at) return start;
  return { imported: addUnits(imported, share.added), exported: addUnits(exported, share.exported) };
};

/** The registers at an edge. */
export const registersAt = (edge: Edge, sign: SignRule): Pick<Integration, 'register' | 'exported'> => {
  const { imported, exported } = totalsAt(edge, sign);
  return { register: imported.register, exported: exported.register };
};

/** The energy between two edges, import less export; undefined when nothing was measured between them. */
export const energyBetween = (from: Edge, to: Edge, sign: SignRule): Energy | undefined => {
  if (to.at <= from.at) return undefined;
  const sampleInside = Number(from.before?.at) === from.at || Number(from.after?.at) < to.at;
  const known = Number(from.after ? (from.after.gap_from ?? from.after.at) : (from.holdsUntil ?? 0));
  if (!sampleInside && !(from.before !== undefined && known > from.at)) return undefined;
  const start = registersAt(from, sign);
  const end = registersAt(to, sign);
  return Energy(end.register - start.register - (end.exported - start.exported));
};
