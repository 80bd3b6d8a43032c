import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { daisee, freePort, records, scratch, start } from '../support/daisee.ts';

const closing: (Server | HttpServer)[] = [];
afterEach(() => {
  for (const server of closing.splice(0)) server.close();
});

const portOf = (server: Server | HttpServer): Promise<number> =>
  new Promise((resolve) => {
    closing.push(server);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });

const CONSUMER = '0x00625a1a269ac76c7c7b98939b5e60916fd41070';

interface Places {
  readonly rpc: string;
  readonly monitor: string;
  readonly relay: number;
  readonly exchange?: string;
  readonly coin?: string;
  readonly account?: string;
  readonly more?: string;
}

const settings = (home: string, places: Places): string => {
  const file = join(home, 'parameters.yml');
  writeFileSync(
    file,
    `contracts:
  daisee: '${places.exchange ?? '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558'}'
  token: '${places.coin ?? '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF'}'
  node: '${places.rpc}'
node:
  address: '${places.account ?? '0x004ec07d2329997267ec62b4166639513386f32e'}'
  type: C
  url: '${places.monitor}'
  id: 1
  login: user
  limit: 20
  delta: 200
  channel: 0
sellers: { seller1: { account: '${CONSUMER}', channel: 1 } }
relay: { host: 127.0.0.1, port: ${places.relay} }
${places.more ?? ''}`,
    { mode: 0o600 },
  );
  return file;
};

type Found = Readonly<Record<'name' | 'state' | 'text' | 'mend', string>>;

const examine = async (file: string, home: string, env: Readonly<Record<string, string>> = {}) => {
  const { code, stdout, stderr } = await daisee(['doctor', '-c', file, '--limit', '90s', '--json'], {
    DAISEE_HOME: home,
    DAISEE_ACCOUNTPSWD: 'lab',
    DAISEE_PASSWORD: 'secret',
    ...env,
  });
  const found = records(stdout).filter(({ type }) => type === 'check') as unknown as readonly Found[];
  const of = (name: string) => found.filter((one) => one.name === name);
  return { code, stderr, found, of };
};

describe('daisee doctor', () => {
  it('works when everything is away, and says of each what to do', { timeout: 150_000 }, async () => {
    const home = scratch();
    const [rpc, monitor, relay] = await Promise.all([freePort(), freePort(), freePort()]);
    const file = settings(home, {
      rpc: `http://127.0.0.1:${rpc}`,
      monitor: `http://127.0.0.1:${monitor}`,
      relay,
      more: "monitor: { meters: [ { driver: serial, name: arduino, path: /dev/ttyNONE }, { driver: mqtt, name: broker, url: 'mqtt://127.0.0.1:1', topic: t }, { driver: shelly, name: plug, host: '127.0.0.1:1' } ] }\n",
    });
    const { code, of } = await examine(file, home);
    expect(code).toBe(1);
    expect(of('key')[0]).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('no key') as string,
    });
    expect(of('chain')[0]).toMatchObject({
      state: 'failed',
      mend: expect.stringContaining('contracts.node') as string,
    });
    // The monitor is this machine's own and just does not run yet.
    expect(of('monitor')[0]).toMatchObject({
      state: 'warning',
      mend: expect.stringContaining('start') as string,
    });
    expect(of('relay')[0]).toMatchObject({
      state: 'failed',
      mend: expect.stringContaining('relay.host') as string,
    });
    expect(of('arduino')[0]).toMatchObject({ state: 'failed', text: '/dev/ttyNONE is not there' });
    expect(of('broker')[0]).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('cannot be reached') as string,
    });
    expect(of('plug')[0]?.state).toBe('failed');
    expect(of('disk').map(({ state }) => state)).not.toContain('failed');
  });

  it('finds nothing wrong with a node that is well, and then what breaks', { timeout: 400_000 }, async () => {
    const home = scratch();
    const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: 'lab', DAISEE_PASSWORD: 'secret' };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await daisee([...args, '--json'], env);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return records(stdout)[0] ?? {};
    };
    const [rpcPort, relayPort, monitorPort] = await Promise.all([freePort(), freePort(), freePort()]);
    const rpc = `http://127.0.0.1:${rpcPort}`;
    const account = String((await run('account', 'new'))['address']);
    const chain = start(
      ['chain', '--port', String(rpcPort), '--block-time', '1s', '--data', join(home, 'chain')],
      env,
    );
    start(['relay', '--port', String(relayPort), '--own', '0', '--seller', '1'], env);
    writeFileSync(
      join(home, 'load.csv'),
      Array.from({ length: 600 }, (_, second) => `${1_700_000_000 + second},900`).join('\n'),
    );
    const monitor = start(
      [
        'monitor',
        '--port',
        String(monitorPort),
        '--data',
        join(home, 'monitor'),
        '--login',
        'user',
        '--replay',
        join(home, 'load.csv'),
      ],
      env,
    );
    await chain.line(/Chain 20171 on/);
    await monitor.line(/Monitor on/);
    const deployed = await run('deploy', '--rpc', rpc, '--account', account);
    const contracts = { exchange: String(deployed['exchange']), coin: String(deployed['coin']) };
    const places: Places = {
      rpc,
      monitor: `http://127.0.0.1:${monitorPort}`,
      relay: relayPort,
      account,
      ...contracts,
    };
    const file = settings(home, places);

    const unregistered = await examine(file, home);
    expect(unregistered.code).toBe(1);
    expect(unregistered.of('chain').filter(({ state }) => state === 'failed')).toMatchObject([
      {
        text: expect.stringContaining('not registered') as string,
        mend: expect.stringContaining('daisee node register') as string,
      },
    ]);

    const where = [
      '--rpc',
      rpc,
      '--exchange',
      contracts.exchange,
      '--coin',
      contracts.coin,
      '--account',
      account,
    ];
    await run('node', 'register', ...where, '--node', account, '--kind', 'consumer');
    await run('token', 'mint', ...where, '--to', account, '--amount', '100');
    const well = await examine(file, home);
    expect(well.found.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(well.code).toBe(0);
    expect(
      well
        .of('chain')
        .map(({ text }) => text)
        .join('\n'),
    ).toMatch(/chain 20171[\s\S]*block \d+[\s\S]*registered as consumer[\s\S]*100\.000000 coins/);
    expect(well.of('monitor')[0]?.text).toMatch(/newest sample \d+ s old/);
    expect(well.of('relay')[0]?.text).toMatch(/contacts 0 off, 1 off/);

    const wrong = await examine(file, home, { DAISEE_ACCOUNTPSWD: 'wrong', DAISEE_PASSWORD: 'wrong' });
    expect(wrong.of('key')[0]?.text).toContain('password does not open');
    expect(wrong.of('monitor')[0]?.text).toContain('refused login');
    expect(wrong.code).toBe(1);

    // The contracts' addresses changed places, and a relay where the monitor should be.
    const mixed = await examine(
      settings(home, {
        ...places,
        exchange: contracts.coin,
        coin: contracts.exchange,
        monitor: `http://127.0.0.1:${relayPort}`,
      }),
      home,
    );
    expect(mixed.of('chain')[0]?.state).toBe('failed');
    expect(mixed.of('monitor')[0]?.state).toBe('failed');

    // The agent's books are another account's.
    const books = join(home, 'nodes', account.toLowerCase());
    mkdirSync(books, { recursive: true });
    writeFileSync(
      join(books, 'agent.sqlite'),
      'no database at all, but long enough to look like one'.repeat(50),
    );
    const broken = await examine(settings(home, places), home);
    expect(broken.of('books')[0]).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('cannot be read') as string,
      mend: expect.stringContaining('daisee restore') as string,
    });
  });

  it('something else than a chain or a relay answers there', { timeout: 150_000 }, async () => {
    const home = scratch();
    const web = createHttpServer((_request, response) => response.end('<h1>hello</h1>'));
    const silent = createServer((socket) => socket.on('error', () => {}));
    const [webPort, silentPort] = [await portOf(web), await portOf(silent)];
    const file = settings(home, {
      rpc: `http://127.0.0.1:${webPort}`,
      monitor: `http://127.0.0.1:${silentPort}`,
      relay: webPort,
    });
    const { code, of } = await examine(file, home);
    expect(code).toBe(1);
    expect(of('chain')[0]?.text).toContain('no valid answer');
    expect(of('monitor')[0]?.text).toContain('cannot be reached');
    expect(of('relay')[0]?.state).toBe('failed');
    for (const server of [web]) server.closeAllConnections();
  });

  it('tells every problem of the settings, and still looks at the machine', {
    timeout: 150_000,
  }, async () => {
    const home = scratch();
    const file = join(home, 'parameters.yml');
    writeFileSync(file, "node: { address: '0x12', typ: X }\n");
    const { code, of } = await examine(file, home);
    expect(code).toBe(1);
    expect(of('settings').length).toBeGreaterThan(1);
    expect(of('program')[0]?.state).toBe('ok');
    expect((await daisee(['doctor', '-c', join(home, 'none.yml')])).stdout).toContain('does not exist');
  });

  it('refuses passwords in settings that others can read', { timeout: 150_000 }, async () => {
    const home = scratch();
    const file = settings(home, { rpc: 'http://127.0.0.1:1', monitor: 'http://127.0.0.1:1', relay: 1 });
    writeFileSync(
      join(home, 'p.yml'),
      'monitor: { port: 1, meter: { driver: shelly, host: h, password: x } }\n',
    );
    chmodSync(join(home, 'p.yml'), 0o644);
    expect((await examine(join(home, 'p.yml'), home)).of('settings')[0]).toMatchObject({
      state: 'failed',
      text: expect.stringContaining(`chmod 600 ${home}/p.yml`) as string,
    });
    chmodSync(file, 0o644);
    // No password stands in it: they come from the environment.
    expect((await examine(file, home)).of('settings')[0]?.state).toBe('ok');
  });
});
