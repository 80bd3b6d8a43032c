import { DaiseeError } from '@daisee/units';
import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { digestAuthorization, readDigestChallenge } from '../src/digest.ts';
import { addApi, bearerOf, hashOf, newSecret, operation, RequestRefused, tokenOf } from '../src/index.ts';

class Conflict extends DaiseeError {
  constructor() {
    super({ code: 'test.conflict', message: 'It is taken.', retryable: false });
  }
}

const createApp = async () => {
  const app = fastify();
  const failures: unknown[] = [];
  await addApi(app, {
    room: 'test',
    description: {
      title: 'Test',
      version: '1',
      description: 'A test.',
      base: '/api',
      security: { token: { type: 'http', scheme: 'bearer' } },
    },
    statuses: [
      [409, [Conflict]],
      [507, ['test.full']],
    ],
    pauses: { 507: 5 },
    admit: async (scope, request) => {
      if (request.headers.authorization !== scope) throw new RequestRefused(401, 'test.no-token', 'No.');
    },
    onFailure: (_request, error) => failures.push(error),
    operations: [
      operation({
        id: 'double',
        method: 'POST',
        path: '/double/:id',
        group: 'Test',
        summary: 'Doubles',
        scope: undefined,
        params: z.object({ id: z.coerce.number().int() }),
        body: z.strictObject({ by: z.number() }),
        answers: { 201: { description: 'It', shape: z.object({ result: z.number() }) } },
        answer: ({ params, body }) => ({ result: params.id * body.by }),
      }),
      operation({
        id: 'fail',
        method: 'GET',
        path: '/fail',
        group: 'Test',
        summary: 'Fails',
        scope: 'read',
        query: z.strictObject({ how: z.enum(['conflict', 'full', 'often', 'fault']).default('fault') }),
        answers: { 200: { description: 'Never' } },
        answer: ({ query }) => {
          if (query.how === 'conflict') throw new Conflict();
          if (query.how === 'often') throw new RequestRefused(429, 'test.often', 'Later.', { retryAfter: 7 });
          if (query.how === 'full')
            throw new DaiseeError({ code: 'test.full', message: 'It is full.', retryable: true });
          throw new TypeError('a secret of the inside');
        },
      }),
      operation({
        id: 'count',
        method: 'POST',
        path: '/count/:id',
        group: 'Test',
        summary: 'Counts',
        scope: undefined,
        params: z.object({ id: z.string() }),
        bodies: {
          'application/json': { shape: z.unknown(), described: z.array(z.number()) },
          'text/plain': { shape: z.string() },
        },
        answers: { 200: { description: 'How many', shape: z.number() } },
        answer: ({ body }) => ({
          count: Array.isArray(body) ? body.length : String(body).split('\n').length,
        }),
      }),
    ],
  });
  return { app, failures };
};

describe('an API', () => {
  it('checks what it takes by the shapes that describe it', async () => {
    const { app } = await createApp();
    const post = (payload: object | string, type = 'application/json') =>
      app.inject({ method: 'POST', url: '/api/double/21', payload, headers: { 'content-type': type } });
    const right = await post({ by: 2 });
    expect([right.statusCode, right.json()]).toEqual([201, { result: 42 }]);
    const wrong = await post({ by: 'two' });
    expect([wrong.statusCode, wrong.headers['content-type'], wrong.json()]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
      expect.objectContaining({
        code: 'test.bad-request',
        instance: '/api/double/21',
        errors: [{ path: 'body.by', message: expect.any(String) }],
      }),
    ]);
    expect((await post('by=2', 'text/plain')).statusCode).toBe(415);
    const { paths } = (await app.inject('/api/openapi.json')).json();
    expect(Object.keys(paths)).toEqual(['/api/double/{id}', '/api/fail', '/api/count/{id}']);
    expect((await app.inject('/api/docs/')).statusCode).toBe(200);
    await app.close();
  });

  it('takes bodies of the types that it says, described where the shape cannot say it', async () => {
    const { app } = await createApp();
    const post = (payload: string, type: string) =>
      app.inject({ method: 'POST', url: '/api/count/1?', payload, headers: { 'content-type': type } });
    expect((await post('[1, 2]', 'application/json; charset=utf-8')).json()).toEqual({ count: 2 });
    expect((await post('a\nb\nc', 'text/plain')).json()).toEqual({ count: 3 });
    expect((await post('<a/>', 'text/xml')).json()).toMatchObject({
      status: 415,
      detail:
        'POST /api/count/:id takes application/json or text/plain, not "text/xml": say it in Content-Type.',
    });
    const none = await app.inject({ method: 'POST', url: '/api/count/1' });
    expect(none.json()).toMatchObject({
      status: 415,
      code: 'test.media-type',
      detail: 'POST /api/count/:id takes application/json or text/plain, not "": say it in Content-Type.',
    });
    const { paths } = (await app.inject('/api/openapi.json')).json();
    expect(paths['/api/count/{id}'].post.requestBody.content).toMatchObject({
      'application/json': { schema: { type: 'array', items: { type: 'number' } } },
      'text/plain': { schema: { type: 'string' } },
    });
    await app.close();
  });

  it('says when to come again', async () => {
    const { app } = await createApp();
    for (const [how, status, seconds] of [
      ['often', 429, '7'],
      ['full', 507, '5'],
      ['conflict', 409, undefined],
    ] as const) {
      const answer = await app.inject({ url: `/api/fail?how=${how}`, headers: { authorization: 'read' } });
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([status, seconds]);
    }
    await app.close();
  });

  it('gives each error its status, and tells nothing of its inside', async () => {
    const { app, failures } = await createApp();
    const get = (url: string) => app.inject({ url, headers: { authorization: 'read' } });
    expect((await app.inject('/api/fail')).statusCode).toBe(401);
    expect((await get('/api/fail?how=conflict')).json()).toMatchObject({
      status: 409,
      code: 'test.conflict',
      detail: 'It is taken.',
    });
    const failed = await get('/api/fail');
    expect(failed.json()).toMatchObject({ status: 500, code: 'test.failed' });
    expect(failed.body).not.toContain('secret');
    expect(failures).toHaveLength(1);
    expect((await get('/api/nothing')).json()).toMatchObject({ status: 404, code: 'test.not-found' });
    await app.close();
  });
});

describe('tokens', () => {
  it('are found by their secret and no other', () => {
    const secret = newSecret();
    const tokens = [
      { name: 'other', scopes: [], hash: hashOf(newSecret()) },
      { name: 'mine', scopes: ['read'], hash: hashOf(secret) },
      { name: 'broken', scopes: [], hash: 'no hash' },
    ];
    expect(tokenOf(tokens, bearerOf(`Bearer ${secret}`) ?? '')?.name).toBe('mine');
    expect(tokenOf(tokens, `${secret}x`)).toBeUndefined();
    expect(tokenOf([], '')).toBeUndefined();
    expect(bearerOf('Basic abc')).toBeUndefined();
  });
});

describe('the digest login', () => {
  it('answers the example of RFC 7616, 3.9.1', () => {
    const challenge = readDigestChallenge(
      'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    );
    expect(challenge).toBeDefined();
    if (!challenge) return;
    const answer = digestAuthorization(challenge, {
      user: 'Mufasa',
      password: 'Circle of Life',
      method: 'GET',
      uri: '/dir/index.html',
      count: 1,
      clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    });
    expect(answer).toContain('response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"');
    expect(answer).toContain('nc=00000001');
    expect(answer).toContain('opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"');
  });

  it('answers nothing that is not SHA-256 with auth', () => {
    for (const header of [
      'Basic realm="a"',
      'Digest realm="a", nonce="b", qop="auth"',
      'Digest realm="a", nonce="b", qop="auth", algorithm=MD5',
    ])
      expect(readDigestChallenge(header)).toBeUndefined();
  });
});
