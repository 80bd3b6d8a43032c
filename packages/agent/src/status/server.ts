/**
 * Answers for an agent on a Unix socket in its folder: HTTP, so that curl can ask too. Who may open the folder may ask;
 * nobody else, and no web page, reaches it. What it says is its own; nobody needs to open its books for it.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { DaiseeError, Instant, messageOf } from '@daisee/units';
import type { Agent } from '../life.ts';
import { openSocketPath, type SocketPath } from './socket-path.ts';
import { sourcesText, statusText } from './wire.ts';

/** The socket could not be opened. */
class StatusUnavailable extends DaiseeError {
  constructor(file: string, cause: unknown) {
    super({
      code: 'agent.status-socket',
      message: `The agent cannot answer at ${file}: ${messageOf(cause)}. Check its folder and owner; an App of another process cannot see this agent meanwhile.`,
      retryable: true,
      values: { file },
      cause,
    });
  }
}

export interface StatusServer {
  /** Opens the socket, in the place of one that an agent left that is no more. @throws StatusUnavailable */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const instantOf = (text: string | null): Instant | undefined => {
  const value = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? Instant(value) : undefined;
};

/** @param file where; whoever calls holds the lock of the folder, so that no other agent answers there. */
export const createStatusServer = (
  file: string,
  agent: Pick<Agent, 'status' | 'sources' | 'wake'>,
): StatusServer => {
  let server: Server | undefined;
  let path: SocketPath | undefined;

  /** Status code and JSON. */
  const answerTo = (method: string | undefined, url: string): readonly [number, string] => {
    const { pathname, searchParams } = new URL(url, 'http://agent');
    const asked = `${method} ${pathname}`;
    if (asked === 'POST /wake') {
      agent.wake();
      return [200, '{}'];
    }
    if (asked === 'GET /status') {
      const status = agent.status();
      return status ? [200, statusText(status)] : [503, '{"message":"The agent is stopping."}'];
    }
    const [from, to] = [instantOf(searchParams.get('from')), instantOf(searchParams.get('to'))];
    if (asked === 'GET /sources' && from !== undefined && to !== undefined)
      return [200, sourcesText(agent.sources(from, to))];
    return [404, '{"message":"Ask GET /status, GET /sources?from=MS&to=MS or POST /wake."}'];
  };

  const answer = ({ method, url = '/' }: IncomingMessage, response: ServerResponse): void => {
    const send = (status: number, text: string): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text);
    };
    try {
      send(...answerTo(method, url));
    } catch (error) {
      send(500, JSON.stringify({ message: messageOf(error) }));
    }
  };

  return {
    start: async () => {
      if (server) return;
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        rmSync(file, { force: true });
        path = openSocketPath(file);
        const made = createServer(answer);
        const { name } = path;
        await new Promise<void>((resolve, reject) => {
          made.once('error', reject);
          made.listen({ path: name }, resolve);
        });
        // The folder is closed to others already; so is the socket.
        chmodSync(file, 0o600);
        made.unref();
        server = made;
      } catch (error) {
        path?.close();
        throw new StatusUnavailable(file, error);
      }
    },
    stop: async () => {
      const closing = server;
      server = undefined;
      if (!closing) return;
      closing.closeAllConnections();
      await new Promise<void>((resolve) => closing.close(() => resolve()));
      rmSync(file, { force: true });
      path?.close();
    },
  };
};
