/** An App beside its agent, each a program of its own with the same key: neither may cost the other a transaction. */
import { Coin } from '@daisee/units';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey, signerOf, TransactionReplaced } from '../src/index.ts';
import { type DevChain, startDevChain } from './support/dev-chain.ts';
import { temporaryDirectory } from './support/directory.ts';

let chain: DevChain;
beforeAll(async () => {
  chain = await startDevChain();
});
afterAll(() => chain.stop());

test('two programs with one key send at the same time, and everything asked for is done exactly once', async () => {
  const signer = signerOf(createKey());
  const other = signerOf(createKey()).address;
  const admin = chain.connect({ signer: chain.admin });
  await admin.start();
  await chain.mining(() => admin.mint(signer.address, Coin(1_000_000n)));
  const programs = ['agent', 'app'].map((name) =>
    chain.connect({ signer, outbox: `${temporaryDirectory()}/${name}.sqlite` }),
  );
  await Promise.all(programs.map((program) => program.start()));
  let replaced = 0;
  /** As agent and App do: what was replaced never happened, so it is asked again. */
  const pay = async (program: (typeof programs)[number], amount: number): Promise<void> => {
    for (;;)
      try {
        await program.transfer(other, Coin(BigInt(amount)));
        return;
      } catch (error) {
        if (!(error instanceof TransactionReplaced)) throw error;
        replaced++;
      }
  };
  await chain.mining(() =>
    Promise.all(
      programs.map(async (program) => {
        for (let amount = 1; amount <= 15; amount++) await pay(program, amount);
      }),
    ),
  );
  expect(await admin.balance(other)).toBe(2n * 120n);
  expect(await chain.rpc.request('eth_getTransactionCount', [signer.address, 'latest'])).toBe('0x1e');
  // Most collisions are settled by the sender itself, with the next nonce.
  expect(replaced).toBeLessThan(15);
});
