/** Starts relay services inside the guest, talks to their v0.2 port and waits for what the pins do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceOptions } from './service.ts';

export const file = (name: string): string => join(import.meta.dirname, name);

/** The v0.2 lab of two channels a node, on the v0.2 pins. */
export const PINS = [17, 18, 27, 22];
export const OPTIONS: ServiceOptions = {
  driver: { pins: PINS, own: [0, 1] },
  wiring: { loads: [{ name: 'home', own: [0, 1], sellers: [{ name: 'seller', channels: [2, 3] }] }] },
  port: 15555,
  breakTime: 50,
};
export const LOADS = [{ own: [17, 18], sellers: [[27, 22]] }];
export const TO_SELLER = '{0: True, 1: True, 2: True, 3: True}';
export const BOTH_OFF = '{2: False, 3: False, 0: False, 1: False}';

const started = new Set<Launched>();

export interface Relay {
  readonly child: ChildProcess;
  readonly pid: number;
  /** As the service said when it was ready. */
  readonly guards: readonly number[];
  readonly said: string[];
  /** Ms from start to ready, and MB then, as the service saw it. */
  readonly start: number;
  readonly memory: number;
  readonly exited: Promise<void>;
}

/** Longer than any `until` in it takes: what hangs otherwise ends as well, and the other tests get their turn. */
const TEST_LIMIT = 300_000;

/** A test of this file, in order. */
export const it = (title: string, body: (t: TestContext) => Promise<void>): void =>
  void test(title, { timeout: TEST_LIMIT }, body);

/** Waits until something holds, at most `limit` ms: emulated processors are slow. @returns how long that took, ms. */
export const until = async (what: string, holds: () => boolean, limit = 180_000): Promise<number> => {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > limit) throw new Error(`Waited ${limit} ms in vain until ${what}.`);
    await delay(10); // the guest has one processor, which is wanted elsewhere
  }
  return performance.now() - from;
};

export interface Launched {
  readonly child: ChildProcess;
  readonly said: string[];
  /** When it has ended and everything it said is there. */
  readonly exited: Promise<void>;
}

/** Another user, another environment. */
interface As {
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program and collects its lines. */
export const launch = (args: readonly string[], as: As = {}): Launched => {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], ...as });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => said.push(...bytes.toString().trim().split('\n')));
  const exited = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('exit', () => setTimeout(resolve, 1000)); // a guard that still acts keeps the pipe open
  });
  const launched = { child, said, exited };
  started.add(launched);
  return launched;
};

/** `12,34` as process identifiers. */
export const pidsOf = (text: string): number[] => text.split(',').filter(Boolean).map(Number);

/** Starts a relay and waits until it listens, or ended. */
export const startRelay = async (options: ServiceOptions = OPTIONS, as: As = {}): Promise<Relay> => {
  const { child, said, exited } = launch([file('service.ts'), JSON.stringify(options)], as);
  const line = () => said.find((text) => text.startsWith('ready'));
  const over = () => child.exitCode !== null || child.signalCode !== null;
  await until('the relay listens', () => line() !== undefined || over());
  if (over()) await exited;
  const [, guards = '', start, memory] = /guards=([\d,]*) start=(\d+) memory=(\d+)/.exec(line() ?? '') ?? [];
  if (start === undefined) throw new Error(`The relay did not start: ${said.join(' | ')}`);
  return {
    child,
    pid: child.pid ?? 0,
    guards: pidsOf(guards),
    said,
    exited,
    start: Number(start),
    memory: Number(memory),
  };
};

/** Asks it to stop, and waits. */
export const stopRelay = async (relay: Launched): Promise<void> => {
  relay.child.kill('SIGTERM');
  await relay.exited;
};

/** One request on the v0.2 port. */
export const ask = (request: string, port = OPTIONS.port): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let reply = '';
    socket.on('data', (bytes) => {
      reply += bytes.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
  });

export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Ends whatever a test left, and the guards with it. */
export const endAll = async (): Promise<void> => {
  for (const { child, exited } of started) {
    child.kill('SIGKILL');
    await exited;
  }
  started.clear();
};
