/** What goes on at the relay's HTTP ends within a second when its token does. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { BearerToken } from '@daisee/http';
import { describe, expect, it } from 'vitest';
import { startHttpLab, token } from './support/http.ts';

const listen = async (url: string, secret: string) => {
  const asked = get(`${url}/api/v1/events`, { agent: false, headers: { authorization: `Bearer ${secret}` } });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const heard = { status: response.statusCode, cutAt: Number.POSITIVE_INFINITY };
  response
    .on('error', () => undefined)
    .on('close', () => (heard.cutAt = performance.now()))
    .resume();
  return { heard, destroy: () => asked.destroy() };
};
const within = async (heard: { readonly cutAt: number }, since: number): Promise<number> => {
  for (const until = since + 3000; performance.now() < until && heard.cutAt === Infinity; ) await delay(10);
  return heard.cutAt - since;
};

describe('the events of a relay', () => {
  it('end when their token is taken out, or may read no more, and others go on', async () => {
    let tokens: readonly BearerToken[] = [
      token('one', 'secret-of-one', 'read'),
      token('two', 'secret-of-two', 'read', 'switch'),
      token('three', 'secret-of-three', 'read'),
    ];
    await using lab = await startHttpLab({ server: { tokens: () => tokens } });
    const [one, two, three] = [
      await listen(lab.server.url, 'secret-of-one'),
      await listen(lab.server.url, 'secret-of-two'),
      await listen(lab.server.url, 'secret-of-three'),
    ];
    expect([one, two, three].map(({ heard }) => heard.status)).toEqual([200, 200, 200]);
    await delay(600);
    expect([one, two, three].map(({ heard }) => heard.cutAt)).toEqual([Infinity, Infinity, Infinity]);
    tokens = [token('two', 'secret-of-two', 'switch'), token('three', 'secret-of-three', 'read')];
    const since = performance.now();
    expect(await within(one.heard, since)).toBeLessThan(1000);
    expect(await within(two.heard, since)).toBeLessThan(1000);
    expect((await lab.get('/api/v1/state', 'secret-of-one')).status).toBe(401);
    expect((await lab.get('/api/v1/state', 'secret-of-two')).status).toBe(403);
    await delay(500);
    expect(three.heard.cutAt).toBe(Infinity);
    // Without any left nobody is let in: it does not turn into a relay without tokens.
    tokens = [];
    expect(await within(three.heard, performance.now())).toBeLessThan(1000);
    expect((await lab.get('/api/v1/state')).status).toBe(401);
    expect((await lab.post('/api/v1/rest', { reason: 'x' })).status).toBe(401);
  });
});
