/**
 * A Shelly as its API documentation describes it: `/rpc/Switch.<Method>?id=<n>`, flip-back timers, 401 with a digest
 * challenge for SHA-256 where a password is set, errors as `{"code", "message"}`.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

interface Output {
  output: boolean;
  config: { initial_state: string; auto_on: boolean; in_mode?: string };
  timer?: NodeJS.Timeout;
  timerSeconds?: number;
}

export interface TestShelly {
  readonly host: string;
  readonly requests: string[];
  readonly outputs: Output[];
  /** Silent: takes requests and answers none. Stuck: acknowledges and moves nothing. */
  mood: 'works' | 'silent' | 'stuck';
  /** Hears each contact that was set. */
  onChange: () => void;
  /** Makes the nonces given so far too old. */
  forgetNonces(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

const REALM = 'shellypro2-f008d1d8b8b8';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export const startShelly = async (count = 2, password?: string): Promise<TestShelly> => {
  const nonces = new Map<string, Set<string>>();
  const isAllowed = (request: IncomingMessage): boolean => {
    if (password === undefined) return true;
    const header = request.headers.authorization ?? '';
    const field = (name: string) => new RegExp(`[ ,]${name}="?([^",]+)"?`).exec(header)?.[1] ?? '';
    const used = nonces.get(field('nonce'));
    const uses = field('nc');
    if (!used || used.has(uses) || field('uri') !== request.url) return false;
    const secret = sha256(`admin:${REALM}:${password}`);
    const call = sha256(`${request.method}:${request.url}`);
    const right = sha256(`${secret}:${field('nonce')}:${uses}:${field('cnonce')}:auth:${call}`);
    if (field('response') !== right || field('username') !== 'admin') return false;
    used.add(uses);
    return true;
  };
  const json = (response: ServerResponse, status: number, body: unknown, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
  const set = (one: Output, on: boolean, flipAfter: number | undefined) => {
    clearTimeout(one.timer);
    delete one.timer;
    delete one.timerSeconds;
    one.output = on;
    device.onChange();
    if (flipAfter === undefined) return;
    one.timerSeconds = flipAfter;
    one.timer = setTimeout(() => set(one, !on, undefined), flipAfter * 1000);
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    device.requests.push(request.url ?? '');
    if (device.mood === 'silent') return;
    if (!isAllowed(request)) {
      const nonce = randomBytes(4).toString('hex');
      nonces.set(nonce, new Set());
      const challenge = `Digest qop="auth", realm="${REALM}", nonce="${nonce}", algorithm=SHA-256`;
      json(response, 401, null, { 'www-authenticate': challenge });
      return;
    }
    const url = new URL(request.url ?? '/', 'http://shelly');
    const id = Number(url.searchParams.get('id'));
    const one = device.outputs[id];
    if (!one) {
      json(response, 500, { code: -105, message: `Argument 'id', value ${id} not found!` });
      return;
    }
    switch (url.pathname) {
      case '/rpc/Switch.Set': {
        const was = one.output;
        const flip = url.searchParams.get('toggle_after');
        if (device.mood === 'works')
          set(one, url.searchParams.get('on') === 'true', flip === null ? undefined : Number(flip));
        json(response, 200, { was_on: was });
        return;
      }
      case '/rpc/Switch.GetStatus':
        json(response, 200, {
          id,
          source: 'http',
          output: one.output,
          ...(one.timer ? { timer_started_at: 1_626_942_399.36, timer_duration: one.timerSeconds } : {}),
          temperature: { tC: 53.9, tF: 129.1 },
        });
        return;
      case '/rpc/Switch.GetConfig':
        json(response, 200, { id, name: null, ...one.config, auto_off: false });
        return;
      default:
        json(response, 404, { code: 404, message: `No handler for ${url.pathname.slice(5)}` });
    }
  };
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP port');
  const device: TestShelly = {
    host: `127.0.0.1:${address.port}`,
    requests: [],
    outputs: Array.from({ length: count }, () => ({
      output: false,
      config: { initial_state: 'off', auto_on: false, in_mode: 'detached' },
    })),
    mood: 'works',
    onChange: () => undefined,
    forgetNonces: () => nonces.clear(),
    [Symbol.asyncDispose]: async () => {
      for (const one of device.outputs) clearTimeout(one.timer);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return device;
};
