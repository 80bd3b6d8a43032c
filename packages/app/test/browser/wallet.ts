/**
 * A browser wallet (EIP-1193) for tests: the mock of an edge. It has a key of its own, asks nobody, and sends what it
 * signs to the lab's chain.
 */
import type { BrowserContext } from 'playwright-core';
import { createWalletClient, defineChain, http } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';

interface Asked {
  readonly method: string;
  readonly params?: readonly { readonly to: `0x${string}`; readonly data: `0x${string}` }[];
}

export interface Wallet {
  readonly address: `0x${string}`;
  /** Puts it into every page of the context. */
  injectInto(context: BrowserContext): Promise<void>;
}

export const createWallet = (rpc: string, chainId: number): Wallet => {
  const account = privateKeyToAccount(generatePrivateKey());
  const chain = defineChain({
    id: chainId,
    name: 'lab',
    nativeCurrency: { name: 'ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpc] } },
  });
  const client = createWalletClient({ account, chain, transport: http(rpc) });
  const answer = async ({ method, params = [] }: Asked): Promise<unknown> => {
    if (method === 'eth_requestAccounts') return [account.address];
    if (method === 'eth_chainId') return `0x${chainId.toString(16)}`;
    const [transaction] = params;
    if (method !== 'eth_sendTransaction' || !transaction)
      throw new Error(`The wallet does not know ${method}.`);
    const { to, data } = transaction;
    return await client.sendTransaction({ to, data, gasPrice: 0n });
  };
  return {
    address: account.address,
    injectInto: async (context) => {
      await context.exposeFunction('walletAnswer', answer);
      await context.addInitScript(() => {
        const page = globalThis as unknown as {
          ethereum: unknown;
          walletAnswer: (asked: unknown) => Promise<unknown>;
        };
        page.ethereum = { request: (asked: unknown) => page.walletAnswer(asked) };
      });
    },
  };
};
