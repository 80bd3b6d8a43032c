/**
 * What an append changes in a store, whatever its database: new rows with the state of the integration beside each
 * and, when samples come late, the rows after them with their states computed again. Pure.
 */
import {
  emptyIntegration,
  type Integration,
  type IntegrationRule,
  integrate,
  type Sample,
} from '@daisee/meter';
import { Instant } from '@daisee/units';
import { SampleRefused } from './errors.ts';
import { BRIDGED, LEFT_OPEN, readingOf, type StateRow } from './rows.ts';

/** In watts: what the integration keeps of 100 MW still fits a database's 64-bit integers. */
const HIGHEST_POWER = 1e8;

/** The state right after a sample. */
export interface RowState {
  readonly state: Integration;
  /** The previous sample's instant where the stretch before this one is a gap. */
  readonly gapFrom: Instant | undefined;
}

/** A sample to be stored. */
export interface NewRow extends RowState {
  readonly sample: Sample;
}

/** A row that is there and whose state is another one now. */
export interface ChangedRow extends RowState {
  readonly id: bigint;
}

/**
 * Checks samples, takes their instants to whole ms and sorts them; of two at one instant the first given stays.
 * @throws SampleRefused for one that no store can hold.
 */
export const distinct = (samples: readonly Sample[]): readonly Sample[] => {
  const byInstant = new Map<number, Sample>();
  let last = Number.NEGATIVE_INFINITY;
  let sorted = true;
  for (const sample of samples) {
    const at = Math.round(sample.at);
    if (!Number.isSafeInteger(at)) throw new SampleRefused('instant', sample.at, 'milliseconds since 1970');
    if (!(Math.abs(sample.power) <= HIGHEST_POWER))
      throw new SampleRefused('power', sample.power, `watts from -${HIGHEST_POWER} to ${HIGHEST_POWER}`);
    if (sample.voltage !== undefined && !Number.isFinite(sample.voltage))
      throw new SampleRefused('voltage', sample.voltage, 'volts');
    const { stateOfCharge } = sample;
    if (stateOfCharge !== undefined && !(stateOfCharge >= 0 && stateOfCharge <= 100))
      throw new SampleRefused('state of charge', stateOfCharge, '0 to 100 %');
    sorted &&= at > last;
    last = at;
    if (!byInstant.has(at)) byInstant.set(at, at === sample.at ? sample : { ...sample, at: Instant(at) });
  }
  const kept = [...byInstant.values()];
  return sorted ? kept : kept.sort((a, b) => a.at - b.at);
};

/** The rows of samples that follow each other and the state given, nothing stored between them. */
export const rowsAfter = (
  start: Integration | undefined,
  samples: readonly Sample[],
  rule: IntegrationRule,
): readonly NewRow[] => {
  let state = start ?? emptyIntegration;
  return samples.map((sample) => {
    const step = integrate(state, sample, rule);
    state = step.state;
    return { sample, state, gapFrom: step.gap?.from };
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
 * Puts samples (distinct, ascending) among rows.
 * @param start the state before the first of them, undefined when no row is older.
 */
export const createRecount = (
  start: Integration | undefined,
  samples: readonly Sample[],
  rule: IntegrationRule,
): Recount => {
  let state = start ?? emptyIntegration;
  let next = 0;
  const rowsUntil = (at: number): readonly NewRow[] => {
    const first = next;
    while ((samples[next]?.at ?? at) < at) next++;
    if (next === first) return [];
    const rows = rowsAfter(state, samples.slice(first, next), rule);
    state = rows.at(-1)?.state ?? state;
    return rows;
  };
  return {
    take: (rows) => {
      const added: NewRow[] = [];
      const changed: ChangedRow[] = [];
      for (const row of rows) {
        const at = Number(row.at);
        const before = rowsUntil(at);
        for (const one of before) added.push(one);
        if (samples[next]?.at === at) next++;
        // An interval that was there keeps its judgement; the part that a new sample split off is judged anew.
        const judged = row.gap_from === null ? BRIDGED : LEFT_OPEN;
        const step = integrate(state, readingOf(row), {
          sign: rule.sign,
          maxGap: before.length > 0 ? rule.maxGap : judged,
        });
        state = step.state;
        const gapFrom = step.gap?.from;
        if (!isAt(row, state, gapFrom)) changed.push({ id: row.id, state, gapFrom });
        else if (next === samples.length) return { added, changed, settled: true };
      }
      return { added, changed, settled: false };
    },
    rest: () => rowsUntil(Number.POSITIVE_INFINITY),
  };
};

/** True when the row holds this state already. */
const isAt = (row: StateRow, state: Integration, gapFrom: Instant | undefined): boolean =>
  row.register === state.register &&
  row.remainder === state.remainder &&
  row.exported === state.exported &&
  row.exported_remainder === state.exportedRemainder &&
  row.debt === state.debt &&
  row.highest === state.highest &&
  (row.gap_from === null ? gapFrom === undefined : Number(row.gap_from) === gapFrom);
