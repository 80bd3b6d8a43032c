/**
 * JSON-RPC 2.0 over HTTP, with what a client of a chain needs and no more: kept-alive sockets that `close` ends,
 * calls made in the same turn sent as one batch, and every answer checked before it is believed.
 */
import http from 'node:http';
import https from 'node:https';
import { DaiseeError, Duration, messageOf } from '@daisee/units';

/** The chain does not answer. Trying again may help. */
export class ChainUnreachable extends DaiseeError {
  constructor(url: string, why: string, cause?: unknown) {
    super({
      code: 'chain.unreachable',
      message: `The chain at ${url} does not answer (${why}). Is it running, and is contracts.node its address?`,
      retryable: true,
      values: { url, why },
      cause,
    });
  }
}

/** Something answers, but not as a chain does. */
export class ChainAnswer extends DaiseeError {
  constructor(url: string, method: string, expected: string, got: unknown) {
    super({
      code: 'chain.answer',
      message: `The chain at ${url} gave no valid answer to ${method}: expected ${expected}, got ${excerpt(got)}.`,
      retryable: true,
      values: { url, method, expected, got: excerpt(got) },
    });
  }
}

/** The chain answered with a JSON-RPC error. */
export class RpcRefused extends DaiseeError {
  readonly rpcCode: number;
  readonly rpcMessage: string;
  /** What came with the error: of a revert, its data. */
  readonly rpcData: unknown;

  constructor(method: string, error: { code: number; message: string; data?: unknown }) {
    super({
      code: 'chain.rpc',
      message: `The chain refused ${method}: ${(error.message.split('\n')[0] ?? '').slice(0, LONGEST_SAID)} (${error.code}).`,
      // -32005: limit exceeded (EIP-1474).
      retryable: error.code === -32005,
      values: { method, rpcCode: error.code, rpcMessage: error.message.slice(0, LONGEST_SAID) },
    });
    this.rpcCode = error.code;
    this.rpcMessage = error.message;
    this.rpcData = error.data;
  }
}

/** Characters of what a chain says of itself that go into an error: it may say anything. */
const LONGEST_SAID = 300;

const excerpt = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};

export interface Rpc {
  /** The address without its password. */
  readonly url: string;
  /** @throws ChainUnreachable, ChainAnswer, RpcRefused */
  request(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** Ends the sockets; calls under way fail as unreachable. */
  close(): void;
}

export interface RpcOptions {
  readonly url: string;
  /** How long one answer may take, in the machine's own time: it guards a socket. */
  readonly timeout?: Duration;
}

/** A login may stand where it should not, so all before the last @ is left out. */
const withoutLogin = (url: string): string => url.replace(/^(\w+:\/\/)?.*@/s, '$1…@');

/** An address that cannot be one. */
export class BadUrl extends DaiseeError {
  constructor(url: string) {
    super({
      code: 'chain.url',
      message: `"${withoutLogin(url)}" is no address of a chain: expected http://host:port or https://host/path.`,
      retryable: false,
      values: { url: withoutLogin(url) },
    });
  }
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const LARGEST_ANSWER = 64 * 1024 * 1024;
/** How many times its time-out, which counts silence, an answer may take altogether. */
const PATIENCE = 6;
const LARGEST_BATCH = 50;

/** Sends a body and gives the text of the answer with its status. */
type Post = (body: string) => Promise<{ status: number; text: string }>;

const createPost = (address: URL, name: string, timeout: number): { post: Post; close: () => void } => {
  const secure = address.protocol === 'https:';
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets: 8 })
    : new http.Agent({ keepAlive: true, maxSockets: 8 });
  const closing = new AbortController();
  const login = address.username
    ? { auth: `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}` }
    : {};
  const once: (body: string) => Promise<{ status: number; text: string; stale?: boolean }> = (body) =>
    new Promise((resolve, reject) => {
      const request = (secure ? https : http).request(
        {
          host: address.hostname.replace(/^\[|\]$/g, ''),
          port: address.port,
          path: address.pathname + address.search,
          method: 'POST',
          agent,
          ...login,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > LARGEST_ANSWER)
              request.destroy(new ChainAnswer(name, 'a call', 'less than 64 MiB', size));
            else chunks.push(chunk);
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
          );
          response.on('error', fail);
        },
      );
      const fail = (error: Error & { code?: string }) => {
        // A kept-alive socket that the server closed meanwhile says nothing about the server.
        if (request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))
          return resolve({ status: 0, text: '', stale: true });
        reject(
          error instanceof DaiseeError
            ? error
            : new ChainUnreachable(name, error.code ?? messageOf(error), error),
        );
      };
      const deadline = setTimeout(
        () =>
          request.destroy(new ChainUnreachable(name, `no whole answer in ${(PATIENCE * timeout) / 1000} s`)),
        PATIENCE * timeout,
      );
      request.on('close', () => clearTimeout(deadline));
      request.setTimeout(timeout, () =>
        request.destroy(new ChainUnreachable(name, `no answer in ${timeout / 1000} s`)),
      );
      request.on('error', fail);
      request.end(body);
    });
  const post: Post = async (body) => {
    for (let attempt = 0; attempt < 10 && !closing.signal.aborted; attempt++) {
      const answer = await once(body);
      if (!answer.stale) return answer;
    }
    throw new ChainUnreachable(name, closing.signal.aborted ? 'we hung up' : 'it closes every connection');
  };
  const hangUp = () => {
    closing.abort();
    agent.destroy();
  };
  return { post, close: hangUp };
};

/**
 * Creates a client of a JSON-RPC endpoint; nothing is sent before the first call.
 * @throws BadUrl
 */
export const createRpc = ({ url, timeout = Duration(20_000) }: RpcOptions): Rpc => {
  const address = URL.parse(url);
  if (!address || !/^https?:$/.test(address.protocol)) throw new BadUrl(url);
  const name = `${address.protocol}//${address.host}${address.pathname === '/' ? '' : address.pathname}`;
  const { post, close } = createPost(address, name, timeout);
  let nextId = 1;
  let waiting: Call[] = [];
  /** Endpoints exist that know no batches: then one by one. */
  let batches = true;

  const parse = (method: string, answer: { status: number; text: string }): unknown => {
    try {
      return JSON.parse(answer.text) as unknown;
    } catch (error) {
      if (answer.status >= 500 || answer.status === 429)
        throw new ChainUnreachable(name, `HTTP status ${answer.status}`, error);
      throw new ChainAnswer(name, method, 'JSON', `HTTP status ${answer.status}: ${answer.text}`);
    }
  };

  const resultOf = (call: Call, answer: unknown): unknown => {
    if (!isRecord(answer) || answer['id'] !== call.id)
      throw new ChainAnswer(name, call.method, `an answer numbered ${call.id}`, answer);
    const error = answer['error'];
    if (isRecord(error) && typeof error['message'] === 'string') {
      const code = typeof error['code'] === 'number' ? error['code'] : 0;
      throw new RpcRefused(call.method, { code, message: error['message'], data: error['data'] });
    }
    if (!('result' in answer)) throw new ChainAnswer(name, call.method, 'a result', answer);
    return answer['result'];
  };

  const settleCall = (call: Call, answer: unknown): void => {
    try {
      call.resolve(resultOf(call, answer));
    } catch (error) {
      call.reject(error);
    }
  };

  const wire = ({ id, method, params }: Call) => ({ jsonrpc: '2.0', id, method, params });

  const sendOne = async (call: Call): Promise<void> => {
    try {
      settleCall(call, parse(call.method, await post(JSON.stringify(wire(call)))));
    } catch (error) {
      call.reject(error);
    }
  };

  const sendBatch = async (calls: readonly Call[]): Promise<void> => {
    const methods = [...new Set(calls.map((call) => call.method))].join(', ');
    try {
      const answers = parse(methods, await post(JSON.stringify(calls.map(wire))));
      if (!Array.isArray(answers)) {
        batches = false;
        await Promise.all(calls.map(sendOne));
        return;
      }
      const byId = new Map<unknown, unknown>(
        answers.filter(isRecord).map((answer) => [answer['id'], answer] as const),
      );
      for (const call of calls) settleCall(call, byId.get(call.id));
    } catch (error) {
      for (const call of calls) call.reject(error);
    }
  };

  const flush = (): void => {
    const calls = waiting;
    waiting = [];
    for (let at = 0; at < calls.length; at += LARGEST_BATCH) {
      const part = calls.slice(at, at + LARGEST_BATCH);
      const [only] = part;
      if (part.length === 1 && only) void sendOne(only);
      else if (batches) void sendBatch(part);
      else for (const call of part) void sendOne(call);
    }
  };

  return {
    url: name,
    request: (method, params = []) =>
      new Promise((resolve, reject) => {
        waiting.push({ id: nextId++, method, params, resolve, reject });
        if (waiting.length === 1) queueMicrotask(flush);
      }),
    close,
  };
};

/** Whether a value is an object with named fields. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
