/** The lab in a process of its own: `daisee demo --json`, followed by what it tells. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const bin = join(import.meta.dirname, '../../packages/cli/bin/daisee.cjs');

export interface LabOptions {
  readonly days: number;
  readonly seed: number;
  readonly speed: number;
  /** As `daisee demo` takes them: `15m`, `30s`. */
  readonly report: string;
  readonly blockTime: string;
  /** The folder that it keeps everything in. */
  readonly folder: string;
  /** Called at the first sign of each new hour of the lab. */
  readonly onHour: (hour: number) => void;
}

interface Told {
  readonly type?: string;
  readonly time?: string;
  readonly node1?: string;
  readonly node2?: string;
  readonly password?: string;
  readonly message?: string;
}

/** What the lab says of itself at its end; the fields that are looked at here. */
interface Summary {
  readonly largestDifference: number;
  readonly gaps: readonly unknown[];
  readonly coins: readonly { readonly before: string; readonly after: string }[];
}

export interface Lab {
  readonly pid: number;
  readonly apps: { readonly node1: string; readonly node2: string; readonly password: string };
  /** The accounts. */
  readonly node1: string;
  readonly node2: string;
  /** Where its inspector listens, on loopback. */
  readonly inspector: string;
  /** Resolves when only the inspector keeps it from ending. */
  readonly finished: Promise<void>;
  /** Entries in the books so far, by type. */
  readonly entries: ReadonlyMap<string, number>;
  /** What went wrong, as the lab told it; the first few. */
  readonly troubles: readonly string[];
  readonly troubleCount: () => number;
  /** Its exit code, and the summary if it gave one. */
  readonly ended: Promise<{ readonly code: number | null; readonly summary?: Summary }>;
  /** Ends it in order, as Ctrl-C would. */
  stop(): void;
}

const HOUR = 3_600_000;
const KEPT_TROUBLES = 20;

export const startLab = async (options: LabOptions): Promise<Lab> => {
  const { days, seed, speed, report, blockTime, folder, onHour } = options;
  const command = `demo --json --app-port 0 --duration ${days * 24}h --seed ${seed} --speed ${speed}`;
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--inspect=127.0.0.1:0',
      bin,
      ...command.split(' '),
      '--report',
      report,
      '--block-time',
      blockTime,
      '--data',
      folder,
    ],
    // A group of its own: Ctrl-C reaches this process alone, which ends the lab in order.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  const entries = new Map<string, number>();
  const troubles: string[] = [];
  let troubleCount = 0;
  let apps: Lab['apps'] | undefined;
  let start: number | undefined;
  let hour = -1;
  let summary: Summary | undefined;
  let inspector = '';
  const finished = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<readonly [string, string]>();
  const trouble = (text: string): void => {
    troubleCount++;
    if (troubles.length < KEPT_TROUBLES) troubles.push(text);
  };
  const hear = (line: string): void => {
    const told = JSON.parse(line) as Told;
    const { type = '', time, node1 = '', node2 = '', password = '' } = told;
    if (type === 'apps') apps = { node1, node2, password };
    else if (type === 'lab') ready.resolve([node1, node2]);
    else if (type === 'summary') summary = told as unknown as Summary;
    else if (type === 'trouble') trouble(`${time ?? ''} ${told.message ?? line}`);
    else entries.set(type, (entries.get(type) ?? 0) + 1);
    if (time === undefined) return;
    start ??= Date.parse(time);
    const now = Math.floor((Date.parse(time) - start) / HOUR);
    if (now <= hour) return;
    hour = now;
    onHour(hour);
  };
  if (!child.stdout || !child.stderr || child.pid === undefined)
    throw new Error('The lab could not be started: run "npm install" in the clone first.');
  createInterface({ input: child.stdout }).on('line', hear);
  createInterface({ input: child.stderr }).on('line', (line) => {
    const address = /^Debugger listening on (ws:\S+)$/.exec(line)?.[1];
    if (address !== undefined) inspector = address;
    else if (line.startsWith('Waiting for the debugger to disconnect')) finished.resolve();
    else if (!/^(For help, see: |Debugger attached)/.test(line)) trouble(line);
  });
  const ended = new Promise<{ code: number | null; summary?: Summary }>((resolve) => {
    child.once('close', (code) => resolve({ code, ...(summary ? { summary } : {}) }));
  });
  const early = ended.then(() => {
    throw new Error(`The lab ended before it began: ${troubles.join(' ')}`);
  });
  // Whoever waits for the end hears of it there.
  early.catch(() => undefined);
  const [node1, node2] = await Promise.race([ready.promise, early]);
  if (!apps) throw new Error('The lab told of no App.');
  return {
    pid: child.pid,
    apps,
    node1,
    node2,
    inspector,
    finished: finished.promise,
    entries,
    troubles,
    troubleCount: () => troubleCount,
    ended,
    stop: () => void child.kill('SIGINT'),
  };
};
