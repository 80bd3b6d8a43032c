import { once } from 'node:events';
import { createServer } from 'node:http';
import { Coin, DaiseeError } from '@daisee/units';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BadUrl, ChainAnswer, createKey, signerOf } from '../src/index.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';
import { bodyOf, closeGates, openGate } from './support/gate.ts';

let chain: DevChain;
const { address } = signerOf(createKey());
beforeAll(async () => {
  chain = await startDevChain();
});
afterAll(() => chain.stop());
afterEach(closeGates);

describe('An endpoint that is no proper chain', () => {
  test.each(['', 'localhost:8545', 'ftp://x', 'http://'])('"%s" is refused as an address', (url) => {
    expect(() => chain.connect({ url })).toThrow(BadUrl);
  });

  test('that answers something else than JSON-RPC is told at the start', async () => {
    const server = createServer((_, response) => response.end('<html>It works!</html>'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const ledger = chain.connect({
      url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    });
    await expect(ledger.start()).rejects.toThrow(ChainAnswer);
    server.closeAllConnections();
    server.close();
  });

  test('that knows no batches is asked one by one', async () => {
    const target = createServer((request, response) => {
      void bodyOf(request).then(async (body) => {
        if (body.startsWith('['))
          return response.end('{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}');
        const answer = await fetch(chain.url, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json' },
        });
        return response.end(await answer.text());
      });
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    const address = target.address();
    const ledger = chain.connect({
      url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    });
    await ledger.start();
    expect(ledger.chainId).toBe(20171);
    target.closeAllConnections();
    target.close();
  });

  test('whatever it answers, every call ends with its kind of value or a typed error', async () => {
    const gate = await openGate(chain.url);
    const ledger = chain.connect({ url: gate.url });
    await ledger.start();
    const nonsense = fc.oneof(
      fc.record({ result: fc.jsonValue() }),
      fc.record({ error: fc.jsonValue() }),
      fc.record({ error: fc.record({ code: fc.integer(), message: fc.string(), data: fc.jsonValue() }) }),
      fc.record({ id: fc.jsonValue(), result: fc.jsonValue() }),
      fc.constantFrom<unknown>(
        null,
        { result: '0x' },
        { result: '0xzz' },
        { result: [{}] },
        { result: [{ topics: ['0x'], data: '0x' }] },
        { result: `0x${'ff'.repeat(32)}` },
        { result: { number: '0x1', hash: '0x', timestamp: '0x' } },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(nonsense, { minLength: 1, maxLength: 4 }), async (answers) => {
        let turn = 0;
        gate.answer = () => answers[turn++ % answers.length];
        const feed = ledger.createFeed({ from: 0 });
        for (const call of [
          () => ledger.balance(address),
          () => ledger.node(address),
          () => ledger.sellers(),
          () => ledger.purchases(address),
          () => ledger.quote(address, Coin(1n) as never),
          () => ledger.block(),
          () => feed.poll(),
        ])
          await call().catch((error: unknown) => {
            if (!(error instanceof DaiseeError)) throw error;
          });
      }),
      { numRuns: 60 },
    );
  });
});
