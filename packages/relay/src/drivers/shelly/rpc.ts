/**
 * Remote procedure calls to a Shelly over HTTP: `GET /rpc/<Method>?<parameters>`, a JSON object as answer; with a
 * password, digest login of its user `admin` (Shelly's API documentation, "RPC Protocol" and "Authentication").
 */
import { Agent } from 'node:http';
import { createDigestClient, type DeviceAnswer, DigestRefused } from '@daisee/http';
import { type Duration, messageOf } from '@daisee/units';
import { ShellyRelayAnswer, ShellyRelayAway, ShellyRelayLogin } from './errors.ts';

export interface ShellyRpcOptions {
  /** Host name or address, with a port where it is not 80. */
  readonly host: string;
  readonly password?: string | undefined;
  /** For each call, of the machine's time: it guards a real socket. */
  readonly timeout: Duration;
}

type Fields = Readonly<Record<string, unknown>>;

export interface ShellyRpc {
  /** @throws ShellyRelayAway, ShellyRelayLogin, ShellyRelayAnswer */
  call(method: string, parameters: Readonly<Record<string, string | number | boolean>>): Promise<Fields>;
  close(): void;
}

const USER = 'admin';

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const createShellyRpc = ({ host, password, timeout }: ShellyRpcOptions): ShellyRpc => {
  // One connection: what was asked first is done first.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const client = createDigestClient({ host, user: USER, password, agent });

  return {
    call: async (method, parameters) => {
      const query = new URLSearchParams(
        Object.entries(parameters).map(([name, value]) => [name, String(value)]),
      );
      const late = AbortSignal.timeout(timeout);
      let answer: DeviceAnswer;
      try {
        answer = await client.get(`/rpc/${method}?${query.toString()}`, late);
      } catch (error) {
        if (error instanceof DigestRefused) throw new ShellyRelayLogin(host, error.why);
        throw new ShellyRelayAway(
          host,
          late.aborted ? `none within ${timeout / 1000} s` : messageOf(error),
          error,
        );
      }
      const { status, text, document } = answer;
      if (status === 200 && isFields(document)) return document;
      const said = isFields(document) ? document['message'] : undefined;
      const shown = typeof said === 'string' ? said : JSON.stringify(text.slice(0, 60));
      throw new ShellyRelayAnswer(host, method, `${status} ${shown}`);
    },
    close: () => agent.destroy(),
  };
};
