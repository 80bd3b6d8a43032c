/** How long the embedded chain's address keeps the connections of its clients. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Endpoint, openEndpoint } from '../src/endpoint.ts';

let endpoint: Endpoint;
let block = 0;
beforeAll(async () => {
  endpoint = await openEndpoint({
    host: '127.0.0.1',
    port: 0,
    answer: () => Promise.resolve(`0x${(++block).toString(16)}`),
  });
});
afterAll(() => endpoint.close());

const opened = async (): Promise<Socket> => {
  const socket = connect(Number(new URL(endpoint.url).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
};

/** Asks for the block on a connection as it is; the whole answer. */
const ask = async (socket: Socket, head = 'POST / HTTP/1.1\r\nHost: 127.0.0.1'): Promise<string> => {
  const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}';
  socket.write(`${head}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  let answer = '';
  while (!answer.includes('"result"')) answer += String((await once(socket, 'data'))[0]);
  return answer;
};

const isClosed = async (socket: Socket): Promise<boolean> => {
  await Promise.race([once(socket, 'end'), delay(500)]);
  return socket.readableEnded || socket.destroyed;
};

describe('The embedded chain’s address', () => {
  test('answers who polls each 16 s over one connection, as v0.2’s clients did', {
    timeout: 40_000,
  }, async () => {
    const socket = await opened();
    expect(await ask(socket)).toMatch(/^HTTP\/1\.1 200 .*keep-alive: timeout=120/is);
    await delay(17_000);
    expect(await ask(socket)).toContain('200');
    socket.destroy();
  });

  test.each([
    ['HTTP/1.1', 'POST / HTTP/1.1\r\nHost: 127.0.0.1', false],
    ['HTTP/1.1 and wants it closed', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close', true],
    ['HTTP/1.0', 'POST / HTTP/1.0\r\nHost: 127.0.0.1', true],
    ['HTTP/1.0 and wants it kept', 'POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive', false],
  ])('does with a connection what its client says: %s', async (_what, head, closes) => {
    const socket = await opened();
    const answer = await ask(socket, head);
    expect(/^connection: (.*)$/im.exec(answer)?.[1]).toBe(closes ? 'close' : 'keep-alive');
    expect(await isClosed(socket)).toBe(closes);
    if (!closes) expect(await ask(socket, head)).toContain('200');
    socket.destroy();
  });

  test('lets go of idle ones when it ends', async () => {
    const own = await openEndpoint({ host: '127.0.0.1', port: 0, answer: () => Promise.resolve('0x1') });
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
    await once(socket, 'connect');
    await ask(socket);
    await own.close();
    expect(await isClosed(socket)).toBe(true);
  });
});
