/** A wallet in this browser (EIP-1193), when there is one. */
import type { Address, Prepared } from '../src/api.ts';

interface Provider {
  request(ask: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>;
}

const provider = (): Provider | undefined => (globalThis as { ethereum?: Provider }).ethereum;

export const hasBrowserWallet = (): boolean => provider() !== undefined;

/** What a wallet that refuses says. */
const saidBy = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);

const ask = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
  try {
    return await provider()?.request({ method, params });
  } catch (error) {
    throw new Error(saidBy(error), { cause: error });
  }
};

/** The account that the person lets this page see; asks for it. */
export const walletAccount = async (): Promise<Address | undefined> => {
  const accounts = await ask('eth_requestAccounts');
  return Array.isArray(accounts) ? (accounts[0] as Address | undefined) : undefined;
};

/** The account that it was let see before; asks nobody. */
export const knownWalletAccount = async (): Promise<Address | undefined> => {
  try {
    const accounts = await ask('eth_accounts');
    return Array.isArray(accounts) ? (accounts[0] as Address | undefined) : undefined;
  } catch {
    // A wallet that does not tell unasked is asked with the first order.
    return undefined;
  }
};

/** The block in which the contract refused a transaction, as far as the wallet knows; undefined: not so, or not yet. */
export const walletRefusedIn = async (hash: string): Promise<number | undefined> => {
  try {
    const receipt = await ask('eth_getTransactionReceipt', [hash]);
    if (typeof receipt !== 'object' || receipt === null) return undefined;
    const { status, blockNumber } = receipt as { status?: unknown; blockNumber?: unknown };
    return Number(status) === 0 ? Number(blockNumber) : undefined;
  } catch {
    // Not every wallet passes such questions on; the page hears of what was done from its server.
    return undefined;
  }
};

export const walletChain = async (): Promise<number> => Number(await ask('eth_chainId'));

/** Has the wallet sign and send; its hash. */
export const sendByWallet = async (from: Address, { to, data }: Prepared): Promise<string> =>
  String(await ask('eth_sendTransaction', [{ from, to, data, value: '0x0' }]));
