/** The relay's HTTP: `/api/v1` and `/metrics` on the same board, and so the same interlock, as the v0.2 port. */
import type { AddressInfo } from 'node:net';
import {
  addApi,
  type BearerToken,
  boundConnections,
  createHostNames,
  isLoopback,
  RequestRefused,
  routerProblems,
  sendProblems,
  wrongName,
} from '@daisee/http';
import { type Clock, type DaiseeError, type Duration, Seconds } from '@daisee/units';
import type { FastifyInstance } from 'fastify';
import { BoardNotRunning, DwellNotOver, UnknownChannel } from '../board/errors.ts';
import { TwoSources } from '../board/interlock.ts';
import type { Board } from '../board/types.ts';
import { asFault } from '../fault.ts';
import { type Logbook, openLogbook } from '../logbook/logbook.ts';
import { ListenFailed, NotListening } from '../v02/server.ts';
import { createAccess, TokenNeeded } from './access.ts';
import { UnknownLoad } from './unknown-load.ts';

/** The usual port of the relay's HTTP, beside 15555 of v0.2. */
export const RELAY_HTTP_PORT = 15556;

export interface RelayHttpServerOptions {
  readonly board: Board;
  /** History and events; one in memory by default. Its board is followed by whoever made it. */
  readonly logbook?: Logbook;
  /** Dates the answers. */
  readonly clock: Clock;
  readonly host?: string;
  /** 0 for any free one. */
  readonly port?: number;
  /**
   * Scopes `read` and `switch`. Without any it serves its own machine alone. A function says those in force whenever it is
   * asked; where it says none, nobody is served.
   */
  readonly tokens?: readonly BearerToken[] | (() => readonly BearerToken[]) | undefined;
  /** PEM; with them it speaks HTTPS. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Names that it answers to besides its addresses, what the machine is called at home, and its certificate's: a proxy's. */
  readonly hosts?: readonly string[] | undefined;
  /** Lease of an order that does not say; 60 s. */
  readonly lease?: Duration;
  /** Hears of requests that failed by the relay's own fault. */
  readonly onFailure?: (request: string, error: DaiseeError) => void;
}

export interface RelayHttpServer {
  /** Listens. Stops by itself when the signal aborts. @throws ListenFailed, TokenNeeded */
  start(signal?: AbortSignal): Promise<void>;
  /** Stops listening and ends every connection. */
  stop(): Promise<void>;
  /** Where it listens. @throws NotListening */
  readonly url: string;
}

const BASE = '/api/v1';
/** At once, event streams included. */
const MOST_CONNECTIONS = 256;
/** Bytes of a body: an order for every channel there could be. */
const BODY_LIMIT = 64 * 1024;

const STATUSES = [
  [404, [UnknownChannel, UnknownLoad]],
  [409, [TwoSources, DwellNotOver]],
  [503, [BoardNotRunning]],
] as const;

/** 421: a relay without a token, asked by a name that is not this machine's own. */
const notLocal = (): RequestRefused =>
  new RequestRefused(
    421,
    'relay.host',
    'Without a token the relay answers its own machine only: ask http://127.0.0.1, set relay.http.tokens, or name a proxy that you trust in relay.http.hosts.',
  );

const description = (hasTokens: boolean) => ({
  title: 'DAISEE relay',
  version: '1',
  description:
    'The board that switches loads between their own source and the sellers’. Instants and durations are milliseconds. Orders need a lease that is renewed: a board that hears nothing returns to rest, everybody on their own source.',
  base: BASE,
  security: (hasTokens ? { token: { type: 'http', scheme: 'bearer' } } : {}) as Record<
    string,
    Record<string, unknown>
  >,
});

export const createRelayHttpServer = (options: RelayHttpServerOptions): RelayHttpServer => {
  const { board, clock, host = '127.0.0.1', port = RELAY_HTTP_PORT, tokens = [], tls, onFailure } = options;
  const { lease = Seconds(60) } = options;
  const inForce = typeof tokens === 'function' ? tokens : tokens.length > 0 ? () => tokens : undefined;
  let app: FastifyInstance | undefined;
  let stopping: Promise<void> | undefined;
  let unhook = (): void => undefined;

  const create = async (): Promise<FastifyInstance> => {
    // Loaded when HTTP is wanted: a board on pins with the v0.2 port alone needs none of it, and starts sooner.
    const [{ default: fastify }, { createMetrics }, { operationsOf }] = await Promise.all([
      import('fastify'),
      import('./metrics.ts'),
      import('./operations.ts'),
    ]);
    let { logbook } = options;
    if (!logbook) {
      logbook = openLogbook({ clock });
      logbook.follow(board);
      const own = logbook;
      release = () => own.stop();
    }
    const access = createAccess(inForce, clock);
    const failed = (request: string, error: unknown) => onFailure?.(request, asFault(error));
    // Streams never end by themselves, so closing closes connections too.
    const common = {
      bodyLimit: BODY_LIMIT,
      forceCloseConnections: true,
      frameworkErrors: routerProblems({ room: 'relay', docs: `${BASE}/docs`, statuses: STATUSES }),
    };
    const made = (
      tls ? fastify({ ...common, https: { cert: tls.cert, key: tls.key } }) : fastify(common)
    ) as FastifyInstance;
    boundConnections(made.server, { most: MOST_CONNECTIONS });
    made.addHook('onClose', async () => access.close());
    const isOpen = inForce === undefined;
    const names = createHostNames({ loopbackOnly: isOpen, names: options.hosts, certificate: tls?.cert });
    made.addHook('onRequest', async ({ headers }) => {
      if (!names.accepts(headers.host))
        throw isOpen ? notLocal() : wrongName('relay', headers.host, 'relay.http.hosts');
    });
    sendProblems(made, { room: 'relay', docs: `${BASE}/docs`, statuses: STATUSES, onFailure: failed });
    const { type, text } = createMetrics(board);
    made.get(
      '/metrics',
      { onRequest: (request, reply) => access.admit('read', request, reply) },
      async (_request, reply) => await reply.type(type).send(await text()),
    );
    await addApi(made, {
      room: 'relay',
      description: description(!isOpen),
      operations: operationsOf({ board, logbook, clock, lease, nameOf: access.nameOf }),
      admit: access.admit,
      statuses: STATUSES,
      onFailure: failed,
    });
    return made;
  };
  let release = (): Promise<void> => Promise.resolve();

  const finish = async (serving: FastifyInstance): Promise<void> => {
    unhook();
    await serving.close();
    await release();
    app = undefined;
  };

  const server: RelayHttpServer = {
    start: async (signal) => {
      if (app) return;
      if (signal?.aborted) throw new NotListening();
      if ((inForce?.() ?? []).length === 0 && !isLoopback(host)) throw new TokenNeeded(host);
      stopping = undefined;
      const serving = await create();
      app = serving;
      try {
        await serving.listen({ host, port });
      } catch (error) {
        await finish(serving);
        throw new ListenFailed(host, port, error);
      }
      const abort = (): void => void server.stop();
      signal?.addEventListener('abort', abort, { once: true });
      unhook = () => signal?.removeEventListener('abort', abort);
      if (signal?.aborted) await server.stop();
    },

    stop: () => {
      if (!app) return stopping ?? Promise.resolve();
      stopping ??= finish(app);
      return stopping;
    },

    get url() {
      const at = app?.server.address() as AddressInfo | null | undefined;
      if (!at) throw new NotListening();
      const name = at.family === 'IPv6' ? `[${at.address}]` : at.address;
      return `${tls ? 'https' : 'http'}://${name}:${at.port}`;
    },
  };
  return server;
};
