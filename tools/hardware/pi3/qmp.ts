/** QEMU's machine protocol (QMP): reads the emulated machine's memory from outside. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface Machine {
  /** 32-bit words of physical memory. */
  words(address: number, count: number): Promise<number[]>;
  quit(): Promise<void>;
}

const open = async (path: string): Promise<Socket> => {
  for (let tries = 0; ; tries++) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const one = connect(path, () => resolve(one));
      one.on('error', () => resolve(undefined));
    });
    if (socket) return socket;
    if (tries > 100) throw new Error(`QEMU did not open ${path}.`);
    await delay(100);
  }
};

export const connectMachine = async (path: string): Promise<Machine> => {
  const socket = await open(path);
  const waiting: ((result: unknown) => void)[] = [];
  const lines = createInterface({ input: socket });
  lines.on('error', () => undefined); // QEMU is gone, which its exit tells
  lines.on('line', (line) => {
    const message = JSON.parse(line) as Record<string, unknown>;
    if ('return' in message || 'error' in message) waiting.shift()?.(message['return']);
  });
  const call = (execute: string, args: object = {}): Promise<unknown> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  await call('qmp_capabilities');
  return {
    words: async (address, count) => {
      const command = `xp /${count}wx 0x${address.toString(16)}`;
      const text = String(await call('human-monitor-command', { 'command-line': command }));
      const words = [...text.matchAll(/0x[0-9a-f]{8}\b/g)].map(Number);
      if (words.length !== count) throw new Error(`QEMU answered "${text}" to ${command}.`);
      return words;
    },
    quit: async () => {
      socket.write(`${JSON.stringify({ execute: 'quit' })}\n`);
      await delay(100);
      socket.destroy();
    },
  };
};
