import { DaiseeError, messageOf } from '@daisee/units';

/** The database failed; `code` says how. Nothing of the call that threw it was stored. */
export class StoreError extends DaiseeError {}

/** Thrown for a sensor that the store does not have. */
export class UnknownSensor extends DaiseeError {
  constructor(id: number, known: readonly { readonly id: number; readonly name: string }[]) {
    const list = known.map((sensor) => `${sensor.id} (${sensor.name})`).join(', ');
    super({
      code: 'monitor.unknown-sensor',
      message: `There is no sensor ${id} here; there ${known.length === 0 ? 'are none yet' : `is ${list}`}. Give the id of one of them.`,
      retryable: false,
      values: { id, known },
    });
  }
}

/** Thrown when a sensor's name is taken by one that counts differently. */
export class SensorDiffers extends DaiseeError {
  constructor(name: string, there: string, wanted: string) {
    super({
      code: 'monitor.sensor-differs',
      message: `Sensor "${name}" is there as ${there} and was asked for as ${wanted}. Give the new one another name.`,
      retryable: false,
      values: { name, there, wanted },
    });
  }
}

/** Thrown for a sample that no store can hold. */
export class SampleRefused extends DaiseeError {
  constructor(what: string, got: number, expected: string) {
    super({
      code: 'monitor.sample',
      message: `A sample's ${what} cannot be ${got}: expected ${expected}.`,
      retryable: false,
      values: { what, got, expected },
    });
  }
}

// Primary result codes: https://www.sqlite.org/rescode.html
const meanings: Readonly<Record<number, { code: string; retryable: boolean; text: string }>> = {
  5: { code: 'busy', retryable: true, text: 'is being written by another process; try again' },
  8: {
    code: 'read-only',
    retryable: false,
    text: 'cannot be written: check the owner and mode of it and its folder',
  },
  10: { code: 'disk', retryable: true, text: 'could not be read or written: check the disk' },
  11: { code: 'damaged', retryable: false, text: 'is damaged: put it aside and restore a copy' },
  13: { code: 'full', retryable: false, text: 'has no room left: free space on its disk' },
  14: {
    code: 'cannot-open',
    retryable: false,
    text: 'cannot be opened: check that its folder exists and may be written',
  },
  26: { code: 'not-a-store', retryable: false, text: 'is not a store of measurements: give another file' },
};

/** Code of Node for a database that was closed. */
const CLOSED = 'ERR_INVALID_STATE';

const storeErrorOf = (file: string, error: unknown): DaiseeError => {
  if (error instanceof DaiseeError) return error;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  const meaning =
    code === CLOSED
      ? { code: 'closed', retryable: false, text: 'is closed: nothing more can be asked of it' }
      : typeof errcode === 'number'
        ? meanings[errcode & 0xff]
        : undefined;
  return new StoreError({
    code: `monitor.store-${meaning?.code ?? 'failed'}`,
    message: `The store ${file} ${meaning?.text ?? 'failed'} (${messageOf(error)}).`,
    retryable: meaning?.retryable ?? false,
    values: { file, ...(typeof errcode === 'number' ? { errcode } : {}) },
    cause: error,
  });
};

/** Runs work on the database of a file; what it throws comes out as a typed error that names the file. */
export const onStore = <T>(file: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw storeErrorOf(file, error);
  }
};

/** Another program's database, or a file that is no database. */
export const notAStore = (file: string): StoreError =>
  new StoreError({
    code: 'monitor.store-not-a-store',
    message: `The store ${file} is not a store of measurements but another program's database: give another file.`,
    retryable: false,
    values: { file },
  });

/** Written by a later version of the monitor. */
export const newerSchema = (file: string, version: number, known: number): StoreError =>
  new StoreError({
    code: 'monitor.store-newer',
    message: `The store ${file} has schema ${version} and this monitor knows up to ${known}: start the newer version that wrote it, or give another file.`,
    retryable: false,
    values: { file, version, known },
  });
