import { Coin, Energy, MICRO, Price, Register, wattHours } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Address, ContractRefused, createKey, type Ledger, signerOf } from '../src/index.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';

let chain: DevChain;
let ledger: Ledger;
const person = signerOf(createKey());
const seller = signerOf(createKey());
const stranger: Address = signerOf(createKey()).address;

beforeAll(async () => {
  chain = await startDevChain();
  const admin = chain.connect({ signer: chain.admin });
  const producer = chain.connect({ signer: seller });
  ledger = chain.connect();
  await Promise.all([admin.start(), producer.start(), ledger.start()]);
  await chain.mining(async () => {
    await admin.registerNode({ account: seller.address, kind: 'producer', price: Price(MICRO) });
    await admin.registerNode({ account: person.address, kind: 'consumer' });
    await admin.mint(person.address, Coin(10n * MICRO));
    await producer.reportProduction(Register(100n * MICRO));
  });
});
afterAll(() => chain.stop());

describe('A call for a wallet that is not ours', () => {
  test('is rehearsed for that account before anybody signs it', async () => {
    const transfer = ledger.orders.transfer(stranger, Coin(10n * MICRO));
    const purchase = ledger.orders.buyEnergy({
      seller: seller.address,
      energy: wattHours(10),
      maxCost: Coin(10n * MICRO),
      purchasedBefore: Energy(0n),
    });
    for (const call of [transfer, purchase, ledger.orders.approve(Coin(MICRO))])
      expect(await ledger.rehearse(person.address, call)).toBeUndefined();
  });

  test('is refused in words when it would revert', async () => {
    const dear = ledger.orders.buyEnergy({
      seller: seller.address,
      energy: wattHours(20),
      maxCost: Coin(20n * MICRO),
      purchasedBefore: Energy(0n),
    });
    await expect(ledger.rehearse(person.address, dear)).rejects.toThrow(ContractRefused);
    await expect(ledger.rehearse(person.address, dear)).rejects.toThrow(
      /has 10\.000000 coins and needs 20\.000000 coins/,
    );
    await expect(
      ledger.rehearse(stranger, ledger.orders.transfer(person.address, Coin(1n))),
    ).rejects.toMatchObject({ errorName: 'ERC20InsufficientBalance' });
  });

  test('is what the node itself would send', async () => {
    const call = ledger.orders.transfer(stranger, Coin(MICRO));
    const signer = chain.connect({ signer: person });
    await signer.start();
    const { hash } = await chain.mining(() => signer.transfer(stranger, Coin(MICRO)));
    const sent = await chain.rpc.request('eth_getTransactionByHash', [hash]);
    expect(sent).toMatchObject({ to: call.to.toLowerCase(), input: call.data });
  });
});

test('The chain says what its client is', async () => {
  expect(await ledger.client()).toMatch(/anvil/);
});
