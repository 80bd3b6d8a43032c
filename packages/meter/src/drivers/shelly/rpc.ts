/** Remote procedure calls to a Shelly over HTTP: `GET /rpc/<method>?id=<n>`, a JSON object as answer. */
import { createDigestClient, type DeviceAnswer, type DigestClient, DigestRefused } from '@daisee/http';
import { type Duration, messageOf } from '@daisee/units';
import { ShellyAnswer, ShellyRefused, ShellyUnreachable } from './errors.ts';
import { isFields } from './status.ts';

export interface ShellyRpcOptions {
  /** Host name or address, with a port where it is not 80. */
  readonly host: string;
  readonly password?: string | undefined;
  /** Of the machine's time: it guards a real socket. */
  readonly timeout: Duration;
}

/** Always, says Shelly's documentation. */
const USER = 'admin';

/** Asks one Shelly. */
export class ShellyRpc {
  readonly #options: ShellyRpcOptions;
  readonly #client: DigestClient;

  constructor(options: ShellyRpcOptions) {
    this.#options = options;
    const { host, password } = options;
    // A connection of its own each time, so that nothing stays open in between.
    this.#client = createDigestClient({ host, user: USER, password, agent: false });
  }

  /**
   * The answer to a method.
   * @throws ShellyUnreachable, ShellyRefused, ShellyAnswer
   */
  async call(method: string, id: number | undefined, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const path = `/rpc/${method}${id === undefined ? '' : `?id=${id}`}`;
    const answer = await this.#get(path, signal);
    const { status, document } = answer;
    if (status === 200 && isFields(document)) return document;
    throw new ShellyAnswer(this.#options.host, path, described(answer), `the state that ${method} gives`);
  }

  async #get(path: string, signal: AbortSignal | undefined): Promise<DeviceAnswer> {
    const { host, timeout } = this.#options;
    const late = AbortSignal.timeout(timeout);
    try {
      return await this.#client.get(path, signal ? AbortSignal.any([signal, late]) : late);
    } catch (error) {
      if (error instanceof DigestRefused) throw new ShellyRefused(host, error.why);
      const reason = late.aborted ? `none within ${timeout / 1000} s` : messageOf(error);
      throw new ShellyUnreachable(host, reason, error);
    }
  }
}

/** Errors come as `{"code":404,"message":"No handler for …"}`. */
const described = ({ status, text, document }: DeviceAnswer): string => {
  const message = isFields(document) ? document['message'] : undefined;
  return typeof message === 'string'
    ? `${status} ${message}`
    : `${status} ${JSON.stringify(text.slice(0, 60))}`;
};
