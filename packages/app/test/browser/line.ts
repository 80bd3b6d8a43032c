/** Ports, and a line between a page and its App that can be cut, as a network is. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A port that was free a moment ago, and is later: below those that systems give to whoever asks for any (Linux from 32768
 * on: ip_local_port_range in ip(7)).
 */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
        .once('error', () => resolve(false))
        .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
};

export interface Line {
  readonly url: string;
  /** Ends every connection, and takes no other one. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export const createLine = async ({ hostname, port }: URL): Promise<Line> => {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.once('close', () => sockets.delete(socket)).on('error', () => undefined);
  };
  const own = await freePort();
  const open = async (): Promise<Server> => {
    const server = createServer((near) => {
      const far = keep(connect(Number(port), hostname));
      keep(near).pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
    }).listen(own, hostname);
    await once(server, 'listening');
    return server;
  };
  let server = await open();
  return {
    url: `http://${hostname}:${own}`,
    cut: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    mend: async () => {
      server = await open();
    },
  };
};
