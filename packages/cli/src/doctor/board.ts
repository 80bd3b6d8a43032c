/** Checks of a machine that carries the board on its pins: pins, the tools that bring them to rest, the watchdog. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inspectPins, type RestPins } from '@daisee/relay';
import { type Check, type Finding, failed, ok, warning } from './check.ts';

const run = promisify(execFile);

/** The text of a file; undefined where there is none. */
const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)))
      return undefined;
    throw error;
  }
};

/** The pins as the driver would take them; none is taken. */
export const pinsCheck = (pins: RestPins, inspect = inspectPins): Check => ({
  name: 'GPIO',
  look: async () => {
    const { chip, path, heldByRelay } = inspect(pins);
    return ok(`the pins of ${path} (${chip}) are ${heldByRelay ? 'held by the relay that runs' : 'free'}`);
  },
});

/** Where systemd looks for what its units start. */
const PLACES = ['usr/local/sbin', 'usr/local/bin', 'usr/sbin', 'usr/bin', 'sbin', 'bin'];

/** libgpiod's tools, which are quicker at rest than a Node that has to start first (`rest.sh`). */
export const toolsCheck = (root = '/'): Check => ({
  name: 'rest',
  look: async () => {
    const isThere = async (tool: string): Promise<boolean> => {
      const tried = PLACES.map((place) => access(join(root, place, tool), constants.X_OK));
      return (await Promise.allSettled(tried)).some(({ status }) => status === 'fulfilled');
    };
    for (const tool of ['gpiodetect', 'gpioset'])
      if (!(await isThere(tool)))
        return warning(
          `${tool} is not installed: when the relay and its guards are killed at once, a Node has to start before the pins go to rest`,
          'sudo apt install gpiod',
        );
    return ok('gpioset brings the pins to rest when everything else was killed');
  },
});

export interface Watchdog {
  readonly isPi: boolean;
  /** The settings are those of the installed services, with which the watchdog comes. */
  readonly isInstalled: boolean;
  /** `unknown` where the machine has one and says nothing about it. */
  readonly state: 'armed' | 'idle' | 'missing' | 'unknown';
}

export const judgeWatchdog = ({ isPi, isInstalled, state }: Watchdog): Finding => {
  if (state === 'armed') return ok('a hardware watchdog restarts the machine when it hangs');
  if (state === 'unknown') return warning('whether the hardware watchdog is armed is not known here');
  if (state === 'missing')
    return warning(
      'this machine has no hardware watchdog: when it hangs as a whole, the pins stay as they are',
      'take a machine that has one, as a Raspberry Pi does',
    );
  const text =
    'the hardware watchdog is not armed: when the machine hangs as a whole, the pins stay as they are';
  const mend = isInstalled
    ? 'sudo daisee install, then sudo systemctl daemon-reexec'
    : '"sudo daisee install" arms it, with the services';
  return isPi && isInstalled ? failed(text, mend) : warning(text, mend);
};

/** What systemd was told; undefined where there is no systemd. */
const systemdsTime = async (signal: AbortSignal): Promise<string | undefined> => {
  try {
    const show = ['show', '--property=RuntimeWatchdogUSec', '--value'];
    return (await run('systemctl', show, { signal })).stdout.trim();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error) return undefined;
    throw error;
  }
};

const stateOf = async (
  root: string,
  askSystemd: () => Promise<string | undefined>,
): Promise<Watchdog['state']> => {
  const directory = join(root, 'sys/class/watchdog');
  const dogs = await readdir(directory).catch(() => []);
  if (dogs.length === 0) return 'missing';
  // Kernels without CONFIG_WATCHDOG_SYSFS have no such file.
  const states = await Promise.all(dogs.map((dog) => textOf(join(directory, dog, 'state'))));
  if (states.some((text) => text?.trim() === 'active')) return 'armed';
  if (states.some((text) => text !== undefined)) return 'idle';
  const time = await askSystemd();
  if (time === undefined || time === '') return 'unknown';
  return ['0', 'infinity'].includes(time) ? 'idle' : 'armed';
};

export const watchdogCheck = (
  isInstalled: boolean,
  root = '/',
  askSystemd: (signal: AbortSignal) => Promise<string | undefined> = systemdsTime,
): Check => ({
  name: 'watchdog',
  look: async (signal) => {
    const model = (await textOf(join(root, 'proc/device-tree/model'))) ?? '';
    const state = await stateOf(root, () => askSystemd(signal));
    return judgeWatchdog({ isPi: model.includes('Raspberry Pi'), isInstalled, state });
  },
});

/** All of them, for a board on these pins. */
export const boardChecks = (pins: RestPins, isInstalled: boolean): readonly Check[] => [
  pinsCheck(pins),
  toolsCheck(),
  watchdogCheck(isInstalled),
];
