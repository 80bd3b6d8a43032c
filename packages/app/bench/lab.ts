/** A lab in a process of its own, and what its agent tells. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const bin = join(import.meta.dirname, '../../cli/bin/daisee.cjs');
const ticks = import.meta.resolve('./ticks.ts');

interface Told {
  readonly type?: string;
  readonly node1?: string;
  readonly time?: string;
}

/** A look of the agent: its instant on the lab's clock, and when it was told (ms of this machine). */
interface AgentLook {
  readonly lab: number;
  readonly told: number;
}

export interface Lab {
  readonly url: string;
  /** Of Node 1's agent, up to now. They are told with the next block, every 5 s of the lab. */
  readonly looks: readonly AgentLook[];
  /** How late each timer of its process was, up to now (ms). */
  readonly late: readonly number[];
  /** Seconds of processor time that the lab's process has taken. */
  cpu(): number;
  stop(): Promise<void>;
}

const TICKS = 100;

export const startLab = async (speed: number): Promise<Lab> => {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', ticks, bin, 'demo', '--json', '--app-port', '0', '--speed', String(speed)],
    { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] },
  );
  const looks: AgentLook[] = [];
  const late: number[] = [];
  child.on('message', (more) => late.push(...(more as number[])));
  const url = await new Promise<string>((resolve) => {
    let address: string | undefined;
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { type, node1, time } = JSON.parse(line) as Told;
      if (type === 'apps') address = node1;
      // The agent tells the state of charge at each of its looks.
      if (type === 'soc' && time !== undefined)
        looks.push({ lab: Date.parse(time), told: performance.now() });
      if (type === 'lab' && address !== undefined) resolve(address);
    });
  });
  return {
    url,
    looks,
    late,
    cpu: () => {
      // Fields 14 and 15 of proc_pid_stat(5), after the name in brackets.
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('close', () => resolve());
        child.kill('SIGINT');
      }),
  };
};
