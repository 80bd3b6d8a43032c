/**
 * Client of the relay's HTTP, with the requests of the v0.2 client and the renewal of leases. Its connections stay open
 * between requests. Its time-out guards real sockets and counts the machine's time.
 */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import { DaiseeError, type Duration, messageOf, Seconds } from '@daisee/units';
import type { ChannelStates } from '../driver.ts';
import { RelayUnreachable } from '../v02/client.ts';

/** Thrown when the relay does not take the token. */
export class RelayLoginRefused extends DaiseeError {
  constructor(url: string, detail: string) {
    super({
      code: 'relay.login-refused',
      message: `The relay at ${url} refuses the login: ${detail} Check relay.token (or relay.tokenFile) and the relay's own tokens.`,
      retryable: false,
      values: { url },
    });
  }
}

/** Thrown when the relay does not answer to the name that it was asked by. */
export class RelayNameRefused extends DaiseeError {
  constructor(url: string) {
    super({
      code: 'relay.name-refused',
      message: `The relay does not answer to the name in ${url}: put its address into relay.url, or add the name to relay.http.hosts where it runs.`,
      retryable: false,
      values: { url },
    });
  }
}

/** Thrown when the relay answers something else than its API has, or refuses what has to work. */
export class RelayHttpAnswer extends DaiseeError {
  constructor(url: string, request: string, answer: string) {
    super({
      code: 'relay.http-answer',
      message: `The relay at ${url} answered ${request} with ${answer}. Check that relay.url leads to a DAISEE relay that has these channels.`,
      retryable: false,
      values: { url, request, answer },
    });
  }
}

export interface RelayHttpClientOptions {
  /** `http://host:15556` or `https://…`, without a path. */
  readonly url: string;
  /** A function says the one in force whenever the relay is asked. */
  readonly token?: string | (() => string) | undefined;
  /** PEM of the authority that signed the relay's certificate, or of that certificate itself. */
  readonly ca?: string | Buffer;
  /** Of an order's lease; 60 s. */
  readonly lease?: Duration;
  /** From connecting to the whole answer; 5 s. */
  readonly timeout?: Duration;
  /** Hears why an order was refused, which `order` answers with false. */
  readonly onRefusal?: (code: string, detail: string) => void;
}

export interface RelayHttpClient {
  /**
   * The states of these channels, in this order. Renews nothing.
   * @throws RelayUnreachable (may succeed later), RelayLoginRefused, RelayNameRefused, RelayHttpAnswer
   */
  read(channels: readonly number[]): Promise<ChannelStates>;
  /**
   * Orders channels switched, with a lease; false when the relay refused (and has changed nothing) or failed (and went
   * to rest).
   * @throws RelayUnreachable: whether it was carried out is not known then. RelayLoginRefused, RelayHttpAnswer
   */
  order(changes: ChannelStates, reason?: string): Promise<boolean>;
  /** Renews the leases of the loads that these channels belong to. @throws as `read` */
  renew(channels: readonly number[]): Promise<void>;
  /** Ends its connections. */
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A board of 10,000 channels answers less. */
const LONGEST_ANSWER = 1_000_000;

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const bodyOf = async (response: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > LONGEST_ANSWER) {
      response.destroy();
      return undefined;
    }
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

export const createRelayHttpClient = (options: RelayHttpClientOptions): RelayHttpClient => {
  const { token, ca, lease = Seconds(60), timeout = Seconds(5), onRefusal } = options;
  const base = new URL(options.url);
  const isTls = base.protocol === 'https:';
  const url = base.origin;
  const port = Number(base.port) || (isTls ? 443 : 80);
  const agent = isTls
    ? new TlsAgent({ keepAlive: true, maxSockets: 4, ...(ca === undefined ? {} : { ca }) })
    : new Agent({ keepAlive: true, maxSockets: 4 });

  const send = (
    method: string,
    path: string,
    body: unknown,
    more: Readonly<Record<string, string>>,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const asked = (isTls ? httpsRequest : httpRequest)(
        new URL(path, url),
        {
          method,
          agent,
          // The time for everything, unlike `timeout`, which counts silence alone.
          signal: AbortSignal.timeout(timeout),
          headers: {
            ...more,
            ...(token === undefined
              ? {}
              : { authorization: `Bearer ${typeof token === 'function' ? token() : token}` }),
            ...(text === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          },
        },
        (response) => {
          bodyOf(response).then(
            (parsed) => resolve({ status: response.statusCode ?? 0, body: parsed }),
            reject,
          );
        },
      );
      asked.on('error', reject);
      asked.end(text);
    });

  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> => {
    let answer: Answer;
    try {
      answer = await send(method, `/api/v1${path}`, body, headers);
    } catch (error) {
      const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
      const reason = (error as NodeJS.ErrnoException).code ?? messageOf(error);
      throw new RelayUnreachable(
        base.hostname,
        port,
        isLate
          ? `did not answer within ${timeout / 1000} s`
          : `cannot be reached (${reason}); check relay.url${isTls ? ', relay.ca' : ''} and that it runs`,
        error,
      );
    }
    const { status } = answer;
    const { detail } = fieldsOf(answer.body);
    if (status === 421) throw new RelayNameRefused(url);
    if (status === 401 || status === 403)
      throw new RelayLoginRefused(url, typeof detail === 'string' ? detail : `status ${status}.`);
    return answer;
  };

  const wrong = (request: string, { status, body }: Answer): RelayHttpAnswer => {
    const { detail } = fieldsOf(body);
    return new RelayHttpAnswer(
      url,
      request,
      typeof detail === 'string' ? `${status}: ${detail}` : `${status}`,
    );
  };

  return {
    read: async (channels) => {
      if (channels.length === 0) return new Map();
      const answer = await ask('GET', '/state');
      const shown = fieldsOf(answer.body)['channels'];
      if (answer.status !== 200) throw wrong('GET /state', answer);
      if (shown === null)
        throw new RelayUnreachable(
          base.hostname,
          port,
          'does not know the states of its channels since a fault',
        );
      const states = new Map<number, boolean>();
      for (const channel of channels) {
        const on = fieldsOf(shown)[String(channel)];
        if (typeof on !== 'boolean') throw wrong(`GET /state (channel ${channel})`, answer);
        states.set(channel, on);
      }
      return states;
    },

    order: async (changes, reason = 'order') => {
      const channels = Object.fromEntries(changes);
      const answer = await ask('POST', '/switch', { reason, channels, lease }, { prefer: 'return=minimal' });
      // A relay of an older version answers with the board's state.
      if (answer.status === 204 || answer.status === 200) return true;
      const { code, detail } = fieldsOf(answer.body);
      if (typeof code !== 'string' || !code.startsWith('relay.') || answer.status === 400)
        throw wrong('POST /switch', answer);
      onRefusal?.(code, String(detail));
      return false;
    },

    renew: async (channels) => {
      if (channels.length === 0) return;
      const answer = await ask('POST', '/lease', { channels });
      if (answer.status !== 200) throw wrong('POST /lease', answer);
    },

    close: () => agent.destroy(),
  };
};
