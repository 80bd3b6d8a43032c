import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Duration, systemClock } from '@daisee/units';
import { afterEach, expect, test } from 'vitest';
import { connectLedger, createEmbeddedChain, type Deployment } from '../src/index.ts';
import { createRpc } from '../src/rpc.ts';
import { temporaryDirectory } from './support/directory.ts';

const HOST = fileURLToPath(new URL('./support/host.ts', import.meta.url));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Mined {
  readonly hash: string;
  readonly block: number;
  readonly register: bigint;
}

/** Runs the host until it has said so many receipts, then kills it at an instant of its own. */
const runAndKill = (directory: string, receipts: number, after: Duration): Promise<readonly Mined[]> =>
  new Promise((resolve, reject) => {
    const mined: Mined[] = [];
    const said: string[] = [];
    const child = spawn(process.execPath, [HOST, directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word, hash = '', block, register = '0'] = line.split(' ');
      if (word === 'mined') mined.push({ hash, block: Number(block), register: BigInt(register) });
      else if (word !== 'ready') said.push(line);
      if (mined.length === receipts) void systemClock.sleep(after).then(() => child.kill('SIGKILL'));
    });
    // `close` comes when its output is read to the end.
    child.once('close', (_, signal) => {
      if (signal === 'SIGKILL' && said.length === 0) resolve(mined);
      else reject(new TypeError(`The host ended by itself: ${said.join(' ')}`));
    });
  });

/** Processes whose command line names the text; nothing where there is no /proc. */
const processesNaming = (text: string): readonly string[] => {
  const lines: string[] = [];
  for (const pid of readdirSync('/proc', { withFileTypes: true })) {
    if (!/^\d+$/.test(pid.name)) continue;
    try {
      const line = readFileSync(`/proc/${pid.name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (line.includes(text)) lines.push(line);
    } catch {}
  }
  return lines;
};

test('a chain killed over and over in the middle of writing keeps everything that anyone saw mined', {
  timeout: 180_000,
}, async () => {
  const directory = temporaryDirectory();
  const seen: Mined[] = [];
  for (const [receipts, after] of [
    [4, 0],
    [3, 11],
    [1, 23],
    [6, 37],
    [2, 5],
  ] as const)
    seen.push(...(await runAndKill(directory, receipts, Duration(after))));

  const chain = createEmbeddedChain({ directory, port: 0, blockTime: Duration(30), clock: systemClock });
  await chain.start();
  const { exchange, coin } = JSON.parse(
    readFileSync(join(directory, 'deployment.json'), 'utf8'),
  ) as Deployment;
  const ledger = connectLedger({
    url: chain.url,
    exchange,
    coin,
    signer: chain.treasury,
    outbox: join(directory, 'outbox.sqlite'),
    clock: systemClock,
    pollInterval: Duration(5),
  });
  await ledger.start();
  const rpc = createRpc({ url: chain.url });
  for (const { hash, block } of seen)
    expect(await rpc.request('eth_getTransactionReceipt', [hash])).toMatchObject({
      blockNumber: `0x${block.toString(16)}`,
      status: '0x1',
    });
  const events = await ledger.createFeed().poll();
  const produced = events.filter((event) => event.type === 'produced');
  for (const { hash, block, register } of seen)
    expect(produced).toContainEqual(expect.objectContaining({ hash, block, register }));
  // Every register once: nothing was sent twice for a crash.
  const registers = produced.map(({ register }) => register);
  expect(new Set(registers).size).toBe(registers.length);
  rpc.close();
  await ledger.stop();
  await chain.stop();
});

test('anvil ends with the process that runs it, even by kill -9', async () => {
  const directory = temporaryDirectory();
  await runAndKill(directory, 1, Duration(0));
  let left = processesNaming(directory);
  for (let tries = 0; left.length > 0 && tries < 100; tries++) {
    await systemClock.sleep(Duration(50));
    left = processesNaming(directory);
  }
  expect(left).toEqual([]);
});
