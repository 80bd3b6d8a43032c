import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { DaiseeError, Duration, systemClock } from '@daisee/units';
import { anvilBinary } from './anvil-binary.ts';

/** anvil did not start, or ended by itself. */
export class AnvilFailed extends DaiseeError {
  constructor(what: string, output: string) {
    super({
      code: 'chain.anvil',
      message: `The embedded chain (anvil) ${what}${output ? `: ${output}` : '.'}`,
      retryable: true,
      values: { what, output },
    });
  }
}

export interface AnvilProcess {
  /** Where it listens: an address of loopback, on a port of the system's choice. */
  readonly url: string;
  /** Resolves with what it said at the end, when it has ended however that came. */
  readonly ended: Promise<string>;
  readonly running: () => boolean;
  /** Resident memory in bytes; undefined where the system has no /proc. */
  memory(): number | undefined;
  /** SIGTERM, and SIGKILL when that does not end it in time. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs anvil beside a watcher that reads from our pipe: the pipe closes however we end, SIGKILL included, and then
 * the watcher kills anvil. The shell waits for anvil, so its end is anvil's. What becomes anvil says its number first: said
 * by the shell beside it, the number may come into the middle of anvil's own words.
 */
const GUARDIAN = `exec 3<&0
/bin/sh -c 'echo "process $$"; exec "$@"' anvil "$@" </dev/null 3<&- &
child=$!
( read -r _ <&3; kill -KILL "$child" ) >/dev/null 2>&1 &
watcher=$!
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

/**
 * anvil asks nobody who they are, and some of its calls make coins and sign for others. On Linux, where all of 127/8 is
 * this machine (RFC 1122, 3.2.1.3), it gets an address there that no page in a browser can guess along with its port.
 * Programs of this machine can find it (/proc/net/tcp): they are trusted.
 */
const hiddenAddress = (): string => {
  if (process.platform !== 'linux') return '127.0.0.1';
  const [a, b, c] = [256, 256, 254].map((end) => randomInt(end));
  return `127.${a}.${b}.${(c ?? 0) + 1}`;
};

/** How long a start may take: a snapshot of 80 MB takes one second here, a small machine is slower. */
const START_BOUND = Duration(120_000);
const STOP_BOUND = Duration(5_000);

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It is gone already, which is what was wanted.
    void error;
  }
};

const firstLines = (
  child: ChildProcess,
  host: string,
  said: string[],
): Promise<{ pid: number; url: string }> =>
  new Promise((resolve, reject) => {
    let pid: number | undefined;
    if (!child.stdout || !child.stderr) return reject(new AnvilFailed('has no output', ''));
    const lines = createInterface({ input: child.stdout });
    /** What it came to, for a start that does not come to its end. */
    let last = 'nothing';
    lines.on('line', (line) => {
      if (line.trim()) last = JSON.stringify(line.trim().slice(0, 200));
      pid ??= Number(/^process (\d+)$/.exec(line)?.[1]) || undefined;
      const port = /^Listening on \S+:(\d+)$/.exec(line)?.[1];
      if (port && pid !== undefined) resolve({ pid, url: `http://${host}:${port}` });
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.trim()) said.push(line.trim());
      if (said.length > 5) said.shift();
    });
    child.once('error', (error) => reject(new AnvilFailed('could not be run', error.message)));
    child.once('exit', () =>
      reject(new AnvilFailed('ended while starting', `${said.join(' ')} (it last said ${last})`)),
    );
  });

/**
 * Starts anvil and waits until it listens.
 * @param args its options besides host and port
 * @throws AnvilFailed, NoEmbeddedChain
 */
export const startAnvil = async (args: readonly string[], signal?: AbortSignal): Promise<AnvilProcess> => {
  const said: string[] = [];
  const host = hiddenAddress();
  const command = [anvilBinary(), '--host', host, '--port', '0', ...args];
  // Its own session: Ctrl-C in the terminal reaches us alone, and we end it in order. An empty environment, because
  // anvil takes settings from there.
  const child = spawn('/bin/sh', ['-c', GUARDIAN, 'anvil', ...command], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: {},
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, by) => {
      child.stdin.destroy();
      resolve([by ?? `exit code ${code}`, ...said].join(' '));
    });
    child.once('error', (error) => resolve(error.message));
  });
  child.stdin.on('error', () => child.stdin.destroy());
  // The guard of a start that hangs runs in the machine's time, as the child does.
  const guard = AbortSignal.any([AbortSignal.timeout(START_BOUND), ...(signal ? [signal] : [])]);
  const abandon = () => child.stdin.destroy();
  guard.addEventListener('abort', abandon, { once: true });
  if (guard.aborted) abandon();
  try {
    const { pid, url } = await firstLines(child, host, said);
    const running = () => child.exitCode === null && child.signalCode === null;
    return {
      url,
      ended,
      running,
      memory: () => {
        try {
          const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
          return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
        } catch {
          // No /proc here, or the process has just ended.
          return undefined;
        }
      },
      stop: async () => {
        if (!running()) return;
        kill(pid, 'SIGTERM');
        const bound = new AbortController();
        const late = systemClock.sleep(STOP_BOUND, bound.signal).then(
          () => true,
          () => false,
        );
        const inTime = await Promise.race([ended.then(() => true), late.then((passed) => !passed)]);
        bound.abort();
        if (!inTime) child.stdin.destroy();
        await ended;
      },
    };
  } catch (error) {
    child.stdin.destroy();
    await ended;
    throw error;
  } finally {
    guard.removeEventListener('abort', abandon);
  }
};
