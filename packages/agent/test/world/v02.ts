/** What a deployed v0.2 answers with, and no more: its relay's socket and its monitor's two addresses. */
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Instant } from '@daisee/units';
import type { AgentMonitor } from '../../src/index.ts';

export interface V02Part {
  readonly port: number;
  stop(): Promise<void>;
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
const truth = (on: boolean | undefined) => (on ? 'True' : 'False');

/** Obeys one channel after the other, answers in Python, and leaves the connection open. */
export const startV02Relay = async (
  states: ReadonlyMap<number, boolean>,
  apply: (changes: ReadonlyMap<number, boolean>) => void,
): Promise<V02Part> => {
  const sockets = new Set<Socket>();
  const answer = (request: string): string => {
    const read = /^ReadDATA\|(.*)$/.exec(request)?.[1];
    if (read !== undefined) {
      const channels = read.split(',').map((text) => Number(text.trim()));
      return `{${channels.map((channel) => `${channel}: ${truth(states.get(channel))}`).join(', ')}}`;
    }
    apply(
      new Map(
        [...request.matchAll(/(\d+): (True|False)/g)].map(([, channel, on]) => [
          Number(channel),
          on === 'True',
        ]),
      ),
    );
    return 'True';
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (bytes) => socket.write(answer(bytes.toString('utf8').slice(0, 255))));
  });
  return {
    port: await listen(server),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await close(server);
    },
  };
};

/** Whole seconds, watts without state of charge, a login in the body, and its login page for everything else. */
export const startV02Monitor = async (source: AgentMonitor): Promise<V02Part> => {
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => {
      body += bytes.toString('utf8');
    });
    request.on('end', () => {
      void (async () => {
        if (request.method !== 'POST') return response.writeHead(303, { Location: '/login' }).end();
        if (body !== 'login=user&password=secret') return response.writeHead(403).end('<h1>Forbidden</h1>');
        if (request.url === '/api/time')
          return response.end(JSON.stringify({ data: (await source.time()) / 1000 }));
        const window = /^\/api\/1\/get\/watts\/by_time\/(\d+)\/(\d+)$/.exec(request.url ?? '');
        if (!window) return response.writeHead(404).end('<h1>Not Found</h1>');
        const [from, to] = [Number(window[1]) * 1000, Number(window[2]) * 1000];
        const samples = await source.samples(Instant(from), Instant(to));
        const rows = samples.map(({ at, power }, id) => ({
          id,
          sensor_id: 1,
          value: power,
          timestamp: Math.floor(at / 1000),
          night_rate: 1,
        }));
        return response.end(JSON.stringify({ data: rows.length === 0 ? null : rows, rate: null }));
      })();
    });
  });
  return {
    port: await listen(server),
    stop: async () => {
      server.closeAllConnections();
      await close(server);
    },
  };
};
