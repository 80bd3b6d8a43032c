import { hashField, numberField, secondOf, toCount } from './answers.ts';
import { ChainAnswer, isRecord, type Rpc } from './rpc.ts';
import type { Hex } from './signer.ts';

/** What of a block's header is used here. */
export interface Header {
  readonly number: number;
  readonly hash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** A block by number, `latest` or hash; undefined when the chain has none. @throws as Rpc.request */
export const headerOf = async (rpc: Rpc, block: number | 'latest' | Hex): Promise<Header | undefined> => {
  const byHash = typeof block === 'string' && block !== 'latest';
  const method = byHash ? 'eth_getBlockByHash' : 'eth_getBlockByNumber';
  const which = typeof block === 'number' ? `0x${block.toString(16)}` : block;
  const answer = await rpc.request(method, [which, false]);
  if (answer === null || answer === undefined) return undefined;
  if (!isRecord(answer)) throw new ChainAnswer(rpc.url, method, 'a block', answer);
  const timestamp = secondOf(rpc.url, method, answer['timestamp']);
  const header = {
    number: numberField(rpc.url, answer, 'number'),
    hash: hashField(rpc.url, answer, 'hash'),
    timestamp,
  };
  const wrong = byHash
    ? header.hash !== block.toLowerCase()
    : typeof block === 'number' && header.number !== block;
  if (wrong) throw new ChainAnswer(rpc.url, method, `block ${block}`, header);
  return header;
};

/** The newest block. @throws ChainAnswer when there is none */
export const latestHeader = async (rpc: Rpc): Promise<Header> => {
  const header = await headerOf(rpc, 'latest');
  if (!header) throw new ChainAnswer(rpc.url, 'eth_getBlockByNumber', 'the latest block', null);
  return header;
};

/** How many transactions of the account are mined (`latest`), or mined and waiting (`pending`). */
export const transactionCount = async (
  rpc: Rpc,
  account: string,
  block: 'latest' | 'pending',
): Promise<number> =>
  toCount(rpc.url, 'eth_getTransactionCount', await rpc.request('eth_getTransactionCount', [account, block]));
