/**
 * Where kernels and packages are kept: outside the repository, because they are large and the same for every clone.
 * Debian's packages are downloaded and unpacked below the cache; nothing is installed.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const root = join(import.meta.dirname, '../..');
export const cache = process.env['DAISEE_HARDWARE_CACHE'] ?? join(homedir(), '.cache/daisee-hardware');
const started = performance.now();

export const say = (text: string): void =>
  console.error(`[${((performance.now() - started) / 1000).toFixed(0).padStart(3)} s] ${text}`);

/** Thrown when this machine cannot have the kernel or what it is built with: that says nothing about the project. */
export class NotHere extends Error {}

/** When preparing ends, ms on the clock of `started`. */
let deadline = Number.POSITIVE_INFINITY;

/** Packages and kernels must be there within so many seconds from now. */
export const prepareWithin = (seconds: number): void => {
  deadline = performance.now() + seconds * 1000;
};

const REMEDY: Readonly<Record<string, string>> = {
  ENOENT: 'is not installed here',
  EACCES: 'may not be run here',
  ETIMEDOUT: 'did not end in the time that preparing may take',
};

/** What a command said last before it failed. */
const lastWords = (error: unknown): string => {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said.split('\n').at(-1)?.slice(0, 200) ?? '';
};

/** Runs a command of this machine to its end. @throws NotHere when it cannot, is too slow or fails */
export const run = (
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): string => {
  const left = deadline - performance.now();
  const shown = [command, ...args].join(' ').slice(0, 120);
  if (left <= 0) throw new NotHere(`preparing takes longer than it may, before ${shown}`);
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
      ...(Number.isFinite(left) ? { timeout: Math.ceil(left) } : {}),
      ...options,
      env: { ...process.env, ...options.env },
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new NotHere(`"${shown}" ${REMEDY[code] ?? `failed: ${lastWords(error)}`}`, { cause: error });
  }
};

/** A name for what was made of these texts: another text, another name. */
export const keyOf = (...texts: readonly string[]): string =>
  createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 10);

/** A folder of the cache, made once: half of it is never taken for the whole. */
export const once = (name: string, make: (folder: string) => void): string => {
  const folder = join(cache, name);
  const mark = join(folder, '.complete');
  if (existsSync(mark)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make(folder);
  writeFileSync(mark, '');
  return folder;
};

/** What apt-get needs to work as root without its own user, and for another architecture. */
export interface Apt {
  readonly env?: Record<string, string>;
}

const APT = ['-qq', '-o', 'APT::Sandbox::User=root'];
let listed = false;

/** Reads the package lists once, when this user may. */
const update = (): void => {
  if (listed) return;
  listed = true;
  try {
    run('apt-get', [...APT, 'update']);
  } catch {
    say('apt-get update was refused; the lists that are there must do');
  }
};

/** Downloads and unpacks packages of the Debian that this machine runs. */
export const packages = (name: string, wanted: readonly string[], apt: Apt = {}): string =>
  once(`packages/${name}-${keyOf(...wanted)}`, (folder) => {
    if (!apt.env) update();
    const debs = join(folder, '.debs');
    mkdirSync(debs);
    say(`downloading ${wanted.length === 1 ? wanted[0] : `${wanted.length} packages for ${name}`}`);
    run('apt-get', [...APT, 'download', ...wanted], { cwd: debs, ...(apt.env ? { env: apt.env } : {}) });
    for (const deb of readdirSync(debs)) run('dpkg', ['-x', join(debs, deb), folder]);
    rmSync(debs, { recursive: true });
  });

/** A package and everything it depends on that this machine lacks. */
export const withDependencies = (name: string): string[] => {
  update();
  return run('apt-get', ['install', '-s', '--no-install-recommends', name])
    .split('\n')
    .flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []);
};

/** What a package that only names another names: linux-image-amd64 → linux-image-6.1.0-…-amd64. */
export const firstDependency = (name: string, apt: Apt = {}): string => {
  if (!apt.env) update();
  const found = /^ +Depends: (\S+)/m.exec(
    run('apt-cache', ['depends', name], apt.env ? { env: apt.env } : {}),
  );
  if (!found?.[1])
    throw new NotHere(`apt-cache knows no dependency of ${name}; run "apt-get update" as root`);
  return found[1];
};

/** Packs a folder as the kernel unpacks its first root. */
export const archive = (folder: string, to: string): void => {
  const busybox = join(packages('busybox', ['busybox-static']), 'bin/busybox');
  run(
    'bash',
    ['-c', `set -o pipefail; find . | "${busybox}" cpio -o -H newc 2>/dev/null | gzip -1 > "${to}"`],
    {
      cwd: folder,
    },
  );
};

/** Shows what a guest says until it ends, at the latest after `limit` seconds; resolves with its exit code. */
export const verdictOf = async (
  guest: ChildProcess,
  limit: number,
  show: (line: string) => void = console.log,
): Promise<number> => {
  const stop = (): void => void guest.kill('SIGKILL');
  const late = setTimeout(stop, limit * 1000);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let code = 98;
  let isUp = false;
  const wrong: string[] = [];
  guest.once('error', (error) => wrong.push(error.message));
  if (guest.stdout)
    for await (const line of createInterface({ input: guest.stdout })) {
      const end = /HARDWARE EXIT (\d+)/.exec(line);
      if (end) code = Number(end[1]);
      else if (line.includes('HARDWARE UP')) isUp = true;
      else {
        show(line.trimEnd());
        if (!isUp) wrong.push(line.trim());
      }
    }
  clearTimeout(late);
  if (!isUp)
    throw new NotHere(`the kernel does not boot here: ${wrong.join(' | ').slice(-200) || 'it said nothing'}`);
  if (code === 98) say('the guest ended without a verdict');
  return code;
};
