/**
 * What an append changes in a store, whatever its database: new rows with the state of the integration beside each
 * and, when samples come late, the rows after them with their states computed again. Pure.
 */
import {
  type Absence,
  addUnits,
  countersText,
  emptyIntegration,
  type Integration,
  type IntegrationRule,
  integrate,
  isAbsence,
  type Measurement,
  type Reading,
  type Sample,
  type Stretch,
  UNITS_PER_MICRO_WATT_HOUR,
} from '@daisee/meter';
import { Duration, Instant, Register } from '@daisee/units';
import { SampleRefused } from './errors.ts';
import { BRIDGED, STRETCH_CODES, type StateRow, stateOf, stretchOf, toldIn } from './rows.ts';

/** In watts: what the integration keeps of 100 MW still fits a database's 64-bit integers. */
const HIGHEST_POWER = 1e8;
const HIGHEST_COUNTER = 2n ** 63n - 1n;

/** Beyond it is no date (ECMA-262, 21.4.1.1); in ms from 1970, both ways. */
const FARTHEST = 8.64e15;

/** The state right after a sample. */
export interface RowState {
  readonly state: Integration;
  /** Where the gap before this sample begins, if there is one. */
  readonly gapFrom: Instant | undefined;
  /** How the energy lies in the stretch before it. */
  readonly stretch: Stretch;
  /** What is kept of the counters beside the sample. */
  readonly counters: string | undefined;
}

/** A sample or an absence to be stored. */
export interface NewRow extends RowState {
  readonly told: Measurement;
}

/** A row that is there and whose state is another one now. */
export interface ChangedRow extends RowState {
  readonly id: bigint;
}

/** @throws SampleRefused for one that no store can hold. */
const checkSample = (sample: Sample): void => {
  if (!(Math.abs(sample.power) <= HIGHEST_POWER))
    throw new SampleRefused('power', sample.power, `watts from -${HIGHEST_POWER} to ${HIGHEST_POWER}`);
  if (sample.voltage !== undefined && !Number.isFinite(sample.voltage))
    throw new SampleRefused('voltage', sample.voltage, 'volts');
  const { stateOfCharge } = sample;
  if (stateOfCharge !== undefined && !(stateOfCharge >= 0 && stateOfCharge <= 100))
    throw new SampleRefused('state of charge', stateOfCharge, '0 to 100 %');
  for (const counter of [sample.counter, sample.exportedCounter])
    if (counter !== undefined && (counter < 0n || counter > HIGHEST_COUNTER))
      throw new SampleRefused('counter', Number(counter), `µWh from 0 to ${HIGHEST_COUNTER}`);
};

/**
 * Checks what was told, takes the instants to whole ms and sorts it; of two at one instant the first given stays.
 * @throws SampleRefused for a sample that no store can hold.
 */
export const distinct = <T extends Measurement>(given: readonly T[]): readonly T[] => {
  const byInstant = new Map<number, T>();
  let last = Number.NEGATIVE_INFINITY;
  let sorted = true;
  for (const told of given) {
    const at = Math.round(told.at);
    if (!(Math.abs(at) <= FARTHEST)) throw new SampleRefused('instant', told.at, 'milliseconds since 1970');
    if (!isAbsence(told)) checkSample(told);
    sorted &&= at > last;
    last = at;
    if (!byInstant.has(at)) byInstant.set(at, at === told.at ? told : { ...told, at: Instant(at) });
  }
  const kept = [...byInstant.values()];
  return sorted ? kept : kept.sort((a, b) => a.at - b.at);
};

/** A sample or an absence taken into the state before it, as its row keeps it. */
const stateAfter = (state: Integration, told: Reading | Absence, rule: IntegrationRule): RowState => {
  const step = integrate(state, told, rule);
  return {
    state: step.state,
    gapFrom: step.gap?.from,
    stretch: step.stretch,
    counters: countersText(step.state, isAbsence(told) ? undefined : told),
  };
};

/** The rows of what follows each other and the state given, nothing stored between them. */
export const rowsAfter = (
  start: Integration | undefined,
  told: readonly Measurement[],
  rule: IntegrationRule,
): readonly NewRow[] => {
  let state = start ?? emptyIntegration;
  return told.map((one) => {
    const row = stateAfter(state, one, rule);
    state = row.state;
    return { told: one, ...row };
  });
};

/** What a page of rows became. */
interface Recounted {
  readonly added: readonly NewRow[];
  readonly changed: readonly ChangedRow[];
  /** True when every row after those seen stays as it is. */
  readonly settled: boolean;
}

/** Goes through the rows after a late sample. */
export interface Recount {
  /** Takes the next rows, ascending, none left out. */
  take(rows: readonly StateRow[]): Recounted;
  /** The samples that are later than every row. */
  rest(): readonly NewRow[];
}

/**
 * The energy between two rows is settled once either of them stands for a stretch that was thinned: what was between
 * them is no longer there to be counted again.
 */
const isSettled = (before: StateRow | undefined, row: StateRow): boolean =>
  before !== undefined && (isThinned(before) || isThinned(row));

const isThinned = ({ stands_for: samples, absent }: StateRow): boolean => samples !== null && absent === null;

/** A row's state, as much higher or lower as the state before it is. */
const shifted = (before: StateRow, row: StateRow, state: Integration): Integration => {
  const [was, old] = [stateOf(before), stateOf(row)];
  const moved = (now: bigint, then: bigint, part: bigint, thenPart: bigint): bigint =>
    (now - then) * UNITS_PER_MICRO_WATT_HOUR + part - thenPart;
  const up = moved(state.register, was.register, state.remainder, was.remainder);
  const out = moved(state.exported, was.exported, state.exportedRemainder, was.exportedRemainder);
  const zero = { register: Register(0n), remainder: 0n };
  const imported = addUnits(zero, old.register * UNITS_PER_MICRO_WATT_HOUR + old.remainder + up);
  const exported = addUnits(zero, old.exported * UNITS_PER_MICRO_WATT_HOUR + old.exportedRemainder + out);
  return {
    ...old,
    register: imported.register,
    remainder: imported.remainder,
    exported: exported.register,
    exportedRemainder: exported.remainder,
  };
};

/** An interval that was there keeps its judgement, whatever rule holds now. */
const asJudged = (before: StateRow | undefined, row: StateRow, rule: IntegrationRule): IntegrationRule => {
  if (!before) return rule;
  const stretch = stretchOf(row);
  // What a counter bridged is not for the power to bridge, should the counter be believed no more.
  if (stretch === 'even' && Number(row.at - before.at) > rule.maxGap) return rule;
  const bridges = row.gap_from === null ? BRIDGED : Duration(Number(row.gap_from - before.at));
  return { ...rule, bridges, holds: stretch === 'even' ? rule.holds === true : stretch === 'held' };
};

/**
 * Puts what was told (distinct, ascending) among rows.
 * @param base the newest row older than the first of them; undefined when there is none.
 */
export const createRecount = (
  base: StateRow | undefined,
  samples: readonly Measurement[],
  rule: IntegrationRule,
): Recount => {
  let state = base ? stateOf(base) : emptyIntegration;
  let previous = base;
  let next = 0;
  const rowsUntil = (at: number): readonly NewRow[] => {
    const first = next;
    while ((samples[next]?.at ?? at) < at) next++;
    if (next === first) return [];
    const rows = rowsAfter(state, samples.slice(first, next), rule);
    state = rows.at(-1)?.state ?? state;
    return rows;
  };
  const recounted = (row: StateRow, at: number, added: NewRow[]): RowState => {
    if (previous && isSettled(previous, row)) {
      // Samples of a time that is on the books already: the same as repeated ones.
      while ((samples[next]?.at ?? Number.POSITIVE_INFINITY) < at) next++;
      const moved = shifted(previous, row, state);
      const counters = row.counters ?? undefined;
      return { state: moved, gapFrom: undefined, stretch: stretchOf(row), counters };
    }
    const before = rowsUntil(at);
    for (const one of before) added.push(one);
    return stateAfter(state, toldIn(row), before.length > 0 ? rule : asJudged(previous, row, rule));
  };
  return {
    take: (rows) => {
      const added: NewRow[] = [];
      const changed: ChangedRow[] = [];
      for (const row of rows) {
        const at = Number(row.at);
        const now = recounted(row, at, added);
        if (samples[next]?.at === at) next++;
        state = now.state;
        previous = row;
        if (!isAt(row, now)) changed.push({ id: row.id, ...now });
        else if (next === samples.length) return { added, changed, settled: true };
      }
      return { added, changed, settled: false };
    },
    rest: () => rowsUntil(Number.POSITIVE_INFINITY),
  };
};

/** True when the row holds this state already. */
const isAt = (row: StateRow, { state, gapFrom, stretch, counters }: RowState): boolean =>
  row.register === state.register &&
  row.remainder === state.remainder &&
  row.exported === state.exported &&
  row.exported_remainder === state.exportedRemainder &&
  row.debt === state.debt &&
  row.highest === state.highest &&
  row.counters === (counters ?? null) &&
  (row.stretch === null ? null : Number(row.stretch)) === STRETCH_CODES[stretch] &&
  (row.gap_from === null ? gapFrom === undefined : Number(row.gap_from) === gapFrom);
