/**
 * Group commit on PostgreSQL: appends of a sensor take turns anyway, so those that arrive while one is being stored
 * wait and go together in the next transaction; short ones share it with those of other sensors.
 */
import type { Measurement } from '@daisee/meter';
import { DaiseeError } from '@daisee/units';
import { distinct } from '../recount.ts';
import { appendedOf } from '../rows.ts';
import type { Bridging } from '../sensor-rows.ts';
import type { Appended, AppendOptions, Sensor } from '../store.ts';
import type { NewSamples } from './appender.ts';
import type { Done } from './recount.ts';

/** Stores samples of several sensors, each named once, in one transaction; what was stored of each. */
type AppendAll = (lists: readonly NewSamples[]) => Promise<readonly Done[]>;
type Append = (
  sensor: Sensor,
  told: readonly Measurement[],
  rules: Bridging & Pick<AppendOptions, 'replace'>,
) => Promise<Appended>;

interface Waiting extends NewSamples {
  readonly given: number;
  /** Left out already, since the list said something else of their instants before. */
  readonly apart: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends of one sensor, side by side in the order of time. */
type Group = readonly Waiting[];

/** Samples of a sensor in one transaction; more wait for the next. */
const MOST_TOGETHER = 5000;
/** Groups up to here share a transaction; longer ones would keep the others waiting. */
const SHORT = 100;

const firstOf = ({ told }: NewSamples): number => told[0]?.at ?? 0;
const lastOf = ({ told }: NewSamples): number => told.at(-1)?.at ?? 0;
const sizeOf = (group: Group): number => group.reduce((size, { told }) => size + told.length, 0);

const isSame = (a: Bridging, b: Bridging): boolean => a.maxGap === b.maxGap && a.rhythm === b.rhythm;

/**
 * How many from the front can be one append whose result is that of them all, in the order of time: they stand side by
 * side, none begins before another has ended, and have the same longest gap.
 */
const sideBySide = (waiting: readonly Waiting[]): Group => {
  const [first] = waiting;
  if (!first) return [];
  let ordered = [first];
  let size = first.told.length;
  for (const next of waiting.slice(1)) {
    size += next.told.length;
    if (size > MOST_TOGETHER) break;
    if (!isSame(next.bridging, first.bridging) || next.replace !== first.replace) break;
    const place = ordered.findIndex((one) => firstOf(one) > firstOf(next));
    const at = place < 0 ? ordered.length : place;
    const before = ordered[at - 1];
    const after = ordered[at];
    if ((before && lastOf(before) >= firstOf(next)) || (after && firstOf(after) <= lastOf(next))) break;
    ordered = ordered.toSpliced(at, 0, next);
  }
  return ordered;
};

const listOf = (group: Group): NewSamples => {
  const [first] = group;
  const told = group.flatMap((one) => one.told);
  return {
    sensor: first?.sensor as Sensor,
    told,
    bridging: first?.bridging as Bridging,
    replace: first?.replace,
  };
};

/** Tells each of a group what became of its own. */
const answer = (group: Group, { placed, ...done }: Done): void => {
  let next = 0;
  for (const one of group) {
    const [from, to] = [firstOf(one), lastOf(one)];
    const start = next;
    while ((placed[next]?.at ?? Number.POSITIVE_INFINITY) <= to) next++;
    const within = (instants: readonly number[]): number =>
      instants.filter((at) => at >= from && at <= to).length;
    const left = { conflicting: one.apart + within(done.conflicting), replaced: within(done.replaced) };
    one.resolve(appendedOf(one.given, placed.slice(start, next), left));
  }
};

/** Makes the `append` of a store out of one that takes several sensors at once. */
export const createTurns = (appendAll: AppendAll): Append => {
  /** Those that wait, by sensor, and the sensors that are being stored. */
  const queues = new Map<number, Waiting[]>();
  const busy = new Set<number>();
  let shared = false;

  /** All groups in one transaction; when it fails by the fault of one of them, each alone, to hear whose it is. */
  const storeGroups = async (groups: readonly Group[]): Promise<void> => {
    try {
      const done = await appendAll(groups.map(listOf));
      for (const [i, group] of groups.entries()) {
        const one = done[i];
        if (one) answer(group, one);
      }
    } catch (error) {
      const parts = groups.length > 1 ? groups : (groups[0] ?? []).map((one) => [one]);
      // The server is away for all of them.
      if (parts.length === 1 || (error instanceof DaiseeError && error.retryable))
        for (const group of groups) for (const one of group) one.reject(error);
      else for (const part of parts) await storeGroups([part]);
    }
  };
  const run = async (groups: readonly (readonly [number, Group])[]): Promise<void> => {
    for (const [sensorId] of groups) busy.add(sensorId);
    await storeGroups(groups.map(([, group]) => group));
    for (const [sensorId] of groups) busy.delete(sensorId);
  };
  const begin = (): void => {
    const short: (readonly [number, Group])[] = [];
    for (const [sensorId, queue] of queues) {
      if (busy.has(sensorId)) continue;
      const group = sideBySide(queue);
      const isShort = sizeOf(group) <= SHORT;
      if (isShort && shared) continue;
      // They are the front of the queue, in another order.
      queue.splice(0, group.length);
      if (queue.length === 0) queues.delete(sensorId);
      if (isShort) short.push([sensorId, group]);
      else void run([[sensorId, group]]).then(begin);
    }
    if (short.length === 0) return;
    shared = true;
    // All monitors lock sensors in the same order, so that none waits for one that waits for it.
    void run(short.toSorted(([a], [b]) => a - b)).then(() => {
      shared = false;
      begin();
    });
  };

  return (sensor, told, { replace, ...bridging }) =>
    new Promise((resolve, reject) => {
      const { told: own, conflicting: apart } = distinct(told, replace);
      if (own.length === 0) return resolve(appendedOf(0, []));
      const queue = queues.get(sensor.id) ?? [];
      queues.set(sensor.id, queue);
      queue.push({ sensor, given: told.length, apart, told: own, bridging, replace, resolve, reject });
      begin();
    });
};
