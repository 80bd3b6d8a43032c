// A chain of its own for the gas bench: anvil on a free port, a block for each transaction, both contracts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Abi, Address, Hex } from 'viem';
import {
  createTestClient,
  encodeDeployData,
  encodeFunctionData,
  http,
  publicActions,
  walletActions,
} from 'viem';
import { artifact, foundry } from './forge.ts';

/** No notice of prices, so that what they cost stands beside v0.3's. */
export const TERMS = { priceNotice: 0, debtsCloseMarket: true, tolerance: 10_000_000n, toleranceShare: 20 };

export interface BenchChain {
  readonly chainId: number;
  readonly daiseeAddress: Address;
  /** Funded accounts besides the admin. */
  readonly neighbours: readonly [Address, Address, Address, Address];
  readonly deployed: { readonly coin: number; readonly daisee: number };
  /** Sends a call of the ledger, as the admin unless told, and returns the gas used. */
  daisee(name: string, args: readonly unknown[], from?: Address): Promise<number>;
  /** The same for the coin. */
  coin(name: string, args: readonly unknown[], from?: Address): Promise<number>;
  register(account: Address, kind: 'consumer' | 'producer', meterKey: Address): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('No TCP port is free.');
  return address.port;
}

export async function startChain(): Promise<BenchChain> {
  const port = await freePort();
  // Mining on command: anvil's automine is not to be relied on, and a block time would only be waited for.
  const options = ['--port', String(port), '--no-mining', '--hardfork', 'cancun', '--silent'];
  const anvil = spawn(foundry('anvil'), options, { stdio: 'ignore' });
  const ended = once(anvil, 'exit');
  const stop = async () => {
    anvil.kill();
    await ended;
  };
  const client = createTestClient({ mode: 'anvil', transport: http(`http://127.0.0.1:${port}`) })
    .extend(publicActions)
    .extend(walletActions);
  try {
    const chainId = await untilUp(() => client.getChainId());
    const [admin, ...others] = await client.getAddresses();
    const [first, second, third, fourth] = others;
    if (!admin || !first || !second || !third || !fourth) throw new Error('anvil gave too few accounts.');

    const send = async (account: Address, to: Address | null, data: Hex) => {
      const hash = await client.sendTransaction({ account, chain: null, to, data, gas: 15_000_000n });
      await client.mine({ blocks: 1 });
      const receipt = await client.getTransactionReceipt({ hash });
      if (receipt.status !== 'success')
        throw new Error(`A transaction that was to be measured reverted: ${data}`);
      return { gas: Number(receipt.gasUsed), address: receipt.contractAddress };
    };
    const deploy = async (contract: string, args: readonly unknown[]) => {
      const built = artifact(contract);
      const abi = built.abi as Abi;
      const { address, gas } = await send(
        admin,
        null,
        encodeDeployData({ abi, bytecode: built.bytecode.object, args }),
      );
      if (!address) throw new Error(`${contract} was not deployed.`);
      const call = async (functionName: string, callArgs: readonly unknown[], from = admin) =>
        (await send(from, address, encodeFunctionData({ abi, functionName, args: callArgs }))).gas;
      return { address, gas, call };
    };
    const coin = await deploy('DaiseeCoin', [admin]);
    const daisee = await deploy('Daisee', [coin.address, admin, TERMS, false]);
    return {
      chainId,
      daiseeAddress: daisee.address,
      neighbours: [first, second, third, fourth],
      deployed: { coin: coin.gas, daisee: daisee.gas },
      daisee: daisee.call,
      coin: coin.call,
      async register(account, kind, meterKey) {
        const [number, price] = kind === 'consumer' ? [1, 0n] : [2, 1_000_000n];
        await daisee.call('registerNode', [account, number, meterKey, price]);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks until there is an answer, for 10 s. */
async function untilUp<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let left = 100; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0) throw error;
      await delay(100);
    }
  }
}
