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
  rhythmText,
  type Sample,
  type Stretch,
  UNITS_PER_MICRO_WATT_HOUR,
} from '@daisee/meter';
import { Duration, Instant, Percent, Register } from '@daisee/units';
import { SampleRefused } from './errors.ts';
import { type Step, stepsBetween } from './marks.ts';
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
  /** How long the stretch before it truly was, where the stamps do not say it, and the steps in it. */
  readonly elapsed: Duration | undefined;
  readonly steps: Reading['steps'];
}

/** A sample or an absence to be stored. */
export interface NewRow extends RowState {
  readonly told: Measurement;
}

/** A row that is there and whose state is another one now. */
export interface ChangedRow extends RowState {
  readonly id: bigint;
  /** What is put in the place of what it was told of. */
  readonly replaced?: Measurement;
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

/** Whether two measurements of one instant say the same. */
const isSame = (a: Measurement, b: Measurement): boolean => {
  if (isAbsence(a) || isAbsence(b)) return isAbsence(a) && isAbsence(b);
  return (
    Math.round(a.power * 1e6) === Math.round(b.power * 1e6) &&
    a.stateOfCharge === b.stateOfCharge &&
    a.voltage === b.voltage &&
    a.counter === b.counter &&
    a.exportedCounter === b.exportedCounter
  );
};

/** What was told in the order of time, each instant once. */
export interface Distinct<T extends Measurement = Measurement> {
  readonly told: readonly T[];
  /** Left out, since another one of their instant said something else. */
  readonly conflicting: number;
}

/**
 * Checks what was told, takes the instants to whole ms and sorts it; of two at one instant the first given stays, or the
 * last one where they replace what is there.
 * @throws SampleRefused for a sample that no store can hold.
 */
export const distinct = <T extends Measurement>(given: readonly T[], replace = false): Distinct<T> => {
  const byInstant = new Map<number, T>();
  let conflicting = 0;
  let last = Number.NEGATIVE_INFINITY;
  let sorted = true;
  for (const told of given) {
    const at = Math.round(told.at);
    if (!(Math.abs(at) <= FARTHEST)) throw new SampleRefused('instant', told.at, 'milliseconds since 1970');
    if (!isAbsence(told)) checkSample(told);
    if (told.elapsed !== undefined && !(told.elapsed >= 0 && told.elapsed <= FARTHEST))
      throw new SampleRefused('elapsed', told.elapsed, '0 ms or more');
    sorted &&= at > last;
    last = at;
    const there = byInstant.get(at);
    if (there && !replace && !isSame(there, told)) conflicting++;
    if (!there || replace) byInstant.set(at, at === told.at ? told : { ...told, at: Instant(at) });
  }
  const kept = [...byInstant.values()];
  return { told: sorted ? kept : kept.sort((a, b) => a.at - b.at), conflicting };
};

/** A sample or an absence taken into the state before it, as its row keeps it. */
const stateAfter = (state: Integration, told: Reading | Absence, rule: IntegrationRule): RowState => {
  const step = integrate(state, told, rule);
  return {
    state: step.state,
    gapFrom: step.gap?.from,
    stretch: step.stretch,
    counters: countersText(step.state, isAbsence(told) ? undefined : told),
    elapsed: told.elapsed,
    steps: isAbsence(told) ? undefined : told.steps,
  };
};

/** A reading with the steps before it. */
const stepped = (state: Integration, told: Reading | Absence, steps: readonly Step[]): Reading | Absence =>
  steps.length === 0 || !state.last || isAbsence(told)
    ? told
    : { ...told, steps: stepsBetween(steps, state.last.at, told.at) };

/**
 * The rows of what follows each other and the state given, nothing stored between them.
 * @param steps those from the last sample on, ascending
 */
export const rowsAfter = (
  start: Integration | undefined,
  told: readonly Measurement[],
  rule: IntegrationRule,
  steps: readonly Step[],
): readonly NewRow[] => {
  let state = start ?? emptyIntegration;
  return told.map((one) => {
    const row = stateAfter(state, stepped(state, one, steps), rule);
    state = row.state;
    return { told: one, ...row };
  });
};

/** What a page of rows became. */
interface Recounted {
  readonly added: readonly NewRow[];
  readonly changed: readonly ChangedRow[];
  /** The instants of what said something else than what is there, and was left out. */
  readonly conflicting: readonly number[];
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

export interface RecountOptions {
  /** The newest row older than all that changes; undefined when there is none. */
  readonly base: StateRow | undefined;
  /** To be put among the rows: distinct, ascending. */
  readonly told: readonly Measurement[];
  readonly rule: IntegrationRule;
  /** Those from the base on, ascending. */
  readonly steps: readonly Step[];
  /** A sample at an instant that is there takes the place of what it says. */
  readonly replace?: boolean | undefined;
  /** Rows whose stretch before them is another one now: it is judged anew. */
  readonly fresh?: ReadonlySet<bigint> | undefined;
  /** Rows from here on are looked at, whatever those before them say. */
  readonly until?: Instant | undefined;
}

/** What a row was told of, all of it. */
const measurementIn = (row: StateRow): Measurement => ({
  ...toldIn(row),
  ...(row.state_of_charge === null ? {} : { stateOfCharge: Percent(row.state_of_charge) }),
  ...(row.voltage === null ? {} : { voltage: row.voltage }),
});

/** Puts what was told among rows, and counts their registers anew. */
export const createRecount = (options: RecountOptions): Recount => {
  const { base, told, rule, steps, replace = false, fresh, until = Number.NEGATIVE_INFINITY } = options;
  let state = base ? stateOf(base) : emptyIntegration;
  let previous = base;
  /** The row before was an absence and is a sample now, or the other way round: what comes after it is another stretch. */
  let isOther = false;
  let next = 0;
  /** What goes before `at`; `row`: the one there, whose true length it shares out. */
  const rowsUntil = (at: number, row?: StateRow): readonly NewRow[] => {
    const first = next;
    while ((told[next]?.at ?? at) < at) next++;
    if (next === first) return [];
    const placed = told.slice(first, next).map((one, i, all): Measurement => {
      const since = i === 0 ? previous?.at : BigInt(all[i - 1]?.at ?? 0);
      if (!row || row.elapsed === null || since === undefined || one.elapsed !== undefined) return one;
      const length = row.at - (previous?.at ?? row.at);
      return { ...one, elapsed: Duration(Number(((BigInt(one.at) - since) * row.elapsed) / length)) };
    });
    const rows = rowsAfter(state, placed, rule, steps);
    state = rows.at(-1)?.state ?? state;
    return rows;
  };
  const toldAfter = (row: StateRow, before: readonly NewRow[]): Reading | Absence => {
    const { steps: _steps, ...one } = { steps: undefined, ...toldIn(row) };
    if (one.elapsed === undefined || before.length === 0) return stepped(state, one, steps);
    const taken = before.reduce((sum, { elapsed = 0 }) => sum + elapsed, 0);
    return stepped(state, { ...one, elapsed: Duration(Math.max(0, one.elapsed - taken)) }, steps);
  };
  const recounted = (
    row: StateRow,
    before: readonly NewRow[],
    replaced: Measurement | undefined,
  ): RowState => {
    const { elapsed } = toldAfter(row, before);
    const one = replaced
      ? stepped(state, { ...replaced, elapsed: replaced.elapsed ?? elapsed }, steps)
      : toldAfter(row, before);
    const isNew = before.length > 0 || replaced !== undefined || isOther || fresh?.has(row.id);
    return stateAfter(state, one, isNew ? rule : asJudged(previous, row, rule));
  };
  const settledRow = (before: StateRow, row: StateRow): RowState => ({
    state: shifted(before, row, state),
    gapFrom: undefined,
    stretch: stretchOf(row),
    counters: row.counters ?? undefined,
    elapsed: undefined,
    steps: undefined,
  });
  return {
    take: (rows) => {
      const added: NewRow[] = [];
      const changed: ChangedRow[] = [];
      const conflicting: number[] = [];
      for (const row of rows) {
        const at = Number(row.at);
        const settled = previous && isSettled(previous, row) ? settledRow(previous, row) : undefined;
        const before = settled ? [] : rowsUntil(at, row);
        for (const one of before) added.push(one);
        // What is told of a time that was thinned is there already, as far as anybody can tell.
        if (settled) while ((told[next]?.at ?? Number.POSITIVE_INFINITY) < at) next++;
        const rival = told[next]?.at === at ? told[next] : undefined;
        const differs = rival !== undefined && !isThinned(row) && !isSame(measurementIn(row), rival);
        const replaced = differs && replace && !settled ? rival : undefined;
        if (rival) next++;
        if (differs && !replaced) conflicting.push(at);
        const now = settled ?? recounted(row, before, replaced);
        state = now.state;
        previous = row;
        isOther = replaced !== undefined && isAbsence(replaced) !== (row.absent !== null);
        if (replaced || !isAt(row, now)) changed.push({ id: row.id, ...now, ...(replaced && { replaced }) });
        else if (next === told.length && at >= until) return { added, changed, conflicting, settled: true };
      }
      return { added, changed, conflicting, settled: false };
    },
    rest: () => rowsUntil(Number.POSITIVE_INFINITY),
  };
};

const isThere = (value: bigint | null, now: number | undefined): boolean =>
  value === null ? now === undefined : Number(value) === now;

/** The rhythm of a state as its row keeps it. */
export const rhythmIn = ({ rhythm }: Integration): string | null => (rhythm ? rhythmText(rhythm) : null);

/** True when the row holds this state already. */
const isAt = (row: StateRow, { state, gapFrom, stretch, counters, elapsed, steps }: RowState): boolean =>
  row.register === state.register &&
  row.remainder === state.remainder &&
  row.exported === state.exported &&
  row.exported_remainder === state.exportedRemainder &&
  row.debt === state.debt &&
  row.highest === state.highest &&
  row.counters === (counters ?? null) &&
  row.rhythm === rhythmIn(state) &&
  (row.stretch === null ? null : Number(row.stretch)) === STRETCH_CODES[stretch] &&
  isThere(row.gap_from, gapFrom) &&
  isThere(row.elapsed, elapsed) &&
  isThere(row.step_from, steps?.[0]) &&
  isThere(row.step_to, steps?.[1]);
