import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFile } from '../src/lock/file-lock.ts';
import { lockName } from '../src/lock/name-lock.ts';
import { daisee, freePort, records, scratch, start } from './support/daisee.ts';

const isLock = (answer: object): boolean => !('holder' in answer);

describe('a lock', () => {
  it('is had by one, says who has it, and is free again when it is released', async () => {
    const file = join(scratch(), 'sub', 'a.lock');
    const first = lockFile(file, 1000);
    expect(isLock(first)).toBe(true);
    if ('holder' in first) return;
    first.tell({ url: 'http://127.0.0.1:1' });
    expect(lockFile(file, 2000)).toEqual({
      holder: { pid: process.pid, since: 1000, url: 'http://127.0.0.1:1' },
    });
    first.release();
    const again = lockFile(file, 3000);
    expect(isLock(again)).toBe(true);
    if (!('holder' in again)) again.release();
  });

  it('of a name is the same, whatever the folder', async () => {
    const name = `test ${process.pid} ${Math.random()}`;
    const first = await lockName(name, 1000);
    if ('holder' in first) throw new Error('it is taken');
    first.tell({ data: '/somewhere' });
    expect(await lockName(name, 2000)).toEqual({
      holder: { pid: process.pid, since: 1000, data: '/somewhere' },
    });
    expect(isLock(await lockName(`${name} of another`, 2000))).toBe(true);
    first.release();
    expect(isLock(await lockName(name, 3000))).toBe(true);
  });
});

/** Somebody who listens and counts who comes. */
const listener = async (): Promise<{ readonly port: number; readonly calls: () => number; stop(): void }> => {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, calls: () => calls, stop: () => void server.close() };
};

interface Node {
  readonly home: string;
  readonly account: string;
  readonly env: Readonly<Record<string, string>>;
  /** Settings of this account with these differences; no chain answers there, so it waits for one. */
  readonly settings: (more?: {
    readonly app?: number;
    readonly data?: string;
    readonly relay?: number;
    readonly account?: string;
  }) => Promise<string>;
}

const newNode = async (): Promise<Node> => {
  const home = scratch();
  const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: 'lab', DAISEE_PASSWORD: 'secret' };
  const { stdout } = await daisee(['account', 'new', '--json'], env);
  const account = String(records(stdout)[0]?.['address']);
  const chain = await freePort();
  let files = 0;
  return {
    home,
    account,
    env,
    settings: async (more = {}) => {
      files += 1;
      const file = join(home, `${files}.yml`);
      writeFileSync(
        file,
        `contracts: { daisee: '0x${'2'.repeat(40)}', token: '0x${'3'.repeat(40)}', node: 'http://127.0.0.1:${chain}' }
node:
  address: '${more.account ?? account}'
  typ: C
  url: 'http://127.0.0.1:1'
  sensorId: 1
  login: user
  limit: 20
  delta: 100
  channel: 0
  keystore: '${join(home, 'keystore')}'
${more.data ? `  data: '${more.data}'\n` : ''}sellers: { neighbour: { account: '0x${'4'.repeat(40)}', channel: 1 } }
relay: { host: 127.0.0.1, port: ${more.relay ?? 1} }
app: { port: ${more.app ?? (await freePort())} }
`,
      );
      return file;
    },
  };
};

const WAITS = /cannot be reached|unreachable|does not answer/i;

describe('a second agent of one account on this machine', () => {
  it('is refused before it touches anything, whatever else its settings say, and says who runs', {
    timeout: 120_000,
  }, async () => {
    const node = await newNode();
    const first = start(['up', '-c', await node.settings()], node.env);
    await first.line(WAITS, 60_000);
    const relay = await listener();
    const elsewhere = join(node.home, 'elsewhere');
    const appPort = await freePort();
    const otherHome = join(node.home, 'home2');
    const cases: readonly (readonly [string, string, Readonly<Record<string, string>>])[] = [
      ['up', await node.settings({ app: appPort, relay: relay.port }), node.env],
      ['up', await node.settings({ data: elsewhere, relay: relay.port }), node.env],
      ['up', await node.settings({ relay: relay.port }), { ...node.env, DAISEE_HOME: otherHome }],
      ['agent', await node.settings({ data: elsewhere, relay: relay.port }), node.env],
    ];
    for (const [command, file, env] of cases) {
      const second = await daisee([command, '-c', file], env);
      expect(second.code, second.stderr).toBe(1);
      expect(second.stdout).toBe('');
      expect(second.stderr).toContain(`The agent of ${node.account} runs on this machine already`);
      expect(second.stderr).toContain(`process ${first.pid}, since 20`);
      expect(second.stderr).toContain('Nothing was started.');
      expect(second.stderr).not.toMatch(/disk|delete/i);
    }
    expect(relay.calls()).toBe(0);
    relay.stop();
    expect(existsSync(elsewhere)).toBe(false);
    expect(existsSync(otherHome)).toBe(false);

    // A kill leaves no lock behind.
    first.signal('SIGKILL');
    await first.ended;
    const next = start(['up', '-c', await node.settings()], node.env);
    await next.line(WAITS, 60_000);
    next.signal('SIGTERM');
    expect((await next.ended).code).toBe(0);
  });

  it('with another account in the same folder is refused as well', { timeout: 60_000 }, async () => {
    const node = await newNode();
    const data = join(node.home, 'node');
    const first = start(['up', '-c', await node.settings({ data })], node.env);
    await first.line(WAITS, 60_000);
    const { stdout } = await daisee(['account', 'new', '--json'], node.env);
    const account = String(records(stdout)[0]?.['address']);
    const second = await daisee(['up', '-c', await node.settings({ data, account })], node.env);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`The folder ${data} is in use by another agent (process ${first.pid}`);
    expect(second.stderr).toContain('leave them where they are');
  });

  it('of another account is none of its business', { timeout: 60_000 }, async () => {
    const node = await newNode();
    const first = start(['up', '-c', await node.settings()], node.env);
    await first.line(WAITS, 60_000);
    const { stdout } = await daisee(['account', 'new', '--json'], node.env);
    const account = String(records(stdout)[0]?.['address']);
    const second = start(['up', '-c', await node.settings({ account })], node.env);
    await second.line(WAITS, 60_000);
    second.signal('SIGTERM');
    expect((await second.ended).code).toBe(0);
  });
});
