import { join } from 'node:path';
import { Duration, MICRO, Price, Register, systemClock } from '@daisee/units';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  ChainUnreachable,
  createKey,
  type Ledger,
  type LedgerNotice,
  LedgerStopped,
  NoEther,
  type Signer,
  signerOf,
  TransactionReplaced,
} from '../src/index.ts';
import { openOutbox } from '../src/outbox.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';
import { temporaryDirectory } from './support/directory.ts';
import { closeGates, openGate } from './support/gate.ts';
import { signTransfer } from './support/transfer.ts';

let chain: DevChain;
let producer: Signer;
beforeAll(async () => {
  chain = await startDevChain();
});
afterAll(() => chain.stop());

const wh = (energy: number) => Register(BigInt(energy) * MICRO);

beforeEach(async () => {
  producer = signerOf(createKey());
  const admin = chain.connect({ signer: chain.admin });
  await admin.start();
  await chain.mining(() => admin.registerNode({ account: producer.address, kind: 'producer' }));
  await admin.stop();
});

afterEach(closeGates);

/** Transactions of the producer, mined and waiting. */
const pendingCount = async (): Promise<number> =>
  Number(await chain.rpc.request('eth_getTransactionCount', [producer.address, 'pending']));

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await what())) await systemClock.sleep(Duration(5));
};

const started = async (
  options: Parameters<DevChain['connect']>[0] = {},
): Promise<[Ledger, LedgerNotice[]]> => {
  const notices: LedgerNotice[] = [];
  const ledger = chain.connect({ signer: producer, onEvent: (notice) => notices.push(notice), ...options });
  await ledger.start();
  return [ledger, notices];
};

describe('A chain that is away', () => {
  test('is waited for at the start, which is said once, and found when it comes', async () => {
    const reserved = await openGate(chain.url);
    const port = Number(new URL(reserved.url).port);
    await reserved.close();
    const notices: LedgerNotice[] = [];
    const ledger = chain.connect({ url: reserved.url, onEvent: (notice) => notices.push(notice) });
    const starting = ledger.start();
    await until(() => notices.length > 0);
    await systemClock.sleep(Duration(60));
    expect(notices).toHaveLength(1);
    expect(notices[0]?.message).toMatch(/^Chain unreachable: .*ECONNREFUSED.* Trying again\.$/);
    await openGate(chain.url, port);
    await starting;
    expect(notices.map(({ type }) => type)).toEqual(['waiting', 'back']);
  });

  test('a start that waits for it can be aborted', async () => {
    const controller = new AbortController();
    const ledger = chain.connect({ url: 'http://127.0.0.1:1' });
    const starting = ledger.start(controller.signal);
    controller.abort();
    await expect(starting).rejects.toMatchObject({ code: 'clock.aborted' });
  });

  test('ends a read with an error that may be tried again', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await started({ url: gate.url });
    gate.answer = () => null;
    await expect(ledger.balance(producer.address)).rejects.toThrow(ChainUnreachable);
    await expect(ledger.block()).rejects.toMatchObject({ retryable: true });
  });

  test('does not end a write: it is sent when the chain is back', async () => {
    const gate = await openGate(chain.url);
    const [ledger, notices] = await started({ url: gate.url });
    gate.answer = () => null;
    const writing = ledger.reportProduction(wh(1));
    await until(() => notices.length > 0);
    gate.answer = () => undefined;
    expect((await chain.mining(() => writing)).events).toMatchObject([{ type: 'produced', register: wh(1) }]);
    expect(notices.map(({ type }) => type)).toEqual(['waiting', 'back']);
  });

  test('while a transaction is on its way: it is not sent twice, and its receipt is found', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await started({ url: gate.url });
    // The transaction arrives, its answer does not.
    let cut = false;
    const sent = async () => (await chain.rpc.request('txpool_status')) as { pending: string };
    gate.answer = (method) => {
      if (cut) return null;
      if (method === 'eth_sendRawTransaction') cut = true;
      return undefined;
    };
    const writing = ledger.reportProduction(wh(2));
    await until(async () => (await sent()).pending === '0x1');
    await chain.mine();
    gate.answer = () => undefined;
    expect((await writing).events).toHaveLength(1);
    expect(Number(await chain.rpc.request('eth_getTransactionCount', [producer.address, 'latest']))).toBe(1);
  });

  test('stopping ends the wait, and the next start settles what was sent', async () => {
    const outbox = join(temporaryDirectory(), 'outbox.sqlite');
    const [ledger] = await started({ outbox });
    const writing = ledger.reportProduction(wh(3));
    const told = expect(writing).rejects.toThrow(LedgerStopped);
    await until(async () => (await pendingCount()) === 1);
    await ledger.stop();
    await told;
    const notices: LedgerNotice[] = [];
    const again = chain.connect({ signer: producer, outbox, onEvent: (notice) => notices.push(notice) });
    await chain.mining(() => again.start());
    expect(await again.production(producer.address)).toBe(wh(3));
    expect(notices.map(({ type }) => type)).toContain('settled');
  });
});

describe('A crash', () => {
  test('between writing down and sending loses nothing: the next start sends it', async () => {
    const outbox = join(temporaryDirectory(), 'outbox.sqlite');
    const gate = await openGate(chain.url);
    const [ledger] = await started({ outbox, url: gate.url });
    gate.answer = (method) => (method === 'eth_sendRawTransaction' ? null : undefined);
    const writing = ledger.reportProduction(wh(4));
    const told = expect(writing).rejects.toThrow(LedgerStopped);
    await until(() => gate.calls.includes('eth_sendRawTransaction'));
    await ledger.stop();
    await told;
    expect(await chain.rpc.request('eth_getTransactionCount', [producer.address, 'pending'])).toBe('0x0');
    const [again] = await chain.mining(() => started({ outbox }));
    expect(await again.production(producer.address)).toBe(wh(4));
    await chain.mining(() => again.reportProduction(wh(5)));
    expect(await again.production(producer.address)).toBe(wh(5));
  });

  test('between writing down and sending, asked again for the same need, sends one transaction', async () => {
    const outbox = join(temporaryDirectory(), 'outbox.sqlite');
    const gate = await openGate(chain.url);
    const [ledger] = await started({ outbox, url: gate.url });
    gate.answer = (method) => (method === 'eth_sendRawTransaction' ? null : undefined);
    const told = expect(ledger.setPrice(Price(7n), { intent: 'price 7' })).rejects.toThrow(LedgerStopped);
    await until(() => gate.calls.includes('eth_sendRawTransaction'));
    await ledger.stop();
    await told;
    const receipt = await chain.mining(async () => {
      const [again] = await started({ outbox });
      return again.setPrice(Price(7n), { intent: 'price 7' });
    });
    expect(receipt.events).toMatchObject([{ type: 'priceChanged', price: 7n }]);
    expect(await chain.rpc.request('eth_getTransactionCount', [producer.address, 'latest'])).toBe('0x1');
  });

  test("another chain's outbox is left alone", () => {
    const file = join(temporaryDirectory(), 'outbox.sqlite');
    const first = openOutbox(file, 'chain one', producer.address);
    first.add({ hash: '0x01', nonce: 0, raw: '0x02', what: 'It', intent: 'need' });
    first.close();
    const second = openOutbox(file, 'chain two', producer.address);
    expect([second.pending(), second.forIntent('need')]).toEqual([[], undefined]);
    second.close();
  });

  test('the names of needs long over are let go, the newest thousand and what is pending are kept', () => {
    const file = join(temporaryDirectory(), 'outbox.sqlite');
    const outbox = openOutbox(file, 'chain', producer.address, 'process');
    const hash = (number: number) => `0x${number.toString(16).padStart(64, '0')}` as const;
    const LAST = 1200;
    for (let nonce = 0; nonce <= LAST; nonce++) {
      outbox.add({ hash: hash(nonce), nonce, raw: '0x02', what: 'It', intent: `need ${nonce}` });
      if (nonce !== 7) outbox.mark(hash(nonce), 'mined');
    }
    const known = (nonce: number) => outbox.forIntent(`need ${nonce}`)?.state;
    expect([known(0), known(7), known(LAST - 1000), known(LAST - 999), known(LAST)]).toEqual([
      undefined,
      'pending',
      undefined,
      'mined',
      'mined',
    ]);
    outbox.close();
  });
});

describe('A transaction', () => {
  test('that the chain dropped is sent again', async () => {
    const [ledger, notices] = await started();
    const writing = ledger.reportProduction(wh(6));
    const hashes = async () => {
      const content = (await chain.rpc.request('txpool_content')) as {
        pending: Record<string, Record<string, { hash: string }>>;
      };
      return Object.values(content.pending).flatMap((queue) => Object.values(queue).map(({ hash }) => hash));
    };
    await until(async () => (await hashes()).length === 1);
    for (const hash of await hashes()) await chain.rpc.request('anvil_dropTransaction', [hash]);
    await until(() => notices.some(({ type }) => type === 'rebroadcast'));
    expect((await chain.mining(() => writing)).events).toHaveLength(1);
  });

  test('whose nonce somebody else used is reported as replaced, and the next one gets a fresh nonce', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await started({ url: gate.url });
    const writing = ledger.reportProduction(wh(7));
    const told = expect(writing).rejects.toThrow(TransactionReplaced);
    await until(async () => (await pendingCount()) === 1);
    // The chain forgets it, and the same key is used elsewhere before it can be sent again.
    gate.answer = () => null;
    await chain.rpc.request('anvil_dropAllTransactions');
    const other = await signTransfer(producer, { chainId: 20171, nonce: 0 });
    await chain.rpc.request('eth_sendRawTransaction', [other]);
    await chain.mine();
    gate.answer = () => undefined;
    await told;
    await expect(writing).rejects.toMatchObject({ retryable: true, values: { nonce: 0 } });
    const receipt = await chain.mining(() => ledger.reportProduction(wh(8)));
    expect(receipt.events).toMatchObject([{ register: wh(8) }]);
  });

  test('sent from a key that is in use elsewhere takes the next free nonce', async () => {
    const [ledger] = await started();
    for (const nonce of [0, 1])
      await chain.rpc.request('eth_sendRawTransaction', [
        await signTransfer(producer, { chainId: 20171, nonce }),
      ]);
    expect((await chain.mining(() => ledger.reportProduction(wh(9)))).events).toHaveLength(1);
    expect(await chain.rpc.request('eth_getTransactionCount', [producer.address, 'latest'])).toBe('0x3');
  });

  test('behind nonces that the chain had counted and lost is mined once they are filled with nothing', async () => {
    let now = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + now } as typeof systemClock;
    const gate = await openGate(chain.url);
    const [ledger, notices] = await started({ url: gate.url, clock });
    gate.answer = (method) => (method === 'eth_getTransactionCount' ? { result: '0x2' } : undefined);
    const writing = ledger.reportProduction(wh(13));
    await until(() => gate.calls.includes('eth_getTransactionReceipt'));
    gate.answer = () => undefined;
    now = 61_000;
    const receipt = await chain.mining(() => writing);
    expect(receipt.events).toMatchObject([{ register: wh(13) }]);
    expect(notices.filter(({ message }) => message.startsWith('Nothing, in the place of'))).toHaveLength(2);
    expect((await chain.mining(() => ledger.reportProduction(wh(14)))).events).toHaveLength(1);
    expect(await chain.rpc.request('eth_getTransactionCount', [producer.address, 'latest'])).toBe('0x4');
  });

  test('that the chain took and called refused is waited for, not given up', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await started({ url: gate.url });
    gate.after = (method) =>
      method === 'eth_sendRawTransaction'
        ? { error: { code: -32603, message: 'internal error' } }
        : undefined;
    const writing = ledger.reportProduction(wh(15));
    expect((await chain.mining(() => writing)).events).toMatchObject([{ register: wh(15) }]);
  });

  test('that waits long is told, and waited for all the same', async () => {
    let now = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + now } as typeof systemClock;
    const [ledger, notices] = await started({ clock });
    const writing = ledger.reportProduction(wh(10));
    await until(async () => (await pendingCount()) === 1);
    now = 61_000;
    await until(() => notices.some(({ type }) => type === 'pending'));
    expect((await chain.mining(() => writing)).events).toHaveLength(1);
  });

  test('that was mined, then reorganised away, counts only at its confirmations', async () => {
    const [ledger] = await started({ confirmations: 3 });
    let done = false;
    const writing = ledger.reportProduction(wh(11)).then((receipt) => {
      done = true;
      return receipt;
    });
    await until(async () => (await pendingCount()) === 1);
    await chain.mine(2);
    await systemClock.sleep(Duration(50));
    expect(done).toBe(false);
    await chain.rpc.request('anvil_rollback', [2]);
    const receipt = await chain.mining(() => writing);
    expect(receipt.events).toHaveLength(1);
    expect(await ledger.production(producer.address)).toBe(wh(11));
  });

  test('of an account that cannot pay for gas says so', async () => {
    const [ledger] = await started({ fees: { gasPrice: 10n ** 9n } });
    await expect(ledger.reportProduction(wh(12))).rejects.toThrow(NoEther);
    await ledger.stop();
  });
});
