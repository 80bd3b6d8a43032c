/** Tokens of `/api/v1` and what their scopes allow. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf, newSecret } from '@daisee/http';
import { Instant, Seconds, VirtualClock } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory, openStore } from '../src/index.ts';
import { bearer, type Kept, serveKept } from './kept.ts';
import { NOW, send, serve } from './served.ts';

describe('tokens', () => {
  let kept: Kept;
  let clock: VirtualClock;
  beforeEach(async () => {
    clock = new VirtualClock({ start: NOW });
    kept = await serveKept({ clock });
  });
  afterEach(() => kept.end());

  const make = async (...scopes: string[]): Promise<{ id: number; token: string }> => {
    const { status, body } = await kept.ask('POST /tokens', { name: scopes.join(), scopes });
    expect(status).toBe(201);
    return body as { id: number; token: string };
  };
  const sample = { at: 1, power: 1 };

  it.each([
    [['read'], 200, 403, 403],
    [['write'], 403, 200, 403],
    [['read', 'write'], 200, 200, 403],
    [['admin'], 200, 200, 200],
  ] as const)('of %j may read (%i), write (%i), administer (%i)', async (scopes, read, write, admin) => {
    const { token } = await make(...scopes);
    expect(await kept.ask('GET /sensors', undefined, bearer(token))).toMatchObject({ status: read });
    const sent = await kept.ask('POST /sensors/1/samples', sample, bearer(token));
    expect(sent).toMatchObject({ status: write });
    if (write === 403)
      expect(sent.body).toMatchObject({
        code: 'monitor.scope',
        detail: expect.stringContaining('needs "write"') as string,
      });
    expect(await kept.ask('GET /tokens', undefined, bearer(token))).toMatchObject({ status: admin });
  });

  it('are listed without their secret, and open nothing once revoked', async () => {
    const { id, token } = await make('read', 'write');
    const { token: other } = await make('read');
    const listed = await kept.ask('GET /tokens');
    expect(listed.body).toMatchObject({
      tokens: [{ id, name: 'read,write', scopes: ['read', 'write'], madeAt: NOW }, { name: 'read' }],
    });
    expect(listed.text).not.toContain(token);
    // A client may name a type, and send nothing of it.
    const json = { 'Content-Type': 'application/json', 'Content-Length': '0' };
    expect(await kept.ask(`DELETE /tokens/${id}`, undefined, json)).toMatchObject({ status: 204, text: '' });
    expect(await kept.ask('GET /sensors', undefined, bearer(token))).toMatchObject({
      status: 401,
      body: { code: 'monitor.bad-token' },
    });
    expect(await kept.ask('GET /sensors', undefined, bearer(other))).toMatchObject({ status: 200 });
    expect(await kept.ask(`DELETE /tokens/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'monitor.unknown-token' },
    });
  });

  it('open /api/v1 from an address that sent too many wrong passwords, too', async () => {
    const { token } = await make('read');
    const wrong = { Authorization: `Basic ${Buffer.from('user:wrong').toString('base64')}` };
    for (let i = 0; i < 10; i++)
      expect(await kept.ask('GET /sensors', undefined, wrong)).toMatchObject({ status: 401 });
    expect(await kept.ask('GET /sensors', undefined, wrong)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '10' },
      body: { code: 'monitor.too-many-logins' },
    });
    expect(await kept.ask('GET /sensors', undefined, bearer(token))).toMatchObject({ status: 200 });
  });

  it('that are wrong make their address wait after ten; right ones and passwords go on', async () => {
    const { token } = await make('read');
    for (let i = 0; i < 10; i++)
      expect(await kept.ask('GET /sensors', undefined, bearer(`wrong-${i}`))).toMatchObject({
        status: 401,
        body: { code: 'monitor.bad-token' },
      });
    for (let i = 0; i < 2; i++)
      expect(await kept.ask('GET /sensors', undefined, bearer('wrong'))).toMatchObject({
        status: 429,
        headers: { 'retry-after': '10' },
        body: { code: 'monitor.too-many-tokens' },
      });
    expect(await kept.ask('GET /sensors', undefined, bearer(token))).toMatchObject({ status: 200 });
    expect(await kept.ask('GET /sensors')).toMatchObject({ status: 200 });
    await clock.task(() => clock.sleep(Seconds(10)));
    expect(await kept.ask('GET /sensors', undefined, bearer('wrong'))).toMatchObject({ status: 401 });
  });

  it('do not open the CitizenWatt API, which knows login and password', async () => {
    const { token } = await make('admin');
    expect(await send(`${kept.url}/api/time`, { headers: bearer(token) })).toMatchObject({ status: 303 });
  });

  it.each([
    { name: '', scopes: ['read'] },
    { name: 'x', scopes: [] },
    { name: 'x', scopes: ['all'] },
    { scopes: ['read'] },
  ])('cannot be %j', async (wrong) => {
    expect(await kept.ask('POST /tokens', wrong)).toMatchObject({ status: 400 });
  });

  it('are refused before the body is read', async () => {
    const { token } = await make('read');
    const huge = 'x'.repeat(11 * 1024 * 1024);
    expect(await kept.ask('POST /sensors/1/samples', huge, bearer(token))).toMatchObject({ status: 403 });
  });
});

describe('the directory of a store', () => {
  it('keeps a hash of a token only, and keeps it when it is opened again', () => {
    const folder = mkdtempSync(join(tmpdir(), 'daisee-directory-'));
    const file = join(folder, 'monitor.sqlite');
    const store = openStore({ file });
    const secret = newSecret();
    const directory = openDirectory({ file });
    directory.addToken({ name: 'meter', scopes: ['write'], madeAt: Instant(5), hash: hashOf(secret) });
    directory.close();
    store.close();
    expect(readFileSync(file).includes(secret)).toBe(false);
    const again = openDirectory({ file });
    expect(again.tokenByHash(hashOf(secret))).toEqual({ id: 1, name: 'meter', scopes: ['write'], madeAt: 5 });
    expect(again.tokenByHash(secret)).toBeUndefined();
    again.close();
    rmSync(folder, { recursive: true });
  });

  it('is not opened where there is no store', () => {
    const folder = mkdtempSync(join(tmpdir(), 'daisee-directory-'));
    expect(() => openDirectory({ file: join(folder, 'new.sqlite') })).toThrow(/not a store/);
    rmSync(folder, { recursive: true });
  });

  it('that a monitor was not given is said', async () => {
    const served = await serve({ login: '', password: '' });
    const reply = await send(`${served.url}/api/v1/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"name": "x", "scopes": ["read"]}',
    });
    expect(reply.status).toBe(501);
    expect(JSON.parse(reply.text)).toMatchObject({ code: 'monitor.not-kept' });
    await served.end();
  });
});
