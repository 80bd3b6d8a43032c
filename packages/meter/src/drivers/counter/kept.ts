/** What an integration keeps of counters, as text beside its numbers. */
import type { Integration, Reading } from '../../integration.ts';
import { followingJson, followingOf, isJustRead, justRead } from './following.ts';

type Counters = Pick<Integration, 'counter' | 'exportedCounter' | 'exportedDebt'>;

/**
 * The counters of a state right after `sample` as text; undefined where the sample says it all: nothing is owed and
 * its counters are just read, or it has none and none was ever read.
 */
export const countersText = (
  { counter, exportedCounter, exportedDebt }: Counters,
  sample?: Pick<Reading, 'at' | 'counter' | 'exportedCounter'>,
): string | undefined => {
  const said = (following: Counters['counter'], reading: Reading['counter']): boolean =>
    sample && reading !== undefined ? isJustRead(following, sample.at, reading) : following === undefined;
  if (exportedDebt === 0n && said(counter, sample?.counter) && said(exportedCounter, sample?.exportedCounter))
    return undefined;
  return JSON.stringify([
    counter ? followingJson(counter) : 0,
    exportedCounter ? followingJson(exportedCounter) : 0,
    ...(exportedDebt === 0n ? [] : [String(exportedDebt)]),
  ]);
};

/** Reads what `countersText` wrote, or made nothing of, for the same sample. */
export const countersOf = (
  text: string | undefined,
  sample?: Pick<Reading, 'at' | 'counter' | 'exportedCounter'>,
): Counters => {
  if (text === undefined) {
    const { at, counter, exportedCounter } = sample ?? {};
    return {
      exportedDebt: 0n,
      ...(at !== undefined && counter !== undefined && { counter: justRead(at, counter) }),
      ...(at !== undefined &&
        exportedCounter !== undefined && { exportedCounter: justRead(at, exportedCounter) }),
    };
  }
  const [counter, exportedCounter, owed] = JSON.parse(text) as readonly [
    readonly unknown[] | 0,
    readonly unknown[] | 0,
    string?,
  ];
  return {
    exportedDebt: BigInt(owed ?? '0'),
    ...(counter && { counter: followingOf(counter) }),
    ...(exportedCounter && { exportedCounter: followingOf(exportedCounter) }),
  };
};
