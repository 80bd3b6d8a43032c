/**
 * A whole node inside the emulated Raspberry Pi, as its two services run it: the relay board on the real pin driver,
 * monitor with a simulated meter, and agent. No chain answers, so the agent has loaded everything and waits; the App is
 * off. Tells how long each part took to start and what each process keeps in memory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryOf } from './memory.ts';

const SETTINGS = '/etc/daisee/parameters.yml';
const COMMAND = join(import.meta.dirname, '../../../packages/cli/bin/daisee.cjs');
/** Emulated, everything takes 20 to 30 times as long as on this machine. */
const LIMIT = 300_000;

interface Service {
  readonly child: ChildProcess;
  /** Ms from its start until it said this. */
  said(text: string): Promise<number>;
  stop(): Promise<void>;
}

const start = (...args: readonly string[]): Service => {
  const from = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: { readonly text: string; readonly at: number }[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) =>
      lines.push({ text: bytes.toString(), at: performance.now() - from }),
    );
  // Everything it said is there.
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    child,
    said: async (text) => {
      for (;;) {
        const line = lines.find((one) => one.text.includes(text));
        if (line) return line.at;
        const end = child.exitCode ?? child.signalCode;
        if (end !== null) await ended;
        if (end !== null || performance.now() - from > LIMIT)
          throw new Error(
            `daisee ${args.join(' ')} did not say "${text}"${end === null ? '' : `, it ended (${end})`}: ${lines.map((one) => one.text).join('')}`,
          );
        await delay(50);
      }
    },
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
};

/** Processes that the service has started: its guards. */
const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0)
    .filter((other) => {
      const [, parent] = /^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${other}/stat`, 'utf8')) ?? [];
      return Number(parent) === pid;
    });

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const emptyFrom = performance.now();
const empty = spawn(process.execPath, ['--eval', '0']);
await new Promise((resolve) => empty.once('exit', resolve));
console.log(
  `An empty Node takes ${seconds(performance.now() - emptyFrom)} here and 0.7 s on a Raspberry Pi 3: divide accordingly.`,
);

for (const round of ['compiling everything', 'with modules compiled before']) {
  const relay = start('relay', '-c', SETTINGS);
  const listening = await relay.said('Relay board (gpio, 4 channels, at rest)');
  const node = start('up', '--without', 'relay', '-c', SETTINGS);
  const serving = await node.said('Monitor on http');
  const waiting = await node.said('Chain unreachable');
  console.log(
    `Start, ${round}: relay board after ${seconds(listening)}; monitor after ${seconds(serving)}, agent (waits for its chain) after ${seconds(waiting)}.`,
  );
  const [service = 0, whole = 0] = [relay.child.pid, node.child.pid];
  const guards = childrenOf(service);
  await delay(5000); // what was only needed to start is given back
  console.log(
    `Memory: relay service ${memoryOf(service)}; its guards ${guards.map(memoryOf).join(', ')}; monitor and agent ${memoryOf(whole)}.`,
  );
  const free = /MemAvailable: +(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  console.log(`${(Number(free) / 1024).toFixed(0)} MB of the machine's memory are still to be had.`);
  await node.stop();
  await relay.stop();
}
process.exit(0);
