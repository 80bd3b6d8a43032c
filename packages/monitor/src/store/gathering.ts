/**
 * Group commit: a commit waits for the disk, so appends that arrived in the same turn of the event loop share one.
 * For stores that offer `together`; others do as they do.
 */
import type { Measurement } from '@daisee/meter';
import { StoreError } from './errors.ts';
import type { Appended, AppendOptions, SampleStore } from './store.ts';

/** Samples in one transaction, after which others get their turn. */
const MOST_TOGETHER = 2000;

interface Waiting {
  readonly sensorId: number;
  readonly told: readonly Measurement[];
  readonly options: AppendOptions;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly appended: Appended } | { readonly error: unknown };
type Append = (sensorId: number, told: readonly Measurement[], options?: AppendOptions) => Promise<Appended>;

/**
 * Makes an `append` whose results are those of the store's, one after the other in the order of the calls. Each answers
 * for itself: what is refused of one leaves the others alone. It returns once its transaction is committed.
 */
export const createGathering = (store: Pick<SampleStore, 'append' | 'together'>): Append => {
  const { together } = store;
  if (!together) return async (sensorId, told, options) => await store.append(sensorId, told, options);

  /** Within a transaction a database that fails ends it all; everything else is of one append alone. */
  const outcomeOf = ({ sensorId, told, options }: Waiting, inTransaction: boolean): Outcome => {
    try {
      return { appended: store.append(sensorId, told, options) as Appended };
    } catch (error) {
      if (inTransaction && error instanceof StoreError) throw error;
      return { error };
    }
  };
  const outcomesOf = (batch: readonly Waiting[]): readonly Outcome[] => {
    if (batch.length > 1)
      try {
        return together(() => batch.map((one) => outcomeOf(one, true)));
      } catch (error) {
        // Nothing was stored: each is tried alone, to hear what is wrong with it.
        if (!(error instanceof StoreError)) throw error;
      }
    return batch.map((one) => outcomeOf(one, false));
  };

  let waiting: Waiting[] = [];
  const take = (): readonly Waiting[] => {
    let count = 0;
    let size = 0;
    while (count < waiting.length && (count === 0 || size < MOST_TOGETHER))
      size += waiting[count++]?.told.length ?? 0;
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return taken;
  };
  const commitWaiting = (): void => {
    const batch = take();
    if (waiting.length > 0) setImmediate(commitWaiting);
    let outcomes: readonly Outcome[];
    try {
      outcomes = outcomesOf(batch);
    } catch (error) {
      outcomes = batch.map(() => ({ error }));
    }
    for (const [i, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[i];
      if (outcome && 'appended' in outcome) resolve(outcome.appended);
      else reject(outcome?.error);
    }
  };
  return (sensorId, told, options = {}) =>
    new Promise((resolve, reject) => {
      // After all that has arrived by now has been read.
      if (waiting.length === 0) setImmediate(commitWaiting);
      waiting.push({ sensorId, told, options, resolve, reject });
    });
};
