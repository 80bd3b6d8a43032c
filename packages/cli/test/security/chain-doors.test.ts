/** The chain's port and the relay's v0.2 port: who reaches them, and what they can do there. */
import { globSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createEmbeddedChain,
  createKey,
  deployContracts,
  type EmbeddedChain,
  SERVED_METHODS,
  signerOf,
} from '@daisee/chain';
import { createBoard, createRelayServer, createSimulatedDriver } from '@daisee/relay';
import { Seconds } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handClock, send } from './servers.ts';
import { doorsOf } from './table.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Sockets that listen. Addresses are little-endian, as the kernel writes IPv4 (proc_net_tcp(5)); 0A is listening. */
const listening = () =>
  readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => /^\s*\d+: ([0-9A-F]{8}):([0-9A-F]{4}) \S+ 0A (?:\S+ +){5}(\d+) /.exec(line))
    .flatMap((found) =>
      found ? [{ address: found[1] ?? '', port: parseInt(found[2] ?? '', 16), inode: found[3] ?? '' }] : [],
    );

/** Empty for a process that has ended meanwhile. */
const wordsOf = (pid: number): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
};

/** The processes below one, at any depth. */
const childrenOf = (parent: number): readonly number[] =>
  globSync('/proc/[0-9]*/stat').flatMap((file) => {
    const pid = Number(file.split('/')[2]);
    try {
      const isChild = Number(/\) \S (\d+) /.exec(readFileSync(file, 'utf8'))?.[1]) === parent;
      return isChild ? [pid, ...childrenOf(pid)] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });

const socketsOf = (pid: number): ReadonlySet<string> =>
  new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );

/** A transaction that the chain would take, signed and not sent: a deployment through somebody who keeps it. */
const signedTransaction = async ({ url, treasury }: EmbeddedChain): Promise<string> => {
  let signed = '';
  const keeper = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const piece of request) body += String(piece);
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: string[] };
      if (method === 'eth_sendRawTransaction') {
        signed = params[0] ?? '';
        response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: 'kept' } }));
      } else response.end((await send(url, 'POST', { headers: JSON_TYPE, body })).text);
    })();
  });
  await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve));
  const { port } = keeper.address() as AddressInfo;
  await deployContracts({
    url: `http://127.0.0.1:${port}`,
    signer: treasury,
    admin: treasury.address,
    clock: handClock(),
  }).catch(() => undefined);
  keeper.closeAllConnections();
  await new Promise((resolve) => keeper.close(resolve));
  return signed;
};

describe('the chain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-chain-doors-'));
  let chain: EmbeddedChain;
  beforeAll(async () => {
    chain = createEmbeddedChain({
      directory: folder,
      // As for neighbours: everything that is tried here comes from the network.
      host: '0.0.0.0',
      port: 0,
      blockTime: Seconds(3600),
      clock: handClock(),
      survives: 'process',
    });
    await chain.start();
  });
  afterAll(async () => {
    await chain.stop();
    rmSync(folder, { recursive: true });
  });
  const call = async (method: string, params: readonly unknown[] = []) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const { text } = await send(chain.url, 'POST', { headers: JSON_TYPE, body });
    return JSON.parse(text) as { readonly result?: unknown; readonly error?: { readonly code: number } };
  };

  const methods = doorsOf('Chain').map(({ path }) => path);
  it('serves the methods of docs/doors.md and no others', () => {
    expect(methods).toEqual([...SERVED_METHODS]);
  });

  it.each(methods)('%s: is there', async (method) => {
    expect((await call(method)).error?.code).not.toBe(-32601);
  });

  const thief = signerOf(createKey()).address;
  const victim = '0x000000000000000000000000000000000000dEaD';
  const transaction = { from: victim, to: thief, value: '0x1' };
  it.each([
    ['anvil_setBalance', [thief, '0xffffffffffffffff']],
    ['anvil_dealERC20', [thief, victim, '0xffff']],
    ['anvil_impersonateAccount', [victim]],
    ['anvil_autoImpersonateAccount', [true]],
    ['anvil_setCode', [victim, '0x00']],
    ['anvil_setStorageAt', [victim, '0x0', '0x0']],
    ['anvil_dumpState', []],
    ['anvil_loadState', ['0x00']],
    ['anvil_reset', []],
    ['anvil_mine', ['0x1']],
    ['anvil_dropAllTransactions', []],
    ['anvil_nodeInfo', []],
    ['hardhat_setBalance', [thief, '0xffff']],
    ['hardhat_impersonateAccount', [victim]],
    ['tenderly_setBalance', [thief, '0xffff']],
    ['evm_mine', []],
    ['evm_increaseTime', [3600]],
    ['evm_setNextBlockTimestamp', [9_999_999_999]],
    ['evm_snapshot', []],
    ['evm_revert', ['0x0']],
    ['debug_traceTransaction', [`0x${'0'.repeat(64)}`]],
    ['trace_block', ['0x0']],
    ['txpool_content', []],
    ['personal_listAccounts', []],
    ['personal_unlockAccount', [victim, '', 0]],
    ['admin_peers', []],
    ['miner_start', []],
    ['wallet_addCapability', [victim]],
    ['eth_sendTransaction', [transaction]],
    ['eth_sendUnsignedTransaction', [transaction]],
    ['eth_sendTransactionSync', [transaction]],
    ['eth_sign', [victim, '0x00']],
    ['eth_signTransaction', [transaction]],
    ['eth_signTypedData_v4', [victim, '{}']],
    ['eth_fillTransaction', [transaction]],
    ['eth_submitWork', []],
    ['ANVIL_SETBALANCE', [thief, '0xffff']],
    ['eth_call ', []],
    ['__proto__', []],
  ])('%s: is refused, from this machine as from others', async (method, params) => {
    expect((await call(method, params)).error?.code).toBe(-32601);
    const batch = JSON.stringify([{ jsonrpc: '2.0', id: 1, method, params }]);
    const { text } = await send(chain.url, 'POST', { headers: JSON_TYPE, body: batch });
    expect(JSON.parse(text)).toMatchObject([{ error: { code: -32601 } }]);
    expect((await call('eth_getBalance', [thief, 'latest'])).result).toBe('0x0');
  });

  it('has no unlocked account that could sign', async () => {
    expect((await call('eth_accounts')).result).toEqual([]);
    expect((await call('eth_requestAccounts')).result).toEqual([]);
  });

  it('answers no web page, whatever the page calls its body and wherever its name points', async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    for (const origin of [
      'http://evil.example',
      'http://127.0.0.1:8000',
      'https://evil.example:8545',
      'null',
    ])
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
        const answer = await send(chain.url, 'POST', { headers: { origin, 'content-type': type }, body });
        expect([answer.status, answer.text.includes('0x4ecb')]).toEqual([403, false]);
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      }
    const preflight = await send(chain.url, 'OPTIONS', { headers: { origin: 'http://evil.example' } });
    expect(preflight.status).toBe(403);
    const wallet = { ...JSON_TYPE, origin: 'chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn' };
    expect((await send(chain.url, 'POST', { headers: wallet, body })).text).toContain('0x4ecb');
  });

  it('takes nothing that changes anything from a web page, which anybody else may send', async () => {
    const signed = await signedTransaction(chain);
    const filter = String((await call('eth_newBlockFilter')).result);
    const changing: readonly (readonly [string, readonly unknown[]])[] = [
      ['eth_sendRawTransaction', [signed]],
      ['eth_newFilter', [{}]],
      ['eth_newBlockFilter', []],
      ['eth_getFilterChanges', [filter]],
      ['eth_uninstallFilter', [filter]],
    ];
    const sentBy = async () =>
      (await call('eth_getTransactionCount', [chain.treasury.address, 'pending'])).result;
    for (const [method, params] of changing) {
      const one = { jsonrpc: '2.0', id: 1, method, params };
      for (const body of [JSON.stringify(one), JSON.stringify([one])])
        for (const origin of ['http://evil.example', 'http://127.0.0.1:8000', 'null'])
          for (const type of ['application/json', 'text/plain']) {
            const answer = await send(chain.url, 'POST', { headers: { origin, 'content-type': type }, body });
            expect([method, answer.status, answer.text.includes('result')]).toEqual([method, 403, false]);
          }
    }
    expect(await sentBy()).toBe('0x0');
    for (const [method, params] of changing)
      expect([method, (await call(method, params)).error]).toEqual([method, undefined]);
    expect(await sentBy()).toBe('0x1');
  });

  it('takes no more than 500 calls at once and 8 MiB', async () => {
    const calls = Array.from({ length: 501 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' }));
    const { text } = await send(chain.url, 'POST', { headers: JSON_TYPE, body: JSON.stringify(calls) });
    expect(JSON.parse(text)).toMatchObject({ error: { code: -32600 } });
    const body = 'x'.repeat(9 * 1024 * 1024);
    const answer = await send(chain.url, 'POST', { headers: JSON_TYPE, body }).catch(() => undefined);
    // Closed while it still sends, or told so.
    expect([undefined, 413]).toContain(answer?.status);
    expect((await call('eth_chainId')).result).toBe('0x4ecb');
  });

  it('hides anvil, whose calls nobody is asked for, where no page finds it and no neighbour gets', () => {
    const port = Number(new URL(chain.url).port);
    const all = listening();
    expect(all).toContainEqual(expect.objectContaining({ address: '00000000', port }));
    const anvils = childrenOf(process.pid).filter((pid) => wordsOf(pid)[0]?.endsWith('anvil'));
    expect(anvils.length).toBeGreaterThan(0);
    for (const pid of anvils) {
      const sockets = socketsOf(pid);
      const own = all.filter(({ inode }) => sockets.has(inode));
      // One door, somewhere in 127/8 where nobody looks.
      expect(own.map(({ address }) => address)).toEqual([expect.stringMatching(/7F$/)]);
      expect(own[0]?.address).not.toBe('0100007F');
    }
  });
});

describe('a chain of this machine alone', () => {
  it('is not served to a name that was made to point here', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'daisee-chain-local-'));
    const chain = createEmbeddedChain({
      directory: folder,
      port: 0,
      blockTime: Seconds(3600),
      clock: handClock(),
      survives: 'process',
    });
    await chain.start();
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const ask = (host: string) => send(chain.url, 'POST', { headers: { ...JSON_TYPE, host }, body });
    for (const host of ['localhost:8545', '127.0.0.1', '[::1]:8545'])
      expect((await ask(host)).status).toBe(200);
    for (const host of ['evil.example:8545', '127.0.0.1.evil.example', 'localhost.evil.example'])
      expect((await ask(host)).status).toBe(421);
    await chain.stop();
    rmSync(folder, { recursive: true });
  });
});

describe("the relay's v0.2 port", () => {
  const clock = handClock();
  const talk = (port: number, request: string, host = '127.0.0.1'): Promise<string> =>
    new Promise((resolve) => {
      let reply = '';
      const socket = connect(port, host, () => socket.write(request));
      socket
        .on('data', (chunk) => {
          reply += chunk.toString();
        })
        .on('error', () => undefined)
        .on('close', () => resolve(reply));
    });
  const withRelay = async (
    options: { readonly host?: string; readonly allow?: readonly string[] },
    work: (port: number, isAtRest: () => boolean) => Promise<void>,
  ): Promise<void> => {
    const board = createBoard({ driver: createSimulatedDriver({ channels: 2 }), clock });
    await board.start();
    const server = createRelayServer({ board, clock, port: 0, ...options });
    await server.start();
    await work(server.address.port, () => board.report().isAtRest);
    await server.stop();
    await board.stop();
  };

  it('cuts off who is not on its list, without a word', async () => {
    await withRelay({ allow: ['10.1.2.3'] }, async (port, isAtRest) => {
      expect(await talk(port, 'ReadDATA|0')).toBe('');
      expect(await talk(port, '{0: True}')).toBe('');
      expect(isAtRest()).toBe(true);
    });
  });

  it('that listens to a network still serves its own machine alone by default', async () => {
    const address = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    await withRelay({ host: '0.0.0.0' }, async (port, isAtRest) => {
      expect(await talk(port, 'ReadDATA|0')).toBe('{0: False}');
      // By its own address of the network, where it has one, this machine is a stranger like any other.
      if (address !== undefined) expect(await talk(port, '{0: True}', address)).toBe('');
      expect(isAtRest()).toBe(true);
    });
  });

  it('takes nothing for an order that a web page can send', async () => {
    await withRelay({}, async (port, isAtRest) => {
      for (const body of ['{0: True}', '\r\n{0: True}', '0: True\r\n', 'ReadDATA|0'])
        for (const head of [
          'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain',
          'GET /{0:%20True} HTTP/1.1\r\nHost: 127.0.0.1',
          'POST /\r\n0: True HTTP/1.1\r\nHost: x',
        ])
          expect(await talk(port, `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)).toBe('False');
      // TLS, as for https://, and the beginning of HTTP/2.
      expect(await talk(port, '\u0016\u0003\u0001\u0002')).toBe('False');
      expect(await talk(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toBe('False');
      expect(isAtRest()).toBe(true);
    });
  });
});
