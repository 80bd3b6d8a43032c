/**
 * A device with two relays as a Shelly of the second generation shows itself (`/rpc/Switch.*`, `toggle_after`, digest
 * login; https://shelly-api-docs.shelly.cloud/gen2), in the time of the lab. Its contacts are the twin's.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Twin } from '@daisee/sim';
import { type Clock, Duration, sleepOrStop } from '@daisee/units';
import type { BoardDevice } from '../doors.ts';
import { StageFailed } from './errors.ts';

const REALM = 'shellypro2-f008d1d8b8b8';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface Output {
  isOn: boolean;
  /** Ends the timer that flips it back. */
  timer?: AbortController;
  timerSeconds?: number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isHalf?: boolean;
}

export interface OwnedBoard extends BoardDevice {
  close(): Promise<void>;
}

export interface BoardOptions {
  readonly clock: Clock;
  readonly twin: Twin;
  readonly password: string;
  readonly outputs: number;
}

export const startBoard = async ({
  clock,
  twin,
  password,
  outputs: count,
}: BoardOptions): Promise<OwnedBoard> => {
  const outputs: Output[] = Array.from({ length: count }, () => ({ isOn: false }));
  const nonces = new Map<string, Set<string>>();
  const moods = { refuse: 0, freeze: 0, half: 0 };
  let told: BoardDevice['told'];
  const contacts = (): boolean[] => outputs.map(({ isOn }) => isOn);

  const set = (output: Output, isOn: boolean, flipAfter?: number): void => {
    output.timer?.abort();
    delete output.timer;
    delete output.timerSeconds;
    output.isOn = isOn;
    twin.switchContacts(contacts(), clock.now());
    if (flipAfter === undefined) return;
    const timer = new AbortController();
    output.timer = timer;
    output.timerSeconds = flipAfter;
    void sleepOrStop(clock, Duration(flipAfter * 1000), timer.signal).then((isOver) => {
      if (isOver) set(output, !isOn);
    });
  };

  const isAllowed = (request: IncomingMessage): boolean => {
    const header = request.headers.authorization ?? '';
    const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]+)"?`).exec(header)?.[1] ?? '';
    const used = nonces.get(field('nonce'));
    if (!used || used.has(field('nc')) || field('uri') !== request.url || field('username') !== 'admin')
      return false;
    const secret = sha256(`admin:${REALM}:${password}`);
    const call = sha256(`${request.method}:${request.url}`);
    const right = sha256(`${secret}:${field('nonce')}:${field('nc')}:${field('cnonce')}:auth:${call}`);
    if (field('response') !== right) return false;
    used.add(field('nc'));
    return true;
  };

  const challenge = (): Answer => {
    const nonce = randomBytes(8).toString('hex');
    nonces.set(nonce, new Set());
    const header = `Digest qop="auth", realm="${REALM}", nonce="${nonce}", algorithm=SHA-256`;
    return { status: 401, body: null, headers: { 'www-authenticate': header } };
  };

  const order = (output: Output, query: URLSearchParams): Answer => {
    if (moods.refuse > 0)
      return { status: 500, body: { code: -114, message: 'Resource unavailable: overload' } };
    const was = output.isOn;
    const flip = query.get('toggle_after');
    set(output, query.get('on') === 'true', flip === null ? undefined : Number(flip));
    told = { at: clock.now(), isOn: contacts().some((on) => on) };
    return { status: 200, body: { was_on: was }, isHalf: moods.half > 0 };
  };

  const answerTo = (request: IncomingMessage): Answer => {
    if (!isAllowed(request)) return challenge();
    const url = new URL(request.url ?? '/', 'http://shelly');
    const id = Number(url.searchParams.get('id'));
    const output = outputs[id];
    if (!output)
      return { status: 500, body: { code: -105, message: `Argument 'id', value ${id} not found!` } };
    switch (url.pathname) {
      case '/rpc/Switch.Set':
        return order(output, url.searchParams);
      case '/rpc/Switch.GetStatus': {
        const timer = output.timerSeconds === undefined ? {} : { timer_duration: output.timerSeconds };
        return { status: 200, body: { id, source: 'http', output: output.isOn, ...timer } };
      }
      case '/rpc/Switch.GetConfig':
        return { status: 200, body: { id, initial_state: 'off', auto_on: false, auto_off: false } };
      default:
        return { status: 404, body: { code: 404, message: `No handler for ${url.pathname}` } };
    }
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (moods.freeze > 0) return;
    const { status, body, headers = {}, isHalf = false } = answerTo(request);
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    });
    // The connection ends in the middle of the answer.
    if (isHalf) response.write(text.slice(0, text.length / 2), () => response.destroy());
    else response.end(text);
  };

  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new StageFailed('The board has no port', 'check that 127.0.0.1 can be listened on');

  const during = (mood: keyof typeof moods) => (): (() => void) => {
    moods[mood] += 1;
    let isOver = false;
    return () => {
      if (!isOver) moods[mood] -= 1;
      isOver = true;
    };
  };
  return {
    address: { host: '127.0.0.1', port: address.port },
    get contacts() {
      return contacts();
    },
    get disturbed() {
      return moods.refuse + moods.freeze + moods.half > 0;
    },
    get told() {
      return told;
    },
    refuse: during('refuse'),
    freeze: during('freeze'),
    half: during('half'),
    close: async () => {
      for (const output of outputs) output.timer?.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
