import { Energy, MICRO, Register } from '@daisee/units';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey, encodeBatch, ReadingTooLarge, signerOf, signReading } from '../src/index.ts';
import { type Community, startCommunity } from './support/community.ts';
import { temporaryDirectory } from './support/directory.ts';

let community: Community;
beforeAll(async () => {
  community = await startCommunity(temporaryDirectory());
});
afterAll(() => community.stop());

const domain = () => ({ chainId: community.chain.chainId, exchange: community.deployment.exchange });

describe('Readings that a meter signed', () => {
  test('are taken by the contract in one batch, whoever carries it: production, own use, and from a seller', async () => {
    const { producerKey, consumerKey, admin, consumer, meterKey } = community;
    const consumerMeter = signerOf(createKey());
    await admin.setMeterKey(consumerKey.address, consumerMeter.address);
    const node = producerKey.address;
    const readings = [
      await signReading(meterKey, { node, register: Register(50n * MICRO) }, domain()),
      await signReading(meterKey, { node, origin: node, register: Register(2n * MICRO) }, domain()),
      await signReading(
        consumerMeter,
        { node: consumerKey.address, origin: node, register: Register(3n * MICRO) },
        domain(),
      ),
    ];
    const { events } = await consumer.report(readings);
    expect(events.map(({ type }) => type)).toEqual(['produced', 'consumed', 'consumed', 'overdrawn']);
    expect(await consumer.production(node)).toBe(50n * MICRO);
    expect(await consumer.consumption(node, node)).toBe(2n * MICRO);
    expect(await consumer.overdrawn(consumerKey.address, node)).toBe(Energy(3n * MICRO));
    // Carried again: nothing is counted twice.
    expect((await consumer.report(readings)).events).toEqual([]);
  });

  test('count with whatever parity their signature has', async () => {
    const { producerKey, producer, meterKey } = community;
    const node = producerKey.address;
    let register = 100n * MICRO;
    const parities = new Set<number>();
    for (let tries = 0; tries < 20 && parities.size < 2; tries++) {
      register += MICRO;
      const reading = await signReading(meterKey, { node, register: Register(register) }, domain());
      parities.add(reading.signature.yParity);
      await producer.report([reading]);
      expect(await producer.production(node)).toBe(register);
    }
    expect(parities.size).toBe(2);
  });

  test('are refused for another contract or chain, and by another key', async () => {
    const { producerKey, producer, meterKey, deployment } = community;
    const reading = { node: producerKey.address, register: Register(10_000n * MICRO) };
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

  test('take 93 bytes each, 113 from a seller', async () => {
    const key = signerOf(createKey());
    const other = signerOf(createKey()).address;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.constantFrom('none', 'own', 'seller'), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
          {
            maxLength: 8,
          },
        ),
        async (rows) => {
          const readings = await Promise.all(
            rows.map(([sort, register]) => {
              const origin = sort === 'none' ? {} : { origin: sort === 'own' ? key.address : other };
              return signReading(
                key,
                { node: key.address, register: Register(register), ...origin },
                domain(),
              );
            }),
          );
          const expected = rows.reduce((sum, [sort]) => sum + (sort === 'seller' ? 113 : 93), 0);
          expect((encodeBatch(readings).length - 2) / 2).toBe(expected);
        },
      ),
      { numRuns: 30 },
    );
    const large = await signReading(key, { node: other, register: Register(2n ** 64n) }, domain());
    expect(() => encodeBatch([large])).toThrow(ReadingTooLarge);
  });
});
