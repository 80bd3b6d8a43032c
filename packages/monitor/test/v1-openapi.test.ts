/** The description of `/api/v1` and what is there are the same. */
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addV1, BASE, type V1Options } from '../src/http/v1/routes.ts';
import { type Kept, serveKept } from './kept.ts';
import { send } from './served.ts';

describe('the OpenAPI document', () => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await serveKept();
  });
  afterAll(() => kept.end());

  it('describes every route, and every route it describes is there', async () => {
    const app = fastify();
    const routes: string[] = [];
    app.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') routes.push(`${one} ${url}`);
    });
    const pass = async () => undefined;
    await addV1(app, {
      context: {},
      access: { toV1: () => pass },
      onFailure: () => undefined,
    } as unknown as V1Options);
    await app.close();
    const described = Object.entries(kept.document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const aboutItself = (route: string) =>
      route.startsWith(`GET ${BASE}/docs`) || route === `GET ${BASE}/openapi.json`;
    expect(routes.filter((route) => !aboutItself(route)).sort()).toEqual(described.sort());
  });

  it('has an answer of each operation that is as it says', async () => {
    const { ask } = kept;
    await ask('GET /health');
    await ask('POST /sensors', { name: 'Roof', sign: 'source' });
    await ask('PATCH /sensors/2', { archived: true });
    await ask('GET /sensors');
    await ask('GET /sensors/2');
    await ask(
      'POST /sensors/1/samples',
      [0, 8000].map((at) => ({ at, power: 450 })),
    );
    for (const question of [
      'samples',
      'latest',
      'energy?from=0&step=4000',
      'power?from=0',
      'points?from=0&points=4&method=lttb',
      'register',
      'gaps?from=0',
    ])
      expect(await ask(`GET /sensors/1/${question}`)).toMatchObject({
        status: question.includes('4000') ? 400 : 200,
      });
    await ask('POST /sensors/1/marks', { key: 'to a seller', at: 4000, note: 'of mine' });
    await ask('GET /sensors/1/marks?from=0');
    await ask('GET /sensors/1/standing?firstMark=1');
    await ask('GET /sensors/1/energy?from=0&to=8000&step=4000');
    await ask('GET /sensors/1/samples.csv');
    await ask('POST /sensors/1/samples.csv', 'at,power\n16000,450', { 'Content-Type': 'text/csv' });
    await ask('POST /tariffs', { name: 'Flat', day: { slope: '0.1' }, night: { slope: '0.1' } });
    await ask('PUT /tariffs/current', { id: 1 });
    await ask('GET /tariffs');
    await ask('GET /sensors/1/cost?from=0');
    await ask('DELETE /tariffs/1');
    await ask('POST /tokens', { name: 'x', scopes: ['read'] });
    await ask('GET /tokens');
    await ask('DELETE /tokens/1');
    const all = Object.values(kept.document.paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(new Set(all).size).toBe(all.length);
    // The stream has its own tests.
    expect([...kept.asked, 'liveSamples'].sort()).toEqual(all.sort());
  });

  it('is open to all, and no operation is', async () => {
    expect(kept.document.openapi).toBe('3.1.0');
    for (const [path, operations] of Object.entries(kept.document.paths))
      for (const [method, { security }] of Object.entries(operations)) {
        expect(security).not.toEqual([]);
        const url = `${kept.url}${path.replace('{id}', '1')}`;
        expect(await send(url, { method: method.toUpperCase() })).toMatchObject({ status: 401 });
      }
  });

  it('has a page to browse it, with nothing from elsewhere', async () => {
    const page = await send(`${kept.url}/api/v1/docs/`);
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'self';/);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset = '']) => asset);
    expect(assets.length).toBeGreaterThan(4);
    for (const asset of assets) {
      const url = new URL(asset, `${kept.url}/api/v1/docs/`);
      expect(url.origin).toBe(kept.url);
      expect(await send(url.href)).toMatchObject({ status: 200 });
    }
    const script = await send(`${kept.url}/api/v1/docs/static/swagger-initializer.js`);
    expect(script.text).toMatch(/validatorUrl: null/);
    expect(JSON.parse((await send(`${kept.url}/api/v1/docs/json`)).text)).toEqual(kept.document);
  });
});
