/** Processes of this machine as `/proc` shows them, and signals to them. */
import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal; false when there is no such process. */
export const signalTo = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
};

const readOr = (file: string, otherwise: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process ended between two looks.
    return otherwise;
  }
};

/** The state (as in `ps`) and the parent of a process; undefined when it is gone (proc(5), /proc/pid/stat). */
const lookAt = (pid: number): { readonly state: string; readonly parent: number } | undefined => {
  const text = readOr(`/proc/${pid}/stat`, '');
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state && parent ? { state, parent: Number(parent) } : undefined;
};

/** Whether it lives: neither gone nor a zombie. */
export const lives = (pid: number): boolean => {
  const state = lookAt(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
};

/** All living descendants of a process, nearest first. */
export const descendantsOf = (pid: number): readonly number[] => {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const seen = lookAt(Number(entry));
    if (seen && seen.state !== 'Z')
      children.set(seen.parent, [...(children.get(seen.parent) ?? []), Number(entry)]);
  }
  const found = [...(children.get(pid) ?? [])];
  for (let index = 0; index < found.length; index++) found.push(...(children.get(found[index] ?? 0) ?? []));
  return found;
};

/** What a process was started as, its blanks shown. */
export const commandOf = (pid: number): string =>
  readOr(`/proc/${pid}/cmdline`, '').replaceAll('\0', ' ').trim();
