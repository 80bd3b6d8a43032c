/** Whether a store's file is still the one that was opened. */
import { statSync } from 'node:fs';
import { StoreError } from './errors.ts';

const identityOf = (file: string): string | undefined => {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
};

/**
 * Makes a check that an open file was not removed, moved or replaced. SQLite goes on with a file that has no name any
 * more, and all that it stores is gone once it is closed. One look at the folder each time, some µs.
 * @throws StoreError (`monitor.store-gone`) by the check.
 */
export const createFileCheck = (file: string): (() => void) => {
  const opened = file === ':memory:' ? undefined : identityOf(file);
  return () => {
    if (opened === undefined || identityOf(file) === opened) return;
    throw new StoreError({
      code: 'monitor.store-gone',
      message: `The store ${file} was removed or replaced while it was open, so nothing more is put into it: move it back, or start the monitor again with the file that is there.`,
      retryable: false,
      values: { file },
    });
  };
};
