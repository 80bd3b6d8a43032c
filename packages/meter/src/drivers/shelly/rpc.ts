/** Remote procedure calls to a Shelly over HTTP: `GET /rpc/<method>?id=<n>`, a JSON object as answer. */
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { type Duration, messageOf } from '@daisee/units';
import { type DigestChallenge, digestAuthorization, readDigestChallenge } from './digest.ts';
import { ShellyAnswer, ShellyRefused, ShellyUnreachable } from './errors.ts';
import { isFields } from './status.ts';

export interface ShellyRpcOptions {
  /** Host name or address, with a port where it is not 80. */
  readonly host: string;
  readonly password?: string | undefined;
  /** Of the machine's time: it guards a real socket. */
  readonly timeout: Duration;
}

interface Answer {
  readonly status: number;
  readonly challenge: string;
  readonly text: string;
}

/** No state is near this long: what is, comes from something else. */
const LONGEST_ANSWER = 262_144;
/** Always, says Shelly's documentation. */
const USER = 'admin';

const bodyOf = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > LONGEST_ANSWER) {
      response.destroy();
      return Buffer.concat(chunks).toString('utf8');
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** One GET on a connection of its own, so that nothing stays open in between. */
const get = (host: string, path: string, authorization: string | undefined, signal: AbortSignal) =>
  new Promise<Answer>((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    const asked = request(new URL(path, `http://${host}`), { agent: false, headers, signal }, (response) => {
      bodyOf(response).then(
        (text) =>
          resolve({
            status: response.statusCode ?? 0,
            challenge: response.headers['www-authenticate'] ?? '',
            text,
          }),
        reject,
      );
    });
    asked.on('error', reject);
    asked.end();
  });

/** Asks one Shelly; keeps its challenge, so that most questions need one request. */
export class ShellyRpc {
  readonly #options: ShellyRpcOptions;
  #challenge: DigestChallenge | undefined;
  #uses = 0;

  constructor(options: ShellyRpcOptions) {
    this.#options = options;
  }

  /**
   * The answer to a method.
   * @throws ShellyUnreachable, ShellyRefused, ShellyAnswer
   */
  async call(method: string, id: number | undefined, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const { host } = this.#options;
    const path = `/rpc/${method}${id === undefined ? '' : `?id=${id}`}`;
    let answer = await this.#get(path, signal);
    if (answer.status === 401) {
      // No login yet, or a nonce that is too old: once more with the new one.
      this.#meet(answer.challenge);
      answer = await this.#get(path, signal);
      if (answer.status === 401) {
        this.#challenge = undefined;
        throw new ShellyRefused(host, 'set the password of its user admin');
      }
    }
    const document = parsed(answer.text);
    if (answer.status === 200 && isFields(document)) return document;
    throw new ShellyAnswer(host, path, described(answer, document), `the state that ${method} gives`);
  }

  /** @throws ShellyRefused when it cannot be met */
  #meet(header: string): void {
    const { host, password } = this.#options;
    if (password === undefined) throw new ShellyRefused(host, 'it has a password and none is set');
    const challenge = readDigestChallenge(header);
    if (!challenge) throw new ShellyRefused(host, 'it asks for no digest with SHA-256, as a Shelly would');
    this.#challenge = challenge;
    this.#uses = 0;
  }

  #authorization(path: string): string | undefined {
    const { password } = this.#options;
    if (!this.#challenge || password === undefined) return undefined;
    this.#uses += 1;
    return digestAuthorization(
      this.#challenge,
      { user: USER, password },
      { method: 'GET', uri: path, count: this.#uses, clientNonce: randomBytes(8).toString('hex') },
    );
  }

  async #get(path: string, signal: AbortSignal | undefined): Promise<Answer> {
    const { host, timeout } = this.#options;
    const late = AbortSignal.timeout(timeout);
    try {
      return await get(
        host,
        path,
        this.#authorization(path),
        signal ? AbortSignal.any([signal, late]) : late,
      );
    } catch (error) {
      const reason = late.aborted ? `none within ${timeout / 1000} s` : messageOf(error);
      throw new ShellyUnreachable(host, reason, error);
    }
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Errors come as `{"code":404,"message":"No handler for …"}`. */
const described = ({ status, text }: Answer, document: unknown): string => {
  const message = isFields(document) ? document['message'] : undefined;
  return typeof message === 'string'
    ? `${status} ${message}`
    : `${status} ${JSON.stringify(text.slice(0, 60))}`;
};
