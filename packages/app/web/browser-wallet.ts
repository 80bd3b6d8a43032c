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

export const walletChain = async (): Promise<number> => Number(await ask('eth_chainId'));

/** Has the wallet sign and send; its hash. */
export const sendByWallet = async (from: Address, { to, data }: Prepared): Promise<string> =>
  String(await ask('eth_sendTransaction', [{ from, to, data, value: '0x0' }]));
