/** A server that answers whatever it is told to: a neighbour that lies. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Socket } from 'node:net';

/** Answers one request; the body has been read. */
export type Answers = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface Speaker {
  readonly host: string;
  readonly url: string;
  readonly port: number;
  /** What it answers from now on. */
  answer: Answers;
  /** Takes a connection instead of `answer`, when set before `serveAnswers` as `raw`. */
  talk: (socket: Socket) => void;
  close(): Promise<void>;
}

/** Listens on a free port of this machine; `raw` for TCP without HTTP. */
export const serveAnswers = async ({ raw = false }: { readonly raw?: boolean } = {}): Promise<Speaker> => {
  const sockets = new Set<Socket>();
  const server = raw
    ? createTcpServer({ allowHalfOpen: false, noDelay: true }, (socket) => speaker.talk(socket))
    : createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8');
        request.on('data', (chunk: string) => {
          body += chunk;
        });
        request.on('end', () => speaker.answer(request, response, body));
      });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const speaker: Speaker = {
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    port,
    answer: (_request, response) => response.end(),
    talk: (socket) => socket.end(),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return speaker;
};
