/** What is answered to addresses that are none and to methods that are not taken. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kept, serveKept } from './kept.ts';
import { BASIC, send } from './served.ts';

describe('the monitor answers', () => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await serveKept();
  });
  afterAll(() => kept.end());

  /** Sends a request line as it is: clients correct what is not to be corrected here. */
  const raw = async (line: string): Promise<{ head: string; body: Record<string, unknown> }> => {
    const { hostname, port } = new URL(kept.url);
    const socket = connect(Number(port), hostname);
    socket.end(`${line} HTTP/1.1\r\nHost: monitor\r\nConnection: close\r\n\r\n`);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { head, body: JSON.parse(body) as Record<string, unknown> };
  };

  it('an address with a broken escape below /api/v1 with a problem document', async () => {
    const { head, body } = await raw('GET /api/v1/sensors/%ZZ');
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    expect(head).toMatch(/content-type: application\/problem\+json/i);
    expect(body).toMatchObject({
      title: 'Bad Request',
      status: 400,
      instance: '/api/v1/sensors/%ZZ',
      code: 'monitor.bad-address',
    });
  });

  it('an address with a broken escape elsewhere with JSON as all its errors there', async () => {
    const { head, body } = await raw('GET /api/%E0%A4%A/get/watts/by_time/0/1');
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    expect(Object.keys(body)).toEqual(['code', 'message']);
  });

  it.each([
    ['PUT', '/api/v1/sensors', 'GET, HEAD, POST'],
    ['DELETE', '/api/v1/sensors/1/samples?from=0', 'GET, HEAD, POST'],
    ['POST', '/api/v1/health', 'GET, HEAD'],
    ['POST', '/api/v1/openapi.json', 'GET, HEAD'],
  ])(
    'a method that is not taken (%s %s) with 405, a problem and the methods there are',
    async (method, path, allowed) => {
      const { status, headers, text: said } = await send(`${kept.url}${path}`, { method, headers: BASIC });
      expect([status, headers['allow']]).toEqual([405, allowed]);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(JSON.parse(said)).toMatchObject({
        status: 405,
        code: 'monitor.method',
        title: 'Method Not Allowed',
      });
    },
  );

  it('a method that the CitizenWatt API does not take with 405 and the methods there are', async () => {
    const { status, headers, text: said } = await send(`${kept.url}/api/time`, { method: 'PUT' });
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    expect(JSON.parse(said)).toMatchObject({ code: 'monitor.method' });
  });

  it('an address at which nothing is with 404, whatever the method', async () => {
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(await send(`${kept.url}/api/v1/nothing`, { method, headers: BASIC })).toMatchObject({
        status: 404,
      });
  });
});
