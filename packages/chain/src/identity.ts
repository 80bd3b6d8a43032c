/**
 * Which chain it is that answers. An address is given to another chain while a program is connected to it: a dev chain
 * is restarted from nothing, a tunnel leads elsewhere. Transactions are signed for one chain (EIP-155); what is read is
 * not, and another chain's registers would be believed. So each read asks for id and first block as well.
 */
import { DaiseeError } from '@daisee/units';
import { toCount } from './answers.ts';
import { headerOf } from './blocks.ts';
import { type Rpc, RpcRefused } from './rpc.ts';
import type { Hex } from './signer.ts';

/** What tells one chain from another. */
export interface Identity {
  readonly id: number;
  /** Hash of its first block: chains that were begun anew have the same id. Undefined where the client has forgotten it. */
  readonly first: Hex | undefined;
}

/** Another chain answers than the one that this program was connected to. */
export class ChainChanged extends DaiseeError {
  constructor(url: string, found: Identity, known: Identity) {
    const what =
      found.id === known.id
        ? `another chain with the same id ${known.id} (its first block is ${found.first}, not ${known.first})`
        : `another chain: its id is ${found.id}, not ${known.id}`;
    super({
      code: 'chain.changed',
      message: `At ${url} there is now ${what}. Nothing of it is believed and nothing sent to it. Start chain ${known.id} there again; to go over to the other one, correct contracts in the settings and start this program again.`,
      retryable: true,
      values: { url, found: found.id, known: known.id, foundFirst: found.first, knownFirst: known.first },
    });
  }
}

/** Calls of one turn share a request, and so what goes with it. */
const onceATurn = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let shared: Promise<T> | undefined;
  return () => {
    if (shared) return shared;
    shared = work();
    queueMicrotask(() => {
      shared = undefined;
    });
    return shared;
  };
};

/**
 * Guards a connection: from `expect` on it gives that chain's answers, and those of another are ChainChanged. Id and
 * first block come with the answers that they vouch for, in one request where the endpoint takes several calls in one:
 * a proxy may lead elsewhere from one request to the next, over a connection that stands.
 */
export const guardIdentity = (
  rpc: Rpc,
): { readonly rpc: Rpc; readonly expect: (identity: Identity) => void } => {
  let known: Identity | undefined;

  const look = async ({ id, first }: Identity): Promise<void> => {
    const [foundId, foundFirst] = await Promise.all([
      rpc.request('eth_chainId').then((answer) => toCount(rpc.url, 'eth_chainId', answer)),
      first === undefined ? undefined : firstBlock(rpc),
    ]);
    if (foundId !== id || (foundFirst !== undefined && foundFirst !== first))
      throw new ChainChanged(rpc.url, { id: foundId, first: foundFirst }, { id, first });
  };
  const lookOnce = onceATurn(async () => known && look(known));

  /** Before, because another chain with the same id would take it; after, because its refusal is none. */
  const send = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    await lookOnce();
    try {
      return await rpc.request(method, params);
    } catch (error) {
      if (error instanceof RpcRefused) await lookOnce();
      throw error;
    }
  };

  const read = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const [[answer], [seen]] = await Promise.all([
      Promise.allSettled([rpc.request(method, params)]),
      Promise.allSettled([lookOnce()]),
    ]);
    if (seen.status === 'rejected' && (answer.status === 'fulfilled' || seen.reason instanceof ChainChanged))
      throw seen.reason;
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  };

  return {
    rpc: {
      url: rpc.url,
      request: (method, params = []) => {
        if (!known) return rpc.request(method, params);
        return method === 'eth_sendRawTransaction' ? send(method, params) : read(method, params);
      },
      close: () => rpc.close(),
    },
    expect: (identity) => {
      known = identity;
    },
  };
};

/** The hash of the first block; undefined when the client has forgotten it. */
export const firstBlock = async (rpc: Rpc): Promise<Hex | undefined> => {
  try {
    return (await headerOf(rpc, 0))?.hash;
  } catch (error) {
    if (error instanceof RpcRefused && !error.retryable) return undefined;
    throw error;
  }
};
