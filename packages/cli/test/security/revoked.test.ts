/** Files of tokens and passwords count as they are now, for the real commands: who is taken out is out within a second. */
import { once } from 'node:events';
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createMonitorClient } from '@daisee/monitor';
import { describe, expect, it } from 'vitest';
import { tokensInForce } from '../../src/settings/relay-tokens.ts';
import { passwordInForce } from '../../src/settings/secrets.ts';
import { daisee, freePort, scratch, start } from '../support/daisee.ts';
import { send } from './servers.ts';

type Headers = Readonly<Record<string, string>>;

const bearer = (secret: string): Headers => ({ authorization: `Bearer ${secret}` });
const basic = (login: string, password: string): Headers => ({
  authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`,
});

/** A stream, and when it was cut (real ms). */
const listen = async (url: string, headers: Headers) => {
  const asked = get(url, { agent: false, headers });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  const heard = { cutAt: Number.POSITIVE_INFINITY };
  response
    .on('error', () => undefined)
    .on('close', () => {
      heard.cutAt = performance.now();
    })
    .resume();
  return heard;
};
const cutWithin = async (heard: { readonly cutAt: number }, since: number): Promise<number> => {
  for (const until = since + 5000; performance.now() < until; await delay(10))
    if (heard.cutAt !== Number.POSITIVE_INFINITY) break;
  return heard.cutAt - since;
};

describe('a command that runs', () => {
  it('a relay lets in who gets a token and puts out who loses it', { timeout: 60_000 }, async () => {
    const home = scratch();
    const file = join(home, 'tokens');
    const add = async (name: string): Promise<string> =>
      (await daisee(['relay', 'token', '--file', file, '--name', name])).stdout.trim();
    const first = await add('first');
    const [port, http] = await Promise.all([freePort(), freePort()]);
    const relay = start(['relay', '--port', `${port}`, '--http-port', `${http}`, '--tokens', file]);
    await relay.line(/Relay HTTP on/);
    const url = `http://127.0.0.1:${http}/api/v1`;
    const status = async (secret: string) =>
      (await send(`${url}/state`, 'GET', { headers: bearer(secret) })).status;
    const second = await add('second');
    expect([await status(first), await status(second)]).toEqual([200, 200]);
    const [one, two] = [
      await listen(`${url}/events`, bearer(first)),
      await listen(`${url}/events`, bearer(second)),
    ];
    const revoked = await daisee(['relay', 'token', '--file', file, '--name', 'first', '--revoke']);
    const since = performance.now();
    expect([revoked.code, revoked.stdout]).toEqual([0, 'Revoked first.\n']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await cutWithin(one, since)).toBeLessThan(1000);
    expect([await status(first), await status(second)]).toEqual([401, 200]);
    const unknown = await daisee(['relay', 'token', '--file', file, '--name', 'first', '--revoke']);
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('There is no token first in'),
    ]);
    // A line that is no token is told of, and the others count.
    writeFileSync(file, `${readFileSync(file, 'utf8')}third all\n`);
    await relay.line(/has no token in line 2/);
    expect(await status(second)).toBe(200);
    expect(two.cutAt).toBe(Number.POSITIVE_INFINITY);
    rmSync(file);
    expect(await cutWithin(two, performance.now())).toBeLessThan(1000);
    expect(await status(second)).toBe(401);
    expect((await send(`${url}/state`, 'GET')).status).toBe(401);
    relay.signal('SIGTERM');
    expect((await relay.ended).code).toBe(0);
  });

  it('a monitor takes the new password and puts out who has the old one', { timeout: 60_000 }, async () => {
    const home = scratch();
    const file = join(home, 'password');
    const write = (password: string) => writeFileSync(file, `${password}\n`, { mode: 0o600 });
    write('old');
    const port = await freePort();
    const monitor = start([
      'monitor',
      '--port',
      `${port}`,
      '--data',
      join(home, 'monitor'),
      '--login',
      'user',
      '--password-file',
      file,
    ]);
    await monitor.line(/^Monitor on/);
    const url = `http://127.0.0.1:${port}`;
    const client = createMonitorClient({
      url,
      login: 'user',
      password: passwordInForce(file, (text) => expect.fail(text)),
      sensorId: 1,
    });
    await client.time();
    const stream = await listen(`${url}/api/v1/sensors/1/live`, basic('user', 'old'));
    write('new');
    expect(await cutWithin(stream, performance.now())).toBeLessThan(1000);
    const status = async (password: string) =>
      (await send(`${url}/api/v1/health`, 'GET', { headers: basic('user', password) })).status;
    expect([await status('old'), await status('new')]).toEqual([401, 200]);
    // A node that takes its password from the same file goes on.
    await client.time();
    // What is half written, or open to others, is none.
    write('');
    expect(await status('new')).toBe(200);
    await monitor.line(/has none in its first line.*What it said before holds on/);
    write('newer');
    chmodSync(file, 0o644);
    expect([await status('newer'), await status('new')]).toEqual([401, 200]);
    await monitor.line(/is open to others.*What it said before holds on/);
    chmodSync(file, 0o600);
    expect([await status('newer'), await status('new')]).toEqual([200, 401]);
    monitor.signal('SIGTERM');
    expect((await monitor.ended).code).toBe(0);
  });
});

describe('a file that counts as it is now', () => {
  it('is refused at the start as ever', () => {
    const home = scratch();
    const never = () => expect.fail('nothing is told at the start');
    expect(() => passwordInForce(join(home, 'none'), never)).toThrow(/cannot be read/);
    writeFileSync(join(home, 'empty'), '\n', { mode: 0o600 });
    expect(() => passwordInForce(join(home, 'empty'), never)).toThrow(/has none in its first line/);
    writeFileSync(join(home, 'wrong'), 'page all sha256:00\n', { mode: 0o600 });
    expect(() => tokensInForce(join(home, 'wrong'), never)).toThrow(/no token in line 1/);
  });
});
