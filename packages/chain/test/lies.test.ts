/** A chain that lies; found with hostile input. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duration } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { latestHeader } from '../src/blocks.ts';
import { createKey, decryptKey, encryptKey } from '../src/index.ts';
import { createReads } from '../src/reads.ts';
import { createRpc, type Rpc, RpcRefused } from '../src/rpc.ts';

const ACCOUNT = '0x00625a1a269ac76c7c7b98939b5e60916fd41070';
const word = (value: number): string => value.toString(16).padStart(64, '0');
const saying = (answers: Readonly<Record<string, unknown>>): Rpc => ({
  url: 'http://liar',
  close: () => undefined,
  request: async (method) => answers[method],
});

describe('a chain that lies', () => {
  it('with the same page of sellers again and again is not read for ever', async () => {
    const row = [ACCOUNT.slice(2).padStart(64, '0'), ...[1, 5, 6, 7, 8].map(word)].join('');
    const block = { number: '0x3', hash: `0x${word(3)}`, timestamp: '0x1' };
    const rpc = saying({
      eth_call: `0x${word(32)}${word(100)}${row.repeat(100)}`,
      eth_getBlockByNumber: block,
    });
    await expect(createReads(rpc, ACCOUNT, ACCOUNT).sellers()).rejects.toMatchObject({
      code: 'chain.answer',
    });
  });

  it('about the time of a block gives no date that cannot be told', async () => {
    const block = { number: '0x3', hash: `0x${word(3)}`, timestamp: '0x1fffffffffffff' };
    await expect(latestHeader(saying({ eth_getBlockByNumber: block }))).rejects.toMatchObject({
      code: 'chain.answer',
    });
  });

  it('at any length fills no log', () => {
    const refused = new RpcRefused('eth_call', { code: 1, message: 'x'.repeat(1e6) });
    expect(refused.message.length).toBeLessThan(500);
  });

  it('by an answer that trickles and never ends is given up', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const rpc = createRpc({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      timeout: Duration(200),
    });
    await expect(rpc.request('eth_chainId')).rejects.toMatchObject({ code: 'chain.unreachable' });
    rpc.close();
    server.closeAllConnections();
    server.close();
  });
});

describe('a key file that asks for more than a machine has', () => {
  it.each([
    { n: 2 ** 24, r: 64, p: 1 },
    { n: 2 ** 18, r: 8, p: 64 },
    { n: 2 ** 30, r: 8, p: 1 },
  ])('is refused before memory is taken: %j', async (cost) => {
    const file = await encryptKey(createKey(), 'lab', { cost: 2 });
    const kdfparams = { ...file.crypto.kdfparams, ...cost };
    const opened = decryptKey({ ...file, crypto: { ...file.crypto, kdfparams } }, 'lab');
    await expect(opened).rejects.toMatchObject({ code: 'chain.keyfile' });
  });
});
