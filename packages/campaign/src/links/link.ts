/**
 * A proxy before one server of the lab, which does to its connections what networks do. It runs in the machine's
 * time, between real sockets.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DaiseeError, messageOf } from '@daisee/units';
import type { Link, LinkName } from '../doors.ts';
import { type Conditions, createConditions, type Instead } from './conditions.ts';
import { createLane, type Lane } from './lane.ts';
import { bytesOf, passOn } from './pass.ts';
import { createRequestReader, type WholeRequest } from './requests.ts';

/** The proxy cannot listen. */
class LinkFailed extends DaiseeError {
  constructor(name: string, error: unknown) {
    super({
      code: 'campaign.link',
      message: `The link ${name} cannot listen on loopback (${messageOf(error)}): end what has its port and begin the campaign again.`,
      retryable: true,
      values: { name },
      cause: error,
    });
  }
}

export interface LinkOptions {
  readonly name: LinkName;
  /** `http`: whole requests are seen, and may be answered here. */
  readonly kind: 'tcp' | 'http';
  readonly target: { readonly host: string; readonly port: number };
  /** Hears of a fault's own answer that failed: the connection is broken off. */
  readonly onFailure?: (error: unknown) => void;
}

/** A link that listens, with its end. */
export type OpenLink = Link & { close(): Promise<void> };

interface Connection {
  breakOff(): void;
  look(): void;
}

const HOST = '127.0.0.1';
/** Machine milliseconds between attempts to have the port again after a cut. */
const PORT_RETRY = 20;

const join = (
  client: Socket,
  conditions: Conditions,
  options: LinkOptions,
  onSent: () => void,
): Connection => {
  const { kind, target, onFailure = () => {} } = options;
  const server = connect({ ...target, noDelay: true, allowHalfOpen: true });
  client.setNoDelay(true);
  let isBroken = false;
  const breakOff = (): void => {
    if (isBroken) return;
    isBroken = true;
    there.close();
    back.close();
    // With a reset, as a network does; one that never came to be has nothing to reset.
    client.resetAndDestroy();
    server.resetAndDestroy();
  };
  const there: Lane = createLane({ way: 'there', conditions, from: client, to: server, breakOff, onSent });
  const back: Lane = createLane({ way: 'back', conditions, from: server, to: client, breakOff });

  const take = async (whole: WholeRequest): Promise<void> => {
    const pass = (body?: string) => {
      onSent();
      // It is taken at some instant until then.
      return passOn(target, whole, body).finally(onSent);
    };
    const seen = { ...whole, pass };
    for (const instead of conditions.answers) {
      const said = await instead(seen);
      if (said === 'silence') return;
      if (said === undefined) continue;
      back.push(bytesOf(said));
      if (said.cutAfter !== undefined) back.reset();
      return;
    }
    there.push(whole.bytes);
  };
  const read = createRequestReader();
  let turn = Promise.resolve();
  const inTurn = (work: () => void | Promise<void>): void => {
    turn = turn.then(work).catch((error: unknown) => {
      onFailure(error);
      breakOff();
    });
  };

  client.on('data', (bytes: Buffer) => {
    if (kind === 'tcp') return there.push(bytes);
    for (const whole of read(bytes))
      inTurn(() => (whole instanceof Uint8Array ? there.push(whole) : take(whole)));
  });
  client.on('end', () => (kind === 'tcp' ? there.end() : inTurn(() => there.end())));
  server.on('data', (bytes: Buffer) => back.push(bytes));
  server.on('end', () => back.end());
  // The other side learns of it in its turn, as late as everything else.
  client.on('error', () => there.reset());
  server.on('error', () => back.reset());
  return {
    breakOff,
    look: () => {
      there.look();
      back.look();
    },
  };
};

/** Opens a link that listens on loopback, on a port of the system's choice. @throws LinkFailed */
export const openLink = async (options: LinkOptions): Promise<OpenLink> => {
  const conditions = createConditions();
  const connections = new Set<Connection>();
  let server: Server | undefined;
  let port = 0;
  let carried = 0;
  let isClosed = false;
  let retry: NodeJS.Timeout | undefined;

  const accept = (client: Socket): void => {
    const connection = join(client, conditions, options, () => carried++);
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
  };

  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const opening = createServer({ allowHalfOpen: true }, accept);
      server = opening;
      opening.once('error', reject);
      opening.listen(port, HOST, () => {
        opening.off('error', reject);
        opening.on('error', (error) => options.onFailure?.(error));
        const address = opening.address();
        if (typeof address === 'object' && address) port = address.port;
        resolve();
      });
    });
  const shut = (): void => {
    clearTimeout(retry);
    server?.close();
    server = undefined;
    for (const connection of connections) connection.breakOff();
  };
  /** Listens again on the same port; another's connection may have it for a moment. */
  const open = (): void => {
    if (server || isClosed || conditions.isCut) return;
    listen().catch(() => {
      server = undefined;
      retry = setTimeout(open, PORT_RETRY);
    });
  };

  conditions.onChange(() => {
    if (conditions.isCut) shut();
    else open();
    for (const connection of connections) connection.look();
  });
  try {
    await listen();
  } catch (error) {
    throw new LinkFailed(options.name, error);
  }
  const link: OpenLink = {
    name: options.name,
    address: { host: HOST, port },
    get disturbed() {
      return conditions.isAny;
    },
    get carried() {
      return carried;
    },
    cut: () => conditions.cut(),
    reset: () => {
      for (const connection of connections) connection.breakOff();
    },
    delay: (real) => conditions.delayBy(real),
    stall: () => conditions.stall(),
    garble: (change) => conditions.garble(change),
    close: async () => {
      isClosed = true;
      shut();
    },
  };
  // Not by spreading: that would freeze what a getter gives.
  return options.kind === 'http'
    ? Object.assign(link, { answer: (instead: Instead) => conditions.answer(instead) })
    : link;
};
