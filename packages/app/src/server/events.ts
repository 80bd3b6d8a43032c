/** The page's event stream: the whole state first, then what changes; transactions are never missed. */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type SentEvent, streamEvents } from '@daisee/http';
import type { Live } from '../view/live.ts';
import type { AppHistory } from '../view/ports.ts';
import { transactionOf } from '../view/transactions.ts';

/** Transactions that a page is given when it opens. */
const NEWEST = 50;
/** More missed ones than this are not sent: the page asks for what it shows. */
const MOST_MISSED = 1000;

/**
 * An id is `generation-position`: positions before a reorganisation, or before this process, may be others' now, so whoever
 * resumes from those is told to forget what he has.
 */
export const createSentEvents = (
  live: Live,
  history: AppHistory,
): ((response: ServerResponse, lastEventId: string | string[] | undefined) => void) => {
  let generation = randomBytes(6).toString('hex');
  live.subscribe(({ name }) => {
    if (name === 'reverted') generation = randomBytes(6).toString('hex');
  });
  /** The position after which all is missing; undefined when nothing of what was told holds for sure. */
  const placeOf = (lastEventId: string): number | undefined => {
    const [, of, position] = /^([0-9a-f]{12})-(\d{1,16})$/.exec(lastEventId) ?? [];
    return of === generation ? Number(position) : undefined;
  };
  return (response, lastEventId) => {
    const after = typeof lastEventId === 'string' ? placeOf(lastEventId) : undefined;
    const missed =
      after === undefined ? history.page({ limit: NEWEST }) : history.page({ after, limit: MOST_MISSED });
    let position = missed[0]?.position ?? after ?? 0;
    const idOf = (): string => `${generation}-${position}`;
    const events: SentEvent[] = [{ id: idOf(), name: 'state', data: live.state() }];
    if (after === undefined && lastEventId !== undefined)
      events.push({ id: idOf(), name: 'reverted', data: { from: 0 } });
    if (missed.length > 0) events.push({ id: idOf(), name: 'transactions', data: missed.map(transactionOf) });
    streamEvents(response, events, (listener) =>
      live.subscribe((event) => {
        position = event.id ?? position;
        listener({ id: idOf(), name: event.name, data: event.data });
      }),
    );
  };
};
