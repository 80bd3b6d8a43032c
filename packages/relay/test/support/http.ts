/** A board with its HTTP on a free port, and short forms to talk to it. */
import { hashOf } from '@daisee/http';
import { Duration, systemClock } from '@daisee/units';
import {
  type Board,
  type BoardOptions,
  createBoard,
  createRelayHttpServer,
  type Logbook,
  openLogbook,
  type RelayHttpServer,
  type RelayHttpServerOptions,
} from '../../src/index.ts';
import { createFailingDriver, type FailingDriver } from './failing-driver.ts';

export interface HttpLab {
  readonly driver: FailingDriver;
  readonly board: Board;
  readonly logbook: Logbook;
  readonly server: RelayHttpServer;
  get(path: string, token?: string): Promise<Reply>;
  post(path: string, body: unknown, token?: string): Promise<Reply>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** The JSON of an answer; empty for others. */
  readonly json: Record<string, unknown>;
}

export const token = (name: string, secret: string, ...scopes: string[]) => ({
  name,
  scopes,
  hash: hashOf(secret),
});

export const startHttpLab = async (
  options: {
    board?: Partial<BoardOptions>;
    server?: Partial<RelayHttpServerOptions>;
    directory?: string;
  } = {},
): Promise<HttpLab> => {
  const driver = createFailingDriver(5);
  const logbook = openLogbook({
    clock: systemClock,
    ...(options.directory === undefined ? {} : { directory: options.directory }),
  });
  const board = createBoard({
    driver,
    clock: systemClock,
    breakTime: Duration(2),
    pause: driver.pause,
    wiring: {
      loads: [
        {
          name: 'home',
          own: [0],
          sellers: [
            { name: 'east', channels: [1] },
            { name: 'west', channels: [2] },
          ],
        },
        { name: 'shed', own: [], sellers: [{ name: 'east', channels: [3] }] },
      ],
    },
    operations: logbook.operations,
    ...options.board,
  });
  logbook.follow(board);
  await board.start();
  const server = createRelayHttpServer({ board, logbook, clock: systemClock, port: 0, ...options.server });
  await server.start();
  const ask = async (path: string, init: RequestInit, secret: string | undefined): Promise<Reply> => {
    const response = await fetch(`${server.url}${path}`, {
      ...init,
      headers: {
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      },
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, text, json: /json/.test(type) ? JSON.parse(text) : {} };
  };
  return {
    driver,
    board,
    logbook,
    server,
    get: (path, secret) => ask(path, {}, secret),
    post: (path, body, secret) => ask(path, { method: 'POST', body: JSON.stringify(body) }, secret),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await board.stop().catch(() => undefined); // a driver that a test left broken
      await logbook.stop();
    },
  };
};

/** Waits for a condition, generously: other work may hold the machine. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new TypeError('it did not come about within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
