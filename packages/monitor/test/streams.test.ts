/** Many who listen at once, and long answers and bodies that come as they can. */
import { get, type IncomingMessage, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Instant, Watts } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kept, serveKept } from './kept.ts';
import { BASIC } from './served.ts';

const STREAMS = 1000;

describe('1,000 idle event streams', () => {
  let kept: Kept;
  const open: IncomingMessage[] = [];
  beforeAll(async () => {
    kept = await serveKept();
  });
  afterAll(async () => {
    for (const stream of open) stream.destroy();
    await kept.end();
  });

  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get(`${kept.url}/api/v1/sensors/1/live`, { agent: false, headers: BASIC })
        .on('response', (response) => {
          open.push(response.setEncoding('utf8'));
          resolve();
        })
        .on('error', reject);
    });

  it('hear each sample once and keep nobody else waiting for good', { timeout: 60_000 }, async () => {
    // A hundred at a time: a listening socket has no room for a thousand that nobody took yet.
    for (let i = 0; i < STREAMS; i += 100) await Promise.all(Array.from({ length: 100 }, listen));
    const heard = open.map(
      (stream) =>
        new Promise<string>((resolve, reject) => {
          let text = '';
          stream.on('error', reject).on('data', (piece: string) => {
            text += piece;
            if (text.includes('id: s2\nevent')) resolve(text);
          });
        }),
    );
    expect((await kept.ask('GET /health')).status).toBe(200);
    await kept.ask('POST /sensors/1/samples', [
      { at: 1, power: 1 },
      { at: 2, power: 1 },
    ]);
    for (const text of await Promise.all(heard))
      expect([...text.matchAll(/^id: (s\d+)\nevent/gm)].map(([, id]) => id)).toEqual(['s1', 's2']);
    expect((await kept.ask('GET /health')).status).toBe(200);
  });
});

describe('a long answer or body', () => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await serveKept();
  });
  afterAll(() => kept.end());
  const STORED = 300_000;
  const STEP = 8000;

  it('without a length is stored whole', async () => {
    const list = Array.from({ length: 10_000 }, (_, i) => ({ at: (i + 1) * STEP, power: 1 }));
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { ...BASIC, 'Content-Type': 'application/json' };
      const sent = request(`${kept.url}/api/v1/sensors/1/samples`, { method: 'POST', headers }, (response) =>
        response.setEncoding('utf8').once('data', resolve),
      );
      sent.on('error', reject);
      // In two writes, so that no length is told; the first one ends inside an item.
      const body = JSON.stringify(list);
      sent.write(body.slice(0, 200_001));
      sent.end(body.slice(200_001));
    });
    expect(JSON.parse(text)).toEqual({ stored: list.length, repeated: 0 });
  });

  it('is read from the store no faster than it is taken', async () => {
    for (let i = 10_000; i < STORED; i += 5000)
      kept.store.append(
        1,
        Array.from({ length: 5000 }, (_, k) => ({ at: Instant((i + k + 1) * STEP), power: Watts(450.25) })),
      );
    const { powers } = kept.store;
    let read = 0;
    kept.store.powers = (...asked) => {
      const page = powers(...asked);
      read += page.length;
      return page;
    };
    const url = `${kept.url}/api/1/get/watts/by_time/0/${(STORED * STEP) / 1000 + 1}`;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent: false, headers: BASIC }, resolve).on('error', reject);
    });
    await expect
      .poll(async () => {
        const before = read;
        await wait(300);
        return read - before;
      })
      .toBe(0);
    // What the sockets of both sides hold is some MB; all of it would be 27.
    expect(read).toBeLessThan(STORED / 2);
    let text = '';
    for await (const piece of response.setEncoding('utf8')) text += String(piece);
    const { data } = JSON.parse(text) as { readonly data: readonly { readonly timestamp: number }[] };
    expect(data.map(({ timestamp }) => timestamp)).toEqual(
      Array.from({ length: STORED }, (_, i) => ((i + 1) * STEP) / 1000),
    );
  });
});
