/** What the command makes is for its user alone, whatever the shell's umask. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daisee, freePort, records, scratch, start } from './support/daisee.ts';

/** The umask of most systems: files 0644, folders 0755. */
let before: number;
beforeAll(() => {
  before = process.umask(0o022);
});
afterAll(() => void process.umask(before));

/** Every path below a folder, and how others may use it, where they may. */
const walk = (folder: string): { readonly seen: readonly string[]; readonly open: readonly string[] } => {
  const seen: string[] = [];
  const open: string[] = [];
  const look = (path: string): void => {
    // Stores come and go while a lab runs.
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return;
    seen.push(path.slice(folder.length + 1));
    const expected = found.isDirectory() ? 0o700 : 0o600;
    if ((found.mode & 0o777 & ~expected) !== 0)
      open.push(`${(found.mode & 0o777).toString(8)} ${path.slice(folder.length + 1)}`);
    if (found.isDirectory()) for (const name of readdirSync(path)) look(join(path, name));
  };
  look(folder);
  return { seen, open };
};

describe('files and folders', () => {
  it('of a lab are for its user alone, while it runs and when it is kept', { timeout: 180_000 }, async () => {
    const lab = join(scratch(), 'lab');
    const demo = start(['demo', '--data', lab, '--speed', '300', '--app-port', '0']);
    await demo.line(/Node 1 bought/, 120_000);
    const running = walk(lab);
    expect(running.open).toEqual([]);
    expect(running.seen).toEqual(
      expect.arrayContaining([
        'lab.json',
        'keystore.password',
        'world/world.sqlite',
        'chain/treasury.key',
        'node1/agent.sqlite',
        'node1/agent.sqlite-wal',
        'node1/history.sqlite',
        'node2/monitor.sqlite',
        'node2/outbox.sqlite',
      ]),
    );
    demo.signal('SIGTERM');
    expect((await demo.ended).code).toBe(0);
    expect(walk(lab).open).toEqual([]);
    // The page is built by whoever starts an App first, and served by services of other users.
    const page = join(import.meta.dirname, '../../app/dist');
    expect(lstatSync(page).mode & 0o055).toBe(0o055);
    expect(lstatSync(join(page, 'index.html')).mode & 0o044).toBe(0o044);

    // A lab of version 0.3, and a file of somebody else's program beside it.
    for (const path of running.seen) {
      const found = lstatSync(join(lab, path), { throwIfNoEntry: false });
      if (found) chmodSync(join(lab, path), found.isDirectory() ? 0o755 : 0o644);
    }
    writeFileSync(join(lab, 'notes.txt'), 'mine', { mode: 0o644 });
    const again = await daisee([
      'demo',
      '--data',
      lab,
      '--speed',
      '3000',
      '--duration',
      '1m',
      '--app-port',
      '0',
    ]);
    expect([again.code, again.stderr]).toEqual([0, expect.any(String)]);
    expect(walk(lab).open).toEqual(['755 ', '644 notes.txt']);
  });

  it('of every command’s home are so', { timeout: 180_000 }, async () => {
    const home = join(scratch(), 'home');
    const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: 'lab', DAISEE_PASSWORD: 'secret' };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await daisee([...args, '--json'], env);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return records(stdout)[0] ?? {};
    };
    const [chain, board, monitor, http, app] = await Promise.all(Array.from({ length: 5 }, freePort));
    const rpc = `http://127.0.0.1:${chain}`;
    const account = String((await run('account', 'new'))['address']);
    const other = start(['chain', '--port', String(chain), '--block-time', '500ms'], env);
    await other.line(/Chain 20171 on/);
    const { exchange, coin } = await run('deploy', '--rpc', rpc, '--account', account);
    const at = ['--rpc', rpc, '--exchange', String(exchange), '--coin', String(coin), '--account', account];
    await run('node', 'register', ...at, '--node', account, '--kind', 'producer', '--price', '1');
    const elsewhere = scratch();
    const meter = join(elsewhere, 'panel.csv');
    writeFileSync(
      meter,
      Array.from({ length: 600 }, (_, second) => `${1_700_000_000 + second},5000`).join('\n'),
    );
    mkdirSync(join(elsewhere, 'units'));
    const settings = join(elsewhere, 'parameters.yml');
    writeFileSync(
      settings,
      `contracts: { daisee: '${String(exchange)}', token: '${String(coin)}', node: '${rpc}' }
node: { address: '${account}', type: P, url: 'http://127.0.0.1:${monitor}', id: 1, login: user, period: 1, report: 1 }
monitor: { port: ${monitor}, login: user, holdFor: false, meter: { driver: replay, file: '${meter}', sign: source } }
relay: { host: 127.0.0.1, port: ${board}, serve: true, http: { port: ${http} } }
app: { port: ${app} }
`,
    );
    await run('relay', 'token', '--name', 'grafana', '--scope', 'read', '--file', join(home, 'relay-tokens'));
    const node = start(['up', '-c', settings], env);
    await node.line(/register of production is [1-9]/, 120_000);
    await run('monitor', 'token', 'create', '--name', 'grafana', '--scope', 'read', '-c', settings);
    await run('backup', join(home, 'node.backup'), '-c', settings);
    const running = walk(home);
    expect(running.open).toEqual([]);
    expect(running.seen.filter((path) => path.includes('.sqlite')).length).toBeGreaterThan(5);
    for (const part of [node, other]) {
      part.signal('SIGTERM');
      expect((await part.ended).code).toBe(0);
    }
    await run('restore', join(home, 'node.backup'), '--into', join(home, 'restored'));
    expect(walk(home).open).toEqual([]);
    expect(walk(home).seen).toContain('restored/monitor/monitor.sqlite');
  });
});
