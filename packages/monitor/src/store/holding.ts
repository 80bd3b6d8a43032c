/**
 * A store that commits samples later, many at a time: each commit writes whole blocks to a memory card, however little
 * is in it.
 *
 * What is held is in a `Tail`, and its rows are in memory as they will be stored: same identities, same registers. Who
 * asks for anything of samples is answered by the database with these rows in it, in a transaction that is undone
 * afterwards and so writes nothing. Only what comes in order is held, and only for this process: before anything else is
 * written, what is held is committed.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Integration, Measurement } from '@daisee/meter';
import { type Duration, type Instant, messageOf } from '@daisee/units';
import { createAppender } from './appender.ts';
import { createAtomically } from './atomically.ts';
import { onStore } from './errors.ts';
import type { Step } from './marks.ts';
import { distinct, type NewRow, rowsAfter } from './recount.ts';
import { appendedOf, placedAs, stateOf } from './rows.ts';
import { type Bridging, bridgingOf, integrationRule } from './sensor-rows.ts';
import type { Appended, AppendOptions, MonitorStore, Sensor } from './store.ts';
import type { Tail, TailEntry } from './tail.ts';

/** Samples that are held at most: they are put in again for each question. */
const MOST_HELD = 512;

interface HeldRow extends TailEntry {
  readonly id: number;
  readonly row: NewRow;
}

/** Where a sensor stands with what is held. */
interface Newest {
  readonly sensor: Sensor;
  readonly at: Instant | undefined;
  readonly state: Integration | undefined;
  /** From the last sample on. */
  readonly steps: readonly Step[];
}

export interface HoldingOptions {
  readonly tail: Tail;
  /** Throws when the store's file was removed or replaced. */
  readonly check: () => void;
  /** The store's own. */
  readonly maxGap: Duration;
  readonly onWarning?: (message: string) => void;
}

/**
 * Makes a store hold samples. What an earlier process held is stored first.
 * @param store the same database without holding.
 * @throws StoreError when that cannot be stored; it stays in the tail.
 */
export const holdingIn = (
  database: DatabaseSync,
  file: string,
  store: MonitorStore,
  { tail, check, maxGap: ownGap, onWarning = () => undefined }: HoldingOptions,
): MonitorStore => {
  // What does not fit the cache would be written before it is known to stay.
  database.exec('PRAGMA cache_spill = OFF');
  const atomically = createAtomically(database);
  const appender = createAppender(database, atomically);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const rollback = database.prepare('ROLLBACK');
  const version = database.prepare('PRAGMA data_version');
  let held: HeldRow[] = [];
  let newest = new Map<number, Newest>();
  let nextId = 0;
  let versionThen: unknown;
  let isHolding = true;

  /** Within `together` nothing is held. */
  const isTogether = (): boolean => onStore(file, () => database.isTransaction);
  /** Whether another connection has changed the database since the first of the held rows was made. */
  const isChanged = (): boolean => version.get()?.['data_version'] !== versionThen;
  const insertHeld = (): void => {
    for (const { sensorId, id, row } of held) appender.insert(sensorId, id, row);
  };
  const appendEach = (entries: readonly TailEntry[]): void => {
    for (const { sensorId, told, ...bridging } of entries) store.append(sensorId, [told], bridging);
  };
  const giveUp = (error: unknown): void => {
    isHolding = false;
    tail.close();
    onWarning(`From now on each sample is written to the disk by itself: ${messageOf(error)}`);
  };
  const clearTail = (): void => {
    try {
      if (isHolding) tail.clear();
    } catch (error) {
      // What stays in it is stored already, and would count as repeated.
      giveUp(error);
    }
  };
  const settle = (): void => {
    if (held.length === 0) return;
    check();
    onStore(file, () =>
      atomically(() => {
        if (isChanged()) appendEach(held);
        else insertHeld();
      }),
    );
    held = [];
    clearTail();
  };
  /** A question about samples, answered with those that are held. */
  const peek = <T>(question: () => T): T => {
    if (held.length === 0 || isTogether()) return question();
    return onStore(file, () => {
      begin.run();
      try {
        if (isChanged()) {
          rollback.run();
          settle();
          return question();
        }
        insertHeld();
        return question();
      } finally {
        if (database.isTransaction) rollback.run();
      }
    });
  };
  const reading =
    <A extends unknown[], R>(question: (...given: A) => R) =>
    (...given: A): R =>
      peek(() => question(...given));
  const writing =
    <A extends unknown[], R>(work: (...given: A) => R) =>
    (...given: A): R => {
      settle();
      return work(...given);
    };

  const standOf = (sensorId: number): Newest | undefined => {
    const known = newest.get(sensorId);
    if (known) return known;
    const sensor = store.sensor(sensorId);
    const row = sensor && appender.newest(sensorId);
    const at = row && stateOf(row).last?.at;
    const steps = appender.stepsFrom(sensorId, at ?? Number.MIN_SAFE_INTEGER);
    return sensor && { sensor, at, state: row && stateOf(row), steps };
  };
  /** Undefined when the samples cannot be held: none that is later than all others, or no room in the tail. */
  const hold = (sensorId: number, told: readonly Measurement[], bridging: Bridging): Appended | undefined => {
    if (held.length > 0 && isChanged()) settle();
    if (held.length === 0) {
      versionThen = version.get()?.['data_version'];
      nextId = store.newestId(sensorId) + 1;
      newest = new Map();
    }
    const stand = standOf(sensorId);
    const { told: wanted, conflicting } = distinct(told);
    const [first] = wanted;
    if (!stand || !first || (stand.at !== undefined && first.at <= stand.at)) return undefined;
    const rows = rowsAfter(stand.state, wanted, integrationRule(stand.sensor, bridging), stand.steps);
    const added = rows.map(
      (row, i): HeldRow => ({ sensorId, told: row.told, ...bridging, id: nextId + i, row }),
    );
    try {
      tail.add(added);
    } catch (error) {
      giveUp(error);
      return undefined;
    }
    held.push(...added);
    nextId += added.length;
    const last = rows.at(-1);
    if (last) newest.set(sensorId, { ...stand, at: last.told.at, state: last.state });
    return appendedOf(
      told.length,
      added.map(({ id, row }) => placedAs(id, row)),
      { conflicting },
    );
  };
  const append = (sensorId: number, told: readonly Measurement[], options: AppendOptions = {}): Appended => {
    if (isTogether()) return store.append(sensorId, told, options);
    check();
    if (held.length + told.length > MOST_HELD) settle();
    if (options.hold && !options.replace && isHolding && told.length <= MOST_HELD) {
      const appended = onStore(file, () => hold(sensorId, told, bridgingOf(options, ownGap)));
      if (appended) return appended;
    }
    settle();
    return store.append(sensorId, told, options);
  };

  const { together } = store;
  const left = tail.read();
  if (left.length > 0) {
    // A sensor that is not there any more: a copy was put in the place of the file's content.
    const known = new Set(store.sensors().map(({ id }) => id));
    onStore(file, () => atomically(() => appendEach(left.filter(({ sensorId }) => known.has(sensorId)))));
    clearTail();
  }
  return {
    ...store,
    append,
    settle,
    addSensor: writing(store.addSensor),
    ...(together
      ? {
          together: <T>(work: () => T): T => {
            settle();
            return together(work);
          },
        }
      : {}),
    samples: reading(store.samples),
    powers: reading(store.powers),
    newestId: reading(store.newestId),
    last: reading(store.last),
    registerAt: reading(store.registerAt),
    energy: reading(store.energy),
    energyBySteps: reading(store.energyBySteps),
    energyByEdges: reading(store.energyByEdges),
    meanPowerBySteps: reading(store.meanPowerBySteps),
    powerByEdges: reading(store.powerByEdges),
    samplesById: reading(store.samplesById),
    samplesFromEnd: reading(store.samplesFromEnd),
    gaps: reading(store.gaps),
    absences: reading(store.absences),
    thin: writing(store.thin),
    mark: writing(store.mark),
    marks: reading(store.marks),
    standing: reading(store.standing),
    move: writing(store.move),
    setTariff: writing(store.setTariff),
    useTariff: writing(store.useTariff),
    removeTariff: writing(store.removeTariff),
    close: () => {
      try {
        if (database.isOpen) settle();
        if (isHolding) tail.remove();
      } finally {
        tail.close();
        store.close();
      }
    },
  };
};
