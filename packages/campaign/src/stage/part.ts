/**
 * A process of the lab: the product's own command, in a process group of its own, started again as systemd would when it
 * ends by itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Clock, Duration, Seconds } from '@daisee/units';
import type { Part, PartName } from '../doors.ts';
import { PartFailed } from './errors.ts';
import { commandOf, descendantsOf, lives, signalTo } from './signals.ts';
import type { Watcher } from './watcher.ts';

const COMMAND = join(import.meta.dirname, '../../../cli/bin/daisee.cjs');
const KEPT_LINES = 200;
/** Real ms: how long a start and an ordinary end may take. */
const START_BOUND = 60_000;
const STOP_BOUND = 60_000;
/** Real ms: a part that lives so long and still waits for another one counts as started. */
const WAITS_FOR_ANOTHER = 8_000;
/** Real ms: what is asked of a part that hangs is not waited for. */
const BEFORE_KILL = 300;
/** As the units of `daisee install` have it. */
const RESTART_AFTER: Duration = Seconds(2);

export interface PartOptions {
  readonly name: PartName;
  /** Words after `daisee`. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The record with which it says that it answers. */
  readonly says: string;
  readonly watcher: Watcher;
  readonly clock: Clock;
  readonly setStep: (by: Duration) => void;
  readonly note: (text: string) => void;
}

export interface OwnedPart extends Part {
  /** Ends it for good: nothing is started again. */
  close(): Promise<void>;
  /** Hears of each start of a process. */
  readonly onLaunch: (listener: () => void) => void;
  /** Is heard before each SIGKILL to the whole of it, for a moment at most. */
  readonly onKill: (listener: () => Promise<void>) => void;
  /** Hears of every record that it writes, in all its runs. */
  readonly onRecord: (listener: (record: Readonly<Record<string, unknown>>) => void) => void;
}

interface Run {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly answers: Promise<void>;
  readonly ended: Promise<void>;
  /** Ended on purpose: nobody starts it again. */
  isMeant: boolean;
}

const recordOf = (line: string): Readonly<Record<string, unknown>> | undefined => {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch (error) {
    // A line that a kill cut off.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Real time: it guards a real process. Cleared with the signal. */
const after = (milliseconds: number, signal: AbortSignal): Promise<'late'> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), milliseconds);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });

const within = async <T>(work: Promise<T>, milliseconds: number): Promise<T | 'late'> => {
  const done = new AbortController();
  try {
    return await Promise.race([work, after(milliseconds, done.signal)]);
  } finally {
    done.abort();
  }
};

export const createPart = (options: PartOptions): OwnedPart => {
  const { name, command, environment, says, watcher, clock, setStep, note } = options;
  const lines: string[] = [];
  const listeners: ((record: Readonly<Record<string, unknown>>) => void)[] = [];
  const launches: (() => void)[] = [];
  const kills: (() => Promise<void>)[] = [];
  let run: Run | undefined;
  let paused: readonly number[] = [];
  let isClosed = false;
  /** Whether it is to run: what ended by itself is started again, what was killed is left for `start`. */
  let isWanted = false;

  const take = (line: string, isSaid: () => void): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    const record = recordOf(line);
    if (!record) return;
    if (record['type'] === says) isSaid();
    for (const listener of listeners) listener(record);
  };

  /** A limit that the shell sets and the process inherits; without the signal a write past it fails, as on a full disk. */
  const limited = (
    fileLimit: number | undefined,
    more: readonly string[],
  ): readonly [string, readonly string[]] => {
    const words = ['--disable-warning=ExperimentalWarning', COMMAND, ...command, ...more];
    if (fileLimit === undefined) return [process.execPath, words];
    const blocks = Math.max(1, Math.floor(fileLimit / 512));
    return [
      '/bin/sh',
      ['-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath, ...words],
    ];
  };

  const launch = (fileLimit: number | undefined, more: readonly string[]): Run => {
    const [program, words] = limited(fileLimit, more);
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...environment },
    });
    const pid = child.pid ?? 0;
    watcher.watch(pid);
    const ended = once(child, 'close').then(
      () => undefined,
      // It could not be run at all: `answers` says so.
      () => undefined,
    );
    const answers = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr])
        if (stream) createInterface({ input: stream }).on('line', (line) => take(line, resolve));
    });
    const mine: Run = { child, pid, answers, ended, isMeant: false };
    void ended.then(() => {
      watcher.forget(pid);
      if (mine.isMeant || run !== mine || !isWanted) return;
      run = undefined;
      note(
        `${name} ended by itself (${child.signalCode ?? `exit code ${child.exitCode}`}): ${lines.at(-1) ?? ''}`,
      );
      void clock.sleep(RESTART_AFTER).then(() => {
        if (!run && isWanted) launch(fileLimit, more);
      });
    });
    run = mine;
    for (const listener of launches) listener();
    return mine;
  };

  /** The run of now: others change it while it is waited for. */
  const running = (): Run | undefined => run;
  const treeOf = ({ pid }: Run): readonly number[] => [pid, ...descendantsOf(pid)];

  const gone = async (pids: readonly number[]): Promise<void> => {
    // Real time: the kernel ends real processes.
    while (pids.some(lives)) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  const kill = async (): Promise<void> => {
    isWanted = false;
    const mine = run;
    if (!mine) return;
    mine.isMeant = true;
    if (kills.length > 0 && !isClosed)
      await within(Promise.all(kills.map((listener) => listener())), BEFORE_KILL);
    const tree = treeOf(mine);
    for (const pid of tree) signalTo(pid, 'SIGKILL');
    await gone(tree);
    await mine.ended;
    paused = [];
    if (run === mine) run = undefined;
  };

  const part: OwnedPart = {
    name,
    get pid() {
      return run?.pid;
    },
    get running() {
      return run !== undefined && run.child.exitCode === null && run.child.signalCode === null;
    },
    get paused() {
      return paused.length > 0;
    },
    children: () => (run ? descendantsOf(run.pid).filter((pid) => !/^\/bin\/sh\b/.test(commandOf(pid))) : []),
    kill,
    killOnly: async (pid) => {
      const mine = run;
      if (!mine) return;
      const target = pid ?? mine.pid;
      if (target === mine.pid) {
        isWanted = false;
        mine.isMeant = true;
      }
      signalTo(target, 'SIGKILL');
      await gone([target]);
      if (target !== mine.pid) return;
      // What it leaves behind has its own watcher, or is found by who starts it again.
      run = undefined;
      paused = [];
    },
    stop: async () => {
      isWanted = false;
      const mine = run;
      if (!mine) return;
      mine.isMeant = true;
      signalTo(mine.pid, 'SIGTERM');
      if ((await within(mine.ended, STOP_BOUND)) === 'late')
        throw new PartFailed(name, `did not end within ${STOP_BOUND / 1000} s of SIGTERM`, lines);
      if (run === mine) run = undefined;
    },
    start: async ({ fileLimit, more = [], signal } = {}) => {
      if (run || isClosed) return;
      isWanted = true;
      const mine = launch(fileLimit, more);
      const bound = AbortSignal.any([AbortSignal.timeout(START_BOUND), ...(signal ? [signal] : [])]);
      while (!bound.aborted) {
        if (!isWanted) return;
        const current = running();
        if (!current || current.child.exitCode !== null || current.child.signalCode !== null) {
          // Between its end and its next start, or about to be gone for good.
          await clock.sleep(Duration(RESTART_AFTER / 4));
          continue;
        }
        const outcome = await within(
          Promise.race([
            current.answers.then(() => 'answers' as const),
            current.ended.then(() => 'ended' as const),
          ]),
          // Chain, monitors and relay wait for nobody.
          /^(agent\d|app)$/.test(name) ? WAITS_FOR_ANOTHER : START_BOUND,
        );
        if (outcome === 'answers' || (outcome === 'late' && current === mine)) return;
      }
      if (signal?.aborted) return;
      throw new PartFailed(name, `did not start within ${START_BOUND / 1000} s`, lines);
    },
    pause: () => {
      if (!run) return;
      paused = treeOf(run);
      for (const pid of paused) signalTo(pid, 'SIGSTOP');
    },
    resume: () => {
      for (const pid of paused) signalTo(pid, 'SIGCONT');
      paused = [];
    },
    stepClock: setStep,
    get lastLines() {
      return lines;
    },
    close: async () => {
      isClosed = true;
      await kill();
    },
    onLaunch: (listener) => {
      launches.push(listener);
    },
    onKill: (listener) => {
      kills.push(listener);
    },
    onRecord: (listener) => {
      listeners.push(listener);
    },
  };
  return part;
};
