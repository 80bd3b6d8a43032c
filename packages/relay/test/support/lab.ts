/** A board of the v0.2 lab with its server on a free port, and a bare socket to talk to it. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Duration, systemClock } from '@daisee/units';
import {
  type Board,
  type BoardOptions,
  createBoard,
  createRelayServer,
  createSimulatedDriver,
  type RelayServer,
  type RelayServerOptions,
  type Wiring,
} from '../../src/index.ts';

/** The wiring of the v0.2 page: one channel a node. */
export const pageWiring: Wiring = {
  loads: [{ name: 'node 1', own: [0], sellers: [{ name: 'seller1', channels: [1] }] }],
};

export interface Lab {
  readonly board: Board;
  readonly server: RelayServer;
  readonly port: number;
  stop(): Promise<void>;
}

export const startLab = async (
  options: { board?: Partial<BoardOptions>; server?: Partial<RelayServerOptions> } = {},
): Promise<Lab> => {
  const board = createBoard({
    driver: createSimulatedDriver(),
    clock: systemClock,
    breakTime: Duration(2),
    ...options.board,
  });
  const server = createRelayServer({ board, clock: systemClock, port: 0, ...options.server });
  await board.start();
  await server.start();
  return {
    board,
    server,
    port: server.address.port,
    stop: async () => {
      await server.stop();
      await board.stop();
    },
  };
};

export interface Talk {
  readonly reply: string;
  /** True when the server ended the connection, false when it was reset. */
  readonly ended: boolean;
}

export interface TalkOptions {
  readonly host?: string;
  /** Milliseconds between two packets, or the first part of the reply. */
  readonly gap?: number | 'reply';
  /** Close our side after the last packet. */
  readonly halfClose?: boolean;
}

/** Sends packets as a v0.2 client does, each in a segment of its own, and reads until the server ends the connection. */
export const talk = async (
  port: number,
  packets: readonly (string | Uint8Array)[],
  { host = '127.0.0.1', gap = 20, halfClose = false }: TalkOptions = {},
): Promise<Talk> => {
  const socket = connect({ host, port, noDelay: true });
  let reply = '';
  let ended = false;
  const replied = new Promise((resolve) => socket.once('data', resolve));
  socket.on('data', (bytes) => {
    reply += bytes.toString('latin1');
  });
  socket.on('end', () => {
    ended = true;
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
    socket.on('error', () => resolve()); // a refused client sees a reset; `ended` tells
  });
  for (const [index, packet] of packets.entries()) {
    if (index === 1 && gap === 'reply') await replied;
    else if (index > 0 && gap !== 'reply') await delay(gap);
    if (socket.writable) socket.write(packet);
  }
  if (halfClose) socket.end();
  await closed;
  socket.destroy();
  return { reply, ended };
};

/** One request in one packet; the reply. */
export const ask = async (port: number, request: string | Uint8Array): Promise<string> =>
  (await talk(port, [request])).reply;
