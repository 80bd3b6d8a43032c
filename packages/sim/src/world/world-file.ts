/**
 * A twin's world on disk: node:sqlite in WAL mode, one row of state and a journal of contacts.
 *
 * With `synchronous = NORMAL` a commit is in the operating system's hands when it returns: a killed process loses
 * nothing. The lock is exclusive, so two processes never live in one world; the system drops it with its process.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DaiseeError, Instant, messageOf } from '@daisee/units';
import { ENERGY_NAMES, type Energies } from '../node/physics.ts';
import type { ContactRecord } from './wires.ts';

/** Thrown when a world's file cannot be opened or written. */
export class WorldFileFailed extends DaiseeError {
  constructor(file: string, cause: unknown) {
    const reason = messageOf(cause);
    const inUse = /locked|busy/i.test(reason);
    super({
      code: inUse ? 'sim.world-in-use' : 'sim.world-file',
      message: inUse
        ? `The world in ${file} is in use by another process. Stop that one first, or keep this world elsewhere (--data DIR).`
        : `The world in ${file} cannot be used: ${reason}. Check that the directory exists and can be written, or that the file is a world's.`,
      retryable: inUse,
      values: { file, reason },
      cause,
    });
  }
}

/** The state of a world. */
export interface WorldState {
  /** When the world began. */
  readonly start: Instant;
  /** The instant that the energies belong to: a multiple of the step or a contact's change. */
  readonly base: Instant;
  readonly energies: Energies;
  /** The latest instant that anybody saw. */
  readonly seen: Instant;
}

/** What a file held when it was opened. */
interface KeptWorld {
  readonly settings: Readonly<Record<string, string>>;
  readonly state: WorldState;
  readonly contacts: readonly ContactRecord[];
}

export interface WorldFile {
  readonly kept: KeptWorld | undefined;
  /** Writes the first state and contacts of a new world. */
  begin(settings: Readonly<Record<string, string>>, state: WorldState, contacts: ContactRecord): void;
  /** Commits a state, and with it contacts that changed. */
  save(state: WorldState, contacts?: ContactRecord): void;
  close(): void;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS world (
    id INTEGER PRIMARY KEY CHECK (id = 1), settings TEXT NOT NULL, start REAL NOT NULL, base REAL NOT NULL,
    seen REAL NOT NULL, ${ENERGY_NAMES.map((name) => `${name} REAL NOT NULL`).join(', ')}) STRICT;
  CREATE TABLE IF NOT EXISTS contact (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, states TEXT NOT NULL) STRICT;
`;

const statesText = (states: readonly boolean[]): string => states.map((on) => (on ? '1' : '0')).join('');
const valuesOf = (energies: Energies): number[] => ENERGY_NAMES.map((name) => energies[name]);

const readKept = (database: DatabaseSync): KeptWorld | undefined => {
  const row = database.prepare('SELECT * FROM world').get();
  if (!row) return undefined;
  const number = (name: string): number => Number(row[name]);
  const { settings: text } = row;
  const settings: Record<string, string> = JSON.parse(String(text));
  const contacts = database.prepare('SELECT at, states FROM contact ORDER BY number').all();
  return {
    settings,
    state: {
      start: Instant(number('start')),
      base: Instant(number('base')),
      seen: Instant(number('seen')),
      energies: {
        charge1: number('charge1'),
        charge2: number('charge2'),
        fromOwn: number('fromOwn'),
        fromNode2: number('fromNode2'),
        unserved: number('unserved'),
        charger: number('charger'),
        charger2: number('charger2'),
        panel: number('panel'),
        curtailed: number('curtailed'),
        ownUse: number('ownUse'),
        ownUseUnserved: number('ownUseUnserved'),
        losses1: number('losses1'),
        losses2: number('losses2'),
        curtailing: number('curtailing'),
      },
    },
    contacts: contacts.map(({ at, states }) => ({
      at: Instant(Number(at)),
      states: Array.from(String(states), (state) => state === '1'),
    })),
  };
};

interface Opened {
  readonly database: DatabaseSync;
  readonly update: StatementSync;
  readonly record: StatementSync;
  readonly kept: KeptWorld | undefined;
}

const open = (file: string): Opened => {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec(SCHEMA);
    return {
      database,
      update: database.prepare(
        `UPDATE world SET base = ?, seen = ?, ${ENERGY_NAMES.map((name) => `${name} = ?`).join(', ')}`,
      ),
      record: database.prepare('INSERT INTO contact (at, states) VALUES (?, ?)'),
      kept: readKept(database),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};

/** Opens or creates a world's file. @throws WorldFileFailed */
export const openWorldFile = (file: string): WorldFile => {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof WorldFileFailed ? error : new WorldFileFailed(file, error);
    }
  };
  const { database, update, record, kept } = guarded(() => open(file));
  let isOpen = true;
  return {
    kept,
    begin: (settings, state, contacts) =>
      guarded(() => {
        database.exec('BEGIN IMMEDIATE');
        record.run(contacts.at, statesText(contacts.states));
        const places = ENERGY_NAMES.map(() => '?').join(', ');
        database
          .prepare(
            `INSERT INTO world (id, settings, start, base, seen, ${ENERGY_NAMES.join(', ')}) VALUES (1, ?, ?, ?, ?, ${places})`,
          )
          .run(JSON.stringify(settings), state.start, state.base, state.seen, ...valuesOf(state.energies));
        database.exec('COMMIT');
      }),
    save: (state, contacts) =>
      guarded(() => {
        // A single statement is its own transaction.
        if (contacts) database.exec('BEGIN IMMEDIATE');
        if (contacts) record.run(contacts.at, statesText(contacts.states));
        update.run(state.base, state.seen, ...valuesOf(state.energies));
        if (contacts) database.exec('COMMIT');
      }),
    close: () => {
      if (isOpen) database.close();
      isOpen = false;
    },
  };
};
