/**
 * What a node writes to its disk in a day: `npm run bench:writes -- --minutes 20 --report 60 --without app --data DIR`,
 * with `--hold false` for a monitor that writes each sample by itself.
 *
 * A real consumer node (`daisee up`: monitor with 8 s samples, relay board, agent) runs against a chain that is another
 * machine's, in real time: how much a write costs depends on what the kernel gathers before it writes, so a faster
 * clock would flatter. Counted are the bytes that the node caused to be sent to the storage (`write_bytes` of
 * /proc/PID/io, https://docs.kernel.org/filesystems/proc.html), whole pages of the page cache, so DIR must be on a real
 * file system and not in memory; and beside it what reached DIR's disk, file system's journal and all, which means
 * something where nobody else writes there. The first two minutes are left out: files are made then.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    report: { type: 'string', default: '60' },
    without: { type: 'string' },
    hold: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const minutes = Number(values.minutes);
const WARM_UP = 120_000;
const DAY = 86_400;
const MB = 1e6;

const bin = join(import.meta.dirname, '../bin/daisee.cjs');
const home = values.data ?? mkdtempSync(join(tmpdir(), 'daisee-writes-'));
mkdirSync(home, { recursive: true });
const elsewhere = mkdtempSync(join(tmpdir(), 'daisee-writes-chain-'));
const env = { ...process.env, DAISEE_ACCOUNTPSWD: 'bench', DAISEE_PASSWORD: 'bench', DAISEE_HOME: home };

const running: ChildProcess[] = [];
const start = async (args: readonly string[], until: RegExp): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (until.test(chunk.toString())) resolve();
    });
    child.once('exit', (code) => reject(new Error(`daisee ${args[0]} ended with ${code}.`)));
  });
  return child;
};
const run = (...args: string[]): Record<string, unknown> => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, ...args, '--json'], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`daisee ${args[0]} failed: ${stderr}`);
  return JSON.parse(stdout.split('\n')[0] ?? '{}') as Record<string, unknown>;
};
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
const written = (pid: number): number =>
  Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
/** Bytes that reached the disk (https://docs.kernel.org/block/stat.html: sectors of 512 bytes). */
const onDisk = (): number => {
  const { dev } = statSync(home);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const stat = readFileSync(`/sys/dev/block/${major}:${minor}/stat`, 'utf8').trim().split(/\s+/);
  return Number(stat[6]) * 512;
};
const rest = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
};

try {
  const [chainPort, monitorPort, relayPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const rpc = `http://127.0.0.1:${chainPort}`;
  const [admin, consumer, producer] = [1, 2, 3].map(() => String(run('account', 'new')['address']));
  const chain = [
    'chain',
    '--port',
    String(chainPort),
    '--block-time',
    '5s',
    '--data',
    join(elsewhere, 'chain'),
  ];
  await start(chain, /Chain/);
  const deployed = run('deploy', '--rpc', rpc, '--account', String(admin));
  const [exchange, coin] = [String(deployed['exchange']), String(deployed['coin'])];
  const where = ['--rpc', rpc, '--exchange', exchange, '--coin', coin, '--account', String(admin)];
  run('node', 'register', ...where, '--node', String(consumer), '--kind', 'consumer');
  run('node', 'register', ...where, '--node', String(producer), '--kind', 'producer');
  const rows = Array.from({ length: 10_800 }, (_, n) => `${1_700_000_000 + 8 * n},${200 + (n % 17)}`);
  writeFileSync(join(home, 'day.csv'), rows.join('\n'));
  const settings = join(home, 'parameters.yml');
  writeFileSync(
    settings,
    `contracts: { daisee: '${exchange}', token: '${coin}', node: '${rpc}' }
node: { address: '${consumer}', type: C, url: 'http://127.0.0.1:${monitorPort}', id: 1, login: user, limit: 100000, delta: 10, channel: 0, fuelgauge: False, report: ${values.report} }
sellers: { neighbour: { account: '${producer}', channel: 1 } }
relay: { host: 127.0.0.1, port: ${relayPort}, serve: true }
monitor: { port: ${monitorPort},${values.hold === undefined ? '' : ` holdFor: ${values.hold},`} meter: { driver: replay, file: '${join(home, 'day.csv')}', loop: true } }
`,
  );
  const node = await start(
    ['up', '-c', settings, ...(values.without === undefined ? [] : ['--without', values.without])],
    /Agent of consumer/,
  );
  const pid = node.pid ?? 0;
  await pause(WARM_UP);
  const before = written(pid);
  const diskBefore = onDisk();
  const began = performance.now();
  for (let minute = 0; minute < minutes; minute++) {
    await pause(60_000);
    if (node.exitCode !== null) throw new Error('The node ended while it was measured.');
    process.stderr.write(`minute ${minute + 1}: ${((written(pid) - before) / 1000).toFixed(0)} kB so far\n`);
  }
  const bytes = written(pid) - before;
  const days = (performance.now() - began) / 1000 / DAY;
  const perDay = bytes / days;
  const disk = (onDisk() - diskBefore) / days;
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('sqlite'))
    .map((file) => `${file} ${statSync(join(home, file)).size}`);
  if (values.json) process.stdout.write(`${JSON.stringify({ bytes, minutes, perDay, disk, files })}\n`);
  else
    process.stdout.write(
      `| machine | minutes | written by the node | a day | reached the disk, a day |\n|---|---|---|---|---|\n| ${cpus()[0]?.model ?? ''} | ${minutes} | ${(bytes / MB).toFixed(2)} MB | ${(perDay / MB).toFixed(1)} MB | ${(disk / MB).toFixed(1)} MB |\n\n${files.join('\n')}\n`,
    );
} finally {
  for (const child of running.toReversed()) await rest(child);
  rmSync(elsewhere, { recursive: true, force: true });
  if (!values.data) rmSync(home, { recursive: true, force: true });
}
