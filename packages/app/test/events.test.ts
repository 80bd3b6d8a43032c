import { Coin, MICRO } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Transaction } from '../src/api.ts';
import { type Community, startCommunity } from './support/community.ts';
import { type Heard, type Listener, listen, type Served, serve } from './support/served.ts';

let community: Community;
let served: Served;
beforeAll(async () => {
  community = await startCommunity();
  served = await serve(community.consumer, { account: community.accounts.consumer, kind: 'consumer' });
});
afterAll(async () => {
  await served.stop();
  await community.stop();
});

const told = (events: readonly Heard[]): readonly Transaction[] =>
  events.filter(({ name }) => name === 'transactions').flatMap(({ data }) => data as Transaction[]);
const mint = (times: number) =>
  community.mining(async () => {
    for (let i = 0; i < times; i++) await community.admin.mint(community.accounts.consumer, Coin(MICRO));
  });
/** The positions of all that is on the books, ascending. */
const onBooks = async (): Promise<readonly number[]> => {
  await served.history.catchUp();
  return served.history.page({ limit: 1000, order: 'oldest' }).map(({ position }) => position);
};
const heardAll = (listener: Listener, positions: readonly number[]) =>
  listener.until((events) => {
    const heard = new Set(told(events).map(({ position }) => position));
    return positions.every((position) => heard.has(position));
  });

describe('the event stream', () => {
  it('begins with the whole state and the newest transactions, and goes on with what happens', async () => {
    const listener = listen(served.front.url);
    await heardAll(listener, await onBooks());
    expect(listener.events[0]?.name).toBe('state');
    await mint(1);
    await heardAll(listener, await onBooks());
    listener.drop();
  });

  it('resumes after dropped connections without a transaction lost or doubled', async () => {
    const first = listen(served.front.url);
    await heardAll(first, await onBooks());
    const heard = told(first.events).map(({ position }) => position);
    let lastId = first.lastId();
    first.drop();
    for (let round = 0; round < 3; round++) {
      await mint(2);
      const all = await onBooks();
      const missing = all.filter((position) => !heard.includes(position));
      const again = listen(served.front.url, lastId);
      await heardAll(again, missing);
      // Another one while it listens.
      await mint(1);
      await heardAll(
        again,
        (await onBooks()).filter((position) => !all.includes(position)),
      );
      heard.push(...told(again.events).map(({ position }) => position));
      expect(again.events.some(({ name }) => name === 'reverted')).toBe(false);
      lastId = again.lastId();
      again.drop();
    }
    const all = await onBooks();
    expect(heard.toSorted((a, b) => a - b)).toEqual(all);
  });

  it('tells those who listen, and those who come back, to forget what a reorganisation took', async () => {
    const listener = listen(served.front.url);
    const gone = listen(served.front.url);
    await Promise.all([heardAll(listener, await onBooks()), heardAll(gone, await onBooks())]);
    const lastId = gone.lastId();
    gone.drop();
    const from = (await onBooks()).at(-1) ?? 0;
    // What the history tells when the chain takes a block back.
    served.app.onHistory({ type: 'reverted', from, block: Math.floor(from / 2 ** 20) });
    await listener.until((events) => events.some(({ name }) => name === 'reverted'));
    expect(listener.events.find(({ name }) => name === 'reverted')?.data).toEqual({ from });
    const back = listen(served.front.url, lastId);
    await heardAll(back, await onBooks());
    const names = back.events.map(({ name }) => name);
    expect(names.indexOf('reverted')).toBeLessThan(names.indexOf('transactions'));
    for (const one of [listener, back]) one.drop();
  });

  it('tells 500 who listen at once of every change, each of them', { timeout: 60_000 }, async () => {
    const listeners = Array.from({ length: 500 }, () => listen(served.front.url));
    await Promise.all(
      listeners.map((listener) => listener.until((events) => events.some(({ name }) => name === 'state'))),
    );
    const before = await onBooks();
    await mint(1);
    const news = (await onBooks()).filter((position) => !before.includes(position));
    expect(news.length).toBeGreaterThan(0);
    await Promise.all(listeners.map((listener) => heardAll(listener, news)));
    for (const listener of listeners) listener.drop();
  });

  it('tells one who comes back to another server to forget all', async () => {
    const listener = listen(served.front.url, 'aaaaaaaaaaaa-5');
    await heardAll(listener, await onBooks());
    expect(listener.events.map(({ name }) => name).slice(0, 2)).toEqual(['state', 'reverted']);
    listener.drop();
  });
});
