/** What a lab does once: keys made, contracts deployed, nodes registered, coins given. */
import { rmSync } from 'node:fs';
import {
  type Address,
  connectLedger,
  createEmbeddedChain,
  createKey,
  deployContracts,
  signerOf,
  writeKeyFile,
} from '@daisee/chain';
import { Duration, Instant, MICRO, Price, Seconds, VirtualClock } from '@daisee/units';
import { LAB_PARTS, type LabDirectory, type LabRecord } from './directory.ts';
import type { World } from './world.ts';

const LAB_BLOCK_TIME = Seconds(5);
/** The chain begins a while before the world does, so that its set-up is over when the first sample is taken. */
const BEFORE_THE_WORLD: Duration = Duration(30 * 60_000);

/** geth's light cost: the lab's keys are made at random, lie beside their password, and open at every start. */
const LAB_KEY_COST = 2 ** 12;

/** Sets a lab up in an empty folder; a set-up that was broken off left no record and begins again. */
export const setUpLab = async (
  directory: LabDirectory,
  world: World,
  signal: AbortSignal,
): Promise<LabRecord> => {
  for (const part of LAB_PARTS) rmSync(directory.file(part), { recursive: true, force: true });
  const password = directory.password('keystore');
  const [node1, node2] = await Promise.all(
    [createKey(), createKey()].map(async (key) => {
      await writeKeyFile(directory.file('keystore'), key, password, {
        now: world.start,
        cost: LAB_KEY_COST,
      });
      return signerOf(key).address;
    }),
  );
  if (!node1 || !node2) throw new TypeError('unreachable: two keys were made');
  const clock = new VirtualClock({ start: Instant(world.start - BEFORE_THE_WORLD) });
  const chain = createEmbeddedChain({
    directory: directory.file('chain'),
    port: 0,
    blockTime: LAB_BLOCK_TIME,
    clock,
    genesis: clock.now(),
  });
  return clock.task(async () => {
    await chain.start(signal);
    try {
      const { treasury } = chain;
      const { exchange, coin, block } = await deployContracts({
        url: chain.url,
        signer: treasury,
        admin: treasury.address,
        clock,
      });
      const ledger = connectLedger({
        url: chain.url,
        exchange,
        coin,
        signer: treasury,
        clock,
        outbox: directory.file('chain', 'treasury.sqlite'),
      });
      await ledger.start(signal);
      try {
        await ledger.registerNode({ account: node1, kind: 'consumer', price: Price(0n) });
        await ledger.registerNode({ account: node2, kind: 'producer', price: Price(MICRO) });
        for (const account of [node1, node2]) await ledger.mint(account, world.coins);
        const record: LabRecord = {
          version: 1,
          start: world.start,
          node1,
          node2,
          treasury: treasury.address,
          exchange,
          coin,
          deployedAt: block,
          before: await balances(ledger, [node1, node2]),
        };
        directory.write(record);
        return record;
      } finally {
        await ledger.stop();
      }
    } finally {
      await chain.stop();
    }
  });
};

const balances = async (
  ledger: { balance(account: Address): Promise<bigint> },
  accounts: readonly Address[],
): Promise<Record<Address, string>> =>
  Object.fromEntries(
    await Promise.all(
      accounts.map(async (account) => [account, String(await ledger.balance(account))] as const),
    ),
  );
