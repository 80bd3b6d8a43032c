/** Checks of the machine itself: program, clock, disk, memory, serial ports. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, open, readdir, readFile, realpath, rm, stat, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '@daisee/units';
import { type Check, type Finding, failed, ok, warning } from './check.ts';

const run = promisify(execFile);
const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code);

export const programCheck = (): Check => ({
  name: 'program',
  look: async () =>
    ok(`Node ${process.versions.node} on ${process.platform} ${process.arch}, user ${userInfo().username}`),
});

/** Nobody's clock is earlier than this program. */
const FIRST_YEAR = 2026;

/** Whether something keeps the machine's clock right; undefined where that cannot be told. */
const isSynchronised = async (signal: AbortSignal): Promise<boolean | undefined> => {
  try {
    const { stdout } = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      signal,
    });
    return stdout.trim() === 'yes';
  } catch (error) {
    signal.throwIfAborted();
    // No systemd, or nobody to ask; its own mark of success may still be there.
    const there = await stat('/run/systemd/timesync/synchronized').catch(() => undefined);
    if (there) return true;
    if (error instanceof Error) return undefined;
    throw error;
  }
};

export const judgeClock = (year: number, synchronised: boolean | undefined): Finding => {
  if (year < FIRST_YEAR || year > FIRST_YEAR + 50)
    return failed(
      `the clock shows the year ${year}`,
      'connect the machine to a time server ("sudo timedatectl set-ntp true"), or give it a battery-backed clock',
    );
  if (synchronised === false)
    return warning(
      'the clock is not synchronised: registers would be counted at wrong times',
      'sudo timedatectl set-ntp true',
    );
  return ok(
    synchronised
      ? 'the clock is synchronised'
      : 'the clock is plausible; whether it is synchronised is not known here',
  );
};

export const clockCheck = (clock: Clock): Check => ({
  name: 'clock',
  look: async (signal) => judgeClock(new Date(clock.now()).getUTCFullYear(), await isSynchronised(signal)),
});

const MEGABYTE = 1_000_000;
const TOO_LITTLE = 50 * MEGABYTE;
const LITTLE = 500 * MEGABYTE;

/** Free space in bytes, as `statfs` tells it for ordinary users. */
export const judgeSpace = (what: string, directory: string, free: number): Finding => {
  const text = `${what} in ${directory}: writable, ${Math.floor(free / MEGABYTE)} MB free`;
  if (free < TOO_LITTLE) return failed(text, 'make room: below 50 MB stores soon fail');
  if (free < LITTLE) return warning(text, 'make room before it runs out');
  return ok(text);
};

/** The folder itself, or the nearest one above that is there. */
const existing = async (directory: string): Promise<string> => {
  try {
    await stat(directory);
    return directory;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(directory) === directory) throw error;
    return existing(dirname(directory));
  }
};

/** The first file of the folder that other users may read or write; undefined where they may not even enter it. */
const openFile = async (directory: string): Promise<string | undefined> => {
  const folder = await stat(directory).catch(() => undefined);
  if (!folder?.isDirectory() || (folder.mode & 0o011) === 0) return undefined;
  for (const name of await readdir(directory)) {
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found?.isFile() && (found.mode & 0o066) !== 0) return name;
  }
  return undefined;
};

/** A folder of stores: writes a little there, forced through, as stores do. */
export const directoryCheck = (name: string, what: string, directory: string): Check => ({
  name,
  look: async () => {
    let probe: string | undefined;
    try {
      const place = await existing(directory);
      probe = await mkdtemp(join(place, '.daisee-doctor-'));
      const file = await open(join(probe, 'probe'), 'wx');
      try {
        await file.write(Buffer.alloc(65_536));
        await file.sync();
      } finally {
        await file.close();
      }
      const { bavail, bsize } = await statfs(place);
      const opened = await openFile(directory);
      return opened === undefined
        ? judgeSpace(what, directory, bavail * bsize)
        : warning(
            `${what} in ${directory}: others on this machine may read ${opened}`,
            `chmod -R go= ${directory}`,
          );
    } catch (error) {
      const user = userInfo().username;
      const mends: Readonly<Record<string, string>> = {
        EACCES: `let ${user} write there: sudo chown -R ${user} ${directory}`,
        EPERM: `let ${user} write there: sudo chown -R ${user} ${directory}`,
        EROFS: 'the disk is read-only; a worn memory card turns so: replace it, or remount it',
        ENOSPC: 'the disk is full: make room',
        ENOTDIR: 'a part of that path is a file: name another folder in the settings',
      };
      return failed(`${what} in ${directory} cannot be written (${codeOf(error)})`, mends[codeOf(error)]);
    } finally {
      if (probe) await rm(probe, { recursive: true, force: true });
    }
  },
});

/** Whether systemd can keep a service within its memory; Raspberry Pi OS switches that off at boot. */
export const memoryCheck = (root = ''): Check => ({
  name: 'memory',
  look: async () => {
    try {
      const controllers = await readFile(join(root, '/sys/fs/cgroup/cgroup.controllers'), 'utf8');
      if (controllers.split(/\s+/).includes('memory')) return ok('limits of memory work');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return ok('no control groups here: services would run without a limit of memory');
    }
    return warning(
      "the units' limits of memory have no effect",
      'add "cgroup_enable=memory" to the line in /boot/firmware/cmdline.txt and restart',
    );
  },
});

/** A device file that has to be opened for reading and writing. */
export const deviceFinding = async (path: string, group: string, missing: string): Promise<Finding> => {
  try {
    const target = await realpath(path);
    const { mode } = await stat(target);
    if ((mode & constants.S_IFMT) !== constants.S_IFCHR)
      return failed(`${path} is not a device`, 'correct its path in the settings');
    await access(target, constants.R_OK | constants.W_OK);
    return ok(`${path}${target === path ? '' : ` (${target})`} can be opened`);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return failed(`${path} is not there`, missing);
    if (code === 'EACCES' || code === 'EPERM') {
      const user = userInfo().username;
      return failed(`${user} may not open ${path}`, `sudo usermod -aG ${group} ${user}, then log in again`);
    }
    return failed(`${path} cannot be looked at (${code})`);
  }
};

/** The serial ports that are there, to choose from. */
const serialPorts = async (): Promise<readonly string[]> => {
  const byId = await readdir('/dev/serial/by-id').catch(() => []);
  if (byId.length > 0) return byId.map((name) => `/dev/serial/by-id/${name}`);
  const all = await readdir('/dev').catch(() => []);
  return all.filter((name) => /^tty(ACM|USB|AMA)\d/.test(name)).map((name) => `/dev/${name}`);
};

export const serialCheck = (path: string, name: string): Check => ({
  name,
  look: async () => {
    const ports = await serialPorts();
    return deviceFinding(
      path,
      'dialout',
      ports.length > 0 ? `these are: ${ports.join(', ')}` : 'plug the sensor in; no serial port is there',
    );
  },
});
