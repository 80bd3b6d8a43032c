import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlaceFailed } from '../../src/install/place.ts';
import { planOf } from '../../src/install/plan.ts';
import { filesOf } from '../../src/install/units.ts';
import { parseSettings } from '../../src/settings/read.ts';
import { daisee, records, scratch } from '../support/daisee.ts';

const page = `contract:
  address: '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558'
  token: '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF'
  node: '192.168.0.10'
node:
  address: '0x004ec07d2329997267ec62b4166639513386f32e'
  accountpswd: 'password1'
  url: 'http://127.0.0.1:8080'
  sensorId: 1
  typ: 'C'
  login: 'user'
  password: 'password2'
  limit: 20
  delta: 200
  channel: 0
sellers: { seller1: { account: '0x00625a1a269ac76c7c7b98939b5e60916fd41070', channel: 1 } }
monitor: { meter: { driver: serial, path: /dev/ttyACM0 } }
`;
const withBoard = `${page}relay: { host: 127.0.0.1, serve: true }\n`;
const withPins = `${page}relay: { host: 127.0.0.1, serve: true, driver: gpio, pins: [5, 6], activeLow: true, data: /srv/relay }\n`;
const elsewhere = `${page}relay: { host: 192.168.0.50 }\n`;

const program = { node: '/opt/daisee/node', script: '/opt/daisee/daisee.cjs', speaksItself: true };
const plan = (settings: string, changes: Partial<typeof program> = {}) =>
  planOf({
    settings: parseSettings(settings, 'x'),
    file: 'parameters.yml',
    user: 'daisee',
    program: { ...program, ...changes },
  });
const files = (settings: string, changes: Partial<typeof program> = {}) =>
  new Map(filesOf(plan(settings, changes)).map(({ path, content }) => [path, content]));

const relayUnit = '/etc/systemd/system/daisee-relay.service';
const nodeUnit = '/etc/systemd/system/daisee.service';

const written = (root: string): readonly string[] =>
  existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
        .sort()
    : [];

const inDirectory = (settings = withBoard) => {
  const home = scratch();
  const file = join(home, 'parameters.yml');
  writeFileSync(file, settings, { mode: 0o600 });
  const root = join(home, 'root');
  return {
    root,
    file,
    install: (...args: string[]) => daisee(['install', '-c', file, '--root', root, ...args]),
  };
};

describe('what daisee install writes', () => {
  it('a relay board here has a unit of its own, which the end of an agent does not touch', () => {
    const all = files(withBoard);
    expect(all.get(relayUnit)).toContain(' relay -c /etc/daisee/parameters.yml\n');
    expect(all.get(nodeUnit)).toContain(' up -c /etc/daisee/parameters.yml --without relay\n');
    expect(all.get(nodeUnit)).toContain('Wants=network-online.target daisee-relay.service\n');
    expect(all.get(nodeUnit)).not.toContain('Requires');
  });

  it('the board returns to rest whenever its service has ended, and a hung one is ended', () => {
    const unit = files(withPins).get(relayUnit);
    const rest = /^ExecStopPost=(.*)$/m.exec(unit ?? '')?.[1] ?? '';
    // In a unit's double quotes a backslash keeps the quotes of JSON.
    expect(rest).toMatch(/^\/bin\/sh .*rest\.sh .* -l 0\.05 6 5 \/opt\/daisee\/node .*rest\.ts "\{.*\}"$/);
    expect(JSON.parse(rest.slice(rest.indexOf('"') + 1, -1).replaceAll('\\"', '"'))).toMatchObject({
      pins: [5, 6],
      activeLow: true,
      own: [0],
    });
    expect(unit).toContain(`ExecStartPre=${rest}\n`);
    expect(unit).toContain('ReadWritePaths=/srv/relay\n');
    expect(unit).toMatch(/^WatchdogSec=5$/m);
    expect(unit).toMatch(/^WatchdogSignal=SIGKILL$/m);
    expect(unit).toMatch(/^Restart=always$/m);
    expect(files(withPins).get('/etc/systemd/system.conf.d/daisee-watchdog.conf')).toMatch(
      /^RuntimeWatchdogSec=14$/m,
    );
  });

  it('a board whose loads nobody names closes the same own sources last, whoever brings it to rest', () => {
    const alone = 'relay: { host: 0.0.0.0, serve: true, driver: gpio }\n';
    expect(plan(alone).pins).toMatchObject({ own: [0, 1] });
    expect(plan(alone.replace('gpio', 'gpio, pins: [5, 6]')).pins).toMatchObject({ own: [0] });
  });

  it('a simulated board has no pins to bring to rest', () => {
    expect(files(withBoard).get(relayUnit)).not.toMatch(/^Exec(StartPre|StopPost)|gpio/m);
  });

  it('without a board there is neither its unit nor the hardware watchdog', () => {
    const paths = [...files(elsewhere).keys()];
    expect(paths).toContain(nodeUnit);
    expect(paths).not.toContain(relayUnit);
    expect(paths.some((path) => path.includes('watchdog'))).toBe(false);
  });

  it('the services tell the journal in words, or in JSON where that was asked for', () => {
    const start = (jsonLog: boolean, path: string) => {
      const all = filesOf({ ...plan(withPins), jsonLog });
      return /^ExecStart=(.*)$/m.exec(all.find((one) => one.path === path)?.content ?? '')?.[1];
    };
    expect(start(true, relayUnit)).toMatch(/ relay -c \/etc\/daisee\/parameters\.yml --json$/);
    expect(start(true, nodeUnit)).toMatch(/ up -c \/etc\/daisee\/parameters\.yml --without relay --json$/);
    for (const path of [relayUnit, nodeUnit]) expect(start(false, path)).not.toContain('--json');
  });

  it.each([relayUnit, nodeUnit])('%s runs with as little as it can', (path) => {
    const unit = files(withPins).get(path) ?? '';
    for (const line of [
      'User=daisee',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'PrivateTmp=yes',
      'CapabilityBoundingSet=',
      'CacheDirectory=daisee',
      'Environment=NODE_COMPILE_CACHE=/var/cache/daisee',
      'DevicePolicy=closed',
      'Type=notify',
      'NotifyAccess=main',
    ])
      expect(unit.split('\n')).toContain(line);
  });

  it('only the board reaches GPIO, and serial ports are open only where a sensor is on one', () => {
    const all = files(withPins);
    expect(all.get(relayUnit)).toContain('DeviceAllow=char-gpiochip rw');
    expect(all.get(nodeUnit)).not.toContain('gpiochip');
    // By number: the driver of a board that is plugged in after the start has no name yet when systemd looks for it.
    expect(all.get(nodeUnit)).toContain('DeviceAllow=char-166 rw');
    expect(all.get(nodeUnit)).not.toContain('char-tty');
    expect(files(elsewhere.replace(/^monitor.*$/m, 'monitor: {}')).get(nodeUnit)).not.toContain('tty');
  });

  it('a Node that cannot write to the socket is spoken for by systemd-notify', () => {
    expect(files(withBoard, { speaksItself: false }).get(nodeUnit)).toMatch(/^NotifyAccess=all$/m);
  });

  it('a folder with a space and a percent sign stays one word', () => {
    const settings = elsewhere.replace(/^monitor.*$/m, "monitor: { data: '/srv/my 100% data' }");
    expect(files(settings).get(nodeUnit)).toContain('ReadWritePaths="/srv/my 100%% data"\n');
    expect(files(withBoard, { script: '/opt/a b/$x.cjs' }).get(relayUnit)).toContain(' "/opt/a b/$$x.cjs" ');
  });

  it.each([
    ['node.passwordFile', withBoard.replace("password: 'password2'", 'passwordFile: ./secret'), /whole path/],
    ['node.data', withBoard.replace("login: 'user'", "login: 'user'\n  data: /home/pi/books"), /in a home/],
    ['node.accountpswdFile', withBoard.replace("accountpswd: 'password1'", ''), /nobody to ask/],
  ])('refuses %s where a service could not reach it', (key, settings, why) => {
    expect(() => plan(settings)).toThrow(why);
    expect(() => plan(settings)).toThrow(key);
  });

  it('refuses a program in a home and a user that cannot be one', () => {
    expect(() => plan(withBoard, { script: '/home/pi/daisee/packages/cli/bin/daisee.cjs' })).toThrow(
      'sudo mv /home/pi/daisee /opt/daisee',
    );
    expect(() =>
      planOf({ settings: parseSettings(withBoard, 'x'), file: 'x', user: 'Mr Smith', program }),
    ).toThrow('cannot be a system user');
  });

  it('systemd finds nothing wrong with the units, and them well locked up', {
    timeout: 150_000,
  }, async () => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
      process.stderr.write('Not checked here: there is no systemd-analyze.\n');
      return;
    }
    const { root, install } = inDirectory();
    expect((await install()).code).toBe(0);
    const units = [relayUnit, nodeUnit].map((path) => join(root, path));
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' });
    // It also tells of other units of the machine, and of a user that is not made yet.
    expect({ status, ours: stderr.split('\n').filter((line) => /root\/etc.*daisee/.test(line)) }).toEqual({
      status: 0,
      ours: [],
    });
    for (const unit of units) {
      const said = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
        encoding: 'utf8',
      });
      expect(Number(/exposure level for \S+: ([\d.]+)/.exec(said)?.[1])).toBeLessThanOrEqual(2);
    }
  });
});

describe('daisee install', () => {
  it('writes only below --root, says what, and what to do next', { timeout: 150_000 }, async () => {
    const { root, install } = inDirectory();
    const { code, stdout } = await install();
    expect(code).toBe(0);
    expect(written(root)).toEqual(
      [
        '/etc/daisee/parameters.yml',
        relayUnit,
        nodeUnit,
        '/etc/sysusers.d/daisee.conf',
        '/etc/tmpfiles.d/daisee.conf',
        '/etc/udev/rules.d/60-daisee.rules',
        '/usr/local/bin/daisee',
      ].sort(),
    );
    for (const path of written(root)) expect(stdout).toContain(`written    ${path}`);
    expect(stdout).toContain('sudo systemctl enable --now daisee-relay.service daisee.service');
    expect(statSync(join(root, '/etc/daisee/parameters.yml')).mode & 0o777).toBe(0o640);
    expect(statSync(join(root, '/usr/local/bin/daisee')).mode & 0o777).toBe(0o755);
    const version = execFileSync(join(root, '/usr/local/bin/daisee'), ['--version'], { encoding: 'utf8' });
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('changes nothing the second time, and keeps what somebody changed', { timeout: 150_000 }, async () => {
    const { root, install } = inDirectory();
    await install();
    const again = records((await install('--json')).stdout).filter(({ type }) => type === 'file');
    expect(new Set(again.map(({ done }) => done))).toEqual(new Set(['unchanged']));
    const unit = join(root, nodeUnit);
    writeFileSync(unit, 'changed by hand\n');
    chmodSync(join(root, relayUnit), 0o600);
    expect((await install()).stdout).toContain(`replaced   ${nodeUnit} (the old one is ${unit}.bak)`);
    expect(readFileSync(`${unit}.bak`, 'utf8')).toBe('changed by hand\n');
    expect(statSync(join(root, relayUnit)).mode & 0o777).toBe(0o644);
    writeFileSync(unit, 'changed again\n');
    await install();
    expect(readFileSync(`${unit}.bak`, 'utf8')).toBe('changed by hand\n');
    expect(readFileSync(`${unit}.bak2`, 'utf8')).toBe('changed again\n');
  });

  it('--print shows the files and writes none', { timeout: 150_000 }, async () => {
    const { root, install } = inDirectory();
    const { code, stdout } = await install('--print', '--json-log');
    expect(code).toBe(0);
    expect(stdout.match(/^ExecStart=.* --json$/gm)).toHaveLength(2);
    expect(stdout).toContain(`### ${relayUnit} (644)`);
    expect(stdout).not.toContain('password1');
    expect(written(root)).toEqual([]);
  });

  it('--uninstall takes away what it wrote and leaves settings and the files of others', {
    timeout: 150_000,
  }, async () => {
    const { root, install } = inDirectory();
    await install();
    const wants = join(root, '/etc/systemd/system/multi-user.target.wants');
    mkdirSync(wants);
    symlinkSync(nodeUnit, join(wants, 'daisee.service'));
    writeFileSync(join(root, '/usr/local/bin/daisee'), 'something else\n');
    const { code, stdout } = await install('--uninstall');
    expect(code).toBe(0);
    expect(stdout).toContain('left       /usr/local/bin/daisee');
    expect(written(root)).toEqual(['/etc/daisee/parameters.yml', '/usr/local/bin/daisee']);
    expect((await install('--uninstall')).code).toBe(0);
  });

  it('settings that describe nothing to run, or that are not there, end with one clear line', {
    timeout: 150_000,
  }, async () => {
    const { file, root, install } = inDirectory('relay: { host: 192.168.0.50 }\n');
    const { code, stderr } = await install();
    expect(code).toBe(1);
    expect(stderr).toContain(`${file}: describes nothing to run`);
    expect((await daisee(['install', '-c', '/nowhere.yml', '--root', root])).stderr).toContain(
      'does not exist',
    );
    expect(written(root)).toEqual([]);
  });

  it('a place that cannot be written says so in one line, and asks for sudo where that would help', {
    timeout: 150_000,
  }, async () => {
    const { file } = inDirectory();
    const { code, stderr } = await daisee(['install', '-c', file, '--root', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/parameters\.yml\/etc\/.* cannot be written: ENOTDIR/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    expect(new PlaceFailed('/etc/x', denied).message).toContain('Run it with sudo');
  });
});
