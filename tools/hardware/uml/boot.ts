/** Boots the user-mode kernel, an ordinary process, on this machine's own files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { packages, root, say, verdictOf } from '../cache.ts';
import { gpiod } from '../gpiod.ts';
import { buildKernel } from './kernel.ts';

/** Whole run inside the guest, s; the kernel itself is ended a little later. */
const LIMIT = 600;

/** Wires the guest's two serial lines to each other: what one of them sends, the other receives. */
const joinLines = ({ stdio }: ChildProcess): void => {
  const [first, second] = [stdio[3], stdio[4]];
  if (!(first instanceof Duplex && second instanceof Duplex)) return;
  first.pipe(second);
  second.pipe(first);
  for (const line of [first, second]) line.on('error', () => undefined); // the guest has ended
};

/** Starts a guest for these test files. */
const boot = (kernel: string, tests: readonly string[]): ChildProcess => {
  const tools = gpiod();
  const guest = spawn(
    join(kernel, 'linux'),
    [
      'mem=768M',
      'root=hostfs',
      'rootfstype=hostfs',
      'rootflags=/',
      'ro',
      `init=${join(import.meta.dirname, 'init.sh')}`,
      'con=null',
      'con0=null,fd:1',
      'ssl=null',
      'ssl0=fd:3',
      'ssl1=fd:4',
      'quiet',
      `hw_root=${root}`,
      `hw_node=${process.execPath}`,
      `hw_busybox=${join(packages('busybox', ['busybox-static']), 'bin/busybox')}`,
      `hw_kernel=${kernel}`,
      `hw_gpiod=${tools.v1}`,
      `hw_gpiod2=${tools.v2 ?? ''}`,
      `hw_limit=${LIMIT}`,
      `hw_tests=${tests.join(',')}`,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    },
  );
  joinLines(guest);
  return guest;
};

/** Takes as long as all others together. */
const isLong = (test: string): boolean => test.endsWith('/kills.test.ts');

/**
 * Runs test files inside; resolves with the guest's exit code. A user-mode kernel has one processor: where there are
 * more, two of them run at once, and what the second says is shown when it has ended.
 */
export const runUml = async (tests: readonly string[]): Promise<number> => {
  const kernel = buildKernel();
  const groups = [tests.filter((test) => !isLong(test)), tests.filter(isLong)].filter(
    ({ length }) => length > 0,
  );
  const guests = availableParallelism() > 1 ? groups : [tests];
  say(
    `booting the user-mode kernel for ${tests.length} test files${guests.length > 1 ? ', twice at once' : ''}`,
  );
  const later: string[] = [];
  const verdicts = await Promise.allSettled(
    guests.map((files, index) =>
      verdictOf(boot(kernel, files), LIMIT + 30, index === 0 ? console.log : (line) => void later.push(line)),
    ),
  );
  for (const line of later) console.log(line);
  for (const verdict of verdicts) if (verdict.status === 'rejected') throw verdict.reason;
  return Math.max(...verdicts.map((verdict) => (verdict.status === 'fulfilled' ? verdict.value : 1)));
};
