/** A name under which a Unix socket can be opened, however long its path is. */
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';

export interface SocketPath {
  readonly name: string;
  close(): void;
}

/** Bytes of a socket's name with its end, on the system that takes the fewest (macOS: 104; Linux: 108, unix(7)). */
const LONGEST = 103;

/** Longer paths go by a handle of their folder, which Linux has a short name for (proc_pid_fd(5)). */
export const openSocketPath = (file: string): SocketPath => {
  if (Buffer.byteLength(file) <= LONGEST || process.platform !== 'linux')
    return { name: file, close: () => undefined };
  const folder = openSync(dirname(file), constants.O_RDONLY | constants.O_DIRECTORY);
  return { name: `/proc/self/fd/${folder}/${basename(file)}`, close: () => closeSync(folder) };
};
