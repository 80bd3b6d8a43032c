/** Many who listen at once. */
import { get, type IncomingMessage } from 'node:http';
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
