/** The real commands, by the names that settings and options give them and by those of pages elsewhere. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, freePort, scratch, start } from '../support/daisee.ts';
import { type Question, send } from './servers.ts';

const statusAs = async (
  host: string,
  url: string,
  method = 'GET',
  question: Question = {},
): Promise<number> =>
  (await send(url, method, { ...question, headers: { host, ...question.headers } })).status;

/** A server that somebody knows by that name: what it is asked goes on to a port of this machine. */
const proxyAs = async (host: string, port: number) => {
  const server = createServer((asked, answer) => {
    const { method, url: path, headers } = asked;
    const onward = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, host } },
      (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

const CHAIN_ID: Question = {
  headers: { 'content-type': 'application/json' },
  body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
};

describe('by the names of the settings', () => {
  it('monitor, relay and chain of `daisee up` answer, and by no other', { timeout: 90_000 }, async () => {
    const home = scratch();
    const [monitor, board, http, chain] = await Promise.all(Array.from({ length: 4 }, freePort));
    const settings = join(home, 'parameters.yml');
    writeFileSync(
      settings,
      `monitor: { port: ${monitor}, login: user, password: secret, hosts: samples.example }
relay: { host: 127.0.0.1, port: ${board}, serve: true, http: { port: ${http}, hosts: [relay.example, board.example] } }
chain: { port: ${chain}, hosts: [chain.example] }
`,
      { mode: 0o600 },
    );
    const up = start(['up', '-c', settings], { DAISEE_HOME: home });
    await up.line(/^Monitor on /, 60_000);
    const at = (port: number | undefined, path: string) => `http://127.0.0.1:${port}${path}`;
    const asked = async (host: string) => [
      await statusAs(host, at(monitor, '/login')),
      await statusAs(host, at(http, '/api/v1/health')),
      await statusAs(host, at(chain, '/'), 'POST', CHAIN_ID),
    ];
    expect(await asked('127.0.0.1')).toEqual([200, 200, 200]);
    expect(await asked('evil.example')).toEqual([421, 421, 421]);
    expect(await asked('samples.example')).toEqual([200, 421, 421]);
    expect(await asked('board.example:443')).toEqual([421, 200, 421]);
    expect(await asked('chain.example')).toEqual([421, 421, 200]);
    up.signal('SIGTERM');
    expect((await up.ended).code).toBe(0);
  });

  it('the doctor says which setting adds a name, and is content when it is there', {
    timeout: 120_000,
  }, async () => {
    const home = scratch();
    const [monitor, board, http] = await Promise.all(Array.from({ length: 3 }, freePort));
    const asked = await Promise.all([monitor, http].map((port) => proxyAs('pi.example', port ?? 0)));
    const settings = join(home, 'parameters.yml');
    const write = (hosts: string): void =>
      writeFileSync(
        settings,
        `node: { address: '0x004ec07d2329997267ec62b4166639513386f32e', type: P, url: '${asked[0]?.url}', id: 1, login: user, password: secret, accountpswd: lab }
monitor: { port: ${monitor}${hosts} }
relay: { host: 127.0.0.1, port: ${board}, serve: true, url: '${asked[1]?.url}', http: { port: ${http}${hosts} } }
app: false
`,
        { mode: 0o600 },
      );
    const doctor = async () => {
      const up = start(['up', '-c', settings, '--without', 'agent'], { DAISEE_HOME: home });
      await up.line(/^Monitor on /, 60_000);
      const { stdout } = await daisee(['doctor', '-c', settings], { DAISEE_HOME: home });
      up.signal('SIGTERM');
      await up.ended;
      return stdout;
    };
    write('');
    const before = await doctor();
    expect(before).toMatch(/The monitor does not answer to the name in .* add the name to monitor\.hosts/);
    expect(before).toMatch(/The relay does not answer to the name in .* add the name to relay\.http\.hosts/);
    write(', hosts: pi.example');
    const after = await doctor();
    expect(after).not.toMatch(/does not answer to the name/);
    expect(after).toMatch(/relay: .* answers; contacts/);
    for (const { close } of asked) close();
  });

  it('a chain for the network answers by its addresses, its name at home and its options', {
    timeout: 60_000,
  }, async () => {
    const port = await freePort();
    const chain = start(
      ['chain', '--host', '0.0.0.0', '--port', String(port), '--hosts', 'chain.example, other.example'],
      { DAISEE_HOME: scratch() },
    );
    await chain.line(/^Chain 20171 on/, 40_000);
    const url = `http://127.0.0.1:${port}/`;
    const [label = ''] = hostname().split('.');
    for (const host of ['127.0.0.1', '192.168.0.10:8545', label, `${label}.local`, 'other.example'])
      expect([host, await statusAs(host, url, 'POST', CHAIN_ID)]).toEqual([host, 200]);
    for (const host of ['evil.example', `${label}.evil.example`, 'evil.local'])
      expect([host, await statusAs(host, url, 'POST', CHAIN_ID)]).toEqual([host, 421]);
    chain.signal('SIGTERM');
    expect((await chain.ended).code).toBe(0);
  });

  it('an App answers, before its chain is there too', { timeout: 60_000 }, async () => {
    const home = scratch();
    const port = await freePort();
    const settings = join(home, 'parameters.yml');
    writeFileSync(
      settings,
      `contracts: { daisee: '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558', token: '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF', node: 'http://127.0.0.1:1' }
node: { address: '0x004ec07d2329997267ec62b4166639513386f32e', type: P, url: 'http://127.0.0.1:1', id: 1, login: user, password: secret }
app: { port: ${port}, password: secret, view: true, hosts: [home.example] }
`,
      { mode: 0o600 },
    );
    const app = start(['app', '-c', settings], { DAISEE_HOME: home });
    await app.line(/^DAISEE App: http/, 40_000);
    const url = `http://127.0.0.1:${port}`;
    for (const path of ['/', '/api/state']) {
      expect(await statusAs('home.example', url + path)).toBe(503);
      expect(await statusAs('evil.example', url + path)).toBe(421);
    }
    const { text } = await send(`${url}/api/state`, 'GET', { headers: { host: 'evil.example' } });
    expect(JSON.parse(text)).toMatchObject({ code: 'app.host', status: 421, instance: '/api/state' });
    const page = await send(url, 'GET', { headers: { host: 'evil.example' } });
    expect(page.text).toBe(
      'Nothing here is called "evil.example": ask by the address of the machine, or add the name to app.hosts.\n',
    );
    app.signal('SIGTERM');
    await app.ended;
  });
});
