/**
 * The address of an App, open before the App is: who comes while a chain is awaited or a lab is set up is told so, and
 * gets the page when it is there.
 */
import { createHash } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { boundConnections, createHostNames, isLoopback, wrongName } from '@daisee/http';
import { DaiseeError, messageOf } from '@daisee/units';

export interface FrontOptions {
  /** `127.0.0.1` by default; an App that listens to more needs a password. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Names that it answers to besides its addresses and what the machine is called at home: a proxy's. */
  readonly hosts?: readonly string[] | undefined;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export interface Front {
  /** @throws AppListen */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What is awaited, in a sentence for whoever looks meanwhile. */
  awaits(what: string): void;
  /** Who answers from now on; undefined: nobody, and the connections to who did are ended. */
  serve(listener: Listener | undefined): void;
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
  readonly host: string;
  readonly hosts: readonly string[];
  /** Like `http://127.0.0.1:8000`. @throws AppNotListening */
  readonly url: string;
}

/** Thrown when the App cannot listen where it was told to. */
export class AppListen extends DaiseeError {
  constructor(host: string, port: number, cause: unknown) {
    const inUse = (cause as { code?: unknown }).code === 'EADDRINUSE';
    const why = inUse ? 'another program uses that port: give another one' : messageOf(cause);
    super({
      code: inUse ? 'app.port-in-use' : 'app.listen',
      message: `The App cannot listen on ${host} port ${port}: ${why} (app.port, app.host, or --port, --host).`,
      retryable: inUse,
      values: { host, port },
      cause,
    });
  }
}

/** Thrown for the address of an App that does not listen. */
export class AppNotListening extends DaiseeError {
  constructor() {
    super({
      code: 'app.not-listening',
      message: 'The App has no address: start it first.',
      retryable: false,
    });
  }
}

const STYLE =
  'body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;text-align:center}';
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);

/** At once, each page's event stream included: 500 of them are promised, and one other machine may have a quarter. */
const MOST_CONNECTIONS = 1024;
/**
 * ms that a connection may be idle between two requests. A browser sends an order on one that it has, and tells the person
 * that it failed when the server closes that just then: so seldom, and not after Node's own 5 s.
 */
const LONGEST_IDLE = 120_000;
/** Seconds after which who waits asks again. */
const AGAIN = 1;

const waitingPage = (awaited: string, isFrench: boolean): string => {
  const text = isFrench
    ? 'DAISEE démarre. La page paraît d’elle-même.'
    : 'DAISEE is starting. The page appears by itself.';
  return `<!doctype html><html lang="${isFrench ? 'fr' : 'en'}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta http-equiv="refresh" content="${AGAIN}"><title>DAISEE</title><style>${STYLE}</style></head><body><main><h1>DAISEE</h1><p>${text}</p><p lang="en">${escaped(awaited)}</p></main></body></html>`;
};

/** Makes the address of an App; nothing listens before `start`. */
export const createFront = ({ host = '127.0.0.1', port, hosts = [] }: FrontOptions): Front => {
  const names = createHostNames({ loopbackOnly: false, names: hosts });
  let server: Server | undefined;
  let answering: Listener | undefined;
  let awaited = '';

  const answerMeanwhile: Listener = (request, response) => {
    response.setHeader('Retry-After', String(AGAIN));
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.url?.startsWith('/api/')) {
      const problem = {
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        detail: `The App is starting. ${awaited}`.trim(),
        instance: request.url,
        code: 'app.starting',
      };
      response.writeHead(503, { 'Content-Type': 'application/problem+json' });
      response.end(JSON.stringify(problem));
      return;
    }
    response.writeHead(503, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': POLICY,
    });
    response.end(waitingPage(awaited, /^\s*fr\b/i.test(request.headers['accept-language'] ?? '')));
  };

  /** Before anything is answered, the page that waits included. */
  const refuseName: Listener = (request, response) => {
    const { status, code, message } = wrongName('app', request.headers.host);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.url?.startsWith('/api/')) {
      const title = STATUS_CODES[status];
      response.writeHead(status, { 'Content-Type': 'application/problem+json' });
      response.end(
        JSON.stringify({ type: 'about:blank', title, status, detail: message, instance: request.url, code }),
      );
      return;
    }
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(`${message}\n`);
  };

  return {
    host,
    hosts,
    isLocal: isLoopback(host),
    awaits: (what) => {
      awaited = what;
    },
    serve: (listener) => {
      answering = listener;
      if (!listener) server?.closeAllConnections();
    },
    start: async () => {
      if (server) return;
      const made = createServer({ keepAliveTimeout: LONGEST_IDLE }, (request, response) =>
        (names.accepts(request.headers.host) ? (answering ?? answerMeanwhile) : refuseName)(
          request,
          response,
        ),
      );
      boundConnections(made, { most: MOST_CONNECTIONS });
      await new Promise<void>((resolve, reject) => {
        const fail = (error: unknown): void => reject(new AppListen(host, port, error));
        made.once('error', fail);
        made.listen({ host, port }, () => {
          made.off('error', fail);
          resolve();
        });
      });
      server = made;
    },
    stop: async () => {
      const running = server;
      server = undefined;
      if (!running) return;
      const closed = new Promise((resolve) => running.close(resolve));
      running.closeAllConnections();
      await closed;
    },
    get url() {
      const address = server?.address() as AddressInfo | null | undefined;
      if (!address) throw new AppNotListening();
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `http://${name}:${address.port}`;
    },
  };
};
