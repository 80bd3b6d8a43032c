/** A relay board with its servers: the v0.2 port, and HTTP where it is asked for. */
import {
  type Board,
  type BoardEvent,
  createBoard,
  createRelayHttpServer,
  createRelayServer,
  type Logbook,
  openLogbook,
  RELAY_HTTP_PORT,
  type RelayServer,
  type RelayServerEvent,
} from '@daisee/relay';
import type { Clock } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';
import { certificateFrom, keyFrom } from '../settings/secrets.ts';
import type { BoardSettings } from '../settings/translate.ts';
import { relayDriver } from './relay-driver.ts';

export interface BoardPartOptions extends BoardSettings {
  readonly clock: Clock;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
  readonly host: string;
  readonly port: number;
}

type Say = (what: string, text: string, values?: Readonly<Record<string, unknown>>) => void;

/** The HTTP beside the v0.2 port, on the same board. */
const startHttp = async (
  { clock, lifecycle, http, tokens = [] }: BoardPartOptions,
  board: Board,
  logbook: Logbook,
  say: Say,
): Promise<void> => {
  if (!http) return;
  const { host, port, hosts, cert, key, lease } = http;
  const server = createRelayHttpServer({
    board,
    logbook,
    clock,
    tokens,
    host: host ?? '127.0.0.1',
    port: port ?? RELAY_HTTP_PORT,
    hosts,
    ...(lease === undefined ? {} : { lease }),
    ...(cert === undefined || key === undefined
      ? {}
      : { tls: { cert: certificateFrom(cert), key: keyFrom(key) } }),
    onFailure: (request, error) => say('failed', `${request}: ${error.message}`),
  });
  await server.start();
  lifecycle.started({ name: "the relay's HTTP", stop: () => server.stop() });
  const { url } = server;
  const guarded = typeof tokens === 'function' || tokens.length > 0;
  const isOpen = cert === undefined && guarded && !/\/\/(127\.|\[::1\]|localhost)/.test(url);
  const warning = isOpen
    ? ' Its token crosses the network readable: give it a certificate (relay.http.cert).'
    : '';
  say(
    'listening',
    `Relay HTTP on ${url}/api/v1/docs, ${guarded ? 'with tokens' : 'for this machine alone'}.${warning}`,
    { url },
  );
};

/** Starts the board and its server; both end with the lifecycle, the board at rest. */
export const startBoard = async (options: BoardPartOptions): Promise<RelayServer> => {
  const { clock, output, lifecycle } = options;
  const say: Say = (what, text, values = {}) =>
    output.result(`${new Date(clock.now()).toISOString()} ${text}`, {
      type: what,
      ...values,
      time: new Date(clock.now()).toISOString(),
    });
  const { driver, name } = relayDriver(options, options.wiring);
  const logbook = openLogbook({
    clock,
    ...(options.data === undefined ? {} : { directory: options.data }),
    onFailure: (error) => say('logbookFailed', error.message),
  });
  const board = createBoard({
    driver,
    clock,
    ...(options.wiring ? { wiring: options.wiring } : {}),
    operations: logbook.operations,
    ...(options.breakTime === undefined ? {} : { breakTime: options.breakTime }),
    ...(options.dwell === undefined ? {} : { dwell: options.dwell }),
    onEvent: (event) => {
      if (event.type === 'rested' && (event.reason === 'start' || event.reason === 'stop')) return;
      say(
        event.type,
        describe(event),
        'error' in event ? { message: event.error.message } : { channels: Object.fromEntries(event.states) },
      );
    },
  });
  logbook.follow(board);
  lifecycle.started({ name: "the relay's logbook", stop: () => logbook.stop() });
  await board.start();
  lifecycle.started({ name: 'the relay board', stop: () => board.stop() });
  const server = createRelayServer({
    board,
    clock,
    host: options.host,
    port: options.port,
    ...(options.allow ? { allow: options.allow } : {}),
    ...(options.lease === undefined ? {} : { lease: options.lease }),
    onEvent: (event) =>
      say(
        event.type,
        describeCaller(event),
        'request' in event ? { client: event.client, code: event.error.code } : {},
      ),
  });
  await server.start();
  lifecycle.started({ name: 'the relay server', stop: () => server.stop() });
  const { host, port } = server.address;
  say('listening', `Relay board (${name}, at rest) on ${host}:${port}.`, {
    host,
    port,
  });
  await startHttp(options, board, logbook, say);
  return server;
};

const describeCaller = (event: RelayServerEvent): string => {
  switch (event.type) {
    case 'orderRefused':
    case 'requestRefused': {
      const what = event.type === 'orderRefused' ? 'an order' : 'a request';
      const before = event.untold === 0 ? '' : ` (${event.untold} refusals before it were not told)`;
      return `Refused ${what} of ${event.client}: ${event.error.message}${before}`;
    }
    case 'full':
      return `All ${event.connections} connections are busy; others are turned away until there is room.`;
    default:
      return event.message;
  }
};

const contacts = (states: ReadonlyMap<number, boolean>): string =>
  [...states].map(([channel, on]) => `${channel} ${on ? 'on' : 'off'}`).join(', ');

const because = ({ reason, by }: { readonly reason?: string; readonly by?: string }): string =>
  [...(reason === undefined ? [] : [reason]), ...(by === undefined ? [] : [`by ${by}`])]
    .map((part) => `, ${part}`)
    .join('');

const describe = (event: BoardEvent): string => {
  switch (event.type) {
    case 'switched':
      return `Switched: ${contacts(event.changes)}${because(event)}.`;
    case 'rested':
      return `At rest (${event.reason}${event.by === undefined ? '' : `, by ${event.by}`}): ${event.loads.join(', ')}.`;
    default:
      return event.error.message;
  }
};
