/** Mosquitto, the broker that most houses have, as a process of its own: for tests, where it is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Duration, systemClock } from '@daisee/units';

const PROGRAM = 'mosquitto';
export const hasMosquitto = spawnSync(PROGRAM, ['-h']).error === undefined;

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  /** Until the next subscription stands. */
  subscribed(): Promise<void>;
  leave(): Promise<void>;
  /** On the same port. */
  comeBack(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
  probe.close();
  await once(probe, 'close');
  return address.port;
};

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/**
 * `guarded`: it wants a login that nobody has. `keeps`: it is ended as its administrator would and has sessions and
 * retained messages again when it comes back; otherwise it is killed and comes back with nothing.
 */
export const startMosquitto = async ({ guarded = false, keeps = false } = {}): Promise<Mosquitto> => {
  const directory = mkdtempSync(join(tmpdir(), 'daisee-mosquitto-'));
  const port = await freePort();
  const file = join(directory, 'mosquitto.conf');
  const settings = [
    `listener ${port} 127.0.0.1`,
    `allow_anonymous ${!guarded}`,
    `persistence ${keeps}`,
    `persistence_location ${directory}/`,
    'log_dest stderr',
    'log_type all',
    // Started by root it becomes another user, who may not write there.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  const log = new EventEmitter();
  let child: ChildProcess | undefined;
  const comeBack = async (): Promise<void> => {
    const started = spawn(PROGRAM, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    if (started.stderr)
      createInterface(started.stderr).on('line', (line) => {
        if (line.includes('Sending SUBACK')) log.emit('subscribed');
      });
    while (!(await answers(port))) {
      if (started.exitCode !== null) throw new TypeError(`mosquitto ended with ${started.exitCode}`);
      await systemClock.sleep(Duration(10));
    }
  };
  const leave = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(keeps ? 'SIGTERM' : 'SIGKILL');
    await ended;
  };
  await comeBack();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    subscribed: async () => void (await once(log, 'subscribed')),
    leave,
    comeBack,
    [Symbol.asyncDispose]: async () => {
      await leave();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
