/** The processes of an overloaded community: started, measured from outside, ended. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DaiseeError } from '@daisee/units';

/** A process of the community ended by itself, or did not start. */
export class CommunityBroken extends DaiseeError {
  constructor(name: string, how: string, lines: readonly string[]) {
    super({
      code: 'overload.process',
      message: `${name} ${how}${lines.length > 0 ? `: ${lines.slice(-3).join(' ')}` : '.'}`,
      retryable: false,
      values: { name },
    });
  }
}

export interface Process {
  readonly name: string;
  readonly child: ChildProcess;
  /** SIGTERM; resolves when it is gone, by force after 30 s. */
  stop(): Promise<void>;
}

const DAISEE = fileURLToPath(new URL('../../../cli/bin/daisee.cjs', import.meta.url));
const STOP_WITHIN = 30_000;

const ending = (name: string, child: ChildProcess): Process => ({
  name,
  child,
  stop: async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN);
    await ended;
    clearTimeout(late);
  },
});

/** A free port of loopback. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
};

/** Runs a `daisee` command until it says that it listens. @throws CommunityBroken */
export const startCommand = async (
  name: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Process> => {
  const child = spawn(process.execPath, ['--max-old-space-size=1024', DAISEE, ...words, '--json'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const hear = (line: string): void => {
    lines.push(line);
    if (lines.length > 20) lines.shift();
  };
  createInterface({ input: child.stderr }).on('line', hear);
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      hear(line);
      if (line.includes('"listening"')) resolve();
    });
    child.once('exit', (code) => reject(new CommunityBroken(name, `ended (${code})`, lines)));
    child.once('error', (error) => reject(new CommunityBroken(name, error.message, lines)));
  });
  return ending(name, child);
};

/** Forks one of our own programs and waits for its first message. */
export const startProgram = async <T>(
  name: string,
  file: string,
  message: object,
  onMessage?: (message: T) => void,
): Promise<{ readonly process: Process; readonly first: T }> => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execArgv: ['--max-old-space-size=1024'],
    env: { ...process.env, NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '' },
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new CommunityBroken(name, `ended (${String(code)})`, []);
  });
  failed.catch(() => undefined);
  child.send(message);
  const [first] = (await Promise.race([once(child, 'message'), failed])) as [T];
  if (onMessage) child.on('message', onMessage);
  return { process: ending(name, child), first };
};

interface Usage {
  /** Seconds of CPU since the process began, of it and all below it. */
  readonly cpu: number;
  /** Resident bytes, of it and all below it. */
  readonly memory: number;
}

const TICKS = 100;
const PAGE = 4096;

/** What these processes and their children use, from /proc. A child that has ended is in its parent's time. */
export const usageOf = (pids: readonly number[]): Usage => {
  const parents = new Map<number, { parent: number; cpu: number; memory: number }>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const number = (index: number): number => Number(fields[index - 3]);
      parents.set(pid, {
        parent: number(4),
        cpu: (number(14) + number(15)) / TICKS,
        memory: number(24) * PAGE,
      });
    } catch {
      // Ended while it was looked at.
    }
  }
  const belongs = (pid: number): boolean => {
    for (let at = pid; at > 1; at = parents.get(at)?.parent ?? 0) if (pids.includes(at)) return true;
    return false;
  };
  const mine = [...parents].filter(([pid]) => belongs(pid)).map(([, use]) => use);
  return {
    cpu: mine.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: mine.reduce((sum, { memory }) => sum + memory, 0),
  };
};
