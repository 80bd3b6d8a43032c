/** The embedded chain's public address: JSON-RPC over HTTP, of which every transaction sent is ours to write down. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { DaiseeError, messageOf } from '@daisee/units';
import { isRecord, RpcRefused } from './rpc.ts';

/** Something else listens on the port. */
export class PortInUse extends DaiseeError {
  constructor(host: string, port: number, why: string) {
    super({
      code: 'chain.port',
      message: `The embedded chain cannot listen on ${host}:${port} (${why}). Stop what uses the port, or choose another with --port.`,
      retryable: true,
      values: { host, port, why },
    });
  }
}

export interface EndpointOptions {
  readonly host: string;
  readonly port: number;
  /** Whether it answers to that `Host` header; without: on loopback to names of loopback, elsewhere to every name. */
  readonly isOwnName?: ((host: string | undefined) => boolean) | undefined;
  /** Answers one call, or throws RpcRefused. */
  readonly answer: (method: string, params: readonly unknown[]) => Promise<unknown>;
}

export interface Endpoint {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * What the public address serves: what clients and wallets of a chain ask. Anything else is refused, whatever anvil may
 * learn: its own calls change the chain without a signed transaction (anvil_*, evm_*, hardhat_*, the eth_send* of
 * unlocked accounts), which nobody may and the journal would not have.
 */
export const SERVED_METHODS: ReadonlySet<string> = new Set(
  [
    'accounts blobBaseFee blockNumber call chainId createAccessList estimateGas feeHistory gasPrice getBalance',
    'getBlockByHash getBlockByNumber getBlockReceipts getBlockTransactionCountByHash',
    'getBlockTransactionCountByNumber getCode getFilterChanges getFilterLogs getLogs getProof getStorageAt',
    'getTransactionByBlockHashAndIndex getTransactionByBlockNumberAndIndex getTransactionByHash',
    'getTransactionCount getTransactionReceipt getUncleCountByBlockHash getUncleCountByBlockNumber',
    'maxPriorityFeePerGas newBlockFilter newFilter protocolVersion requestAccounts sendRawTransaction syncing',
    'uninstallFilter',
  ]
    .flatMap((line) => line.split(' '))
    .map((name) => `eth_${name}`)
    .concat('net_listening', 'net_version', 'txpool_status', 'web3_clientVersion', 'web3_sha3'),
);

/** Calls of one request: ten times what this project's client sends. */
const LARGEST_BATCH = 500;
/** At once; a community's agents keep up to 8 each. */
const MOST_CONNECTIONS = 2048;
/** ms that a request may take to arrive: guards a socket, so the machine's time. */
const SLOWEST_REQUEST = 60_000;
/**
 * ms that a connection may be idle between two requests; Node's own 5 s break clients that poll each 16 s, as v0.2's did,
 * and do not connect anew. As long as go-ethereum's (rpc.DefaultHTTPTimeouts).
 */
const LONGEST_IDLE = 120_000;

/**
 * Why a request is none of a program's. Browsers name the page that asks (`Origin`), also from a page whose name was
 * made to point here, and send JSON under `text/plain` without asking first; wallets in a browser are extensions, with
 * schemes of their own. A name in `Host` that is not this machine's is such a page's, too.
 */
const refusalOf = (
  { headers }: IncomingMessage,
  isOwnName: (host: string | undefined) => boolean,
): { readonly status: number; readonly why: string } | undefined => {
  const { origin, host } = headers;
  if (origin !== undefined && !/^(chrome|moz|safari-web)-extension:/.test(origin))
    return { status: 403, why: 'Web pages are not served: use a wallet of the browser' };
  if (!isOwnName(host))
    return {
      status: 421,
      why: `Nothing here is called ${JSON.stringify((host ?? '').slice(0, 253))}: ask by the address of the machine, or add the name with --hosts (chain.hosts)`,
    };
  return undefined;
};
/** A name of this machine alone, with a port or without. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)(:\d+)?$/i;

const LARGEST_REQUEST = 8 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > LARGEST_REQUEST) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const fault = (id: unknown, code: number, message: string, data?: unknown) => ({
  jsonrpc: '2.0',
  id: id ?? null,
  error: { code, message, ...(data === undefined ? {} : { data }) },
});

const createAnswerer =
  (answer: EndpointOptions['answer']) =>
  async (call: unknown): Promise<unknown> => {
    if (!isRecord(call) || typeof call['method'] !== 'string')
      return fault(undefined, -32600, 'Invalid request');
    const { id, method } = { id: call['id'], method: call['method'] };
    const params = Array.isArray(call['params']) ? (call['params'] as unknown[]) : [];
    if (!SERVED_METHODS.has(method))
      return fault(
        id,
        -32601,
        `${method} is not available: this chain is changed by signed transactions only`,
      );
    try {
      return { jsonrpc: '2.0', id: id ?? null, result: await answer(method, params) };
    } catch (error) {
      if (error instanceof RpcRefused) return fault(id, error.rpcCode, error.rpcMessage, error.rpcData);
      return fault(id, -32603, messageOf(error));
    }
  };

const serve = (
  respond: (call: unknown) => Promise<unknown>,
  isOwnName: (host: string | undefined) => boolean,
) => {
  const reply = (response: ServerResponse, status: number, body: unknown) => {
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const refusal = refusalOf(request, isOwnName);
      if (refusal) return reply(response, refusal.status, fault(undefined, -32600, refusal.why));
      if (request.method !== 'POST')
        return reply(response, 405, fault(undefined, -32600, 'JSON-RPC is POSTed'));
      const body = await readBody(request);
      if (body === undefined) {
        response.setHeader('connection', 'close');
        return reply(response, 413, fault(undefined, -32600, 'The request is larger than 8 MiB'));
      }
      let call: unknown;
      try {
        call = JSON.parse(body);
      } catch {
        return reply(response, 200, fault(undefined, -32700, 'Parse error'));
      }
      if (Array.isArray(call) && call.length > LARGEST_BATCH)
        return reply(response, 200, fault(undefined, -32600, `More than ${LARGEST_BATCH} calls in a batch`));
      reply(response, 200, Array.isArray(call) ? await Promise.all(call.map(respond)) : await respond(call));
    } catch (error) {
      // The client went away while it sent or was answered: there is nobody to tell.
      void error;
      response.destroy();
    }
  };
};

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) =>
      reject(new PortInUse(host, port, error.code === 'EADDRINUSE' ? 'the port is in use' : error.message)),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });

/**
 * Listens.
 * @throws PortInUse
 */
export const openEndpoint = async ({ host, port, isOwnName, answer }: EndpointOptions): Promise<Endpoint> => {
  const isLocal = LOOPBACK.test(host);
  const handler = serve(
    createAnswerer(answer),
    isOwnName ?? ((asked) => !isLocal || LOOPBACK.test(asked ?? '')),
  );
  const server = createServer(
    { requestTimeout: SLOWEST_REQUEST, keepAliveTimeout: LONGEST_IDLE },
    (request, response) => void handler(request, response),
  );
  server.maxConnections = MOST_CONNECTIONS;
  const actual = await listen(server, host, port);
  const shown =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shown}:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
