import { join } from 'node:path';
import { Coin, Energy, MICRO, Price, Register, systemClock } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Address,
  ContractRefused,
  type Correction,
  connectLedger,
  createKey,
  type Ledger,
  type LedgerNotice,
  NoContract,
  NoSigner,
  RpcRefused,
  signerOf,
  WrongChain,
  WrongContract,
} from '../src/index.ts';
import { type Community, nextOrder, poll, startCommunity } from './support/community.ts';
import { temporaryDirectory } from './support/directory.ts';

let community: Community;
let nobody: Address;
beforeAll(async () => {
  community = await startCommunity(temporaryDirectory());
  nobody = signerOf(createKey()).address;
});
afterAll(() => community.stop());

const wh = (energy: number) => BigInt(energy) * MICRO;

describe('The ledger', () => {
  test('carries energy from production to consumption, and coins the other way', async () => {
    const { consumer, producer, consumerKey, producerKey } = community;
    const [buyer, seller] = [consumerKey.address, producerKey.address];
    const produced = await producer.reportProduction(Register(wh(300)));
    expect(produced.events).toMatchObject([
      { type: 'produced', node: seller, energy: wh(300), register: wh(300) },
    ]);
    const bought = await consumer.buyEnergy(
      await nextOrder(consumer, seller, Energy(wh(100)), Coin(wh(100))),
    );
    expect(bought.events.map(({ type }) => type)).toEqual(['approved', 'bought', 'transferred']);
    expect(bought.events).toContainEqual(
      expect.objectContaining({ type: 'bought', cost: wh(100), block: bought.block }),
    );
    const consumed = await consumer.reportConsumption(seller, Register(wh(30)));
    expect(consumed.events).toMatchObject([
      { type: 'consumed', consumer: buyer, origin: seller, energy: wh(30) },
    ]);
    expect(consumed.at).toBeGreaterThan(0);
    await consumer.reportConsumption(buyer, Register(wh(7)));
    expect({
      allowance: await consumer.allowance(seller, buyer),
      overdrawn: await consumer.overdrawn(buyer, seller),
      total: await consumer.totalConsumption(buyer),
      own: await consumer.consumption(buyer, buyer),
      available: await consumer.available(seller),
      quote: await consumer.quote(seller, Energy(1n)),
      buyer: await consumer.balance(buyer),
      seller: await consumer.balance(seller),
      nbSellers: await consumer.nbSellers(),
      purchased: await consumer.totalPurchased(buyer),
      owed: await consumer.owed(buyer, seller),
      debts: await consumer.debts(buyer),
      delivery: await consumer.delivery(seller, buyer),
    }).toEqual({
      allowance: wh(70),
      overdrawn: 0n,
      total: wh(37),
      own: wh(7),
      available: wh(200),
      quote: 1n,
      buyer: wh(900),
      seller: wh(100),
      nbSellers: 1,
      purchased: wh(100),
      owed: 0n,
      debts: 0,
      delivery: 0n,
    });
    expect(await consumer.purchases(buyer)).toEqual([
      {
        seller,
        purchased: wh(100),
        consumed: wh(30),
        allowance: wh(70),
        overdrawn: 0n,
        owed: 0n,
        spent: wh(100),
        delivered: 0n,
      },
    ]);
    expect(await consumer.sellers()).toEqual([
      {
        account: seller,
        active: true,
        price: MICRO,
        nextPrice: undefined,
        produced: wh(300),
        taken: wh(100),
        available: wh(200),
      },
    ]);
    expect(await consumer.node(seller)).toMatchObject({ kind: 'producer', active: true, price: MICRO });
    expect(await consumer.node(nobody)).toEqual({
      kind: 'none',
      active: false,
      meterKey: undefined,
      price: 0n,
      nextPrice: undefined,
      epoch: 0,
    });
  });

  test('buys with an approval given before, too', async () => {
    const { consumer, consumerKey, producerKey } = community;
    await consumer.approve(Coin(wh(5)));
    expect(await consumer.coinAllowance(consumerKey.address)).toBe(wh(5));
    const order = () => nextOrder(consumer, producerKey.address, Energy(wh(5)), Coin(wh(5)));
    expect((await consumer.buyApproved(await order())).events.map(({ type }) => type)).toEqual([
      'bought',
      'transferred',
    ]);
    await expect(consumer.buyApproved(await order())).rejects.toMatchObject({
      errorName: 'ERC20InsufficientAllowance',
    });
  });

  test('reads many sellers, page by page', async () => {
    const { admin, consumer } = community;
    const before = await consumer.nbSellers();
    const accounts = Array.from({ length: 120 }, () => signerOf(createKey()).address);
    await Promise.all(accounts.map((account) => admin.registerNode({ account, kind: 'producer' })));
    const sellers = await consumer.sellers();
    expect(sellers).toHaveLength(before + 120);
    expect(new Set(sellers.map(({ account }) => account))).toEqual(
      new Set([...accounts, community.producerKey.address]),
    );
  });

  test('sends writes asked at once in the order asked, each under its own nonce', async () => {
    const { producer } = community;
    const registers = [1, 2, 3, 4, 5, 6].map((step) => Register(wh(1000 + step)));
    const receipts = await Promise.all(registers.map((register) => producer.reportProduction(register)));
    expect(new Set(receipts.map(({ hash }) => hash)).size).toBe(6);
    expect(receipts.flatMap(({ events }) => events)).toMatchObject(
      registers.map((register) => ({ type: 'produced', register })),
    );
  });

  test('buys once for one need, however often it is asked, also after a restart', async () => {
    const { connect, consumerKey, producerKey, consumer } = community;
    const outbox = join(temporaryDirectory(), 'outbox.sqlite');
    const before = await consumer.balance(consumerKey.address);
    const first = await connect({ signer: consumerKey, outbox });
    const order = await nextOrder(first, producerKey.address, Energy(wh(1)), Coin(wh(1)));
    const asked = await Promise.all([1, 2, 3].map(() => first.buyEnergy(order, { intent: 'need 1' })));
    expect(new Set(asked.map(({ hash }) => hash)).size).toBe(1);
    await first.stop();
    const second = await connect({ signer: consumerKey, outbox });
    expect(await second.buyEnergy(order, { intent: 'need 1' })).toEqual(asked[0]);
    expect(await consumer.balance(consumerKey.address)).toBe(before - wh(1));
    await second.buyEnergy(await nextOrder(second, producerKey.address, Energy(wh(1)), Coin(wh(1))), {
      intent: 'need 2',
    });
    expect(await consumer.balance(consumerKey.address)).toBe(before - wh(2));
  });

  test('a need that was refused may be asked again', async () => {
    const { consumer, producerKey } = community;
    const order = await nextOrder(consumer, producerKey.address, Energy(wh(2)), Coin(1n));
    await expect(consumer.buyEnergy(order, { intent: 'need 3' })).rejects.toThrow(ContractRefused);
    const receipt = await consumer.buyEnergy({ ...order, maxCost: Coin(wh(2)) }, { intent: 'need 3' });
    expect(receipt.events).toHaveLength(3);
  });

  test('works with explicit fees of both kinds and with a fixed gas limit', async () => {
    const { connect, producerKey } = community;
    let step = 2000;
    for (const options of [
      { fees: { gasPrice: 0n } },
      { fees: { maxFee: 0n, tip: 0n } },
      { gas: 200_000n },
      { confirmations: 3 },
    ]) {
      const ledger = await connect({ signer: producerKey, ...options });
      const receipt = await ledger.reportProduction(Register(wh(step++)));
      expect(receipt.events).toHaveLength(1);
      const depth = (await ledger.block()).number - receipt.block + 1;
      expect(depth).toBeGreaterThanOrEqual(options.confirmations ?? 1);
      await ledger.stop();
    }
  });

  test('without a key reads, and says what writing needs', async () => {
    const reader = await community.connect();
    expect(await reader.balance(nobody)).toBe(0n);
    await expect(reader.setPrice(Price(1n))).rejects.toThrow(NoSigner);
    await expect(reader.settle()).resolves.toBeUndefined();
  });
});

describe('A refusal of the contracts comes as their own error:', () => {
  const maxCost = Coin(wh(10_000));
  const buy = async (
    ledger: Ledger,
    seller: Address,
    energy: bigint,
    most: Coin = maxCost,
  ): Promise<unknown> => ledger.buyEnergy(await nextOrder(ledger, seller, Energy(energy), most));
  const correction = (c: Community): Correction => ({
    sort: 'production',
    node: c.producerKey.address,
    register: Register(1n),
    reason: 'because',
  });
  test.each<[string, (c: Community) => Promise<unknown>]>([
    ['NotANode', (c) => c.admin.reportConsumption(c.chain.treasury.address, Register(1n))],
    ['NotAProducer', (c) => c.consumer.reportProduction(Register(1n))],
    ['NotAProducer', (c) => c.consumer.setPrice(Price(1n))],
    ['AlreadyRegistered', (c) => c.admin.registerNode({ account: c.consumerKey.address, kind: 'consumer' })],
    ['NotAProducer', (c) => c.admin.registerNode({ account: nobody, kind: 'consumer', price: Price(5n) })],
    ['ZeroAddress', (c) => c.admin.registerNode({ account: `0x${'00'.repeat(20)}`, kind: 'consumer' })],
    [
      'AccessControlUnauthorizedAccount',
      (c) => c.consumer.registerNode({ account: nobody, kind: 'consumer' }),
    ],
    ['AccessControlUnauthorizedAccount', (c) => c.consumer.mint(c.consumerKey.address, Coin(1n))],
    ['NotANode', (c) => c.admin.removeNode(nobody)],
    ['UnknownOrigin', (c) => c.consumer.reportConsumption(nobody, Register(1n))],
    ['RegisterFell', (c) => c.consumer.reportConsumption(c.consumerKey.address, Register(1n))],
    ['RegisterTooLarge', (c) => c.producer.reportProduction(Register(2n ** 64n))],
    ['PriceTooLarge', (c) => c.producer.setPrice(Price(2n ** 64n))],
    ['NotASeller', (c) => buy(c.consumer, nobody, 1n)],
    ['NotEnoughEnergy', (c) => buy(c.consumer, c.producerKey.address, wh(9_000_000))],
    ['CostTooHigh', (c) => buy(c.consumer, c.producerKey.address, wh(1), Coin(1n))],
    ['NoEnergy', (c) => buy(c.consumer, c.producerKey.address, 0n)],
    ['OwnEnergy', (c) => buy(c.consumer, c.consumerKey.address, 1n)],
    ['NotABuyer', (c) => buy(c.producer, c.producerKey.address, 1n)],
    [
      'PurchasedMeanwhile',
      (c) =>
        c.consumer.buyEnergy({
          seller: c.producerKey.address,
          energy: Energy(1n),
          maxCost,
          purchasedBefore: Energy(7n),
        }),
    ],
    ['NoDebt', (c) => c.consumer.payDebt({ seller: c.producerKey.address, maxCost })],
    ['NoReason', (c) => c.admin.correctRegister({ ...correction(c), reason: '' })],
    ['AccessControlUnauthorizedAccount', (c) => c.producer.correctRegister(correction(c))],
    ['AlreadyOpen', (c) => c.admin.restore([], [])],
    ['ERC20InsufficientBalance', (c) => buy(c.consumer, c.producerKey.address, wh(1500))],
    ['ERC20InsufficientBalance', (c) => c.consumer.transfer(nobody, Coin(wh(1_000_000)))],
    ['EnergyTooLarge', (c) => c.consumer.quote(c.producerKey.address, Energy(2n ** 64n))],
    ['NotASeller', (c) => c.consumer.quote(nobody, Energy(1n))],
    ['ExpectedPause', (c) => c.admin.unpause()],
  ])('%s', async (errorName, work) => {
    const refused: unknown = await work(community).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ContractRefused);
    expect(refused).toMatchObject({ errorName });
  });

  test('with the values that the contract gave', async () => {
    const { consumer, producerKey } = community;
    const available = await consumer.available(producerKey.address);
    const requested = Energy(available + 1n);
    await expect(buy(consumer, producerKey.address, requested)).rejects.toMatchObject({
      args: { seller: producerKey.address, available, requested },
      retryable: true,
    });
  });

  test('missing coins name the commands that give them', async () => {
    await expect(community.consumer.transfer(nobody, Coin(wh(1_000_000)))).rejects.toThrow(
      /daisee token mint.*daisee token transfer/,
    );
  });

  test('a pause, and its end', async () => {
    const { admin, producer } = community;
    await admin.pause();
    await expect(producer.setPrice(Price(MICRO))).rejects.toMatchObject({
      errorName: 'EnforcedPause',
      retryable: true,
    });
    await admin.unpause();
    expect((await producer.setPrice(Price(MICRO))).events).toMatchObject([
      { type: 'priceChanged', price: MICRO },
    ]);
  });

  test('a seller that sells nothing at present', async () => {
    const { admin, consumer } = community;
    await admin.registerNode({ account: nobody, kind: 'producer' });
    await expect(consumer.quote(nobody, Energy(1n))).rejects.toMatchObject({ errorName: 'NotSelling' });
  });

  test('when it was only found in the block: a fixed gas limit skips the rehearsal', async () => {
    const { connect, consumerKey } = community;
    const ledger = await connect({ signer: consumerKey, gas: 200_000n });
    const refused: unknown = await ledger
      .reportConsumption(nobody, Register(0n))
      .then(() => ledger.transfer(nobody, Coin(wh(1_000_000))))
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      errorName: 'ERC20InsufficientBalance',
      hash: expect.stringMatching(/^0x/),
    });
    // Its nonce was used: the next one goes on after it.
    expect((await ledger.transfer(nobody, Coin(1n))).events).toHaveLength(1);
  });

  test('a transaction that ran out of gas says so', async () => {
    const { connect, producerKey } = community;
    const ledger = await connect({ signer: producerKey, gas: 27_000n });
    await expect(ledger.reportProduction(Register(wh(5_000)))).rejects.toMatchObject({
      errorName: 'OutOfGas',
    });
  });
});

describe('Connecting', () => {
  const open = (change: Partial<Parameters<typeof connectLedger>[0]>) => {
    const { exchange, coin } = community.deployment;
    return connectLedger({
      url: community.chain.url,
      exchange,
      coin,
      clock: systemClock,
      pollInterval: poll,
      ...change,
    });
  };

  test('refuses another chain than the one expected', async () => {
    const ledger = open({ chainId: 1 });
    await expect(ledger.start()).rejects.toThrow(WrongChain);
    await ledger.stop();
  });

  test.each([
    ['exchange', 'contracts.daisee'],
    ['coin', 'contracts.token'],
  ])(
    'says that there is no contract at the address of the %s, and how to get one',
    async (which, setting) => {
      const ledger = open({ [which]: nobody });
      const starting = ledger.start();
      await expect(starting).rejects.toThrow(NoContract);
      await expect(starting).rejects.toThrow(`"daisee deploy" or correct ${setting}`);
      await ledger.stop();
    },
  );

  test('refuses a coin that the exchange is not paid with, and an exchange that is none', async () => {
    const { exchange, coin } = community.deployment;
    for (const swapped of [{ coin: exchange }, { exchange: coin }]) {
      const ledger = open(swapped);
      await expect(ledger.start()).rejects.toThrow(WrongContract);
      await ledger.stop();
    }
  });

  test('stop is idempotent, and what is asked after it is told so', async () => {
    const ledger = open({ signer: community.producerKey });
    await ledger.start();
    await ledger.stop();
    await ledger.stop();
    await expect(ledger.setPrice(Price(1n))).rejects.toMatchObject({ code: 'chain.ledger.stopped' });
  });

  test('finds the block of deployment, or begins at the first one and says so', async () => {
    const notices: LedgerNotice[] = [];
    const ledger = open({ onEvent: (notice) => notices.push(notice) });
    await ledger.start();
    const found = await ledger.deployedAt();
    if (notices.length === 0) expect(found).toBe(community.deployment.block);
    else expect([found, notices.map(({ type }) => type)]).toEqual([0, ['history']]);
    const events = await ledger.createFeed().poll();
    expect(events.slice(0, 2)).toMatchObject([{ type: 'termsChanged' }, { type: 'nodeRegistered' }]);
    await ledger.stop();
  });
});

describe('The embedded chain from outside', () => {
  test.each([
    'anvil_setBalance',
    'evm_mine',
    'anvil_reorg',
    'eth_sendTransaction',
    'eth_sendUnsignedTransaction',
    'personal_unlockAccount',
  ])('does not offer %s', async (method) => {
    const { createRpc } = await import('../src/rpc.ts');
    const rpc = createRpc({ url: community.chain.url });
    await expect(rpc.request(method, [])).rejects.toThrow(RpcRefused);
    rpc.close();
  });
});
