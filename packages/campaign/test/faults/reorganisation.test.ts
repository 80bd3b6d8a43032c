import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLedger, createEmbeddedChain, createKey, deployContracts, signerOf } from '@daisee/chain';
import { Duration, pacedClock, Seconds, systemClock } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createChance } from '../../src/chance.ts';
import type { HttpSeen, Stage } from '../../src/doors.ts';
import { reorganisationFaults, undoBlocks } from '../../src/faults/reorganisation.ts';

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
  it.each([
    { share: 0, offered: 0 },
    { share: 1, offered: 3 },
  ])(
    'leaves what is below as it was, and of what is above only what it offers again: $offered of 3',
    async ({ share, offered }) => {
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

      const undone = undoBlocks(directory, top - below, createChance(1, 'undone'), share);
      expect(undone).toEqual({ from: below + 1, to: top, offered, lost: 3 - offered });

      chain = await open();
      expect(chain.latest().number).toBe(below);
      ledger = connect();
      await ledger.start();
      expect(await ledger.node(early)).toMatchObject({ kind: 'consumer' });
      for (let block = 0; block < 3; block++) await chain.mine();
      const kinds = await Promise.all(later.map(async (account) => (await ledger.node(account)).kind));
      expect(kinds.filter((kind) => kind === 'consumer')).toHaveLength(offered);
      await ledger.stop();
      await chain.stop();
    },
  );

  it('says so where there is no journal, or too short a one', () => {
    const directory = directoryOf();
    expect(() => undoBlocks(directory, 1, createChance(1, 'none'), 1)).toThrow(/no chain\.sqlite/);
  });
});

describe('a reorganisation under running clients', () => {
  const live = reorganisationFaults.find(({ name }) => name.endsWith('under running clients'));

  it('keeps them waiting from before the chain dies, and lets them go on even when it cannot be made', async () => {
    const said: string[] = [];
    const waiting: Promise<unknown>[] = [];
    const request = { pass: async () => said.push('the chain answered') } as unknown as HttpSeen;
    const link = {
      answer: (instead: (seen: HttpSeen) => Promise<unknown>) => {
        waiting.push(instead(request));
        return () => said.push('a link is free');
      },
    };
    const part = {
      running: false,
      kill: async () => said.push('the chain was killed'),
      start: async () => said.push('the chain was started'),
    };
    const stage = {
      clock: pacedClock({ real: systemClock.now(), instant: systemClock.now(), speed: 20_000 }),
      speed: 20,
      parts: { chain: part },
      links: { 'agent1-chain': link, 'agent2-chain': link, 'app-chain': link },
      community: {},
      ledger: { purchases: async () => [] },
      directory: directoryOf,
    } as unknown as Stage;
    await expect(live?.strike(stage, createChance(1, 'live'), new AbortController().signal)).rejects.toThrow(
      /no chain\.sqlite/,
    );
    await Promise.all(waiting);
    expect(said).toEqual([
      'the chain was killed',
      ...Array.from({ length: 3 }, () => 'a link is free'),
      'the chain was started',
      ...Array.from({ length: 3 }, () => 'the chain answered'),
    ]);
  });
});
