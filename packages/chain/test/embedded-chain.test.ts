import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Duration, Instant, systemClock, VirtualClock } from '@daisee/units';
import { afterEach, describe, expect, test } from 'vitest';
import { anvilBinary } from '../src/anvil-binary.ts';
import {
  ChainDirectoryBusy,
  type ChainEvent,
  ChainNotStarted,
  ChainOfAnotherId,
  createEmbeddedChain,
  createKey,
  type EmbeddedChain,
  type EmbeddedChainOptions,
  NoEmbeddedChain,
  PortInUse,
  RpcRefused,
  signerOf,
} from '../src/index.ts';
import { openJournal } from '../src/journal.ts';
import { createRpc, isRecord, type Rpc } from '../src/rpc.ts';
import { temporaryDirectory } from './support/directory.ts';
import { signTransfer } from './support/transfer.ts';

/** So long that only `mine` mines. */
const BY_HAND = Duration(3_600_000);
const running: EmbeddedChain[] = [];
const clients: Rpc[] = [];
afterEach(async () => {
  for (const rpc of clients.splice(0)) rpc.close();
  for (const chain of running.splice(0)) await chain.stop();
});

const chainIn = (directory: string, options: Partial<EmbeddedChainOptions> = {}) => {
  const events: ChainEvent[] = [];
  const chain = createEmbeddedChain({
    directory,
    port: 0,
    blockTime: BY_HAND,
    clock: systemClock,
    onEvent: (event) => events.push(event),
    ...options,
  });
  running.push(chain);
  return { chain, events };
};

const clientOf = (chain: EmbeddedChain): Rpc => {
  const rpc = createRpc({ url: chain.url });
  clients.push(rpc);
  return rpc;
};

const blockOf = async (rpc: Rpc, number: number | 'latest' = 'latest') => {
  const block = await rpc.request('eth_getBlockByNumber', [
    number === 'latest' ? number : `0x${number.toString(16)}`,
    false,
  ]);
  if (!isRecord(block)) throw new TypeError(`no block ${number}`);
  return block;
};

describe('The embedded chain', () => {
  test('charges nothing: an account without ether sends, and the base fee stays 0', async () => {
    const { chain } = chainIn(temporaryDirectory());
    await chain.start();
    const rpc = clientOf(chain);
    const poor = signerOf(createKey());
    const raw = await signTransfer(poor, { chainId: chain.chainId, nonce: 0 });
    const hash = await rpc.request('eth_sendRawTransaction', [raw]);
    for (let block = 0; block < 5; block++) await chain.mine();
    expect(await rpc.request('eth_getTransactionReceipt', [hash])).toMatchObject({
      status: '0x1',
      blockNumber: '0x1',
    });
    expect(await blockOf(rpc)).toMatchObject({ baseFeePerGas: '0x0', number: '0x5' });
    expect(await rpc.request('eth_gasPrice')).toBe('0x0');
    expect(await rpc.request('eth_maxPriorityFeePerGas')).toBe('0x0');
  });

  test('has the id asked for, a treasury with ether that it keeps, and the time of genesis', async () => {
    const directory = temporaryDirectory();
    const genesis = Instant(Date.UTC(2020, 0, 1));
    const { chain } = chainIn(directory, { chainId: 4711, genesis });
    await chain.start();
    const rpc = clientOf(chain);
    const { address } = chain.treasury;
    expect(await rpc.request('eth_chainId')).toBe('0x1267');
    expect(BigInt(String(await rpc.request('eth_getBalance', [address, 'latest'])))).toBeGreaterThan(
      10n ** 20n,
    );
    expect(chain.latest()).toEqual({ number: 0, at: genesis });
    await chain.stop();
    await chain.start();
    expect(chain.treasury.address).toBe(address);
    const other = chainIn(directory, { chainId: 1 });
    await chain.stop();
    await expect(other.chain.start()).rejects.toThrow(ChainOfAnotherId);
  });

  test('mines by its clock: a block each block time, stamped with the clock, however fast that runs', async () => {
    const start = Instant(Date.UTC(2026, 5, 1));
    const clock = new VirtualClock({ start });
    const { chain } = chainIn(temporaryDirectory(), { clock, blockTime: Duration(5000) });
    await clock.task(async () => {
      await chain.start();
      await clock.sleep(Duration(60_001));
      expect(chain.latest()).toEqual({ number: 12, at: Instant(start + 60_000) });
      await chain.stop();
    });
  });

  test('never stamps a block earlier than the one before, even when the clock was set back', async () => {
    const directory = temporaryDirectory();
    const later = chainIn(directory, { clock: new VirtualClock({ start: Instant(2e12) }) });
    await later.chain.start();
    await later.chain.mine();
    await later.chain.stop();
    const { chain } = chainIn(directory);
    await chain.start();
    const before = chain.latest().at;
    await chain.mine();
    expect(chain.latest().at).toBe(before + 1000);
  });

  test('comes back with the same blocks, hash for hash, and with what was waiting', async () => {
    const directory = temporaryDirectory();
    const { chain } = chainIn(directory);
    await chain.start();
    let rpc = clientOf(chain);
    const signer = signerOf(createKey());
    for (let nonce = 0; nonce < 3; nonce++) {
      await rpc.request('eth_sendRawTransaction', [
        await signTransfer(signer, { chainId: chain.chainId, nonce }),
      ]);
      await chain.mine();
      await chain.mine();
    }
    const hashes = async () =>
      Promise.all([0, 1, 2, 3, 4, 5, 6].map(async (n) => (await blockOf(rpc, n))['hash']));
    const before = await hashes();
    const waiting = await rpc.request('eth_sendRawTransaction', [
      await signTransfer(signer, { chainId: chain.chainId, nonce: 3 }),
    ]);
    await chain.stop();
    await chain.start();
    rpc = clientOf(chain);
    expect(await hashes()).toEqual(before);
    await chain.mine();
    expect(await rpc.request('eth_getTransactionReceipt', [waiting])).toMatchObject({ blockNumber: '0x7' });
  });

  test('loads its snapshot, and mines everything again when that is damaged', async () => {
    const directory = temporaryDirectory();
    const { chain, events } = chainIn(directory);
    await chain.start();
    for (let block = 0; block < 60; block++) await chain.mine();
    const { hash } = await blockOf(clientOf(chain));
    await chain.stop();
    const snapshot = readdirSync(directory).find((name) => name.startsWith('snapshot-'));
    expect(snapshot).toBe('snapshot-60.json.gz');
    events.length = 0;
    await chain.start();
    expect(events.map(({ message }) => message)).toEqual([
      'The embedded chain is at block 60 (60 from disk, 0 mined again).',
    ]);
    await chain.stop();
    writeFileSync(
      join(directory, 'snapshot-60.json.gz'),
      readFileSync(join(directory, 'snapshot-60.json.gz')).subarray(0, 200),
    );
    events.length = 0;
    await chain.start();
    expect(events.map(({ type }) => type)).toEqual(['trouble', 'started']);
    expect(events[0]?.message).toMatch(/snapshot of block 60 is of no use.*mined again/);
    expect((await blockOf(clientOf(chain)))['hash']).toBe(hash);
    expect(existsSync(join(directory, 'state.json'))).toBe(false);
  });

  test('a transaction that was refused is refused after a restart too', async () => {
    const { chain } = chainIn(temporaryDirectory());
    await chain.start();
    const signer = signerOf(createKey());
    const wrong = await signTransfer(signer, { chainId: 1, nonce: 0 });
    await expect(clientOf(chain).request('eth_sendRawTransaction', [wrong])).rejects.toThrow(RpcRefused);
    await expect(clientOf(chain).request('eth_sendRawTransaction', ['0x00'])).rejects.toThrow(RpcRefused);
    await expect(clientOf(chain).request('eth_sendRawTransaction', [7])).rejects.toThrow(RpcRefused);
    await chain.stop();
    await chain.start();
    expect(await clientOf(chain).request('txpool_status')).toMatchObject({ pending: '0x0', queued: '0x0' });
  });

  test('goes on when anvil itself is killed, with nothing lost', async () => {
    const directory = temporaryDirectory();
    const { chain, events } = chainIn(directory);
    await chain.start();
    const rpc = clientOf(chain);
    const signer = signerOf(createKey());
    const hash = await rpc.request('eth_sendRawTransaction', [
      await signTransfer(signer, { chainId: 20171, nonce: 0 }),
    ]);
    await chain.mine();
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const line = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
      if (line.includes(directory) && line.startsWith(anvilBinary())) process.kill(Number(pid), 'SIGKILL');
    }
    expect(await rpc.request('eth_getTransactionReceipt', [hash])).toMatchObject({ blockNumber: '0x1' });
    expect(await chain.mine()).toBe(2);
    expect(events.map(({ type }) => type)).toContain('started');
  });

  test('restarts anvil from disk when it holds more memory than allowed, and says so', async () => {
    const { chain, events } = chainIn(temporaryDirectory(), { memoryLimit: 1 });
    await chain.start();
    for (let block = 0; block < 33; block++) await chain.mine();
    const memory = events.filter(({ type }) => type === 'memory');
    // Once: after that its limit follows what it needs.
    expect(memory).toHaveLength(1);
    expect(memory[0]?.message).toMatch(/restarted from disk.*outgrowing/);
    expect(await chain.mine()).toBe(34);
  });

  test('says which port is in use and which option changes it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { chain } = chainIn(temporaryDirectory(), { port });
    const starting = chain.start();
    await expect(starting).rejects.toThrow(PortInUse);
    await expect(starting).rejects.toThrow(new RegExp(`127.0.0.1:${port} .*--port`));
    server.close();
  });

  test('is run by one process at a time; the other is told which one has it', async () => {
    const directory = temporaryDirectory();
    await chainIn(directory).chain.start();
    const opening = openJournal(directory, { patience: Duration(100) });
    await expect(opening).rejects.toThrow(ChainDirectoryBusy);
    await expect(opening).rejects.toThrow(`process ${process.pid}`);
  });

  test('waits for a process that is just ending', async () => {
    const directory = temporaryDirectory();
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `import(${JSON.stringify(join(import.meta.dirname, '../src/journal.ts'))}).then(async (m) => {
        await m.openJournal(${JSON.stringify(directory)}); console.log('held'); setTimeout(() => process.exit(), 300); })`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    (await openJournal(directory)).close();
  });

  test('has no address before it is started, and stopping is idempotent', async () => {
    const { chain } = chainIn(temporaryDirectory());
    expect(() => chain.url).toThrow(ChainNotStarted);
    expect(() => chain.latest()).toThrow(ChainNotStarted);
    await chain.stop();
    await chain.start();
    await chain.stop();
    await chain.stop();
    await expect(chain.mine()).rejects.toThrow(ChainNotStarted);
  });

  test('a start that is broken off leaves nothing behind', async () => {
    const directory = temporaryDirectory();
    const { chain } = chainIn(directory);
    const controller = new AbortController();
    const starting = chain.start(controller.signal);
    controller.abort();
    await expect(starting).rejects.toThrow();
    await chain.start();
    expect(await chain.mine()).toBe(1);
  });

  test('answers nonsense with JSON-RPC errors', async () => {
    const { chain } = chainIn(temporaryDirectory());
    await chain.start();
    const post = async (body: string) => (await fetch(chain.url, { method: 'POST', body })).json();
    expect(await post('{')).toMatchObject({ error: { code: -32700 } });
    expect(await post('7')).toMatchObject({ error: { code: -32600 } });
    expect(await post('[]')).toEqual([]);
    expect(await post('{"id":1,"method":"eth_nothing"}')).toMatchObject({
      id: 1,
      error: { code: expect.any(Number) },
    });
    expect(await post('[{"id":1,"method":"eth_chainId"},{"id":2,"method":"anvil_reset"}]')).toMatchObject([
      { id: 1, result: '0x4ecb' },
      { id: 2, error: { code: -32601 } },
    ]);
    expect((await fetch(chain.url)).status).toBe(405);
  });

  test('is not there for a machine that anvil is not built for, and says what to do', () => {
    expect(() => anvilBinary('linux', 'riscv64')).toThrow(NoEmbeddedChain);
    expect(() => anvilBinary('linux', 'riscv64')).toThrow('contracts.node');
  });
});
