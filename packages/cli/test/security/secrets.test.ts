/** Secrets that are planted in settings and environment come out nowhere: words, answers, process lists, files. */
import { chmodSync, globSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { daisee, freePort, records, scratch, start } from '../support/daisee.ts';
import { send } from './servers.ts';
import { doorsOf, filled } from './table.ts';

/** Unique, and of letters that no encoding of a file or an address changes. */
const planted = (name: string): string => `Planted${name}${Math.random().toString(36).slice(2, 10)}`;

const leaksIn = (text: string, secrets: readonly string[]): readonly string[] =>
  secrets.filter(
    (secret) =>
      text.includes(secret) ||
      text.includes(Buffer.from(secret).toString('base64').replace(/=+$/, '')) ||
      text.includes(Buffer.from(secret).toString('hex')),
  );

/** Where one of the secrets stands in the process list: of a process, its children and theirs. */
const leaksOfProcesses = (pid: number, secrets: readonly string[]): readonly string[] => {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return ''; // it has ended meanwhile
    }
  };
  const children = (of: number): readonly number[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => new RegExp(`\\) \\S ${of} `).test(read(`/proc/${name}/stat`)))
      .map(Number);
  const look = (of: number, isChild: boolean): readonly string[] => [
    ...leaksIn(read(`/proc/${of}/cmdline`), secrets).map((secret) => `${secret} in cmdline of ${of}`),
    // Its own environment is where it was given them; children need none of it.
    ...(isChild ? leaksIn(read(`/proc/${of}/environ`), secrets) : []).map(
      (secret) => `${secret} in environ of ${of}`,
    ),
    ...children(of).flatMap((child) => look(child, true)),
  ];
  return look(pid, false);
};

const leaksOfFiles = (folder: string, meant: readonly string[], secrets: readonly string[]) =>
  globSync('**/*', { cwd: folder })
    .filter((name) => !meant.includes(name) && statSync(join(folder, name)).isFile())
    .flatMap((name) =>
      leaksIn(readFileSync(join(folder, name), 'latin1'), secrets).map((secret) => `${secret} in ${name}`),
    );

const settingsFile = (home: string, content: string): string => {
  const file = join(home, 'parameters.yml');
  writeFileSync(file, content, { mode: 0o600 });
  return file;
};

const NOBODY = '0x00a329c0648769A73afAc7F9381E08FB43dBEA72';

/** A port that answers everything with that text and hangs up. */
const answering = async (text: string) => {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy()).once('data', () => socket.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, close: () => server.close() };
};

describe('secrets', () => {
  it('are in no error of settings, whatever is wrong beside them', async () => {
    const home = scratch();
    const secret = planted('InYaml');
    const wrong = [
      `node: { password: *${secret} }`,
      `node:\n  password: !${secret} x`,
      `node:\n  password: "\\q${secret}`,
      `node:\n  password: @${secret}`,
      `node:\n  password: ${secret}: b: c`,
      `node:\n  password: |${secret}`,
      `node:\n  password: &${secret} [`,
      `node:\n  password: a\n  password: ${secret}`,
      `node:\n  password: { ${secret}: 1 }`,
      `node:\n\tpassword: ${secret}`,
      `<<: *${secret}`,
      `monitor: { meters: { password: ${secret} } }`,
      `monitor: { meter: { driver: nothing, password: ${secret} } }`,
      `relay: { host: a, devices: [{ driver: x, password: ${secret} }], token: [${secret}] }`,
      `contracts: { node: 'http://u:${secret}@h:99999' }`,
      `contracts: { node: 'u:${secret}@' }`,
      `node: { url: 'http://u:${secret}@h' }`,
      `monitor: { database: 'postgres://u:${secret}/x@h:99999/d' }`,
      `monitor: { meter: { driver: mqtt, url: 'mqtt://u:${secret}/x@h:99999', topic: t } }`,
      `homeAssistant: { url: 'u:${secret}@h' }`,
      `app: { password: [${secret}] }`,
    ];
    // The whole command for one, its reader for the others: a process for each would take a minute.
    const { parseSettings } = await import('../../src/settings/read.ts');
    for (const text of wrong) {
      const problems = await Promise.try(() => parseSettings(text, 'p.yml')).then(
        () => 'accepted',
        (error: unknown) => error,
      );
      expect([text, problems]).toEqual([text, expect.objectContaining({ code: 'cli.settings' })]);
      expect([text, leaksIn(JSON.stringify(problems) + String(problems), [secret])]).toEqual([text, []]);
    }
    const { code, stderr } = await daisee(['up', '-c', settingsFile(home, wrong[0] ?? '')]);
    expect([code, leaksIn(stderr, [secret])]).toEqual([1, []]);
  });

  it('are in nothing that a node says or answers while all that it needs refuses it', {
    timeout: 120_000,
  }, async () => {
    const home = scratch();
    const names = [
      'Account',
      'Monitor',
      'App',
      'Token',
      'Rpc',
      'MqttUrl',
      'Mqtt',
      'Database',
      'Shelly',
      'Ha',
    ];
    const s = Object.fromEntries(names.map((name) => [name, planted(name)]));
    const secrets = Object.values(s);
    const refusing = await freePort();
    const denying = await answering('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    const strange = await answering('SSH-2.0-OpenSSH_9.6\r\n');
    const [monitorPort, appPort] = [await freePort(), await freePort()];
    // The key has another password than the settings say.
    const other = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: planted('Other') };
    const made = records((await daisee(['account', 'new', '--json'], other)).stdout)[0];
    const address = String(made?.['address']);
    const file = settingsFile(
      home,
      `contracts: { daisee: '${NOBODY}', token: '${NOBODY}', node: 'http://me:${s['Rpc']}@127.0.0.1:${refusing}' }
node: { address: '${address}', type: P, url: 'http://127.0.0.1:${denying.port}', id: 1, login: me, password: ${s['Monitor']}, accountpswd: ${s['Account']} }
app: { port: ${appPort}, password: ${s['App']} }
relay: { host: 127.0.0.1, port: ${strange.port}, url: 'http://127.0.0.1:${denying.port}', token: ${s['Token']} }
homeAssistant: { url: 'mqtt://127.0.0.1:${strange.port}', username: me, password: ${s['Ha']} }
monitor:
  port: ${monitorPort}
  data: ${home}/monitor
  login: me
  password: ${s['Monitor']}
  meters:
    - { name: a, driver: mqtt, url: 'mqtt://me:${s['MqttUrl']}@127.0.0.1:${refusing}', topic: t }
    - { name: b, driver: mqtt, url: 'mqtt://127.0.0.1:${strange.port}', username: me, password: ${s['Mqtt']}, topic: t }
    - { name: c, driver: shelly, host: '127.0.0.1:${denying.port}', password: ${s['Shelly']} }
`,
    );
    const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: s['Account'] ?? '' };
    const said: string[] = [];
    const up = start(['up', '-c', file, '--without', 'agent'], env);
    await up.line(/^Monitor on /);
    for (const headers of [{}, { authorization: 'Basic bWU6d3Jvbmc=' }, { authorization: 'Bearer wrong' }])
      for (const { method, path } of doorsOf('Monitor'))
        said.push(
          JSON.stringify(await send(`http://127.0.0.1:${monitorPort}${filled(path)}`, method, { headers })),
        );
    await up.line(/cannot be reached|does not answer|refuses|no answer|login/i);
    expect(leaksOfProcesses(up.pid, secrets)).toEqual([]);
    for (const command of [
      ['doctor', '-c', file, '--json'],
      ['doctor', '-c', file],
      ['status', '-c', file],
      ['up', '-c', file, '--without', 'monitor'],
      ['app', '-c', file],
      ['token', 'balance', '-c', file],
      [
        'monitor',
        '--database',
        `postgres://me:${s['Database']}@127.0.0.1:${refusing}/d`,
        '--name',
        'x',
        '--port',
        '0',
      ],
      [
        'monitor',
        '--database',
        `postgres://me:${s['Database']}@127.0.0.1:${strange.port}/d`,
        '--name',
        'x',
        '--port',
        '0',
      ],
      ['monitor', 'token', 'list', '--url', `http://me:${s['Monitor']}@127.0.0.1:${refusing}`],
      ['status', '--rpc', `http://me:${s['Rpc']}@`, '--exchange', NOBODY, '--coin', NOBODY],
      [
        'status',
        '--rpc',
        `http://me:${s['Rpc']}@127.0.0.1:${strange.port}`,
        '--exchange',
        NOBODY,
        '--coin',
        NOBODY,
      ],
    ]) {
      const one = start(command, env);
      // Who would wait for its chain for ever has said by then what it waits for.
      const patience = setTimeout(() => one.signal('SIGTERM'), 6000);
      const { stdout, stderr } = await one.ended;
      clearTimeout(patience);
      expect([command.slice(0, 2), leaksIn(stdout + stderr, secrets)]).toEqual([command.slice(0, 2), []]);
      expect(stdout + stderr).not.toMatch(/\n\s+at .*\.ts:\d+/);
    }
    up.signal('SIGTERM');
    await up.ended;
    denying.close();
    strange.close();
    expect(leaksIn(said.join('\n') + up.output(), secrets)).toEqual([]);
    expect(leaksOfFiles(home, ['parameters.yml'], secrets)).toEqual([]);
  });

  it('are in nothing that a running node says, answers, keeps or shows of its processes', {
    timeout: 180_000,
  }, async () => {
    const home = scratch();
    const s = Object.fromEntries(
      ['Account', 'Monitor', 'App', 'Token', 'Rpc'].map((name) => [name, planted(name)]),
    );
    const env = {
      DAISEE_HOME: home,
      DAISEE_ACCOUNTPSWD: s['Account'] ?? '',
      DAISEE_PASSWORD: s['Monitor'] ?? '',
    };
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await daisee([...args, '--json'], env);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return records(stdout)[0] ?? {};
    };
    const ports = await Promise.all(Array.from({ length: 5 }, freePort));
    const [chainPort, monitorPort, appPort, relayPort, httpPort] = ports;
    const plain = `http://127.0.0.1:${chainPort}`;
    const { address: account, file: keyFile } = await run('account', 'new');
    const address = String(account);
    expect(statSync(String(keyFile)).mode & 0o777).toBe(0o600);
    const chain = start(
      ['chain', '--port', String(chainPort), '--block-time', '500ms', '--data', join(home, 'chain')],
      env,
    );
    await chain.line(/Chain 20171 on/);
    const treasury = readFileSync(join(home, 'chain/treasury.key'), 'utf8').trim();
    const secrets = [...Object.values(s), treasury, treasury.slice(2)];
    const where = ['--rpc', plain, '--account', address];
    const deployed = await run('deploy', ...where);
    const [exchange, coin] = [String(deployed['exchange']), String(deployed['coin'])];
    const contracts = ['--exchange', exchange, '--coin', coin];
    await run(
      'node',
      'register',
      ...where,
      ...contracts,
      '--node',
      address,
      '--kind',
      'producer',
      '--price',
      '2',
    );
    const file = settingsFile(
      home,
      `contracts: { daisee: '${exchange}', token: '${coin}', node: 'http://me:${s['Rpc']}@127.0.0.1:${chainPort}' }
node: { address: '${address}', type: P, url: 'http://127.0.0.1:${monitorPort}', id: 1, login: me, price: 2, period: 1, report: 2 }
app: { port: ${appPort}, password: ${s['App']} }
monitor: { port: ${monitorPort}, data: ${home}/monitor, login: me, password: ${s['Monitor']} }
relay: { host: 127.0.0.1, port: ${relayPort}, serve: true, channels: 2, data: ${home}/relay, token: ${s['Token']}, http: { port: ${httpPort} } }
`,
    );
    const up = start(['up', '-c', file], env);
    await up.line(/^Monitor on /);
    await up.line(/^DAISEE App: /);
    const appUrl = `http://127.0.0.1:${appPort}`;
    const ready = async () => (await send(`${appUrl}/api/session`, 'GET')).status;
    await expect.poll(ready, { timeout: 60_000, interval: 300 }).toBe(200);
    const answers: string[] = [];
    const login = await send(`${appUrl}/api/login`, 'POST', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: s['App'] }),
    });
    expect(login.status).toBe(200);
    answers.push(JSON.stringify(login));
    const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
    const basic = { authorization: `Basic ${Buffer.from(`me:${s['Monitor']}`).toString('base64')}` };
    const doors = [
      ['App', appUrl, { cookie }],
      ['Monitor', `http://127.0.0.1:${monitorPort}`, basic],
      ['Relay, HTTP', `http://127.0.0.1:${httpPort}`, { authorization: `Bearer ${s['Token']}` }],
    ] as const;
    for (const [name, url, headers] of doors)
      for (const { path } of doorsOf(name).filter(({ method }) => method === 'GET'))
        answers.push(JSON.stringify(await send(url + filled(path), 'GET', { headers })));
    answers.push(JSON.stringify(await send(`${appUrl}/api/state`, 'GET', { headers: { cookie } })));
    expect(answers.length).toBeGreaterThan(60);
    for (const running of [up, chain]) expect(leaksOfProcesses(running.pid, secrets)).toEqual([]);
    for (const command of [
      ['doctor', '-c', file, '--json'],
      ['status', '-c', file],
      ['energy', 'status', '-c', file],
    ]) {
      const { stdout, stderr } = await daisee(command, env);
      answers.push(stdout + stderr);
    }
    for (const running of [up, chain]) {
      running.signal('SIGTERM');
      answers.push(JSON.stringify(await running.ended));
    }
    expect(leaksIn(answers.join('\n'), secrets)).toEqual([]);
    expect(leaksOfFiles(home, ['parameters.yml', 'chain/treasury.key'], secrets)).toEqual([]);
    // What holds them, and what tells of a household, is for its owner alone.
    for (const name of ['chain/treasury.key', 'parameters.yml'])
      expect([name, statSync(join(home, name)).mode & 0o077]).toEqual([name, 0]);
    for (const name of ['chain', 'monitor', 'keystore', 'relay', 'nodes'])
      expect([name, statSync(join(home, name)).mode & 0o077]).toEqual([name, 0]);
  });

  it('on the command line are warned of, in one line', async () => {
    const home = scratch();
    const secret = planted('Shown');
    const monitor = start(
      ['monitor', '--port', '0', '--data', join(home, 'm'), '--login', 'me', '--password', secret],
      { DAISEE_HOME: home },
    );
    await monitor.line(/^Monitor on/);
    const said = monitor
      .output()
      .split('\n')
      .filter((line) => /list of processes/.test(line));
    expect(said).toHaveLength(1);
    expect(leaksIn(monitor.output(), [secret])).toEqual([]);
    monitor.signal('SIGTERM');
    await monitor.ended;
  });
});

describe('a file with a secret', () => {
  const commands = (home: string, file: string): readonly (readonly [string, readonly string[]])[] => [
    ['a password', ['account', 'new', '--password-file', file]],
    ['tokens', ['relay', '--port', '0', '--own', '0', '--http', '--http-port', '0', '--tokens', file]],
    [
      'the password of a monitor',
      ['monitor', '--port', '0', '--data', join(home, 'm'), '--login', 'me', '--password-file', file],
    ],
  ];

  it('that others may read is refused, with the remedy; the remedy helps', { timeout: 90_000 }, async () => {
    const home = scratch();
    const env = { DAISEE_HOME: home };
    const file = join(home, 'secret');
    writeFileSync(file, '');
    for (const [what, command] of commands(home, file))
      for (const mode of [0o644, 0o640, 0o604, 0o620]) {
        if (mode !== 0o644 && what !== 'a password') continue;
        chmodSync(file, mode);
        const { code, stderr } = await daisee(command, env);
        expect([what, code]).toEqual([what, 1]);
        expect(stderr.trim().split('\n')).toHaveLength(1);
        expect(stderr).toContain(`chmod 600 ${file}`);
        expect(stderr).toContain(`mode 0${mode.toString(8)}`);
      }
    chmodSync(file, 0o600);
    writeFileSync(file, 'good enough\n');
    expect((await daisee(['account', 'new', '--password-file', file], env)).code).toBe(0);
  });

  it('of settings that others may read is refused, with the remedy, wherever the secret stands in it', async () => {
    const file = join(scratch(), 'parameters.yml');
    const { readSettings } = await import('../../src/settings/read.ts');
    const { holdsSecret } = await import('../../src/settings/closed.ts');
    const node = `address: '${NOBODY}', type: P, url: 'http://h', id: 1, login: me`;
    const contracts = `daisee: '${NOBODY}', token: '${NOBODY}'`;
    const withSecret = [
      `node: { ${node}, accountpswd: x }`,
      `node: { ${node}, password: x }`,
      'monitor: { login: me, password: x }',
      `contracts: { ${contracts}, node: h }\nnode: { ${node} }\napp: { password: x }`,
      'monitor: { database: "postgres://me@h/d", databasePassword: x }',
      'monitor: { database: "postgres://me:x@h/d" }',
      'monitor: { meter: { driver: shelly, host: h, password: x } }',
      'monitor: { meters: [{ name: a, driver: mqtt, url: "mqtt://me:x@h", topic: t }] }',
      'homeAssistant: { url: "mqtt://h", username: me, password: x }\nmonitor: {}',
      'relay: { host: h, token: "0123456789abcdef" }',
      `contracts: { ${contracts}, node: 'http://me:x@h:8545' }`,
    ];
    for (const text of withSecret) {
      writeFileSync(file, text);
      chmodSync(file, 0o604);
      expect(() => readSettings(file), text).toThrow(`Close it: chmod 600 ${file}`);
      chmodSync(file, 0o600);
      expect(holdsSecret(readSettings(file)), text).toBe(true);
    }
    const without = [
      `node: { ${node}, accountpswdFile: f, passwordFile: f }`,
      `contracts: { ${contracts}, node: 'http://h:8545' }`,
      `contracts: { ${contracts}, node: h }\nnode: { ${node} }\napp: { passwordFile: f }`,
      'monitor: { database: "postgres://me@h/d", databasePasswordFile: f }',
      'relay: { host: h, tokenFile: f }',
    ];
    for (const text of without) {
      writeFileSync(file, text);
      chmodSync(file, 0o644);
      expect(holdsSecret(readSettings(file)), text).toBe(false);
    }
    // Root hands them to a service as its group; a file of one's own is for nobody else.
    writeFileSync(file, withSecret[2] ?? '');
    chmodSync(file, 0o640);
    if (process.getuid?.() === 0) expect(readSettings(file).monitor).toBeDefined();
    else expect(() => readSettings(file)).toThrow('mode 0640');
  });

  it('of settings that others may read stops every command in one line; the board goes to rest all the same', {
    timeout: 60_000,
  }, async () => {
    const home = scratch();
    const file = join(home, 'parameters.yml');
    const secret = planted('Open');
    writeFileSync(
      file,
      `monitor: { login: me, password: ${secret} }\nrelay: { host: 127.0.0.1, serve: true, channels: 2 }\n`,
    );
    chmodSync(file, 0o644);
    for (const command of [['up'], ['app'], ['backup', join(home, 'b')], ['install', '--print'], ['relay']]) {
      const { code, stdout, stderr } = await daisee([...command, '-c', file], { DAISEE_HOME: home });
      expect([command, code, stderr]).toEqual([
        command,
        1,
        `${file}: holds passwords and is open to others on this machine (mode 0644): expected its owner alone. Close it: chmod 600 ${file}\n`,
      ]);
      expect(leaksIn(stdout + stderr, [secret])).toEqual([]);
    }
    expect((await daisee(['relay', 'rest', '-c', file], { DAISEE_HOME: home })).code).toBe(0);
  });

  it('that holds a key and is open to others is refused, with the remedy', { timeout: 60_000 }, async () => {
    const home = scratch();
    const env = { DAISEE_HOME: home, DAISEE_ACCOUNTPSWD: 'lab' };
    const made = records((await daisee(['account', 'new', '--json'], env)).stdout)[0];
    const file = String(made?.['file']);
    chmodSync(file, 0o640);
    const command = ['token', 'mint', '--rpc', 'http://127.0.0.1:1', '--exchange', NOBODY, '--coin', NOBODY];
    const signed = [...command, '--account', String(made?.['address']), '--to', NOBODY, '--amount', '1'];
    const { code, stderr } = await daisee(signed, env);
    expect([code, stderr.trim()]).toEqual([
      1,
      `The key file ${file} is open to others on this machine (mode 0640): expected its owner alone. Close it: chmod 600 ${file}`,
    ]);
    chmodSync(file, 0o600);
    const opened = start(signed, env);
    await opened.line(/does not answer/);
    opened.signal('SIGTERM');
    await opened.ended;
  });
});
