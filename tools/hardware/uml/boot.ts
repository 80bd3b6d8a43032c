/** Boots the user-mode kernel, an ordinary process, on this machine's own files. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gpiod, packages, root, say, verdictOf } from '../cache.ts';
import { buildKernel } from './kernel.ts';

/** Whole run inside the guest, s; the kernel itself is ended a little later. */
const LIMIT = 600;

/** Runs test files inside; resolves with the guest's exit code. */
export const runUml = async (tests: readonly string[]): Promise<number> => {
  const kernel = buildKernel();
  const busybox = join(packages('busybox', ['busybox-static']), 'bin/busybox');
  say(`booting the user-mode kernel for ${tests.length} test files`);
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
      'quiet',
      `hw_root=${root}`,
      `hw_node=${process.execPath}`,
      `hw_busybox=${busybox}`,
      `hw_kernel=${kernel}`,
      `hw_gpiod=${gpiod()}`,
      `hw_limit=${LIMIT}`,
      `hw_tests=${tests.join(',')}`,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() },
    },
  );
  return await verdictOf(guest, LIMIT + 30);
};
