/** An order of the person's, signed by the node's key or by the wallet in this browser, and what became of it. */
import type { Address, Identity, Prepared, ReceiptAnswer } from '../../src/api.ts';
import { send } from '../ask.ts';
import { sendByWallet, walletAccount, walletChain, walletRefusedIn } from '../browser-wallet.ts';
import { coins } from '../format.ts';
import { learn, minedIn } from '../store.ts';
import { say } from '../words/words.ts';

export interface Signing {
  readonly by: 'node' | 'browser';
  /** Hears whose the wallet in the browser is, and that it has sent or done something. */
  readonly onWallet: (account: Address) => void;
}
export type Order =
  | { readonly type: 'transfer'; readonly to: string; readonly amount: string }
  | { readonly type: 'approve'; readonly amount: string }
  | { readonly type: 'buy'; readonly seller: string; readonly energy: string; readonly maxCost: string };

/** Real ms between two questions about what a wallet has, or has sent. */
export const POLL_INTERVAL = 4000;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** What became of what a wallet has sent; undefined when nobody waits any more. */
const outcome = async (hash: string, signal: AbortSignal): Promise<string | undefined> => {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const refused = async (): Promise<string | undefined> => {
    while (!either.aborted) {
      const block = await walletRefusedIn(hash);
      if (block !== undefined) return say('sentReverted', { hash, block });
      await pause(POLL_INTERVAL, either);
    }
    return undefined;
  };
  const done = async (): Promise<string | undefined> => {
    const block = await minedIn(hash, either);
    return block === undefined ? undefined : say('sentDone', { hash, block });
  };
  try {
    return await Promise.race([done(), refused()]);
  } finally {
    over.abort();
  }
};

/** Has an order signed and sent, by the node's key or by the wallet in this browser; `tell` hears what to say about it. */
export const carryOut = async (
  order: Order,
  signing: Signing,
  identity: Identity,
  tell: (said: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  if (signing.by === 'node') {
    const { type, ...rest } = order;
    const { block, balance, account } = await send<ReceiptAnswer>(`wallet/${type}`, rest);
    if (account) learn({ account });
    return tell(
      balance === undefined
        ? say('receiptAlone', { block })
        : say('receipt', { block, balance: coins(balance) }),
    );
  }
  const from = await walletAccount();
  if (!from) throw new Error(say('noBrowserWallet'));
  signing.onWallet(from);
  const chain = await walletChain();
  if (chain !== identity.chainId)
    throw new Error(say('wrongWalletChain', { is: chain, needs: identity.chainId }));
  const prepared = await send<Prepared>('wallet/prepare', { from, order });
  const hash = await sendByWallet(from, prepared);
  tell(say('sent', { hash }));
  const became = await outcome(hash, signal);
  if (became === undefined) return;
  tell(became);
  signing.onWallet(from);
};
