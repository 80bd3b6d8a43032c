/**
 * A Shelly as its API documentation describes it: `/rpc/<Component>.<Method>?id=<n>`, 401 with a digest challenge for
 * SHA-256 where a password is set (all but Shelly.GetDeviceInfo and /shelly), errors as `{"code", "message"}`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

type Status = Readonly<Record<string, unknown>>;

export interface TestShelly {
  readonly host: string;
  readonly requests: string[];
  /** State of each component, as its GetStatus gives it. */
  readonly components: Record<string, Status>;
  /** What is done with a request instead of an answer. */
  interfere: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Makes the nonces given so far too old. */
  forgetNonces(): void;
  leave(): Promise<void>;
  comeBack(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const REALM = 'shellypro3em-f008d1d8b8b8';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The component of a method: `EMData.GetStatus` with id 0 is `emdata:0`. */
const keyOf = (method: string, id: string) => `${method.split('.')[0]?.toLowerCase()}:${id}`;

export const startShelly = async (
  components: Record<string, Status>,
  password?: string,
): Promise<TestShelly> => {
  let port = 0;
  let server: Server | undefined;
  const requests: string[] = [];
  /** Each nonce with the counts that were used. */
  let nonces = new Map<string, Set<string>>();

  const isAllowed = (request: IncomingMessage): boolean => {
    if (password === undefined) return true;
    const header = request.headers.authorization ?? '';
    const field = (name: string) => new RegExp(`${name}="?([^",]+)"?`).exec(header)?.[1] ?? '';
    const used = nonces.get(field('nonce'));
    const count = field('nc');
    if (!header.startsWith('Digest ') || !used || used.has(count) || field(' uri') !== request.url)
      return false;
    const secret = sha256(`admin:${REALM}:${password}`);
    const call = sha256(`${request.method}:${request.url}`);
    const expected = sha256(`${secret}:${field('nonce')}:${count}:${field('cnonce')}:auth:${call}`);
    const isRight =
      field('username') === 'admin' &&
      field('realm') === REALM &&
      field('algorithm') === 'SHA-256' &&
      field('qop') === 'auth' &&
      field('response') === expected;
    if (isRight) used.add(count);
    return isRight;
  };

  const json = (response: ServerResponse, status: number, body: unknown, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request.url ?? '');
    if (device.interfere?.(request, response)) return;
    const url = new URL(request.url ?? '/', 'http://shelly');
    if (!isAllowed(request)) {
      const nonce = randomBytes(4).toString('hex');
      nonces.set(nonce, new Set());
      const challenge = `Digest qop="auth", realm="${REALM}", nonce="${nonce}", algorithm=SHA-256`;
      json(response, 401, { code: 401, message: 'Unauthorized' }, { 'www-authenticate': challenge });
      return;
    }
    const method = url.pathname.replace('/rpc/', '');
    if (method === 'Shelly.GetStatus') {
      json(response, 200, { sys: { unixtime: 1_795_305_568 }, wifi: { rssi: -60 }, ...device.components });
      return;
    }
    const kind = keyOf(method, '');
    if (!Object.keys(device.components).some((key) => key.startsWith(kind))) {
      json(response, 404, { code: 404, message: `No handler for ${method}` });
      return;
    }
    const id = url.searchParams.get('id') ?? '';
    const status = device.components[keyOf(method, id)];
    if (status) json(response, 200, status);
    else json(response, 500, { code: -105, message: `Argument 'id', value ${id} not found!` });
  };

  const device: TestShelly = {
    get host() {
      return `127.0.0.1:${port}`;
    },
    requests,
    components,
    interfere: undefined,
    forgetNonces: () => {
      nonces = new Map();
    },
    leave: async () => {
      const closing = server;
      server = undefined;
      if (!closing) return;
      const closed = once(closing, 'close');
      closing.close();
      closing.closeAllConnections();
      await closed;
    },
    comeBack: async () => {
      server = createServer(answer);
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
      port = address.port;
    },
    [Symbol.asyncDispose]: () => device.leave(),
  };
  await device.comeBack();
  return device;
};

/** States as the documentation shows them. */
export const EM: Status = {
  id: 0,
  a_current: 4.029,
  a_voltage: 236.1,
  a_act_power: 951.2,
  a_aprt_power: 951.9,
  a_pf: 1,
  a_freq: 50,
  b_current: 0.027,
  b_act_power: 0,
  c_current: 7.03,
  c_act_power: 1533.582,
  n_current: 11.029,
  total_current: 11.083,
  total_act_power: 2484.782,
  total_aprt_power: 2486.7,
  user_calibrated_phase: [],
};

export const EM_DATA: Status = {
  id: 0,
  a_total_act_energy: 100.5,
  a_total_act_ret_energy: 0,
  b_total_act_energy: 0,
  b_total_act_ret_energy: 0,
  c_total_act_energy: 200.25,
  c_total_act_ret_energy: 7.5,
  total_act: 300.75,
  total_act_ret: 7.5,
};

export const SWITCH: Status = {
  id: 0,
  source: 'WS_in',
  output: true,
  apower: 8.9,
  voltage: 237.5,
  current: 0.038,
  aenergy: { total: 6.532, by_minute: [45.199, 47.141, 88.397], minute_ts: 1_795_305_540 },
  ret_aenergy: { total: 0.532, by_minute: [0, 0, 0], minute_ts: 1_795_305_540 },
  temperature: { tC: 23.54, tF: 74.37 },
};
