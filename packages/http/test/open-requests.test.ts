/** What goes on under a right ends with it: on real sockets. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenRequests, type OpenRequests } from '../src/index.ts';

let server: Server;
let open: OpenRequests;
const ended = new Set<string>();
const asked: (readonly string[])[] = [];
const failures: unknown[] = [];
let fails = false;
beforeEach(async () => {
  ended.clear();
  asked.length = 0;
  failures.length = 0;
  fails = false;
  open = createOpenRequests({
    ended: async (rights) => {
      asked.push(rights);
      await delay(1);
      if (fails) throw new Error('away');
      return rights.filter((right) => ended.has(right));
    },
    onFailure: (error) => failures.push(error),
    every: 20,
  });
  server = createServer((request, response) => {
    const [, right = '', kind] = request.url?.split('/') ?? [];
    open.add(right, response);
    response.write('begun');
    if (kind === 'short') response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  open.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const begin = async (path: string): Promise<IncomingMessage & { isCut: boolean }> => {
  const { port } = server.address() as AddressInfo;
  const asking = get({ host: '127.0.0.1', port, path, agent: false });
  const [response] = (await once(asking, 'response')) as [IncomingMessage & { isCut: boolean }];
  response.isCut = false;
  response.on('error', () => undefined).on('close', () => (response.isCut = !response.complete));
  response.resume();
  return response;
};
const isCutWithin = async (response: { readonly isCut: boolean }, milliseconds: number): Promise<boolean> => {
  for (const until = performance.now() + milliseconds; performance.now() < until; await delay(5))
    if (response.isCut) return true;
  return response.isCut;
};

describe('a request under way', () => {
  it('is cut when the right ends that let it in, and no other is', async () => {
    const [one, again, other] = [await begin('/a'), await begin('/a'), await begin('/b')];
    expect(await isCutWithin(other, 60)).toBe(false);
    ended.add('a');
    expect([await isCutWithin(one, 1000), await isCutWithin(again, 1000)]).toEqual([true, true]);
    expect(other.isCut).toBe(false);
    open.end('b');
    expect(await isCutWithin(other, 1000)).toBe(true);
  });

  it('is asked after no more once it is answered or its client has gone', async () => {
    await begin('/short/short');
    const gone = await begin('/gone');
    gone.destroy();
    await delay(60);
    asked.length = 0;
    await delay(100);
    expect(asked).toEqual([]);
    await begin('/stays');
    await delay(100);
    expect(new Set(asked.flat())).toEqual(new Set(['stays']));
  });

  it('goes on while rights cannot be looked up, which is told, and is cut afterwards', async () => {
    const one = await begin('/a');
    ended.add('a');
    fails = true;
    expect(await isCutWithin(one, 100)).toBe(false);
    expect(failures.length).toBeGreaterThan(0);
    fails = false;
    expect(await isCutWithin(one, 1000)).toBe(true);
  });
});
