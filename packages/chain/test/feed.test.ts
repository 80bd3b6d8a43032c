import { Duration, Instant, MICRO, Price, Register, systemClock, VirtualClock } from '@daisee/units';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFeed } from '../src/feed.ts';
import {
  connectLedger,
  createEmbeddedChain,
  createKey,
  deployContracts,
  type Ledger,
  type LedgerEvent,
  type Signer,
  signerOf,
} from '../src/index.ts';
import { type Rpc, RpcRefused } from '../src/rpc.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';
import { temporaryDirectory } from './support/directory.ts';

let chain: DevChain;
let ledger: Ledger;
let producer: Signer;
let step = 0;
beforeAll(async () => {
  chain = await startDevChain();
  producer = signerOf(createKey());
  const admin = chain.connect({ signer: chain.admin });
  ledger = chain.connect({ signer: producer });
  await Promise.all([admin.start(), ledger.start()]);
  await chain.mining(() =>
    admin.registerNode({ account: producer.address, kind: 'producer', price: Price(MICRO) }),
  );
});
afterAll(() => chain.stop());
beforeEach(async () => {
  await chain.mine(2);
});

const report = () => chain.mining(() => ledger.reportProduction(Register(BigInt(++step))));
const registers = (events: readonly LedgerEvent[]) =>
  events.flatMap((event) => (event.type === 'produced' ? [event.register] : []));

/** What a reader holds who does as `reverted` says. */
const held = (
  events: readonly LedgerEvent[],
  before: readonly LedgerEvent[] = [],
): readonly LedgerEvent[] => {
  let kept = [...before];
  for (const event of events) {
    if (event.type === 'reverted') kept = kept.filter(({ block }) => block < event.fromBlock);
    else kept.push(event);
  }
  return kept;
};

describe('The feed', () => {
  test('gives each event once, in order, from the deployment on', async () => {
    const feed = ledger.createFeed();
    const first = await feed.poll();
    expect(first[0]).toMatchObject({ type: 'termsChanged' });
    expect(first[1]).toMatchObject({
      type: 'nodeRegistered',
      node: producer.address,
      kind: 'producer',
      price: MICRO,
    });
    expect(await feed.poll()).toEqual([]);
    const receipts = [await report(), await report()];
    const next = await feed.poll();
    expect(next).toEqual(receipts.flatMap(({ events }) => events));
    expect(await feed.poll()).toEqual([]);
    const whole = await ledger.createFeed().poll();
    expect(whole).toEqual([...first, ...next]);
    const from = receipts[1]?.block ?? 0;
    expect(await ledger.createFeed({ from }).poll()).toEqual(receipts[1]?.events);
  });

  test('tells a reorganisation and then what holds instead', async () => {
    const feed = ledger.createFeed();
    let books = held(await feed.poll());
    await chain.mine(3);
    books = held(await feed.poll(), books);
    await report();
    await chain.mine(1);
    books = held(await feed.poll(), books);
    expect(registers(books)).toContain(Register(BigInt(step)));
    // The last five blocks are replaced by empty ones: the report is gone from them.
    await chain.rpc.request('anvil_reorg', [5, []]);
    await chain.mine(1);
    const told = await feed.poll();
    expect(told[0]).toMatchObject({ type: 'reverted', logIndex: -1 });
    books = held(told, books);
    expect(books).toEqual(await ledger.createFeed().poll());
  });

  test('notices a chain that became shorter', async () => {
    const feed = ledger.createFeed();
    let books = held(await feed.poll());
    await report();
    books = held(await feed.poll(), books);
    await chain.rpc.request('anvil_rollback', [2]);
    const told = await feed.poll();
    expect(told[0]?.type).toBe('reverted');
    books = held(told, books);
    expect(books).toEqual(await ledger.createFeed().poll());
  });

  test('two polls at once share the events out, each once', async () => {
    const feed = ledger.createFeed();
    const [first, second] = await Promise.all([feed.poll(), feed.poll()]);
    expect(first.length).toBeGreaterThan(0);
    expect(second).toEqual([]);
  });

  test('asks for smaller ranges where the chain refuses large ones, and skips nothing', async () => {
    await chain.mine(40);
    await report();
    const { exchange, coin } = chain;
    let refused = 0;
    const narrow: Rpc = {
      ...chain.rpc,
      request: async (method, params = []) => {
        const [filter] = params as [{ fromBlock: string; toBlock: string }];
        if (method === 'eth_getLogs' && Number(filter.toBlock) - Number(filter.fromBlock) >= 7) {
          refused++;
          throw new RpcRefused(method, { code: -32005, message: 'query returned more than 10000 results' });
        }
        return chain.rpc.request(method, params);
      },
    };
    const feed = createFeed({
      rpc: narrow,
      clock: systemClock,
      books: { exchange, coin },
      from: async () => 0,
    });
    expect(await feed.poll()).toEqual(await ledger.createFeed({ from: 0 }).poll());
    expect(refused).toBeGreaterThan(0);
  });

  test('a poll that failed has lost nothing', async () => {
    await report();
    const { exchange, coin } = chain;
    let fail = true;
    const broken: Rpc = {
      ...chain.rpc,
      request: async (method, params) => {
        if (fail && method === 'eth_getLogs')
          throw new RpcRefused(method, { code: -32000, message: 'not now' });
        return chain.rpc.request(method, params);
      },
    };
    const feed = createFeed({
      rpc: broken,
      clock: systemClock,
      books: { exchange, coin },
      from: async () => 1,
    });
    await expect(feed.poll()).rejects.toThrow(RpcRefused);
    fail = false;
    expect(await feed.poll()).toEqual(await ledger.createFeed({ from: 1 }).poll());
  });

  test('as a stream goes on until its signal, and waits out a chain that is away', async () => {
    const controller = new AbortController();
    const seen: LedgerEvent[] = [];
    const reading = (async () => {
      for await (const event of ledger.events({ signal: controller.signal })) seen.push(event);
    })();
    const { hash } = await report();
    while (!seen.some((event) => event.hash === hash)) await systemClock.sleep(Duration(5));
    controller.abort();
    await reading;
    expect(seen).toEqual(await ledger.createFeed().poll());
  });
});

describe('In the time of a simulation', () => {
  test('writing, waiting and following take the blocks that they take, and no time of the machine', async () => {
    const start = Instant(Date.UTC(2026, 5, 1));
    const clock = new VirtualClock({ start });
    const embedded = createEmbeddedChain({
      directory: temporaryDirectory(),
      port: 0,
      blockTime: Duration(5000),
      clock,
    });
    await clock.task(async () => {
      await embedded.start();
      const signer = embedded.treasury;
      const deployed = await deployContracts({ url: embedded.url, signer, admin: signer.address, clock });
      const books = connectLedger({ url: embedded.url, ...deployed, signer, clock });
      await books.start();
      await books.registerNode({ account: signer.address, kind: 'producer' });
      const before = clock.now();
      // Two tasks write at once from one account: neither may keep the other's block from coming.
      const write = (register: bigint) => clock.task(() => books.reportProduction(Register(register)));
      const receipts = await clock.aside(() => Promise.all([write(1n), write(2n)]));
      expect(receipts.map(({ events }) => events.length)).toEqual([1, 1]);
      for (let register = 3n; register < 13n; register++) await books.reportProduction(Register(register));
      expect(clock.now() - before).toBeLessThanOrEqual(11 * 5000 + 1000);
      expect(registers(await books.createFeed().poll())).toHaveLength(12);
      await books.stop();
      await embedded.stop();
    });
  });
});
