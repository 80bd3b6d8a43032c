/**
 * What a store holds and has not committed yet, in a file in memory (a tmpfs): it outlives the process however that
 * ends, and costs a memory card no write. A small SQLite file, for its lock, which ends with its owner, and because a
 * kill in the middle of a write leaves it whole.
 */
import { lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isAbsence, type Measurement } from '@daisee/meter';
import { Duration, Energy, Instant, messageOf, Percent, Watts } from '@daisee/units';
import { onStore, StoreError } from './errors.ts';
import { createFileCheck } from './file-there.ts';
import type { AppendOptions } from './store.ts';

export interface TailOptions {
  /** A folder in memory, made when it is not there; nobody else may have access to it. One serves several stores. */
  readonly directory: string;
  /** Hears why samples are not held any more, or from the start: they are committed one by one then. */
  readonly onWarning?: (message: string) => void;
}

/** A sample or an absence that is held, and what it bridges. */
export interface TailEntry extends Pick<AppendOptions, 'maxGap' | 'rhythm'> {
  readonly sensorId: number;
  readonly told: Measurement;
}

/** `read`, `add` and `clear` throw a `StoreError` when the file cannot be used or is not there any more. */
export interface Tail {
  /** What is in it, in the order in which it came. */
  read(): readonly TailEntry[];
  /** All of them or none. */
  add(entries: readonly TailEntry[]): void;
  clear(): void;
  close(): void;
  /** Closes it and takes its file away: for one that is empty. */
  remove(): void;
}

interface TailRow {
  readonly sensor: bigint;
  readonly at: bigint;
  readonly power: number;
  readonly state_of_charge: number | null;
  readonly voltage: number | null;
  readonly counter: bigint | null;
  readonly exported_counter: bigint | null;
  readonly max_gap: number | null;
  readonly absent: string | null;
  readonly elapsed: number | null;
  readonly rhythm: bigint | null;
}

const TABLE = `CREATE TABLE IF NOT EXISTS held (n INTEGER PRIMARY KEY, sensor INTEGER NOT NULL, at INTEGER NOT NULL,
  power REAL NOT NULL, state_of_charge REAL, voltage REAL, counter INTEGER, exported_counter INTEGER, max_gap REAL) STRICT`;

/** Columns that came later, for a file that an earlier version of this program left behind. */
const LATER_COLUMNS: Readonly<Record<string, string>> = {
  absent: 'TEXT',
  elapsed: 'REAL',
  rhythm: 'INTEGER',
};

const toldIn = (row: TailRow): Measurement => {
  const at = Instant(Number(row.at));
  const elapsed = row.elapsed === null ? {} : { elapsed: Duration(row.elapsed) };
  if (row.absent !== null) return { at, absent: row.absent, ...elapsed };
  return {
    at,
    ...elapsed,
    power: Watts(row.power),
    ...(row.state_of_charge === null ? {} : { stateOfCharge: Percent(row.state_of_charge) }),
    ...(row.voltage === null ? {} : { voltage: row.voltage }),
    ...(row.counter === null ? {} : { counter: Energy(row.counter) }),
    ...(row.exported_counter === null ? {} : { exportedCounter: Energy(row.exported_counter) }),
  };
};

const entryOf = (row: TailRow): TailEntry => ({
  sensorId: Number(row.sensor),
  told: toldIn(row),
  ...(row.max_gap === null ? {} : { maxGap: Duration(row.max_gap) }),
  ...(row.rhythm === null ? {} : { rhythm: row.rhythm !== 0n }),
});

/** What others could write to might hold samples that nobody measured. */
const ownFolder = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0) return;
  throw new StoreError({
    code: 'monitor.tail-exposed',
    message: `The folder ${directory} is not this user's alone: remove it, or give it to the user that runs the monitor, with mode 700.`,
    retryable: false,
    values: { directory },
  });
};

/**
 * The name of the tail of this very store: a copy has another inode, another store at the same place another name.
 * Undefined for a store that an older monitor made, which has no name yet.
 */
export const tailName = (database: DatabaseSync, file: string): string | undefined => {
  const there = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'identity'").get();
  const row = there && (database.prepare('SELECT name FROM identity').get() as { name: string } | undefined);
  return row && `${row.name}-${statSync(file).ino}.sqlite`;
};

/**
 * Opens the tail of the store in a database. Undefined when there can be none: another process has it, or there is no folder for
 * it; then `onWarning` hears why.
 */
export const openTail = (
  database: DatabaseSync,
  file: string,
  { directory, onWarning }: TailOptions,
): Tail | undefined => {
  if (file === ':memory:') return undefined;
  try {
    ownFolder(directory);
    return tailIn(join(directory, String(tailName(database, file))));
  } catch (error) {
    const { code } = error as { code?: unknown };
    onWarning?.(
      code === 'monitor.store-busy'
        ? `Another process writes to ${file}, too: each sample is written by itself here.`
        : `Each sample is written to the disk by itself, since none can be held in memory: ${messageOf(error)}`,
    );
    return undefined;
  }
};

/** @throws StoreError (`monitor.store-busy`) when another process has it. */
const tailIn = (file: string): Tail =>
  onStore(file, () => {
    const database = new DatabaseSync(file, { timeout: 0 });
    try {
      // Nothing to force: a tmpfs is gone with the machine. Exclusive, so that the lock stays up to `close`.
      database.exec(`PRAGMA page_size = 1024; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = PERSIST;
        PRAGMA synchronous = OFF; BEGIN EXCLUSIVE; ${TABLE}; COMMIT`);
      return entriesIn(database, file);
    } catch (error) {
      database.close();
      throw error;
    }
  });

/** What is held in a database of its own. */
export const entriesIn = (database: DatabaseSync, file: string): Tail => {
  const there = database.prepare("SELECT name FROM pragma_table_info('held')").all();
  for (const [name, type] of Object.entries(LATER_COLUMNS))
    if (!there.some((column) => column['name'] === name))
      database.exec(`ALTER TABLE held ADD COLUMN ${name} ${type}`);
  const all = database.prepare('SELECT * FROM held ORDER BY n', { readBigInts: true });
  const insert = database.prepare(
    `INSERT INTO held (sensor, at, power, state_of_charge, voltage, counter, exported_counter, max_gap, absent, elapsed,
      rhythm) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const check = createFileCheck(file);
  const ask = <T>(work: () => T): T =>
    onStore(file, () => {
      check();
      return work();
    });
  const close = (): void => {
    if (database.isOpen) database.close();
  };
  return {
    read: () => ask(() => (all.all() as unknown as TailRow[]).map(entryOf)),
    add: (entries) =>
      ask(() => {
        database.exec('BEGIN');
        try {
          for (const { sensorId, told, maxGap = null, rhythm } of entries) {
            const isRhythm = rhythm === undefined ? null : Number(rhythm);
            if (isAbsence(told))
              insert.run(
                sensorId,
                told.at,
                0,
                null,
                null,
                null,
                null,
                maxGap,
                told.absent,
                told.elapsed ?? null,
                isRhythm,
              );
            else
              insert.run(
                sensorId,
                told.at,
                told.power,
                told.stateOfCharge ?? null,
                told.voltage ?? null,
                told.counter ?? null,
                told.exportedCounter ?? null,
                maxGap,
                null,
                told.elapsed ?? null,
                isRhythm,
              );
          }
          database.exec('COMMIT');
        } finally {
          if (database.isTransaction) database.exec('ROLLBACK');
        }
      }),
    clear: () => ask(() => database.exec('DELETE FROM held')),
    close,
    remove: () => {
      if (!database.isOpen) return;
      // While it is still locked, so that nobody takes it up in between.
      for (const end of ['', '-journal']) rmSync(`${file}${end}`, { force: true });
      close();
    },
  };
};
