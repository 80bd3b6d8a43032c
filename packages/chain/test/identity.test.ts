/** Another chain at the address of a ledger that runs. */
import { join } from 'node:path';
import { Duration, MICRO, Register, systemClock } from '@daisee/units';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  ChainChanged,
  createKey,
  type Ledger,
  type LedgerEvent,
  type LedgerNotice,
  LedgerStopped,
  RpcRefused,
  type Signer,
  signerOf,
} from '../src/index.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';
import { temporaryDirectory } from './support/directory.ts';
import { closeGates, type Gate, openGate } from './support/gate.ts';

/** With the same id, and the contracts at the same addresses, as whoever restarts a dev chain from nothing gets them. */
let chain: DevChain;
let other: DevChain;
let producer: Signer;

beforeAll(async () => {
  chain = await startDevChain();
  // Another second, another first block.
  await systemClock.sleep(Duration(1100));
  other = await startDevChain();
});
afterAll(async () => {
  await chain.stop();
  await other.stop();
});

const register = async (where: DevChain): Promise<void> => {
  const admin = where.connect({ signer: where.admin });
  await admin.start();
  await where.mining(() => admin.registerNode({ account: producer.address, kind: 'producer' }));
  await admin.stop();
};

beforeEach(async () => {
  producer = signerOf(createKey());
  await register(chain);
});
afterEach(closeGates);

const wh = (energy: number) => Register(BigInt(energy) * MICRO);
const portOf = (gate: Gate): number => Number(new URL(gate.url).port);

/** Ends what listens there and has another chain answer at the same address. */
const swap = async (gate: Gate, target: DevChain): Promise<Gate> => {
  await gate.close();
  return openGate(target.url, portOf(gate));
};

const connected = async (
  url: string,
  options: Parameters<DevChain['connect']>[0] = {},
): Promise<[Ledger, LedgerNotice[]]> => {
  const notices: LedgerNotice[] = [];
  const ledger = chain.connect({
    url,
    signer: producer,
    onEvent: (notice) => notices.push(notice),
    ...options,
  });
  await ledger.start();
  return [ledger, notices];
};

const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await what())) await systemClock.sleep(Duration(5));
};

const sent = async (where: DevChain): Promise<number> =>
  Number(await where.rpc.request('eth_getTransactionCount', [producer.address, 'pending']));

test('A ledger tells the first block of its chain, which another with the same id does not have', async () => {
  const [one, elsewhere] = [chain.connect({ signer: producer }), other.connect({ signer: producer })];
  expect(() => one.firstBlock).toThrow(expect.objectContaining({ code: 'chain.ledger.notstarted' }));
  await Promise.all([one.start(), elsewhere.start()]);
  expect(one.firstBlock).toMatch(/^0x[0-9a-f]{64}$/);
  expect(elsewhere.chainId).toBe(one.chainId);
  expect(elsewhere.firstBlock).not.toBe(one.firstBlock);
  await Promise.all([one.stop(), elsewhere.stop()]);
});

describe('Another chain at the address of a ledger that runs', () => {
  test('is known by its id: no read is believed, until the right one is back', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await connected(gate.url);
    await chain.mining(() => ledger.reportProduction(wh(3)));
    gate.answer = (method) => (method === 'eth_chainId' ? { result: '0x7a69' } : undefined);
    const error = await ledger.production(producer.address).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChainChanged);
    expect(error).toMatchObject({ retryable: true, values: { found: 31337, known: 20171 } });
    expect(String(error)).toMatch(/its id is 31337, not 20171.*Start chain 20171 there again.*settings/);
    await expect(ledger.block()).rejects.toThrow(ChainChanged);
    await expect(ledger.client()).rejects.toThrow(ChainChanged);
    gate.answer = () => undefined;
    expect(await ledger.production(producer.address)).toBe(wh(3));
  });

  test('is known by its first block where id and contracts are the same', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await connected(gate.url);
    await chain.mining(() => ledger.reportProduction(wh(4)));
    expect(other.exchange).toBe(chain.exchange);
    const swapped = await swap(gate, other);
    // It has that contract, and zero in the register.
    await expect(ledger.production(producer.address)).rejects.toThrow(/another chain with the same id 20171/);
    await expect(ledger.available(producer.address)).rejects.toThrow(ChainChanged);
    await swap(swapped, chain);
    expect(await ledger.production(producer.address)).toBe(wh(4));
  });

  test('is known behind a connection that stands, at the first call', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await connected(gate.url);
    await ledger.production(producer.address);
    gate.calls.length = 0;
    await ledger.production(producer.address);
    expect(gate.calls.toSorted()).toEqual(['eth_call', 'eth_chainId', 'eth_getBlockByNumber']);
    const first = { number: '0x0', hash: `0x${'7'.repeat(64)}`, timestamp: '0x1' };
    gate.answer = (method) => (method === 'eth_getBlockByNumber' ? { result: first } : undefined);
    await expect(ledger.production(producer.address)).rejects.toThrow(ChainChanged);
  });

  test('makes a write wait: it is told once, and mined on its own chain alone', async () => {
    await register(other);
    const gate = await openGate(chain.url);
    const [ledger, notices] = await connected(gate.url);
    const swapped = await swap(gate, other);
    const writing = ledger.reportProduction(wh(5));
    await until(() => notices.length > 0);
    await systemClock.sleep(Duration(60));
    expect(notices.map(({ type }) => type)).toEqual(['waiting']);
    expect(notices[0]?.message).toMatch(/^Wrong chain: .* Trying again\.$/);
    await swap(swapped, chain);
    expect((await chain.mining(() => writing)).events).toMatchObject([{ register: wh(5) }]);
    expect(notices.at(-1)?.type).toBe('back');
    expect([await sent(chain), await sent(other)]).toEqual([1, 0]);
  });

  test('that refuses a transaction has not refused it: it is mined once the right one is back', async () => {
    const gate = await openGate(chain.url);
    const [ledger, notices] = await connected(gate.url);
    let isOther = false;
    gate.answer = (method) => {
      if (method === 'eth_sendRawTransaction' && !isOther) {
        isOther = true;
        return { error: { code: -32000, message: 'invalid chain id for signer' } };
      }
      return isOther && method === 'eth_chainId' ? { result: '0x1' } : undefined;
    };
    const writing = ledger.reportProduction(wh(6));
    await until(() => notices.some(({ type }) => type === 'waiting'));
    gate.answer = () => undefined;
    expect((await chain.mining(() => writing)).events).toMatchObject([{ register: wh(6) }]);
    expect(await sent(chain)).toBe(1);
  });

  test('that has mined something is not asked what became of ours', async () => {
    const gate = await openGate(chain.url);
    const [ledger, notices] = await connected(gate.url);
    const writing = ledger.reportProduction(wh(7));
    await until(async () => (await sent(chain)) === 1);
    const swapped = await swap(gate, other);
    await until(() => notices.some(({ message }) => message.startsWith('Wrong chain')));
    await other.mine(3);
    await swap(swapped, chain);
    const { hash } = await chain.mining(() => writing);
    expect(await chain.rpc.request('eth_getTransactionReceipt', [hash])).toMatchObject({ status: '0x1' });
    expect([await sent(chain), await sent(other)]).toEqual([1, 0]);
  });

  test('reverts no event of the right one', async () => {
    const gate = await openGate(chain.url);
    const [ledger, notices] = await connected(gate.url);
    const told: LedgerEvent[] = [];
    const ending = new AbortController();
    const following = (async () => {
      for await (const event of ledger.events({ signal: ending.signal })) told.push(event);
    })();
    await until(() => told.length > 0);
    const swapped = await swap(gate, other);
    await until(() => notices.some(({ message }) => message.startsWith('Wrong chain')));
    await swap(swapped, chain);
    await chain.mining(() => ledger.reportProduction(wh(8)));
    await until(() => told.some((event) => event.type === 'produced' && event.node === producer.address));
    ending.abort();
    await following;
    expect(told.filter(({ type }) => type === 'reverted')).toEqual([]);
  });

  test('cannot hide behind a refusal to tell its id', async () => {
    const gate = await openGate(chain.url);
    const [ledger] = await connected(gate.url);
    gate.answer = (method) =>
      method === 'eth_chainId' ? { error: { code: -32603, message: 'internal error' } } : undefined;
    await expect(ledger.production(producer.address)).rejects.toThrow(RpcRefused);
  });

  test('is not taken for it where a first block was refused once: what is pending is found under its name', async () => {
    const gate = await openGate(chain.url);
    let refusals = 0;
    gate.answer = (method) =>
      method === 'eth_getBlockByNumber' && refusals++ === 0
        ? { error: { code: -32603, message: 'internal error' } }
        : undefined;
    const outbox = join(temporaryDirectory(), 'outbox.sqlite');
    const [ledger] = await connected(gate.url, { outbox });
    const writing = ledger.reportProduction(wh(9));
    await until(async () => (await sent(chain)) === 1);
    const stopped = expect(writing).rejects.toThrow(LedgerStopped);
    await ledger.stop();
    await stopped;
    const [again, notices] = await connected(chain.url, { outbox, settles: false });
    await chain.mining(() => again.settle());
    expect(notices.map(({ type }) => type)).toContain('settled');
  });
});
