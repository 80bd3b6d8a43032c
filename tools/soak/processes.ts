/** What the system knows of a tree of processes and of a folder: memory, open files, processor time, sizes. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One process, as proc_pid_stat(5) and proc_pid_status(5) tell. */
export interface ProcessLook {
  readonly pid: number;
  /** The name of its program. */
  readonly name: string;
  /** Resident memory, MB (10^6 bytes). */
  readonly memory: number;
  /** Open file descriptors. */
  readonly files: number;
  /** Processor time since it began, s. */
  readonly cpu: number;
}

const MB = 1e6;
const TICKS = 100;

/** One that ended while it was looked at is none. */
const unlessGone = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
};

const parents = (): ReadonlyMap<number, number> => {
  const found = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid)
      ? unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
      : undefined;
    if (stat) found.set(pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  return found;
};

const lookAt = (pid: number): ProcessLook | undefined =>
  unlessGone(() => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      name: (readlinkSync(`/proc/${pid}/exe`).split('/').at(-1) ?? '').replace(/ \(deleted\)$/, ''),
      memory: (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024) / MB,
      files: readdirSync(`/proc/${pid}/fd`).length,
      cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
    };
  });

/** The process and all that it started, children after their parents. */
export const treeOf = (root: number): readonly ProcessLook[] => {
  const parentOf = parents();
  const pids = [root];
  for (let at = 0; at < pids.length; at++)
    for (const [pid, parent] of parentOf) if (parent === pids[at]) pids.push(pid);
  return pids.flatMap((pid) => lookAt(pid) ?? []);
};

/** The sizes of a folder's files in MB. */
export const sizesOf = (folder: string): ReadonlyMap<string, number> => {
  const sizes = new Map<string, number>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const found = unlessGone(() => statSync(join(folder, name)));
    if (!found?.isFile()) continue;
    sizes.set(name, found.size / MB);
  }
  return sizes;
};
