/** Runs the real command in processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const bin = join(import.meta.dirname, '../../bin/daisee.cjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** Resolves with the first line of standard output or error that matches. */
  line(pattern: RegExp, milliseconds?: number): Promise<string>;
  readonly output: () => string;
  signal(name: NodeJS.Signals): void;
  /** Goes away as a reader of its standard output, as `| head` does. */
  closeOutput(): void;
  readonly ended: Promise<Ended>;
}

const children = new Set<ChildProcess>();
const directories: string[] = [];

afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL');
    await new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once('close', resolve) : resolve(0),
    );
  }
  children.clear();
  for (const directory of directories.splice(0))
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

/** A folder of its own for a test. */
export const scratch = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'daisee-cli-'));
  directories.push(directory);
  return directory;
};

export const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(process.execPath, [bin, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DAISEE_HOME: '/nonexistent/daisee-home', ...env },
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  const heard = () => {
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    heard();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    heard();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code, stdout, stderr });
      heard();
    });
  });
  return {
    pid: child.pid ?? 0,
    output: () => stdout + stderr,
    signal: (name) => void child.kill(name),
    closeOutput: () => void child.stdout.destroy(),
    ended,
    line: (pattern, milliseconds = 30_000) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = `${stdout}\n${stderr}`.split('\n').find((line) => pattern.test(line));
          if (found === undefined && child.exitCode === null && child.signalCode === null) return;
          listeners.delete(look);
          clearTimeout(timer);
          if (found === undefined)
            reject(new Error(`daisee ${args[0]} ended without a line like ${pattern}:\n${stdout}${stderr}`));
          else resolve(found);
        };
        const timer = setTimeout(() => {
          listeners.delete(look);
          reject(new Error(`daisee ${args[0]} said nothing like ${pattern}:\n${stdout}${stderr}`));
        }, milliseconds);
        listeners.add(look);
        look();
      }),
  };
};

export const daisee = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  start(args, env).ended;

/** A port that was free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

export const records = (stdout: string): readonly Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
