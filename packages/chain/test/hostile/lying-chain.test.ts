/** A chain whose every answer may be wrong, against everything that reads it: nothing is sent over a socket here. */
import { distorted, hostile, hostileJson } from '@daisee/fuzz';
import { Duration, Energy, Instant, SleepAborted, systemClock } from '@daisee/units';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { createFeed } from '../../src/feed.ts';
import { chainFees } from '../../src/fees.ts';
import { estimateGas } from '../../src/gas.ts';
import { createHistory } from '../../src/index.ts';
import { createPatience } from '../../src/patience.ts';
import { createReads } from '../../src/reads.ts';
import { receiptOf } from '../../src/receipts.ts';
import { refusalOf } from '../../src/refusals.ts';
import { type Rpc, RpcRefused } from '../../src/rpc.ts';
import { createSender } from '../../src/sender.ts';
import { type Hex, signerOf } from '../../src/signer.ts';

const EXCHANGE = '0xc33179A7f73fCcCe0DED8e613Fcf2688bA385558';
const COIN = '0xdFf8C10F1E64B592cF902e82C948E2ddF9f49aaF';
const NODE = '0x00625a1a269ac76c7c7b98939b5e60916fd41070';
const word = (value: bigint | number): string => BigInt(value).toString(16).padStart(64, '0');
const hash = (n: number): Hex => `0x${word(n)}`;
const topic = (address: string): string => `0x${address.slice(2).toLowerCase().padStart(64, '0')}`;
/** keccak256 of the events' signatures. */
const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

const header = { number: '0x3', hash: hash(3), timestamp: '0x692199e0', parentHash: hash(2) };
const log = {
  address: COIN,
  topics: [TRANSFER, topic(NODE), topic(EXCHANGE)],
  data: `0x${word(1_000_000)}`,
  blockNumber: '0x3',
  blockHash: hash(3),
  transactionHash: hash(77),
  logIndex: '0x0',
};
const receipt = {
  transactionHash: hash(77),
  status: '0x1',
  blockNumber: '0x3',
  blockHash: hash(3),
  gasUsed: '0x5208',
  contractAddress: null,
  logs: [log],
};
const row = [NODE.slice(2).padStart(64, '0'), ...[1, 5, 6, 7, 8].map(word)].join('');
const rows = (count: number): string => `0x${word(32)}${word(count)}${row.repeat(count)}`;

/** What an honest chain says to each call. */
const HONEST: Readonly<Record<string, readonly unknown[]>> = {
  eth_getBlockByNumber: [header, { ...header, timestamp: '0x1' }, null],
  eth_getBlockByHash: [header, null],
  eth_getLogs: [
    [log],
    [],
    [log, { ...log, logIndex: '0x1', address: EXCHANGE }],
    [{ ...log, address: NODE }],
  ],
  eth_getTransactionReceipt: [receipt, null, { ...receipt, status: '0x0' }],
  eth_getTransactionByHash: [{ hash: hash(77) }, null],
  eth_getTransactionCount: ['0x0', '0x5'],
  eth_call: [`0x${word(7)}`, rows(1), rows(100), '0x'],
  eth_estimateGas: ['0x5208'],
  eth_gasPrice: ['0x1'],
  eth_maxPriorityFeePerGas: ['0x1'],
  eth_feeHistory: [{ baseFeePerGas: ['0x1', '0x2'], reward: [['0x1']] }],
  eth_sendRawTransaction: [hash(77)],
};

interface Lie {
  readonly value: unknown;
  readonly refuse: boolean;
}

const lies: fc.Arbitrary<Readonly<Record<string, readonly Lie[]>>> = fc.record(
  Object.fromEntries(
    Object.entries(HONEST).map(([method, honest]) => [
      method,
      fc.array(
        fc.record({
          value: fc.oneof(
            { weight: 5, arbitrary: fc.constantFrom(...honest) },
            { weight: 5, arbitrary: distorted(...honest) },
            { weight: 1, arbitrary: hostileJson },
          ),
          refuse: fc.nat(12).map((n) => n === 0),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    ]),
  ),
);

/** More calls than any reader should need: whoever makes them goes round in a circle. */
const PATIENCE = 3000;

const liarOf = (said: Readonly<Record<string, readonly Lie[]>>): Rpc => {
  const asked = new Map<string, number>();
  let calls = 0;
  return {
    url: 'http://liar',
    close: () => undefined,
    request: async (method) => {
      calls += 1;
      if (calls > PATIENCE) throw new RangeError(`${method} was asked again and again`);
      const nth = asked.get(method) ?? 0;
      asked.set(method, nth + 1);
      const all = said[method] ?? [];
      const lie = all[nth % Math.max(1, all.length)];
      if (!lie || lie.refuse)
        throw new RpcRefused(method, {
          code: -32000,
          message: JSON.stringify(lie?.value) ?? '',
          data: lie?.value,
        });
      return lie.value;
    },
  };
};

const BOOKS = { exchange: EXCHANGE, coin: COIN } as const;

describe('a lying chain', () => {
  hostile('is read, or refused: balances, sellers, purchases', {
    input: fc.tuple(lies, fc.nat(9)),
    feed: async ([said, which]) => {
      const reads = createReads(liarOf(said), EXCHANGE, COIN);
      const ask: readonly (() => Promise<unknown>)[] = [
        () => reads.balance(NODE),
        () => reads.coinAllowance(NODE),
        () => reads.allowance(NODE, NODE),
        () => reads.quote(NODE, Energy(5n)),
        () => reads.node(NODE),
        () => reads.sellers(),
        () => reads.purchases(NODE),
        () => reads.nbSellers(),
        () => reads.consumption(NODE, NODE),
        () => reads.available(NODE),
      ];
      await ask[which]?.();
    },
  });

  hostile('is followed by a feed that ends, whatever block it calls the newest', {
    input: fc.tuple(lies, fc.constantFrom(0, 3, 1000)),
    feed: async ([said, first]) => {
      const feed = createFeed({
        rpc: liarOf(said),
        clock: systemClock,
        books: BOOKS,
        from: async () => first,
      });
      for (let poll = 0; poll < 2; poll++)
        for (const event of await feed.poll()) expect(new Date(event.at).toISOString()).toMatch(/^\d|^\+/);
    },
  });

  hostile('fills no history with what cannot be told again', {
    input: lies,
    feed: async (said) => {
      const rpc = liarOf(said);
      const history = createHistory({
        ledger: {
          ...BOOKS,
          chainId: 7,
          block: async () => ({ number: 3, at: Instant(1_700_000_000_000) }),
          createFeed: ({ from = 0, ...start } = {}) =>
            createFeed({ rpc, clock: systemClock, books: BOOKS, from: async () => from, ...start }),
        },
        file: ':memory:',
        clock: {
          ...systemClock,
          sleep: (_, signal) =>
            new Promise((_resolve, reject) => {
              const end = () => reject(new SleepAborted());
              if (signal?.aborted) end();
              else signal?.addEventListener('abort', end, { once: true });
            }),
        },
      });
      try {
        await history.start();
        await history.catchUp();
        for (const event of history.page()) expect(JSON.stringify(new Date(event.at))).not.toBe('null');
        history.flows(Instant(0), Instant(8e15));
      } finally {
        await history.stop();
      }
    },
  });

  hostile('gives receipts, gas and fees, or none', {
    input: fc.tuple(lies, fc.nat(2)),
    feed: async ([said, which]) => {
      const rpc = liarOf(said);
      if (which === 0) await receiptOf(rpc, hash(77));
      else if (which === 1) await estimateGas(rpc, NODE, { what: 'It', to: EXCHANGE, data: '0x' }, 'pending');
      else await chainFees(rpc);
    },
  });

  hostile('says why it refuses in any bytes', {
    input: fc.tuple(
      hostileJson,
      distorted(
        { data: `0x08c379a0${word(32)}${word(3)}${'616263'.padEnd(64, '0')}` },
        `0x4e487b71${word(17)}`,
        { data: { data: '0x' } },
      ),
    ),
    refuses: false,
    feed: ([message, data]) => {
      refusalOf(new RpcRefused('eth_call', { code: 3, message: JSON.stringify(message), data }));
    },
  });

  const signer = signerOf(hash(5));
  hostile('is sent transactions that end, or wait for it, and never twice for one need', {
    input: lies,
    sample: 100,
    feed: async (said) => {
      const rpc = liarOf(said);
      const stop = new AbortController();
      let sleeps = 0;
      const clock = {
        ...systemClock,
        sleep: async () => {
          // A chain that never answers is waited for without end: here, for a while.
          if (++sleeps > 20) stop.abort();
          if (stop.signal.aborted) throw new SleepAborted();
        },
      };
      const interval = Duration(1);
      const sender = createSender({
        rpc,
        signer,
        clock,
        chainId: 7,
        chain: 'liar',
        outbox: ':memory:',
        survives: 'process',
        pollInterval: interval,
        confirmations: 2,
        fees: { gasPrice: 1n },
        gas: undefined,
        patience: createPatience({ clock, interval, signal: stop.signal, onEvent: () => undefined }),
        signal: stop.signal,
        onEvent: ({ message }) => expect(message.length).toBeLessThan(4000),
      });
      try {
        await sender.send({ what: 'The purchase', to: EXCHANGE, data: '0x', intent: 'one' });
      } finally {
        sender.close();
      }
    },
  });
});
