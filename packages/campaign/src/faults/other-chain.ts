/**
 * Another chain at the endpoint of agents and App that run: begun anew from the same keys, so that it has the same
 * contracts at the same addresses, both nodes registered, coins for purchases, and zero in every register.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLedger, createEmbeddedChain, deployContracts, type Ledger } from '@daisee/chain';
import { type Coin, DaiseeError, Price, Seconds } from '@daisee/units';
import type { Fault, HttpAnswer, LinkName, Stage } from '../doors.ts';
import { callsOf } from './calls.ts';
import { answering, inWords, lasting, seconds } from './lasting.ts';

/** The other chain has its contracts elsewhere: then nobody would believe it anyway. */
class ContractsElsewhere extends DaiseeError {
  constructor(found: string, expected: string) {
    super({
      code: 'campaign.other-chain',
      message: `The other chain has its exchange at ${found}, the lab's is at ${expected}: deploy both as the first thing that their treasury does.`,
      retryable: false,
      values: { found, expected },
    });
  }
}

interface OtherChain {
  answer(body: string): Promise<HttpAnswer>;
  /** What the nodes wrote to it, in words; undefined: nothing. */
  written(): Promise<string | undefined>;
  close(): Promise<void>;
}

const registered = async (ledger: Ledger, { node1, node2 }: Stage['community']): Promise<void> => {
  await ledger.start();
  await Promise.all([
    ledger.registerNode({ account: node1, kind: 'consumer' }),
    ledger.registerNode({ account: node2, kind: 'producer', price: Price(1_000_000n) }),
    ledger.mint(node1, 1_000_000_000n as Coin),
  ]);
};

const openOtherChain = async (stage: Stage, chainId: number): Promise<OtherChain> => {
  const { clock, community } = stage;
  const directory = mkdtempSync(join(tmpdir(), 'daisee-other-chain-'));
  copyFileSync(join(stage.directory('chain'), 'treasury.key'), join(directory, 'treasury.key'));
  const chain = createEmbeddedChain({
    directory,
    port: 0,
    blockTime: Seconds(5),
    clock,
    chainId,
    survives: 'process',
  });
  let ledger: Ledger | undefined;
  const close = async (): Promise<void> => {
    await ledger?.stop();
    await chain.stop();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await chain.start();
    const { url, treasury } = chain;
    const { exchange, coin } = await deployContracts({
      url,
      signer: treasury,
      admin: treasury.address,
      clock,
    });
    if (exchange !== stage.ledger.exchange) throw new ContractsElsewhere(exchange, stage.ledger.exchange);
    const own = connectLedger({ url, exchange, coin, signer: treasury, clock, pollInterval: Seconds(2) });
    ledger = own;
    await registered(own, community);
    return {
      answer: async (body) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(url, { method: 'POST', headers, body });
        return { status: response.status, body: await response.text() };
      },
      written: async () => {
        const [consumed, produced, purchases] = await Promise.all([
          own.totalConsumption(community.node1),
          own.production(community.node2),
          own.purchases(community.node1),
        ]);
        if (consumed === 0n && produced === 0n && purchases.length === 0) return undefined;
        return `${consumed} µWh consumed, ${produced} produced, purchases from ${purchases.length}`;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const LINKS: readonly [LinkName, ...LinkName[]] = ['agent1-chain', 'agent2-chain', 'app-chain'];

const otherChain: Fault = {
  name: 'wrong chain under running agents',
  tries: [1, 2, 3, 4, 8],
  weight: 3,
  // An agent that is started meanwhile refuses its books to that chain, and ends.
  alone: true,
  strike: async (stage, chance, signal) => {
    const { chainId } = stage.ledger;
    // With the same id it is known by its first block alone.
    const id = chance.next() < 0.5 ? chainId : chance.whole(1, chainId - 1);
    const names = chance.next() < 0.5 ? LINKS : [chance.pick(LINKS)];
    const length = seconds(chance, 30, 240);
    const other = await openOtherChain(stage, id);
    let asked = 0;
    let sent = 0;
    try {
      const ends = names.map((name) =>
        answering(stage.links[name], (request) => {
          asked++;
          sent += callsOf(request).filter(({ method }) => method === 'eth_sendRawTransaction').length;
          return other.answer(request.body);
        }),
      );
      await lasting(stage, length, signal, ...ends);
      const written = await other.written();
      if (written !== undefined) stage.note(`WRITTEN TO ANOTHER CHAIN: ${written}`);
      return {
        happened: asked > 0,
        seen: `${names.join(', ')}: ${asked} requests answered by another chain with ${id === chainId ? 'the same id' : `the id ${id}`} for ${inWords(length)}, ${sent} transactions sent there, ${written ?? 'nothing written to it'}`,
      };
    } finally {
      await other.close();
    }
  },
};

export const otherChainFaults: readonly Fault[] = [otherChain];
