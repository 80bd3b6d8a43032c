import type { Server, Socket } from 'node:net';
import { isLoopback } from './loopback.ts';

export interface ConnectionBounds {
  /** Connections at once; further ones are closed unanswered. */
  readonly most: number;
  /** Of one address elsewhere, a quarter of them by default; this machine's own programs share all. */
  readonly mostOfOne?: number;
}

/** Bounds what clients can hold open: every connection is a file descriptor of a process that has others to keep. */
export const boundConnections = (server: Server, { most, mostOfOne = most / 4 }: ConnectionBounds): void => {
  const open = new Map<string, number>();
  server.maxConnections = most;
  server.on('connection', (socket: Socket) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
    if (isLoopback(address)) return;
    const count = open.get(address) ?? 0;
    if (count >= mostOfOne) {
      socket.destroy();
      return;
    }
    open.set(address, count + 1);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  });
};
