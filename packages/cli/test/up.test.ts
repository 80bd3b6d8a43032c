import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, freePort, records, scratch, start } from './support/daisee.ts';

const ask = (port: number, request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk) => (reply += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
  });

/** A steady power as a meter's file, long enough for the test. */
const steady = (file: string, watts: number): string => {
  const rows = Array.from({ length: 600 }, (_, second) => `${1_700_000_000 + second},${watts}`);
  writeFileSync(file, rows.join('\n'));
  return file;
};

describe('daisee up', () => {
  it('runs a consumer and a producer by their files of v0.2, keys and spelling as they were', {
    timeout: 240_000,
  }, async () => {
    const home = scratch();
    const env = { DAISEE_HOME: home };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await daisee([...args, '--json'], {
        ...env,
        DAISEE_ACCOUNTPSWD: 'lab',
      });
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return records(stdout)[0] ?? {};
    };
    const [chainPort, relayPort, ...ports] = await Promise.all(Array.from({ length: 4 }, freePort));
    const rpc = `http://127.0.0.1:${chainPort}`;
    const [admin, consumer, producer] = [
      String((await run('account', 'new'))['address']),
      String((await run('account', 'new'))['address']),
      String((await run('account', 'new'))['address']),
    ];
    const chain = start(['chain', '--port', String(chainPort), '--block-time', '500ms'], env);
    start(['relay', '--port', String(relayPort), '--own', '0', '--seller', '1'], env);
    for (const [n, watts] of [900, 5000].entries())
      start(
        [
          'monitor',
          '--port',
          String(ports[n]),
          '--data',
          join(home, `monitor-${n}`),
          '--login',
          'user',
          '--replay',
          steady(join(home, `${n}.csv`), watts),
        ],
        { ...env, DAISEE_PASSWORD: 'password2' },
      );
    await chain.line(/Chain 20171 on/);
    const deployed = await run('deploy', '--rpc', rpc, '--account', admin);
    const [exchange, coin] = [String(deployed['exchange']), String(deployed['coin'])];
    const where = ['--rpc', rpc, '--exchange', exchange, '--coin', coin, '--account', admin];
    await run('node', 'register', ...where, '--node', consumer, '--kind', 'consumer');
    await run('node', 'register', ...where, '--node', producer, '--kind', 'producer', '--price', '1');
    await run('token', 'mint', ...where, '--to', consumer, '--amount', '100');

    const file = (account: string, type: string, port: number | undefined, rest: string): string => {
      const path = join(home, `${type}.yml`);
      writeFileSync(
        path,
        `contract:
  address: '${exchange}'
  token: '${coin}'
  node: '127.0.0.1:${chainPort}'
node:
  address: '${account.toLowerCase()}'
  accountpswd: 'lab'
  url: 'http://127.0.0.1:${port}'
  sensorId: 1
  typ: '${type}'
  login: 'user'
  password: 'password2'
  limit: 1
  delta: 2
  channel: 0
  fuelgauge: False
${rest}`,
        { mode: 0o600 },
      );
      return path;
    };
    const seller = start(
      ['up', '-c', file(producer, 'P', ports[1], "sellers: ''\nrelay: {host: '', port: }\n")],
      env,
    );
    await seller.line(/^Agent of producer .* on chain 20171, monitor http:\S+\.$/, 60_000);
    const buyer = start(
      [
        'up',
        '-c',
        file(
          consumer,
          'C',
          ports[0],
          `sellers:
  seller1:
    account: '${producer.toLowerCase()}'
    channel: 1
relay:
  host: '127.0.0.1'
  port: ${relayPort}
`,
        ),
      ],
      env,
    );
    await buyer.line(/bought .* Wh from seller1 for .* coins/, 150_000);
    await buyer.line(/now on the source of seller1/);
    for (const part of [buyer, seller]) {
      part.signal('SIGTERM');
      expect((await part.ended).code).toBe(0);
    }
  });

  it('runs two real nodes against a chain, monitors and a relay that are all somewhere else', {
    timeout: 180_000,
  }, async () => {
    const home = scratch();
    const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: 'lab', DAISEE_PASSWORD: 'secret' };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await daisee([...args, '--json'], env);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return records(stdout)[0] ?? {};
    };
    const [chainPort, relayPort, monitor1, monitor2] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const rpc = `http://127.0.0.1:${chainPort}`;

    const accounts: string[] = [];
    for (let n = 0; n < 3; n++) accounts.push(String((await run('account', 'new'))['address']));
    const [admin = '', consumer = '', producer = ''] = accounts;
    const chain = start(
      ['chain', '--port', String(chainPort), '--block-time', '500ms', '--data', join(home, 'chain')],
      env,
    );
    const relay = start(
      ['relay', '--port', String(relayPort), '--own', '0', '--seller', '1', '--break-time', '5'],
      env,
    );
    const watch = (port: number, name: string, watts: number) =>
      start(
        [
          'monitor',
          '--port',
          String(port),
          '--data',
          join(home, name),
          '--login',
          'user',
          '--replay',
          steady(join(home, `${name}.csv`), watts),
        ],
        env,
      );
    const monitors = [watch(monitor1 ?? 0, 'load', 900), watch(monitor2 ?? 0, 'panel', 5000)];
    await chain.line(/Chain 20171 on/);
    const deployed = await run('deploy', '--rpc', rpc, '--account', admin);
    const [exchange, coin] = [String(deployed['exchange']), String(deployed['coin'])];
    const where = ['--rpc', rpc, '--exchange', exchange, '--coin', coin, '--account', admin];
    await run('node', 'register', ...where, '--node', consumer, '--kind', 'consumer');
    await run('node', 'register', ...where, '--node', producer, '--kind', 'producer', '--price', '2');
    await run('token', 'mint', ...where, '--to', consumer, '--amount', '100');

    const settings = (account: string, type: string, port: number, more: string) => {
      const file = join(home, `${type}.yml`);
      writeFileSync(
        file,
        `contracts: { daisee: '${exchange}', token: '${coin}', node: '${rpc}' }\nnode:\n  address: '${account}'\n  type: ${type}\n  url: 'http://127.0.0.1:${port}'\n  id: 1\n  login: user\n  period: 1\n  report: 2\n${more}`,
      );
      return file;
    };
    const seller = start(['up', '-c', settings(producer, 'P', monitor2 ?? 0, '  price: 2\n')], env);
    await seller.line(/register of production is [1-9]/, 60_000);
    const buyer = start(
      [
        'up',
        '-c',
        settings(
          consumer,
          'C',
          monitor1 ?? 0,
          `  limit: 1\n  delta: 0.5\n  channel: 0\n  fuelgauge: False\n  dwell: 1\nsellers:\n  neighbour: { account: '${producer}', channel: 1 }\nrelay: { host: 127.0.0.1, port: ${relayPort} }\n`,
        ),
      ],
      env,
    );
    await buyer.line(/bought .* Wh from neighbour for .* coins/, 60_000);
    await buyer.line(/now on the source of neighbour/);
    expect(await ask(relayPort ?? 0, 'ReadDATA|0,1')).toBe('{0: True, 1: True}');
    // Its App shows what its agent saw: the neighbour's source feeds the load.
    const address = /http\S+/.exec(await buyer.line(/^DAISEE App: http/))?.[0] ?? '';
    const feeding = async () => {
      const answer = await fetch(`${address}/api/state`);
      const { wires } = (await answer.json()) as {
        wires?: { value: { sources: { name: string; feeding: boolean }[] } };
      };
      return wires?.value.sources.filter((source) => source.feeding).map(({ name }) => name);
    };
    await expect.poll(feeding, { timeout: 30_000 }).toEqual(['neighbour']);
    await buyer.line(/register of energy from neighbour is/);
    const listed = await run('energy', 'status', ...where.slice(0, 6), '--account', consumer);
    expect(Number(listed['consumedWh'])).toBeGreaterThan(1);

    // The chain goes away under the running nodes: it is said once, and when it is back they go on.
    chain.signal('SIGKILL');
    await chain.ended;
    await seller.line(/cannot be reached|unreachable|does not answer/i);
    const again = start(
      ['chain', '--port', String(chainPort), '--block-time', '500ms', '--data', join(home, 'chain')],
      env,
    );
    await again.line(/Chain 20171 on .* at block [1-9]/);
    await seller.line(/is back|works again/i);
    const reports = () => seller.output().match(/register of production is/g)?.length ?? 0;
    const before = reports();
    await expect.poll(reports, { timeout: 60_000 }).toBeGreaterThan(before);

    buyer.signal('SIGTERM');
    expect((await buyer.ended).code).toBe(0);
    expect(await ask(relayPort ?? 0, 'ReadDATA|0,1')).toBe('{0: False, 1: False}');
    seller.signal('SIGTERM');
    expect((await seller.ended).code).toBe(0);
    for (const part of [relay, again, ...monitors]) {
      part.signal('SIGTERM');
      expect((await part.ended).code).toBe(0);
    }
  });
});
