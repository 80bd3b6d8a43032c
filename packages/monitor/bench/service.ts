/** The monitor under measurement: a child process over a store, and what it says of its own use of the machine. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DaiseeError } from '@daisee/units';

/** Where a store is. */
export type Place =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly schema: string };

/** What a process used since it was asked before. */
export interface Usage {
  /** ms of CPU, of all its threads. */
  readonly cpu: number;
  /** The longest time in ms in which it answered nobody. */
  readonly stall: number;
  /** Resident bytes now, and the most there were meanwhile. */
  readonly memory: number;
  readonly peak: number;
}

export interface Service {
  readonly url: string;
  /** What it used since the last call. */
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** Thrown when the monitor ended by itself. */
class ServiceEnded extends DaiseeError {
  constructor(how: unknown) {
    super({
      code: 'bench.service',
      message: `The monitor under measurement ended by itself (${String(how)}): its last words are above.`,
      retryable: false,
    });
  }
}

export const LOGIN = 'user';
export const PASSWORD = 'bench password';

/** As `daisee monitor` sets up its own process; a test of the command keeps both in step (`packages/cli/bin/lean.cjs`). */
const FLAGS = [
  '--max-semi-space-size=2',
  '--heap-growing-percent=30',
  '--v8-pool-size=2',
  '--memory-saver-mode',
  '--no-memory-pool',
  '--no-maglev',
];
const ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
};

const PROGRAM = fileURLToPath(new URL('./serving.ts', import.meta.url));

const answerOf = async <T>(child: ChildProcess): Promise<T> => {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    const [answer] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new ServiceEnded(code);
      }),
    ])) as [T];
    return answer;
  } finally {
    heard.abort();
  }
};

/** Starts a monitor over the store at that place, in a process of its own. */
export const startService = async (
  place: Place,
  { node, signal }: { readonly node: readonly string[]; readonly signal: AbortSignal },
): Promise<Service> => {
  signal.throwIfAborted();
  const child = fork(PROGRAM, [JSON.stringify({ ...place, login: LOGIN, password: PASSWORD })], {
    execArgv: [...FLAGS, ...node],
    env: { ...process.env, ...ENVIRONMENT },
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const { url } = await answerOf<{ url: string }>(child);
  return {
    url,
    usage: async () => {
      const answer = answerOf<Usage>(child);
      child.send('usage');
      return await answer;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
      signal.removeEventListener('abort', kill);
    },
  };
};
