/** The real command in processes of its own, as somebody would start it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const bin = join(import.meta.dirname, '../../../cli/bin/daisee.cjs');

type Line = Readonly<Record<string, unknown>>;

export interface Daisee {
  readonly pid: number;
  /** The first record of standard output for which the condition holds. @throws when it ends without one */
  record(condition: (line: Line) => boolean): Promise<Line>;
  kill(signal: NodeJS.Signals): void;
  /** With the exit code. */
  readonly ended: Promise<number | null>;
}

const children = new Set<ChildProcess>();

export const daisee = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Daisee => {
  const child = spawn(process.execPath, [bin, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DAISEE_HOME: '/nonexistent/daisee-home', ...env },
  });
  children.add(child);
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (text + chunk).split('\n');
    text = parts.pop() ?? '';
    for (const part of parts) lines.push(JSON.parse(part) as Line);
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      resolve(code);
      for (const look of waiting) look();
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    record: (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(condition);
          if (found) resolve(found);
          else if (child.exitCode === null && child.signalCode === null) return;
          else reject(new Error(`daisee ${args.join(' ')} has ended: ${errors}`));
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
};

/** Ends all that a test started. */
export const endAll = async (): Promise<void> => {
  const all = [...children].map(
    (child) =>
      new Promise<void>((resolve) => {
        const hard = setTimeout(() => child.kill('SIGKILL'), 15_000);
        child.once('close', () => {
          clearTimeout(hard);
          resolve();
        });
        child.kill('SIGINT');
      }),
  );
  await Promise.all(all);
};

/** The process of that name below a process. */
export const childNamed = (parent: number, name: string): number | undefined => {
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        // `pid (name) state parent …`; the name may hold anything, so the last bracket counts.
        const end = stat.lastIndexOf(')');
        return [
          {
            pid: Number(entry),
            name: stat.slice(stat.indexOf('(') + 1, end),
            parent: Number(stat.slice(end + 2).split(' ')[1]),
          },
        ];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
  const family = new Set([parent]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const one of processes) if (family.has(one.parent)) family.add(one.pid);
  }
  return processes.find((one) => family.has(one.pid) && one.name.includes(name))?.pid;
};
