/** What may be seen: the live state, history, charts, the community. */

import type { HistoryQuery } from '@daisee/chain';
import { type Described, operation } from '@daisee/http';
import { type Clock, Instant } from '@daisee/units';
import * as z from 'zod';
import type { Identity, TransactionPage } from '../api.ts';
import { communityOf, consumptionOf } from '../view/consumption.ts';
import type { Live } from '../view/live.ts';
import type { AppAgent, AppHistory, AppLedger, AppMonitor } from '../view/ports.ts';
import { powerSeries } from '../view/power.ts';
import { transactionOf } from '../view/transactions.ts';
import { csvOf } from './csv.ts';
import { createSentEvents } from './events.ts';
import { SEE } from './gate.ts';
import { historyFilter, instant, window, zone } from './shapes.ts';

export interface SeeingContext {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly live: Live;
  readonly ledger: AppLedger;
  readonly history: AppHistory;
  readonly monitor?: AppMonitor;
  readonly agent?: AppAgent;
}

const GROUP = 'Seeing';
const MOST_POINTS = 2000;
/** The bars of a chart; a month has 31 days, a day 25 hours. */
const LONGEST = 400 * 24 * 3_600_000;
/** Rows of a CSV that are read at a time. */
const ROWS = 1000;

const queryOf = (filter: z.output<typeof historyFilter>): HistoryQuery => ({
  limit: filter.limit,
  ...(filter.before === undefined ? {} : { before: filter.before }),
  ...(filter.type === undefined ? {} : { types: [filter.type] }),
  ...(filter.account === undefined ? {} : { account: filter.account }),
  ...(filter.from === undefined ? {} : { from: Instant(filter.from) }),
  ...(filter.to === undefined ? {} : { to: Instant(filter.to) }),
});

const answer = (description: string) => ({ 200: { description, shape: z.unknown() } });

export const seeingOperations = (context: SeeingContext): readonly Described[] => {
  const { identity, live, ledger, history, monitor, agent } = context;
  const account = identity.address;
  const sendEvents = createSentEvents(live, history);
  return [
    operation({
      id: 'identity',
      method: 'GET',
      path: '/identity',
      group: GROUP,
      summary: 'Whose App this is',
      scope: SEE,
      answers: answer('Name, kind, addresses, chain'),
      answer: () => identity,
    }),
    operation({
      id: 'state',
      method: 'GET',
      path: '/state',
      group: GROUP,
      summary: 'All that is live, each piece with when it was last known',
      scope: SEE,
      answers: answer('It'),
      answer: () => live.state(),
    }),
    operation({
      id: 'events',
      method: 'GET',
      path: '/events',
      group: GROUP,
      summary: 'What changes, as server-sent events',
      description:
        'First `state`; then `change`, `transactions` and `reverted`. The id names the newest transaction: with `Last-Event-ID` those after it come first, or `reverted` from 0 when what was told may hold no longer.',
      scope: SEE,
      isEndless: true,
      answers: { 200: { description: 'Events', type: 'text/event-stream', shape: z.string() } },
      answer: ({ request, reply }) => {
        reply.hijack();
        sendEvents(reply.raw, request.headers['last-event-id']);
      },
    }),
    operation({
      id: 'transactions',
      method: 'GET',
      path: '/transactions',
      group: GROUP,
      summary: 'What is on the books, newest first, by pages',
      scope: SEE,
      query: historyFilter,
      answers: answer('A page; `before` asks for the next one'),
      answer: ({ query }): TransactionPage => {
        const page = history.page(queryOf(query));
        const last = page.at(-1);
        return {
          transactions: page.map(transactionOf),
          ...(last && page.length === query.limit ? { before: last.position } : {}),
        };
      },
    }),
    operation({
      id: 'transactionsCsv',
      method: 'GET',
      path: '/transactions.csv',
      group: GROUP,
      summary: 'The same as CSV, all of them',
      scope: SEE,
      query: historyFilter.omit({ before: true, limit: true }),
      answers: { 200: { description: 'CSV (RFC 4180)', type: 'text/csv', shape: z.string() } },
      answer: ({ query, reply }) => {
        void reply
          .type('text/csv; charset=utf-8')
          .header('Content-Disposition', 'attachment; filename="transactions.csv"');
        return csvOf((before) =>
          history.page({ ...queryOf({ ...query, before, limit: ROWS }) }).map(transactionOf),
        );
      },
    }),
    ...(monitor
      ? [
          operation({
            id: 'power',
            method: 'GET',
            path: '/power',
            group: GROUP,
            summary: 'Power over a window in so many points, by the source that fed the load',
            scope: SEE,
            query: z
              .strictObject({
                from: instant,
                to: instant,
                points: z.coerce.number().int().min(1).max(MOST_POINTS).default(240),
              })
              .refine(({ from, to }) => from < to, 'from must be before to'),
            answers: answer('Columns, ascending; null where nothing was measured'),
            answer: ({ query: { from, to, points } }) =>
              powerSeries(monitor, agent, { from: Instant(from), to: Instant(to), points }),
          }),
          operation({
            id: 'consumption',
            method: 'GET',
            path: '/consumption',
            group: GROUP,
            summary: 'Energy, cost and origin of a stretch of time, by hours or days',
            scope: SEE,
            query: z
              .strictObject({
                from: instant,
                to: instant,
                step: z.enum(['PT1H', 'P1D']),
                zone: zone.default('UTC'),
              })
              .refine(
                ({ from, to }) => from < to && to - from <= LONGEST,
                'needs from before to, at most 400 days',
              ),
            answers: answer('Bars and sums'),
            answer: ({ query: { from, to, step, zone } }) =>
              consumptionOf({ monitor, history }, account, {
                from: Instant(from),
                to: Instant(to),
                step,
                zone,
              }),
          }),
        ]
      : []),
    operation({
      id: 'community',
      method: 'GET',
      path: '/community',
      group: GROUP,
      summary: 'The nodes of the community and the energy between them',
      scope: SEE,
      query: window,
      answers: answer('Nodes and flows'),
      answer: ({ query: { from, to } }) => communityOf({ ledger, history }, Instant(from), Instant(to)),
    }),
  ];
};
