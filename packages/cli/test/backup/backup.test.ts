import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createKey, unlock, writeKeyFile } from '@daisee/chain';
import { openStore } from '@daisee/monitor';
import { createBoard, createSimulatedDriver, openLogbook } from '@daisee/relay';
import { Duration, Instant, systemClock, Watts } from '@daisee/units';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { useHomeOf } from '../../src/install/plan.ts';
import { daisee, freePort, records, scratch, start } from '../support/daisee.ts';

const EXCHANGE = '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558';
const COIN = '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF';

/** A node's home with a key, a monitor's store with samples, and its settings. */
const homeOfNode = async () => {
  const home = scratch();
  const file = await writeKeyFile(join(home, 'keystore'), createKey(), 'lab', { now: Instant(0) });
  const address = `0x${/--([0-9a-f]{40})$/.exec(file)?.[1] ?? ''}`;
  const settings = join(home, 'parameters.yml');
  const secret = join(home, 'monitor-password');
  writeFileSync(secret, 'secret\n', { mode: 0o600 });
  writeFileSync(
    settings,
    `contracts: { daisee: '${EXCHANGE}', token: '${COIN}', node: 'http://127.0.0.1:1' }
node: { address: '${address}', type: P, url: 'http://127.0.0.1:1', id: 1, login: user, accountpswd: lab, passwordFile: '${secret}' }
monitor: { port: 1 }
`,
    { mode: 0o600 },
  );
  mkdirSync(join(home, 'monitor'));
  const store = openStore({ file: join(home, 'monitor/monitor.sqlite') });
  const sensor = store.addSensor({ name: 'panel', sign: 'source' });
  store.append(
    sensor.id,
    Array.from({ length: 500 }, (_, n) => ({ at: Instant(n * 8000), power: Watts(100 + (n % 7)) })),
  );
  store.close();
  return { home, settings, address, env: { DAISEE_HOME: home } };
};

const rows = (file: string, sql: string): readonly unknown[] => {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
};

const left = (directory: string): readonly string[] =>
  readdirSync(directory).filter((name) => name.startsWith('.daisee-'));

describe('daisee backup and restore', () => {
  it('a node that is writing is copied as of one instant, and restored elsewhere with the same books', {
    timeout: 400_000,
  }, async () => {
    const home = scratch();
    const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: 'lab', DAISEE_PASSWORD: 'secret' };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await daisee([...args, '--json'], env);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return records(stdout);
    };
    const [rpcPort, monitorPort] = await Promise.all([freePort(), freePort()]);
    const rpc = `http://127.0.0.1:${rpcPort}`;
    const account = String((await run('account', 'new'))[0]?.['address']);
    const settings = join(home, 'parameters.yml');
    writeFileSync(
      join(home, 'panel.csv'),
      Array.from({ length: 36_000 }, (_, n) => `${1_700_000_000 + n / 10},5000`).join('\n'),
    );
    // The chain belongs to the node here: its journal is locked for as long as it runs.
    const chain = start(
      ['chain', '--port', String(rpcPort), '--block-time', '1s', '--data', join(home, 'chain')],
      env,
    );
    await chain.line(/Chain 20171 on/);
    const [deployed] = await run('deploy', '--rpc', rpc, '--account', account);
    const [exchange, coin] = [String(deployed?.['exchange']), String(deployed?.['coin'])];
    const where = ['--rpc', rpc, '--exchange', exchange, '--coin', coin, '--account', account];
    await run('node', 'register', ...where, '--node', account, '--kind', 'producer', '--price', '1');
    writeFileSync(
      settings,
      `contracts: { daisee: '${exchange}', token: '${coin}', node: '${rpc}' }
node: { address: '${account}', type: P, url: 'http://127.0.0.1:${monitorPort}', id: 1, login: user, period: 1, report: 1 }
monitor: { port: ${monitorPort}, meter: { driver: replay, file: '${join(home, 'panel.csv')}', sign: source } }
chain: { port: ${rpcPort}, data: '${join(home, 'chain')}' }
`,
    );
    const node = start(['up', '-c', settings, '--without', 'chain'], env);
    await node.line(/register of production is [1-9]/, 120_000);

    const file = join(home, 'node.backup');
    const copied = await run('backup', file, '-c', settings);
    const names = copied.filter(({ type }) => type === 'file').map(({ name }) => String(name));
    expect(names).toEqual(
      expect.arrayContaining([
        'parameters.yml',
        `nodes/${account.toLowerCase()}/agent.sqlite`,
        `nodes/${account.toLowerCase()}/outbox.sqlite`,
        'monitor/monitor.sqlite',
        'chain/chain.sqlite',
      ]),
    );
    expect(names.some((name) => name.startsWith('keystore/'))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(left(home)).toEqual([]);

    const into = join(home, 'restored');
    await run('restore', file, '--into', into);
    const samplesOf = (directory: string) =>
      rows(join(directory, 'monitor/monitor.sqlite'), 'SELECT at, power, register FROM samples ORDER BY at');
    const restored = samplesOf(into);
    expect(restored.length).toBeGreaterThan(5);
    const agentFolder = join(into, `nodes/${account.toLowerCase()}`);
    const [books] = rows(join(agentFolder, 'agent.sqlite'), 'SELECT at, register FROM agent') as {
      at: number;
      register: number;
    }[];
    const [then] = rows(
      join(into, 'monitor/monitor.sqlite'),
      `SELECT register FROM samples WHERE at = ${books?.at ?? 0}`,
    ) as { register: number }[];
    // Both integrate the same samples, the agent from a later one on: the difference is the register at that one,
    // give or take the last digit.
    const difference = (then?.register ?? 0) - (books?.register ?? 0);
    expect(books?.register).toBeGreaterThan(0);
    expect(difference).toBeGreaterThanOrEqual(0);
    const [one] = rows(
      join(into, 'monitor/monitor.sqlite'),
      `SELECT count(*) AS n FROM samples WHERE register BETWEEN ${difference - 1} AND ${difference + 1}`,
    ) as { n: number }[];
    expect(difference === 0 || (one?.n ?? 0) > 0).toBe(true);
    expect(rows(join(into, 'chain/chain.sqlite'), 'SELECT count(*) AS n FROM blocks')[0]).toMatchObject({
      n: expect.any(Number) as number,
    });

    // The ledger went on since: the books of then are refused, and without them the node goes on from the ledger.
    node.signal('SIGTERM');
    expect((await node.ended).code).toBe(0);
    // The store went on, and has on the disk now what it held in memory then: that is what was restored.
    expect(samplesOf(home).slice(0, restored.length)).toEqual(restored);
    const up = () =>
      start(['up', '-c', join(into, 'parameters.yml'), '--without', 'chain'], { ...env, DAISEE_HOME: into });
    const refused = await up().ended;
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('move it away')]);
    renameSync(join(agentFolder, 'agent.sqlite'), join(agentFolder, 'agent.sqlite.old'));
    const again = up();
    await again.line(/goes on from the ledger's register/, 120_000);
    again.signal('SIGTERM');
    expect((await again.ended).code).toBe(0);
    chain.signal('SIGTERM');
    await chain.ended;
    // The chain itself starts from its copy.
    const other = start(['chain', '--port', '0', '--block-time', '1s', '--data', join(into, 'chain')], env);
    await other.line(/Chain 20171 on .* at block [1-9]/, 120_000);
    other.signal('SIGTERM');
    await other.ended;
  });

  it('the history and the operations of a board are kept, and go on after it is restored', {
    timeout: 150_000,
  }, async () => {
    const { settings, home, env } = await homeOfNode();
    writeFileSync(settings, `${readFileSync(settings, 'utf8')}relay: { host: 127.0.0.1, serve: true }\n`);
    const wear = async (directory: string, orders: number): Promise<number | undefined> => {
      const logbook = openLogbook({
        clock: systemClock,
        directory,
        onFailure: (error) => expect.fail(error.message),
      });
      const driver = createSimulatedDriver();
      const board = createBoard({
        driver,
        clock: systemClock,
        operations: logbook.operations,
        breakTime: Duration(1),
      });
      logbook.follow(board);
      await board.start();
      for (let order = 0; order < orders; order++) await board.order(new Map([[0, order % 2 === 0]]));
      const [count] = board.report().operations;
      await board.stop();
      await logbook.stop();
      return count;
    };
    expect(await wear(join(home, 'relay'), 3)).toBe(3);
    const file = join(scratch(), 'node.backup');
    expect((await daisee(['backup', file, '-c', settings], env)).code).toBe(0);
    const into = join(scratch(), 'restored');
    expect((await daisee(['restore', file, '--into', into], env)).code).toBe(0);
    expect(readdirSync(join(into, 'relay')).sort()).toEqual(readdirSync(join(home, 'relay')).sort());
    // Three orders and the return to rest at the stop.
    expect(await wear(join(into, 'relay'), 0)).toBe(4);
  });

  it('puts everything where it was, and overwrites nothing without --force', {
    timeout: 150_000,
  }, async () => {
    const { home, settings, env } = await homeOfNode();
    const file = join(scratch(), 'node.backup');
    expect((await daisee(['backup', file, '-c', settings], env)).code).toBe(0);
    const again = await daisee(['backup', file, '-c', settings], env);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is there already')]);

    const secret = join(home, 'monitor-password');
    const samples = join(home, 'monitor/monitor.sqlite');
    const before = rows(samples, 'SELECT * FROM samples');
    writeFileSync(secret, 'changed');
    const refused = await daisee(['restore', file], env);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/there already.*--force/)]);
    expect(readFileSync(secret, 'utf8')).toBe('changed');
    // Whoever made the archive chose the places: none is taken that is not known to be DAISEE's.
    const strange = { ...env, DAISEE_HOME: scratch() };
    const outside = await daisee(['restore', file, '--force'], strange);
    expect([outside.code, outside.stderr]).toEqual([
      1,
      expect.stringMatching(/outside of .*--into.*--outside/),
    ]);
    expect((await daisee(['restore', file, '--outside'], strange)).stderr).toContain('there already');
    expect(readFileSync(secret, 'utf8')).toBe('changed');
    writeFileSync(`${samples}-wal`, 'a log of another time');
    expect((await daisee(['restore', file, '--force'], env)).code).toBe(0);
    expect(readFileSync(secret, 'utf8')).toBe('secret\n');
    expect(existsSync(`${samples}-wal`)).toBe(false);
    expect(rows(samples, 'SELECT * FROM samples')).toEqual(before);
    expect(left(dirname(file))).toEqual([]);
  });

  it('without a key is not made: it would look like one', { timeout: 150_000 }, async () => {
    const { settings } = await homeOfNode();
    const home = scratch();
    const file = join(home, 'a.backup');
    const { code, stderr } = await daisee(['backup', file, '-c', settings], { DAISEE_HOME: home });
    expect([code, existsSync(file)]).toEqual([1, false]);
    expect(stderr).toMatch(/^There is no key of 0x[0-9a-fA-F]{40} in .*\/keystore: run it as the user/);
  });

  it('of one node has its own key alone, others where they are named, and says whose', {
    timeout: 150_000,
  }, async () => {
    const { home, settings, address, env } = await homeOfNode();
    const add = async (n: number): Promise<string> =>
      await writeKeyFile(join(home, 'keystore'), createKey(), 'other', { now: Instant(n), cost: 2 });
    const admin = await add(1);
    const neighbour = await add(2);
    const elsewhere = join(scratch(), basename(neighbour));
    copyFileSync(admin, elsewhere);
    chmodSync(elsewhere, 0o600);
    const accountOf = (file: string) => `0x${file.slice(-40)}`;
    const keysIn = async (file: string) => {
      const { code, stdout, stderr } = await daisee(['restore', file, '--list', '--json'], env);
      expect([code, stderr]).toEqual([0, '']);
      return records(stdout)
        .filter(({ type }) => type === 'key')
        .map(({ account, own }) => [String(account).toLowerCase(), own]);
    };
    const own = join(scratch(), 'own.backup');
    const made = await daisee(['backup', own, '-c', settings], env);
    expect([made.code, made.stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^key of ${address}, the node’s own$`, 'im')),
    ]);
    expect(await keysIn(own)).toEqual([[address, true]]);
    const bytes = gunzipSync(readFileSync(own)).toString('latin1');
    for (const other of [admin, neighbour]) expect(bytes).not.toContain(accountOf(other).slice(2));

    const more = join(scratch(), 'more.backup');
    const named = ['--key', accountOf(admin), '--key', neighbour, '--key', elsewhere, '--key', address];
    expect((await daisee(['backup', more, '-c', settings, ...named], env)).stderr).not.toContain('--key');
    expect(await keysIn(more)).toEqual([
      [address, true],
      [accountOf(admin), false],
      [accountOf(neighbour), false],
      [accountOf(admin), false],
    ]);
    const into = join(scratch(), 'restored');
    const restored = await daisee(['restore', more, '--into', into], env);
    expect(restored.stdout).toMatch(new RegExp(`^key of ${accountOf(neighbour)}$`, 'im'));
    expect(readdirSync(join(into, 'keystore'))).toHaveLength(4);

    const file = join(scratch(), 'no.backup');
    const stranger = `0x${'12'.repeat(20)}`;
    const none = await daisee(['backup', file, '-c', settings, '--key', stranger], env);
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^--key 0x(12)+: there is no such key in .*keystore\. "daisee account list" shows/,
      ),
    ]);
    const typo = await daisee(['backup', file, '-c', settings, '--key', 'treasury'], env);
    expect([typo.code, typo.stderr]).toEqual([1, expect.stringContaining('neither an account')]);
    expect(existsSync(file)).toBe(false);
  });

  it('of the services is of their keys and stores, whoever makes it', () => {
    const environment: Record<string, string | undefined> = {};
    useHomeOf('./parameters.yml', environment);
    expect(environment).toEqual({});
    useHomeOf('/etc/daisee/parameters.yml', environment);
    expect(environment).toEqual({ DAISEE_HOME: '/var/lib/daisee/.daisee' });
    const own = { DAISEE_HOME: '/srv/own' };
    useHomeOf('/etc/daisee/parameters.yml', own);
    expect(own).toEqual({ DAISEE_HOME: '/srv/own' });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'put back by root belongs to whom the folder belongs, or the file that it replaces (needs root)',
    { timeout: 150_000 },
    async () => {
      const { home, settings, env } = await homeOfNode();
      const file = join(home, 'a.backup');
      await daisee(['backup', file, '-c', settings], env);
      chownSync(home, 12_345, 12_346);
      renameSync(join(home, 'keystore'), join(scratch(), 'keystore'));
      chownSync(settings, 12_347, 12_348);
      chmodSync(settings, 0o640);
      expect((await daisee(['restore', file, '--force'], env)).code).toBe(0);
      const owner = (path: string) => {
        const { uid, gid, mode } = statSync(join(home, path));
        return [uid, gid, (mode & 0o777).toString(8)];
      };
      expect(owner('keystore')).toEqual([12_345, 12_346, '700']);
      expect(owner(join('keystore', readdirSync(join(home, 'keystore'))[0] ?? ''))).toEqual([
        12_345,
        12_346,
        '600',
      ]);
      expect(owner('parameters.yml')).toEqual([12_347, 12_348, '640']);
    },
  );

  it('does not replace a store that a running node has open', { timeout: 150_000 }, async () => {
    const { home, settings, env } = await homeOfNode();
    const file = join(scratch(), 'node.backup');
    await daisee(['backup', file, '-c', settings], env);
    const store = openStore({ file: join(home, 'monitor/monitor.sqlite') });
    try {
      const { code, stderr } = await daisee(['restore', file, '--force'], env);
      expect([code, stderr]).toEqual([1, expect.stringContaining('is in use: stop the node first')]);
    } finally {
      store.close();
    }
  });

  it('closed with a passphrase it tells nothing, and opens with that passphrase only', {
    timeout: 150_000,
  }, async () => {
    const { home, settings, address, env } = await homeOfNode();
    const [file, passphrase] = [join(home, 'node.backup'), join(home, 'passphrase')];
    writeFileSync(passphrase, 'correct horse\n', { mode: 0o600 });
    const made = await daisee(['backup', file, '-c', settings, '--passphrase-file', passphrase], env);
    expect([made.code, made.stderr]).toEqual([0, '']);
    const bytes = readFileSync(file);
    expect(bytes.subarray(0, 16).toString()).toBe('DAISEE-SEALED-1\n');
    expect(bytes.includes(address.slice(2))).toBe(false);

    const into = join(home, 'restored');
    const restore = (extra: Readonly<Record<string, string>> = {}) =>
      daisee(['restore', file, '--into', into], { ...env, ...extra });
    expect((await restore()).stderr).toContain('it is closed: give --passphrase-file');
    expect((await restore({ DAISEE_BACKUP_PASSPHRASE: 'wrong' })).stderr).toContain(
      'passphrase is another one',
    );
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(200) ^ 1, 200);
    writeFileSync(file, changed);
    expect((await restore({ DAISEE_BACKUP_PASSPHRASE: 'correct horse' })).stderr).toContain('was changed');
    expect(existsSync(join(into, 'parameters.yml'))).toBe(false);
    expect(left(into)).toEqual([]);
    writeFileSync(file, bytes);
    expect((await restore({ DAISEE_BACKUP_PASSPHRASE: 'correct horse' })).code).toBe(0);
    const signer = await unlock({
      directory: join(into, 'keystore'),
      address: address as `0x${string}`,
      password: 'lab',
    });
    expect(signer.address.toLowerCase()).toBe(address);
  });

  it('a backup that was cut off or changed anywhere restores nothing', { timeout: 200_000 }, async () => {
    const { home, settings, env } = await homeOfNode();
    const file = join(home, 'node.backup');
    await daisee(['backup', file, '-c', settings], env);
    const whole = readFileSync(file);
    const { readArchive } = await import('../../src/backup/archive.ts');
    let n = 0;
    const outcome = async (bytes: Buffer) => {
      const directory = join(home, `try-${n++}`);
      mkdirSync(directory);
      writeFileSync(join(directory, 'x'), bytes);
      return readArchive(join(directory, 'x'), directory).then(
        ({ files }) => files,
        (error: unknown) => (error as { code?: string }).code,
      );
    };
    expect(await outcome(whole)).toHaveLength(4);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect(await outcome(whole.subarray(0, length))).toBe('cli.backup.unusable');
      }),
      { numRuns: 25 },
    );
    const plain = gunzipSync(whole);
    // Any byte of a file's content; a tar's headers and padding have parts that mean nothing.
    const content = plain.indexOf('contracts: {');
    await fc.assert(
      fc.asyncProperty(fc.nat(200), async (offset) => {
        const bytes = Buffer.from(plain);
        bytes.writeUInt8(bytes.readUInt8(content + offset) ^ 1, content + offset);
        expect(await outcome(gzipSync(bytes))).toBe('cli.backup.unusable');
      }),
      { numRuns: 25 },
    );
  });

  it('a made-up archive cannot write outside of its place', { timeout: 150_000 }, async () => {
    const home = scratch();
    const file = join(home, 'evil.backup');
    const tar = pack();
    tar.entry({ name: '../../escaped' }, 'x');
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(Buffer.from(chunk as Uint8Array));
    writeFileSync(file, gzipSync(Buffer.concat(chunks)));
    const { code, stderr } = await daisee(['restore', file, '--into', join(home, 'a/b')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be restored')]);
    expect(existsSync(join(home, 'escaped'))).toBe(false);
  });

  it('says in one line what cannot be read or written', { timeout: 150_000 }, async () => {
    const { home, settings, env } = await homeOfNode();
    writeFileSync(
      join(home, 'monitor/monitor.sqlite'),
      'not a store, but long enough to look like one'.repeat(99),
    );
    const damaged = await daisee(['backup', join(home, 'a.backup'), '-c', settings], env);
    expect([damaged.code, damaged.stderr]).toEqual([
      1,
      expect.stringContaining('monitor.sqlite cannot be copied'),
    ]);
    expect(existsSync(join(home, 'a.backup'))).toBe(false);
    const nowhere = await daisee(['backup', join(home, 'none/a.backup'), '-c', settings], env);
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('cannot be written')]);
    const missing = await daisee(['restore', join(home, 'none.backup')], env);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('no such file')]);
  });
});
