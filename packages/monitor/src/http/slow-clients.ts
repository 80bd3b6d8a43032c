/**
 * Clients that send or take so slowly that they only hold a connection, meaning to or not. Their times are the
 * machine's: they guard sockets, so no clock of ours.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duration } from '@daisee/units';
import type { FastifyInstance } from 'fastify';

/** Bytes a second that a body has to come with, on average: far below the slowest link, far above one that drips. */
const LOWEST_RATE = 500;

/** What the server is made with. `patience`: how long a client may be silent. */
export const timeoutsOf = (patience: Duration) => ({
  // No byte in either direction. While the monitor itself works on an answer there is none, so twice as long.
  connectionTimeout: 2 * patience,
  // A body of any length takes what it takes; `guardBodies` looks at its pace.
  requestTimeout: 0,
  http: { headersTimeout: patience, connectionsCheckingInterval: patience / 2 },
});

interface Coming {
  readonly since: number;
  /** Bytes that the connection had brought when the body began: one connection brings many. */
  readonly before: number;
  readonly answer: ServerResponse;
}

/** What is said before the connection is closed, as Node's own time-out for headers does (RFC 9110, 15.5.9). */
const TOO_SLOW = [
  'HTTP/1.1 408 Request Timeout',
  'Connection: close',
  'Content-Type: application/problem+json',
  '',
  JSON.stringify({
    type: 'about:blank',
    title: 'Request Timeout',
    status: 408,
    detail: `The body came slower than ${LOWEST_RATE} bytes a second: send it again, in smaller parts over a slow link.`,
    code: 'monitor.too-slow',
  }),
].join('\r\n');

/** Bytes of a body too large that are read away. */
const MOST_READ_AWAY = 64 * 1024 * 1024;

/** Reads what a client goes on to send: one whose connection is closed meanwhile never sees the answer. */
const readAway = (raw: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    let bytes = 0;
    const take = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes > MOST_READ_AWAY) end();
    };
    const end = (): void => {
      raw.off('data', take).off('end', end).off('close', end);
      resolve();
    };
    raw.on('data', take).on('end', end).on('close', end).resume();
  });

/** Cuts off who sends a body too slowly, after a first `patience` in which a slow link may begin. */
export const guardBodies = (app: FastifyInstance, patience: Duration): void => {
  const bodies = new Map<IncomingMessage, Coming>();
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request;
    if (!raw.complete && (raw.headers['transfer-encoding'] ?? raw.headers['content-length'] ?? '0') !== '0') {
      bodies.set(raw, { since: performance.now(), before: raw.socket.bytesRead, answer: reply.raw });
      raw.once('close', () => bodies.delete(raw));
    }
    done();
  });
  app.addHook('onSend', async ({ raw }, reply, payload) => {
    if (reply.statusCode === 413 && !raw.complete && !raw.destroyed) await readAway(raw);
    return payload;
  });
  const look = setInterval(() => {
    for (const [raw, { since, before, answer }] of bodies) {
      if (raw.complete) {
        bodies.delete(raw);
        continue;
      }
      const late = performance.now() - since - patience;
      if (late <= 0 || raw.socket.bytesRead - before >= (late / 1000) * LOWEST_RATE) continue;
      bodies.delete(raw);
      // After an answer that has begun (an import's), words of another one would garble it.
      if (!answer.headersSent) raw.socket.write(TOO_SLOW);
      raw.socket.destroySoon();
    }
  }, patience / 2);
  look.unref();
  app.addHook('onClose', (_app, done) => {
    clearInterval(look);
    done();
  });
};
