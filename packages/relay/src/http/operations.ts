/** What the relay's `/api/v1` can be asked. */
import { type Described, operation, RequestRefused, streamEvents } from '@daisee/http';
import { type Clock, Duration } from '@daisee/units';
import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import type { Board } from '../board/types.ts';
import type { Load } from '../board/wiring.ts';
import type { ChannelStates } from '../driver.ts';
import { type Entry, entryShape } from '../logbook/entry.ts';
import type { Logbook } from '../logbook/logbook.ts';
import {
  healthAnswer,
  healthShape,
  historyQuery,
  leasesShape,
  renewShape,
  restShape,
  type SwitchBody,
  stateAnswer,
  stateShape,
  switchShape,
} from './shapes.ts';
import { UnknownLoad } from './unknown-load.ts';

/** The name of this door: its leases are renewed by nobody's reading. */
const VIA = 'http';

export interface Context {
  readonly board: Board;
  readonly logbook: Pick<Logbook, 'entries' | 'after' | 'subscribe'>;
  readonly clock: Clock;
  readonly lease: Duration;
  /** Who asks, for the logbook. */
  readonly nameOf: (request: FastifyRequest) => string;
}

const loadNamed = ({ wiring }: Board, name: string): Load => {
  const load = wiring.loads.find((one) => one.name === name);
  if (load) return load;
  throw new UnknownLoad(
    'load',
    name,
    wiring.loads.map((one) => one.name),
  );
};

const channelsOfLoad = (load: Load): readonly number[] => [
  ...load.own,
  ...load.sellers.flatMap((seller) => seller.channels),
];

/** All channels of the load as they are when that seller feeds it, or its own source does. */
const towards = (load: Load, name: string | null): ChannelStates => {
  const chosen = load.sellers.find((seller) => seller.name === name);
  if (name !== null && !chosen)
    throw new UnknownLoad(
      'seller',
      name,
      load.sellers.map((seller) => seller.name),
    );
  return new Map(
    channelsOfLoad(load).map((channel) => [
      channel,
      chosen !== undefined && (load.own.includes(channel) || chosen.channels.includes(channel)),
    ]),
  );
};

const orderOf = (board: Board, body: SwitchBody): ChannelStates =>
  'channels' in body
    ? new Map(Object.entries(body.channels).map(([channel, on]) => [Number(channel), on]))
    : towards(loadNamed(board, body.load), body.seller);

const sentEvent = (entry: Entry) => ({ id: entry.id, name: entry.type, data: entry });

const lastEventId = (request: FastifyRequest): number | undefined => {
  const given = request.headers['last-event-id'];
  if (given === undefined || given === '') return undefined;
  const id = Number(given);
  if (Number.isFinite(id)) return id;
  throw new RequestRefused(
    400,
    'relay.bad-request',
    `Last-Event-ID cannot be ${JSON.stringify(given)}: expected the id of an event.`,
  );
};

/** Whether the asker wants no more than to know that it was done (RFC 7240, 4.2). */
const prefersMinimal = ({ headers }: FastifyRequest): boolean =>
  [headers['prefer'] ?? []]
    .flat()
    .some((value) => /(?:^|,)\s*return\s*=\s*"?minimal"?\s*(?:[;,]|$)/i.test(value));

const answers = (description: string, shape: z.ZodType) => ({ 200: { description, shape } });

export const operationsOf = ({ board, logbook, clock, lease, nameOf }: Context): readonly Described[] => {
  const state = () => stateAnswer(board.report(), clock.now());
  return [
    operation({
      id: 'health',
      method: 'GET',
      path: '/health',
      group: 'Board',
      summary: 'Whether the board does what it should',
      description: 'Status 503 while it does not run, its states are not known or a fault is not over.',
      scope: undefined,
      answers: {
        200: { description: 'It does', shape: healthShape },
        503: { description: 'It does not', shape: healthShape },
      },
      answer: ({ reply }) => {
        const health = healthAnswer(board.report(), clock.now());
        void reply.code(health.status === 'ok' ? 200 : 503);
        return health;
      },
    }),
    operation({
      id: 'state',
      method: 'GET',
      path: '/state',
      group: 'Board',
      summary: 'Channels, loads and what feeds them, leases, operations, faults',
      description: 'Waits for nothing and renews no lease.',
      scope: 'read',
      answers: answers('As last read back', stateShape),
      answer: state,
    }),
    operation({
      id: 'switch',
      method: 'POST',
      path: '/switch',
      group: 'Orders',
      summary: 'Switch channels, or a load to a seller or its own source',
      description:
        'The whole order is carried out and read back, or nothing is changed. Sources open before others close. Every load that is not at rest afterwards has a lease: renew it, or it returns to its own source. With `Prefer: return=minimal` it is answered without a body.',
      scope: 'switch',
      body: switchShape,
      answers: {
        ...answers('As it is now', stateShape),
        204: { description: 'The same, for `Prefer: return=minimal`' },
      },
      answer: async ({ body, request, reply }) => {
        await board.order(orderOf(board, body), {
          lease: body.lease === undefined ? lease : Duration(body.lease),
          reason: body.reason,
          by: nameOf(request),
          via: VIA,
        });
        if (!prefersMinimal(request)) return state();
        void reply.code(204).header('preference-applied', 'return=minimal');
        return undefined;
      },
    }),
    operation({
      id: 'renew',
      method: 'POST',
      path: '/lease',
      group: 'Orders',
      summary: 'Renew leases',
      description: 'For as long again as they were given. Does nothing for loads at rest.',
      scope: 'switch',
      body: renewShape,
      answers: answers('Those of the loads named', leasesShape),
      answer: ({ body }) => {
        const channels = 'load' in body ? channelsOfLoad(loadNamed(board, body.load)) : body.channels;
        board.renew(channels, VIA);
        const leases = board
          .report()
          .loads.filter((load) => load.channels.some((channel) => channels.includes(channel)))
          .flatMap(({ name, leaseUntil }) =>
            leaseUntil === undefined ? [] : [{ load: name, until: leaseUntil }],
          );
        return { leases };
      },
    }),
    operation({
      id: 'rest',
      method: 'POST',
      path: '/rest',
      group: 'Orders',
      summary: 'Release a load or the whole board: everybody on their own source',
      scope: 'switch',
      body: restShape,
      answers: answers('As it is now', stateShape),
      answer: async ({ body: { reason, load }, request }) => {
        const channels = load === undefined ? undefined : channelsOfLoad(loadNamed(board, load));
        await board.rest(reason, { by: nameOf(request), ...(channels ? { channels } : {}) });
        return state();
      },
    }),
    operation({
      id: 'history',
      method: 'GET',
      path: '/history',
      group: 'Logbook',
      summary: 'The last switches: when, what, who and why',
      scope: 'read',
      query: historyQuery,
      answers: answers('Newest last', z.object({ entries: z.array(entryShape) })),
      answer: ({ query: { limit, before } }) => ({ entries: logbook.entries(limit, before) }),
    }),
    operation({
      id: 'events',
      method: 'GET',
      path: '/events',
      group: 'Logbook',
      summary: 'The same as it happens, as server-sent events',
      description:
        'Each is named by its type and has the id of its entry; send `Last-Event-ID` to resume after one.',
      scope: 'read',
      isEndless: true,
      answers: {
        200: {
          description: 'Events, while the connection lasts',
          type: 'text/event-stream',
          shape: entryShape,
        },
      },
      answer: ({ request, reply }) => {
        const last = lastEventId(request);
        reply.hijack();
        streamEvents(reply.raw, last === undefined ? [] : logbook.after(last).map(sentEvent), (listener) =>
          logbook.subscribe((entry) => listener(sentEvent(entry))),
        );
      },
    }),
  ];
};
