/** Rows of `samples` and the integration states they hold. */
import {
  addUnits,
  emptyIntegration,
  type Integration,
  type Sample,
  type SignRule,
  shareOut,
} from '@daisee/meter';
import { Duration, Energy, Instant, Percent, Register, Watts } from '@daisee/units';
import type { FollowedSample, StoredSample } from './store.ts';

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
}

export const STATE_COLUMNS =
  'id, at, power, register, remainder, exported, exported_remainder, debt, highest, gap_from';

/** A row as the API gives it. */
export interface SampleRow {
  readonly id: bigint;
  readonly at: bigint;
  readonly power: bigint;
  readonly state_of_charge: number | null;
  readonly voltage: number | null;
  readonly register: bigint;
  readonly exported: bigint;
}

export const SAMPLE_COLUMNS = 'id, at, power, state_of_charge, voltage, register, exported';

/** Bridges or leaves an interval whatever its length: for intervals whose judgement is already on record. */
export const BRIDGED = Duration(Number.MAX_SAFE_INTEGER);
export const LEFT_OPEN = Duration(0);

const wattsOf = (microWatts: bigint): Watts => Watts(Number(microWatts) / 1e6);

/** The state of the integration right after the row's sample. */
export const stateOf = (row: StateRow): Integration => ({
  register: Register(row.register),
  remainder: row.remainder,
  exported: Register(row.exported),
  exportedRemainder: row.exported_remainder,
  debt: row.debt,
  highest: row.highest,
  last: { at: Instant(Number(row.at)), power: wattsOf(row.power) },
});

/** The reading of a row. */
export const readingOf = (row: StateRow): { readonly at: Instant; readonly power: Watts } => ({
  at: Instant(Number(row.at)),
  power: wattsOf(row.power),
});

export const storedSampleOf = (row: SampleRow): StoredSample => ({
  id: Number(row.id),
  at: Instant(Number(row.at)),
  power: wattsOf(row.power),
  ...(row.state_of_charge === null ? {} : { stateOfCharge: Percent(row.state_of_charge) }),
  ...(row.voltage === null ? {} : { voltage: row.voltage }),
  register: Register(row.register),
  exported: Register(row.exported),
});

/** A row with the instant of the next one of its sensor. */
export interface FollowedRow extends SampleRow {
  readonly next: bigint | null;
}

// The minimum is one look-up in the index on (sensor, at).
export const FOLLOWED_COLUMNS = `${SAMPLE_COLUMNS},
  (SELECT min(later.at) FROM samples AS later WHERE later.sensor = samples.sensor AND later.at > samples.at) AS next`;

export const followedSampleOf = (row: FollowedRow): FollowedSample => ({
  ...storedSampleOf(row),
  ...(row.next === null ? {} : { next: Instant(Number(row.next)) }),
});

export const storedSampleFrom = (id: number, sample: Sample, state: Integration): StoredSample => ({
  ...sample,
  power: Watts(Math.round(sample.power * 1e6) / 1e6),
  id,
  register: state.register,
  exported: state.exported,
});

/** An instant in a sensor's history: the rows around it. */
export interface Edge {
  readonly at: Instant;
  /** The newest row not later than `at`. */
  readonly before?: StateRow;
  /** The oldest row later than `at`. */
  readonly after?: StateRow;
}

/** The registers at an edge, on the straight line between the rows around it. */
export const registersAt = (
  { at, before, after }: Edge,
  sign: SignRule,
): Pick<Integration, 'register' | 'exported'> => {
  if (!before) return emptyIntegration;
  const state = stateOf(before);
  if (!after || after.gap_from !== null) return state;
  const [share] = shareOut(state, readingOf(after), [at], { sign, maxGap: BRIDGED });
  if (!share || share.to > at) return state;
  return {
    register: addUnits(state, share.added).register,
    exported: addUnits({ register: state.exported, remainder: state.exportedRemainder }, share.exported)
      .register,
  };
};

/** The energy between two edges, import less export; undefined when nothing was measured between them. */
export const energyBetween = (from: Edge, to: Edge, sign: SignRule): Energy | undefined => {
  if (to.at <= from.at) return undefined;
  const sampleInside = Number(from.before?.at) === from.at || Number(from.after?.at) < to.at;
  const bridged = from.before !== undefined && from.after !== undefined && from.after.gap_from === null;
  if (!sampleInside && !bridged) return undefined;
  const start = registersAt(from, sign);
  const end = registersAt(to, sign);
  return Energy(end.register - start.register - (end.exported - start.exported));
};
