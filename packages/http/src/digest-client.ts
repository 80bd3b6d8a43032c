/** A client of a small device that is asked over HTTP and may want a digest login. */
import { randomBytes } from 'node:crypto';
import { type Agent, type IncomingMessage, request } from 'node:http';
import { DaiseeError } from '@daisee/units';
import { type DigestChallenge, digestAuthorization, readDigestChallenge } from './digest.ts';

/** Thrown when a device wants a login that it did not get. */
export class DigestRefused extends DaiseeError {
  /** What is wrong with it, to go into a sentence of the room that asks. */
  readonly why: string;

  constructor(host: string, why: string) {
    super({
      code: 'http.digest-refused',
      message: `${host} refuses the login: ${why}.`,
      retryable: false,
      values: { host, why },
    });
    this.why = why;
  }
}

export interface DigestClientOptions {
  /** Host name or address, with a port where it is not 80. */
  readonly host: string;
  readonly user: string;
  readonly password?: string | undefined;
  /** Keeps connections; `false` for one each time, so that nothing stays open in between. */
  readonly agent: Agent | false;
}

export interface DeviceAnswer {
  readonly status: number;
  readonly text: string;
  /** Of a body that is JSON. */
  readonly document: unknown;
}

export interface DigestClient {
  /**
   * Asks for a path with its query; logs in where it must, and keeps the challenge, so that most questions need one request.
   * @throws DigestRefused; what the socket or the signal throws
   */
  get(path: string, signal: AbortSignal): Promise<DeviceAnswer>;
}

/** Characters of an answer; no state of a device is near this long: what is, comes from something else and is cut. */
const LONGEST_ANSWER = 262_144;

const textOf = async (response: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > LONGEST_ANSWER) break;
  }
  return text;
};

const documentOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

export const createDigestClient = ({ host, user, password, agent }: DigestClientOptions): DigestClient => {
  let challenge: DigestChallenge | undefined;
  let count = 0;

  const authorization = (uri: string): { authorization?: string } => {
    if (!challenge || password === undefined) return {};
    count += 1;
    const clientNonce = randomBytes(8).toString('hex');
    return {
      authorization: digestAuthorization(challenge, {
        user,
        password,
        method: 'GET',
        uri,
        count,
        clientNonce,
      }),
    };
  };

  const ask = (path: string, signal: AbortSignal): Promise<DeviceAnswer & { readonly challenge: string }> =>
    new Promise((resolve, reject) => {
      const headers = authorization(path);
      const asked = request(new URL(path, `http://${host}`), { agent, headers, signal }, (response) => {
        textOf(response).then(
          (text) =>
            resolve({
              status: response.statusCode ?? 0,
              challenge: response.headers['www-authenticate'] ?? '',
              text,
              document: documentOf(text),
            }),
          reject,
        );
      });
      asked.on('error', reject);
      asked.end();
    });

  return {
    get: async (path, signal) => {
      const first = await ask(path, signal);
      if (first.status !== 401) return first;
      // No login yet, or a nonce that is too old: once more with the new one.
      if (password === undefined) throw new DigestRefused(host, 'it has a password and none is set');
      challenge = readDigestChallenge(first.challenge);
      if (!challenge) throw new DigestRefused(host, 'it asks for no digest with SHA-256');
      count = 0;
      const second = await ask(path, signal);
      if (second.status !== 401) return second;
      challenge = undefined;
      throw new DigestRefused(host, `set the password of its user ${user}`);
    },
  };
};
