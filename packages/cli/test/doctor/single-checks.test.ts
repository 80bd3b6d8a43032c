/** Each check alone, on a machine made for it. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Duration, Instant } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { runChecks } from '../../src/doctor/check.ts';
import { judgeBlock, judgeGas } from '../../src/doctor/connections.ts';
import { databaseCheck } from '../../src/doctor/database.ts';
import { booksCheck, secretFileCheck } from '../../src/doctor/files.ts';
import { installedChecks } from '../../src/doctor/installed.ts';
import {
  deviceFinding,
  directoryCheck,
  judgeClock,
  judgeSpace,
  memoryCheck,
} from '../../src/doctor/machine.ts';
import { readSettings } from '../../src/settings/read.ts';
import { daisee, freePort, scratch } from '../support/daisee.ts';

describe('single checks', () => {
  const look = async (check: Parameters<typeof runChecks>[0][number]) =>
    (await runChecks([check], Duration(20_000)))[0];

  it('a check that never answers is told as such and holds up no other', async () => {
    const never = { name: 'a', look: () => new Promise<never>(() => {}) };
    const quick = { name: 'b', look: async () => ({ state: 'ok' as const, text: 'fine' }) };
    const found = await runChecks([never, quick], Duration(50));
    expect(found.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'failed'],
      ['b', 'ok'],
    ]);
  });

  it('a password file that is missing, empty or open to all', async () => {
    const home = scratch();
    const file = join(home, 'secret');
    expect(await look(secretFileCheck('node.passwordFile', file))).toMatchObject({
      state: 'failed',
      mend: expect.stringContaining('node.passwordFile') as string,
    });
    writeFileSync(file, '\n');
    expect((await look(secretFileCheck('k', file)))?.text).toContain('no password in its first line');
    writeFileSync(file, 'secret\n');
    chmodSync(file, 0o644);
    expect(await look(secretFileCheck('k', file))).toMatchObject({
      state: 'failed',
      mend: `chmod 600 ${file}`,
    });
    chmodSync(file, 0o600);
    expect((await look(secretFileCheck('k', file)))?.state).toBe('ok');
    expect((await look(secretFileCheck('k', home)))?.text).toContain('EISDIR');
  });

  it('a folder whose stores others may read', async () => {
    const home = scratch();
    const books = join(home, 'books');
    mkdirSync(books, { mode: 0o755 });
    writeFileSync(join(books, 'agent.sqlite'), '');
    chmodSync(join(books, 'agent.sqlite'), 0o644);
    chmodSync(books, 0o755);
    const found = await look(directoryCheck('disk', 'books', books));
    expect(found).toMatchObject({ state: 'warning', mend: `chmod -R go= ${books}` });
    expect(found?.text).toContain('agent.sqlite');
    execFileSync('sh', ['-c', found?.mend ?? 'false']);
    expect((await look(directoryCheck('disk', 'books', books)))?.state).toBe('ok');
  });

  it('a folder that cannot be written', async () => {
    const home = scratch();
    writeFileSync(join(home, 'file'), '');
    expect(await look(directoryCheck('disk', 'books', join(home, 'file', 'books')))).toMatchObject({
      state: 'failed',
      mend: expect.stringContaining('is a file') as string,
    });
    expect((await look(directoryCheck('disk', 'books', '/proc/daisee')))?.state).toBe('failed');
    expect((await look(directoryCheck('disk', 'books', join(home, 'new', 'folder'))))?.text).toMatch(
      /writable, \d+ MB free/,
    );
  });

  it('a disk that is full or filling', () => {
    expect(judgeSpace('books', '/x', 1e6).state).toBe('failed');
    expect(judgeSpace('books', '/x', 100e6).state).toBe('warning');
    expect(judgeSpace('books', '/x', 10e9).state).toBe('ok');
  });

  it('a clock that was never set, or that nothing keeps right', () => {
    expect(judgeClock(1970, undefined)).toMatchObject({ state: 'failed' });
    expect(judgeClock(2026, false)).toMatchObject({
      state: 'warning',
      mend: expect.stringContaining('set-ntp') as string,
    });
    expect(judgeClock(2026, true).state).toBe('ok');
  });

  it('a clock behind the chain, and a chain that stands still', () => {
    const now = Instant(1_800_000_000_000);
    expect(judgeBlock(7, Instant(now + 60_000), now)).toMatchObject({ state: 'failed' });
    expect(judgeBlock(7, Instant(now - 3_600_000), now)).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('60 min old') as string,
    });
    expect(judgeBlock(7, Instant(now - 5000), now).text).toBe('block 7, 5 s old');
  });

  it('limits of memory that the kernel was told to leave out, as on Raspberry Pi OS', async () => {
    const root = scratch();
    mkdirSync(join(root, 'sys/fs/cgroup'), { recursive: true });
    writeFileSync(join(root, 'sys/fs/cgroup/cgroup.controllers'), 'cpuset cpu io pids\n');
    expect(await look(memoryCheck(root))).toMatchObject({
      state: 'warning',
      mend: expect.stringContaining('cgroup_enable=memory') as string,
    });
    writeFileSync(join(root, 'sys/fs/cgroup/cgroup.controllers'), 'cpuset cpu io memory pids\n');
    expect((await look(memoryCheck(root)))?.state).toBe('ok');
  });

  it('units that were installed for other settings', { timeout: 150_000 }, async () => {
    const root = scratch();
    const file = join(root, 'etc/daisee/parameters.yml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'monitor: { port: 1 }\n');
    const found = () => runChecks(installedChecks(readSettings(file), file, root), Duration(20_000));
    expect(await found()).toEqual([]);
    expect((await daisee(['install', '--root', root])).code).toBe(0);
    expect((await found())[0]).toMatchObject({ name: 'services', state: 'ok' });
    expect((await daisee(['install', '--root', root, '--json-log'])).code).toBe(0);
    expect((await found())[0]).toMatchObject({ name: 'services', state: 'ok' });
    writeFileSync(file, 'relay: { host: 127.0.0.1, serve: true }\nmonitor: { port: 1 }\n');
    expect((await found())[0]).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('daisee-relay.service') as string,
      mend: 'sudo daisee install --json-log',
    });
  });

  it('a device that is none, is missing, or is there', async () => {
    const file = join(scratch(), 'ttyACM0');
    writeFileSync(file, '');
    expect((await deviceFinding(file, 'dialout', 'plug it in')).text).toContain('is not a device');
    expect(await deviceFinding(`${file}1`, 'dialout', 'plug it in')).toMatchObject({ mend: 'plug it in' });
    expect((await deviceFinding('/dev/null', 'dialout', '')).state).toBe('ok');
  });

  it('an account that cannot pay for gas, or soon cannot', () => {
    const price = 10n ** 9n; // a gwei
    expect(judgeGas({ balance: 0n, price: 0n }, '0xa').text).toContain('cost nothing');
    expect(judgeGas({ balance: 10n ** 14n, price }, '0xa')).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('0.000100 ether pay for 0 transactions') as string,
      mend: 'send some ether to 0xa',
    });
    expect(judgeGas({ balance: 10n ** 16n, price }, '0xa')).toMatchObject({
      state: 'warning',
      text: expect.stringContaining('66 transactions') as string,
    });
    expect(judgeGas({ balance: 10n ** 18n, price }, '0xa').state).toBe('ok');
  });

  it('a PostgreSQL that nobody answers for', async () => {
    const url = `postgres://daisee@127.0.0.1:${await freePort()}/daisee`;
    expect(await look(databaseCheck(url, {}))).toMatchObject({
      name: 'database',
      state: 'failed',
      text: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('books that another program holds', { timeout: 60_000 }, async () => {
    const folder = scratch();
    const file = join(folder, 'agent.sqlite');
    const database = new DatabaseSync(file);
    const [account, exchange] = [`0x${'1'.repeat(40)}`, `0x${'2'.repeat(40)}`];
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE agent (role TEXT, account TEXT, exchange TEXT)');
    database.prepare('INSERT INTO agent VALUES (?, ?, ?)').run('consumer', account, exchange);
    const settings = {
      node: { type: 'C', address: account, data: folder },
      contracts: { daisee: exchange },
    } as never;
    expect((await look(booksCheck(settings)))?.state).toBe('ok');
    database.exec('BEGIN IMMEDIATE');
    expect(await look(booksCheck(settings))).toMatchObject({
      state: 'failed',
      text: expect.stringContaining('is locked by another program') as string,
    });
    database.exec('ROLLBACK');
    database.close();
  });
});
