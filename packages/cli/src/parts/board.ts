/** A relay board with its server on the v0.2 port. */
import {
  type BoardEvent,
  createBoard,
  createRelayServer,
  createSimulatedDriver,
  type RelayServer,
  type RelayServerEvent,
} from '@daisee/relay';
import type { Clock } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';
import type { BoardSettings } from '../settings/translate.ts';

export interface BoardPartOptions extends BoardSettings {
  readonly clock: Clock;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
  readonly host: string;
  readonly port: number;
}

const CHANNELS = 4;

/** Starts the board and its server; both end with the lifecycle, the board at rest. */
export const startBoard = async (options: BoardPartOptions): Promise<RelayServer> => {
  const { clock, output, lifecycle } = options;
  const say = (what: string, text: string, values: Readonly<Record<string, unknown>> = {}) =>
    output.result(`${new Date(clock.now()).toISOString()} ${text}`, {
      type: what,
      ...values,
      time: new Date(clock.now()).toISOString(),
    });
  const driver = createSimulatedDriver({ channels: options.channels ?? CHANNELS });
  const board = createBoard({
    driver,
    clock,
    ...(options.wiring ? { wiring: options.wiring } : {}),
    ...(options.breakTime === undefined ? {} : { breakTime: options.breakTime }),
    onEvent: (event) => {
      if (event.type === 'rested' && (event.reason === 'start' || event.reason === 'stop')) return;
      say(
        event.type,
        describe(event),
        'error' in event ? { message: event.error.message } : { channels: Object.fromEntries(event.states) },
      );
    },
  });
  await board.start();
  lifecycle.started({ name: 'the relay board', stop: () => board.stop() });
  const server = createRelayServer({
    board,
    clock,
    host: options.host,
    port: options.port,
    ...(options.allow ? { allow: options.allow } : {}),
    ...(options.lease === undefined ? {} : { lease: options.lease }),
    onEvent: (event) => say(event.type, describeCaller(event), {}),
  });
  await server.start();
  lifecycle.started({ name: 'the relay server', stop: () => server.stop() });
  const { host, port } = server.address;
  say('listening', `Relay board (simulated, ${driver.channels} channels, at rest) on ${host}:${port}.`, {
    host,
    port,
  });
  return server;
};

const describeCaller = (event: RelayServerEvent): string => {
  switch (event.type) {
    case 'orderRefused':
      return `Refused an order of ${event.client}: ${event.error.message}`;
    case 'full':
      return `All ${event.connections} connections are busy; others are turned away until there is room.`;
    default:
      return event.message;
  }
};

const contacts = (states: ReadonlyMap<number, boolean>): string =>
  [...states].map(([channel, on]) => `${channel} ${on ? 'on' : 'off'}`).join(', ');

const describe = (event: BoardEvent): string => {
  switch (event.type) {
    case 'switched':
      return `Switched: ${contacts(event.changes)}.`;
    case 'rested':
      return `At rest (${event.reason}): every load on its own source.`;
    default:
      return event.error.message;
  }
};
