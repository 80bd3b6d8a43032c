import { Energy, MICRO, Register } from '@daisee/units';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Address,
  createKey,
  encodeBatch,
  type Reading,
  ReadingTooLarge,
  SORTS,
  signerOf,
  signReading,
} from '../src/index.ts';
import { type Community, startCommunity } from './support/community.ts';
import { temporaryDirectory } from './support/directory.ts';

let community: Community;
beforeAll(async () => {
  community = await startCommunity(temporaryDirectory());
  const { admin, producerKey, meterKey } = community;
  await admin.setMeterKey(producerKey.address, meterKey.address);
});
afterAll(() => community.stop());

const domain = () => ({ chainId: community.chain.chainId, exchange: community.deployment.exchange });
const production = (node: Address, register: bigint, epoch = 0): Reading => ({
  sort: 'production',
  node,
  epoch,
  register: Register(register),
});

describe('Readings that a meter signed', () => {
  test('are taken by the contract in one batch, whoever carries it: production, own use, from a seller, to a buyer', async () => {
    const { producerKey, consumerKey, admin, consumer, meterKey } = community;
    const consumerMeter = signerOf(createKey());
    await admin.setMeterKey(consumerKey.address, consumerMeter.address);
    const [node, buyer] = [producerKey.address, consumerKey.address];
    const own: Reading = { sort: 'ownUse', node, epoch: 0, register: Register(2n * MICRO) };
    const from: Reading = {
      sort: 'consumption',
      node: buyer,
      other: node,
      epoch: 0,
      register: Register(3n * MICRO),
    };
    const to: Reading = {
      sort: 'delivery',
      node,
      other: buyer,
      epoch: 0,
      register: Register(30n * MICRO),
    };
    const readings = [
      await signReading(meterKey, production(node, 50n * MICRO), domain()),
      await signReading(meterKey, own, domain()),
      await signReading(consumerMeter, from, domain()),
      await signReading(meterKey, to, domain()),
    ];
    const { events } = await consumer.report(readings);
    expect(events.map(({ type }) => type)).toEqual([
      'produced',
      'consumed',
      'consumed',
      'overdrawn',
      'delivered',
      'disputed',
    ]);
    expect(events.at(3)).toMatchObject({ energy: 3n * MICRO, total: 3n * MICRO, owed: 3n * MICRO });
    expect(events.at(-1)).toMatchObject({ delivered: 30n * MICRO, consumed: 3n * MICRO });
    expect(await consumer.production(node)).toBe(50n * MICRO);
    expect(await consumer.consumption(node, node)).toBe(2n * MICRO);
    expect(await consumer.overdrawn(buyer, node)).toBe(Energy(3n * MICRO));
    expect(await consumer.delivery(node, buyer)).toBe(30n * MICRO);
    // Carried again: nothing is counted twice.
    expect((await consumer.report(readings)).events).toEqual([]);
  });

  test('alone count where the meter has a key', async () => {
    const { producer } = community;
    await expect(producer.reportProduction(Register(10n ** 15n))).rejects.toMatchObject({
      errorName: 'SignatureNeeded',
    });
  });

  test('count with whatever parity their signature has', async () => {
    const { producerKey, producer, meterKey } = community;
    const node = producerKey.address;
    let register = 100n * MICRO;
    const parities = new Set<number>();
    for (let tries = 0; tries < 20 && parities.size < 2; tries++) {
      register += MICRO;
      const reading = await signReading(meterKey, production(node, register), domain());
      parities.add(reading.signature.yParity);
      await producer.report([reading]);
      expect(await producer.production(node)).toBe(register);
    }
    expect(parities.size).toBe(2);
  });

  test('are refused for another contract or chain, and by another key', async () => {
    const { producerKey, producer, meterKey, deployment } = community;
    const reading = production(producerKey.address, 10_000n * MICRO);
    for (const wrong of [
      await signReading(meterKey, reading, { chainId: 1, exchange: deployment.exchange }),
      await signReading(meterKey, reading, { chainId: community.chain.chainId, exchange: deployment.coin }),
      await signReading(producerKey, reading, domain()),
    ])
      await expect(producer.report([wrong])).rejects.toMatchObject({
        errorName: 'BadSignature',
        args: { index: 0n, node: producerKey.address },
      });
  });

  test('of a new meter go on where the old one ended, and unsent ones of the old do not count', async () => {
    const { admin, producerKey, producer, meterKey } = community;
    const node = producerKey.address;
    const before = await producer.production(node);
    const unsent = await signReading(meterKey, production(node, before + MICRO), domain());
    const replaced = await admin.replaceMeter(node, meterKey.address);
    expect(replaced.events).toMatchObject([{ type: 'meterReplaced', epoch: 1 }]);
    const { epoch } = await producer.node(node);
    const first = await signReading(meterKey, production(node, 4n * MICRO, epoch), domain());
    const { events } = await producer.report([unsent, first]);
    expect(events).toMatchObject([{ type: 'produced', energy: 4n * MICRO, register: before + 4n * MICRO }]);
  });

  test('that were false are corrected, for everybody to see, and the meter goes on', async () => {
    const { admin, producerKey, producer, meterKey } = community;
    const node = producerKey.address;
    const was = await producer.production(node);
    const register = Register(was - MICRO);
    const receipt = await admin.correctRegister({ sort: 'production', node, register, reason: 'test' });
    expect(receipt.events).toMatchObject([
      { type: 'registerCorrected', node, sort: 'production', was, register, reason: 'test' },
    ]);
    const next = await signReading(meterKey, production(node, 9n * MICRO, 1), domain());
    await producer.report([next]);
    expect(await producer.production(node)).toBe(was + 5n * MICRO);
  });

  test('take 94 bytes each, 114 with a seller or buyer', async () => {
    const key = signerOf(createKey());
    const other = signerOf(createKey()).address;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom(...SORTS), fc.nat(255), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
          {
            maxLength: 8,
          },
        ),
        async (rows) => {
          const readings = await Promise.all(
            rows.map(([sort, epoch, register]) =>
              signReading(
                key,
                {
                  sort,
                  node: key.address,
                  epoch,
                  register: Register(register),
                  other: SORTS.indexOf(sort) > 1 ? other : undefined,
                },
                domain(),
              ),
            ),
          );
          const expected = rows.reduce((sum, [sort]) => sum + (SORTS.indexOf(sort) > 1 ? 114 : 94), 0);
          expect((encodeBatch(readings).length - 2) / 2).toBe(expected);
        },
      ),
      { numRuns: 30 },
    );
    const large = await signReading(key, production(other, 2n ** 64n), domain());
    expect(() => encodeBatch([large])).toThrow(ReadingTooLarge);
  });
});
