/** Disks that are full and clocks that step. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DaiseeError, Duration, Seconds } from '@daisee/units';
import type { Chance, Fault, Part, PartName } from '../doors.ts';
import { bringBack, inWords, lasting, seconds, seenIf } from './lasting.ts';

/** The limit on the size of files could not be set. */
class NoFileLimit extends DaiseeError {
  constructor(pid: number, said: string) {
    super({
      code: 'campaign.file-limit',
      message: `prlimit could not limit the files of process ${pid} (${said}): install util-linux, or leave the faults "disk full" out.`,
      retryable: false,
      values: { pid, said },
    });
  }
}

/**
 * The largest file that a running process may write, bytes; undefined: any. A write past it fails with EFBIG (prlimit(2),
 * RLIMIT_FSIZE; Node ignores SIGXFSZ), where a full disk gives ENOSPC: for SQLite either is a write that failed. It
 * needs no rights over the disk.
 */
const limitFiles = async (pid: number, size: number | undefined): Promise<boolean> => {
  const child = spawn('prlimit', ['--pid', String(pid), `--fsize=${size ?? 'unlimited'}:unlimited`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = await once(child, 'close');
  if (code === 0) return true;
  // It ended meanwhile: a full disk may do that.
  if (/No such process/.test(said)) return false;
  throw new NoFileLimit(pid, said.trim());
};

const fullDisk = (name: PartName): Fault => ({
  name: `disk full under ${name}`,
  tries: [1, 8],
  weight: 1,
  strike: async (stage, chance, signal) => {
    const length = seconds(chance, 20, 180);
    const part = stage.parts[name];
    // Nothing at all, or only what fits into pages that are there already.
    const size = chance.pick([0, 0, 4096, 65_536]);
    const { pid } = part;
    if (pid === undefined) return seenIf(false, 'it did not run just then');
    await limitFiles(pid, size);
    const isRestarted = chance.next() < 0.3;
    if (isRestarted) {
      await part.kill();
      const starting = part.start({ fileLimit: size, signal }).then(
        () => '',
        () => '',
      );
      await lasting(stage, length, signal);
      await part.kill();
      await starting;
    } else {
      await lasting(stage, length, signal);
      if (part.pid === pid) await limitFiles(pid, undefined);
    }
    await bringBack(stage, part, signal);
    return `no file above ${size} bytes for ${inWords(length)}${isRestarted ? ', restarted on it' : ''}`;
  },
});

const HOUR = Seconds(3600);

const stepped = (part: Part, by: Duration): (() => void) => {
  part.stepClock(by);
  return () => part.stepClock(Duration(0 - by));
};

const inText = (by: number): string => `${by < 0 ? '−' : '+'}${inWords(by)}`;

const STEPPED: readonly [PartName, ...PartName[]] = [
  'agent1',
  'agent1',
  'agent2',
  'monitor1',
  'monitor2',
  'relay',
  'chain',
  'app',
];

const clockSteps = (name: string, weight: number, step: (chance: Chance) => Duration): Fault => ({
  name,
  tries: [1, 7, 8],
  weight,
  strike: async (stage, chance, signal) => {
    const part = stage.parts[chance.pick(STEPPED)];
    const by = step(chance);
    const length = seconds(chance, 30, 240);
    await lasting(stage, length, signal, stepped(part, by));
    return `${part.name} by ${inText(by)}, and back after ${inWords(length)}`;
  },
});

export const machineFaults: readonly Fault[] = [
  fullDisk('agent1'),
  fullDisk('agent2'),
  fullDisk('monitor1'),
  fullDisk('monitor2'),
  fullDisk('chain'),
  fullDisk('relay'),
  fullDisk('app'),
  clockSteps('a clock steps an hour', 2, (chance) => (chance.next() < 0.5 ? HOUR : Duration(0 - HOUR))),
  clockSteps('a clock steps a little', 3, (chance) =>
    Seconds(chance.whole(1, 30) * (chance.next() < 0.5 ? 1 : -1)),
  ),
];
