/**
 * The v0.2 relay server: TCP, one request and one reply a connection, closed by the server after the reply.
 *
 * The protocol has no end mark for `ReadDATA|1`, which may be the beginning of `ReadDATA|1, 0`. v0.2's clients send a
 * request in one packet, so one that is whole as it came is answered at once; a client that sends in pieces shows that
 * with its first one, and is given time. An order without an end mark always is: it moves contacts.
 * The waits here guard real sockets and count the machine's time (`setTimeout`), not the board's clock.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, DaiseeError, Duration, type Instant, messageOf, Seconds } from '@daisee/units';
import { UnknownChannel } from '../board/errors.ts';
import type { Board } from '../board/types.ts';
import { asFault } from '../fault.ts';
import { createAllowance, plainAddress } from './allowance.ts';
import {
  decode,
  encodeStates,
  encodeTruth,
  LONGEST_REQUEST,
  RELAY_PORT,
  type Reception,
  type Request,
  UnreadableRequest,
} from './protocol.ts';
import { createRefusalLog } from './refusal-log.ts';

/** Thrown when the port cannot be listened on. */
export class ListenFailed extends DaiseeError {
  constructor(host: string, port: number, cause: unknown) {
    const reason = (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
    const fix =
      reason === 'EADDRINUSE'
        ? 'The port is in use: end what uses it, or choose another with --port (relay.port).'
        : reason === 'EADDRNOTAVAIL'
          ? 'This machine has no such address: choose another with --host (relay.host).'
          : 'Choose another address with --host and --port.';
    super({
      code: 'relay.listen-failed',
      message: `The relay server cannot listen on ${host}:${port} (${reason}). ${fix}`,
      retryable: reason === 'EADDRINUSE',
      values: { host, port, reason },
      cause,
    });
  }
}

/** Thrown when the address is asked for while the server does not listen. */
export class NotListening extends DaiseeError {
  constructor() {
    super({
      code: 'relay.not-listening',
      message: 'The relay server does not listen and has no address. Start it first.',
      retryable: true,
    });
  }
}

export type RelayServerEvent =
  /** A client that is not on the allow list was turned away; once for each address. */
  | {
      readonly type: 'clientRefused';
      readonly at: Instant;
      readonly client: string;
      readonly message: string;
    }
  /** An order, or something else (a read, what is none of the protocol), was answered `False`. */
  | {
      readonly type: 'orderRefused' | 'requestRefused';
      readonly at: Instant;
      readonly client: string;
      readonly request: string;
      readonly error: DaiseeError;
      /** Refusals of this client before that were not told: ten are at once, then one each 10 s. */
      readonly untold: number;
    }
  /** Every connection is busy with an order and another one was turned away; once until there was room again. */
  | { readonly type: 'full'; readonly at: Instant; readonly connections: number }
  /** The listening socket failed; it goes on listening. */
  | { readonly type: 'fault'; readonly at: Instant; readonly message: string };

export interface RelayServerOptions {
  readonly board: Pick<Board, 'channels' | 'states' | 'order' | 'renew'>;
  /** Dates the events. */
  readonly clock: Clock;
  readonly host?: string;
  /** 0 for any free one. */
  readonly port?: number;
  /** Addresses and networks (CIDR) that may connect; this machine alone by default. */
  readonly allow?: readonly string[];
  /** Lease of the orders through this port, renewed by every request that names the load; 120 s, 0 for none. */
  readonly lease?: Duration;
  /** Longest life of a connection until its request is whole, and again until its client has closed; 5 s. */
  readonly idleTimeout?: Duration;
  /** How long a read that may be whole waits for more before it is answered, if it came in one packet; 0. */
  readonly quietTime?: Duration;
  /** The same for a request that came in pieces before, and for block maps; 250 ms. */
  readonly splitQuietTime?: Duration;
  /** How long the rest of a request that is not whole may keep waiting; 1 s. */
  readonly splitTimeout?: Duration;
  /** Most connections at once; a further one takes the place of the longest waiting. 256. */
  readonly maxConnections?: number;
  readonly onEvent?: (event: RelayServerEvent) => void;
}

export interface RelayServer {
  /** Listens. Stops by itself when the signal aborts. @throws ListenFailed, InvalidAllowance */
  start(signal?: AbortSignal): Promise<void>;
  /** Stops listening, lets orders under way be answered and ends every connection. */
  stop(): Promise<void>;
  /** Where it listens. @throws NotListening */
  readonly address: { readonly host: string; readonly port: number };
}

/** Refused addresses remembered, so that each is reported once; beyond that, again. */
const REFUSED_REMEMBERED = 1024;

/** The name of this door: a read here renews only leases given here. */
const VIA = 'v0.2';

interface Connection {
  readonly socket: Socket;
  answering: boolean;
}

export const createRelayServer = (options: RelayServerOptions): RelayServer => {
  const {
    board,
    clock,
    onEvent,
    host = '127.0.0.1',
    port = RELAY_PORT,
    allow = ['127.0.0.1', '::1'],
  } = options;
  const { lease = Seconds(120), idleTimeout = Seconds(5), maxConnections = 256 } = options;
  const { quietTime = Duration(0), splitQuietTime = Duration(250), splitTimeout = Seconds(1) } = options;
  const connections = new Set<Connection>();
  const refused = new Set<string>();
  const underWay = new Set<Promise<void>>();
  let full = false;
  let server: Server | undefined;
  let stopping: Promise<void> | undefined;
  let unhook = (): void => undefined;

  const isTold = createRefusalLog(clock);
  const refuse = (
    type: 'orderRefused' | 'requestRefused',
    client: string,
    text: string,
    error: DaiseeError,
  ): string => {
    const untold = isTold(client);
    if (untold !== undefined)
      onEvent?.({ type, at: clock.now(), client, request: text.trim(), error, untold });
    return encodeTruth(false);
  };

  const reply = async (request: Request, client: string, text: string): Promise<string> => {
    try {
      if (request.type === 'order') {
        await board.order(request.changes, { lease, by: client, via: VIA });
        return encodeTruth(true);
      }
      const states = board.states();
      const asked = new Map<number, boolean>();
      for (const channel of request.channels) {
        const on = states.get(channel);
        if (on === undefined) throw new UnknownChannel(channel, board.channels);
        asked.set(channel, on);
      }
      board.renew(request.channels, VIA);
      return encodeStates(asked);
    } catch (error) {
      return refuse(
        request.type === 'order' ? 'orderRefused' : 'requestRefused',
        client,
        text,
        asFault(error),
      );
    }
  };

  /** Nothing can sensibly follow a request that names every channel already. */
  const namesAll = (request: Request): boolean =>
    request.type === 'read' && new Set(request.channels).size >= board.channels;

  const converse = (connection: Connection, client: string): void => {
    const { socket } = connection;
    let text = '';
    let packets = 0;
    let answered = false;
    let wait: NodeJS.Timeout | undefined;

    const send = (answer: string): void => {
      answered = true;
      connection.answering = false;
      // What the client may still send is read and dropped, as closing on unread bytes would reset the connection
      // and could take the reply with it.
      if (socket.destroyed) return;
      socket.end(answer);
      deadline.refresh();
    };
    const settle = (reception: Reception): void => {
      clearTimeout(wait);
      if (answered || connection.answering) return;
      if (!('request' in reception)) {
        const problem = 'problem' in reception ? reception.problem : 'breaks off';
        send(refuse('requestRefused', client, text, new UnreadableRequest(text.trim(), problem)));
        return;
      }
      connection.answering = true;
      const work = reply(reception.request, client, text).then(send);
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    };
    const settleUnlessMore = (reception: Reception, after: Duration): void => {
      const seen = packets;
      // Packets that came while this process was busy are handed out between here and setImmediate.
      const settleSoon = () =>
        setImmediate(() => {
          if (packets === seen) settle(reception);
        });
      if (after > 0) wait = setTimeout(settleSoon, after);
      else settleSoon();
    };
    const consider = (): void => {
      clearTimeout(wait);
      const reception = decode(text);
      if (reception.state === 'part') settleUnlessMore(reception, splitTimeout);
      else if (reception.state !== 'open' || namesAll(reception.request)) settle(reception);
      else {
        const patient = packets > 1 || reception.request.type === 'order';
        settleUnlessMore(reception, patient ? splitQuietTime : quietTime);
      }
    };

    const expire = (): void => {
      if (text === '' || answered) socket.destroy();
      else if (!connection.answering) settle(decode(text));
    };
    const deadline = setTimeout(() => setImmediate(expire), idleTimeout);

    socket.on('data', (bytes) => {
      if (answered || connection.answering) return;
      if (packets === 0) deadline.refresh();
      packets += 1;
      text += bytes.toString('latin1', 0, LONGEST_REQUEST + 1);
      consider();
    });
    socket.on('end', () => {
      // A client may close its side to say that the request is whole.
      if (text === '') socket.end();
      else settle(decode(text));
    });
    socket.on('error', () => socket.destroy()); // a reset by the client: nobody left to tell
    socket.on('close', () => {
      clearTimeout(wait);
      clearTimeout(deadline);
      answered = true;
      connections.delete(connection);
      full = false;
    });
  };

  const makeRoom = (): boolean => {
    if (connections.size < maxConnections) return true;
    for (const other of connections) {
      if (other.answering) continue;
      connections.delete(other);
      other.socket.destroy();
      return true;
    }
    return false;
  };

  const accept = (socket: Socket, allowed: (address: string) => boolean): void => {
    const client = plainAddress(socket.remoteAddress ?? '');
    if (!allowed(client)) {
      socket.on('error', () => socket.destroy());
      socket.destroy();
      if (client === '' || refused.has(client)) return; // '': gone before it was looked at
      if (refused.size >= REFUSED_REMEMBERED) refused.clear();
      refused.add(client);
      const message = `The relay turned ${client} away, which is not on its allow list. To allow it: --allow ${client} (relay.allow).`;
      onEvent?.({ type: 'clientRefused', at: clock.now(), client, message });
      return;
    }
    if (!makeRoom()) {
      socket.destroy();
      if (!full) onEvent?.({ type: 'full', at: clock.now(), connections: connections.size });
      full = true;
      return;
    }
    const connection: Connection = { socket, answering: false };
    connections.add(connection);
    converse(connection, client);
  };

  const finish = async (listening: Server): Promise<void> => {
    unhook();
    const closed = new Promise<void>((resolve) => {
      listening.close(() => resolve());
    });
    for (const { socket, answering } of connections) if (!answering) socket.destroySoon();
    await Promise.all(underWay);
    for (const { socket } of connections) socket.destroySoon();
    await closed;
    server = undefined;
  };

  const relay: RelayServer = {
    start: async (signal) => {
      if (server) return;
      if (signal?.aborted) throw new NotListening();
      const allowed = createAllowance(allow);
      const listening = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        accept(socket, allowed),
      );
      server = listening;
      stopping = undefined;
      await new Promise<void>((resolve, reject) => {
        listening.once('error', (error) => {
          server = undefined;
          reject(new ListenFailed(host, port, error));
        });
        listening.listen({ host, port }, () => resolve());
      });
      listening.removeAllListeners('error');
      listening.on('error', (error) =>
        onEvent?.({ type: 'fault', at: clock.now(), message: messageOf(error) }),
      );
      const abort = (): void => void relay.stop();
      signal?.addEventListener('abort', abort, { once: true });
      unhook = () => signal?.removeEventListener('abort', abort);
      if (signal?.aborted) await relay.stop();
    },

    stop: () => {
      if (!server) return stopping ?? Promise.resolve();
      stopping ??= finish(server);
      return stopping;
    },

    get address() {
      const at = server?.address();
      if (!at || typeof at === 'string') throw new NotListening();
      return { host: at.address, port: at.port };
    },
  };
  return relay;
};
