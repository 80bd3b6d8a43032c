import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLedger, createEmbeddedChain, createKey, deployContracts, signerOf } from '@daisee/chain';
import { Duration, Seconds, systemClock } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createChance } from '../../src/chance.ts';
import { undoBlocks } from '../../src/faults/reorganisation.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const directoryOf = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'daisee-reorganisation-'));
  folders.push(folder);
  return join(folder, 'chain');
};

describe('a reorganisation', () => {
  it('leaves what is below as it was, and of what is above only what it offers again', async () => {
    const directory = directoryOf();
    // Blocks come when the test says so.
    const open = async () => {
      const chain = createEmbeddedChain({
        directory,
        port: 0,
        blockTime: Seconds(3600),
        clock: systemClock,
        survives: 'process',
      });
      await chain.start();
      return chain;
    };
    let chain = await open();
    const mining = async <T>(work: Promise<T>): Promise<T> => {
      const state = { isDone: false };
      const done = work.finally(() => {
        state.isDone = true;
      });
      while (!state.isDone) {
        await systemClock.sleep(Duration(10));
        if (!state.isDone) await chain.mine();
      }
      return done;
    };
    const deployment = await mining(
      deployContracts({
        url: chain.url,
        signer: chain.treasury,
        admin: chain.treasury.address,
        clock: systemClock,
      }),
    );
    const connect = () =>
      connectLedger({
        url: chain.url,
        exchange: deployment.exchange,
        coin: deployment.coin,
        signer: chain.treasury,
        clock: systemClock,
        pollInterval: Duration(20),
      });
    let ledger = connect();
    await ledger.start();
    const early = signerOf(createKey()).address;
    await mining(ledger.registerNode({ account: early, kind: 'consumer' }));
    for (let block = 0; block < 3; block++) await chain.mine();
    const below = chain.latest().number;
    const later = Array.from({ length: 3 }, () => signerOf(createKey()).address);
    for (const account of later) await mining(ledger.registerNode({ account, kind: 'consumer' }));
    const top = chain.latest().number;
    await ledger.stop();
    await chain.stop();

    const undone = undoBlocks(directory, top - below, createChance(1, 'undone'));
    expect(undone).toMatchObject({ from: below + 1, to: top });
    expect(undone.offered + undone.lost).toBe(3);

    chain = await open();
    expect(chain.latest().number).toBe(below);
    ledger = connect();
    await ledger.start();
    expect(await ledger.node(early)).toMatchObject({ kind: 'consumer' });
    for (let block = 0; block < 3; block++) await chain.mine();
    const kinds = await Promise.all(later.map(async (account) => (await ledger.node(account)).kind));
    expect(kinds.filter((kind) => kind === 'consumer').length).toBeLessThanOrEqual(undone.offered);
    await ledger.stop();
    await chain.stop();
  });

  it('says so where there is no journal, or too short a one', () => {
    const directory = directoryOf();
    expect(() => undoBlocks(directory, 1, createChance(1, 'none'))).toThrow(/no chain\.sqlite/);
  });
});
