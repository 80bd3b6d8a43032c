/** Why SQLite failed: what is somebody else's doing must not be told as damage, since damage is mended by moving files. */

/** Primary result codes (https://www.sqlite.org/rescode.html). */
const BUSY = 5;
const LOCKED = 6;
const CONSTRAINT = 19;

const primary = (error: unknown): number | undefined => {
  const code: unknown =
    typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
};

/** Another connection has the file's lock. */
export const isBusy = (error: unknown): boolean => [BUSY, LOCKED].includes(primary(error) ?? -1);

/**
 * Another process has the file's lock, or has written a row that only one process should: of a file with one writer both
 * say that there are two.
 */
export const isWrittenElsewhere = (error: unknown): boolean => isBusy(error) || primary(error) === CONSTRAINT;
