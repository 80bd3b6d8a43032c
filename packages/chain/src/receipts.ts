import { hashField, numberField, secondOf, toBytes, toQuantity } from './answers.ts';
import { headerOf } from './blocks.ts';
import { ChainAnswer, isRecord, type Rpc } from './rpc.ts';
import type { Address, Hex } from './signer.ts';

/** One event as the chain gives it. */
export interface RawLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly block: number;
  readonly blockHash: Hex;
  readonly hash: Hex;
  readonly logIndex: number;
  /** Unix seconds, where the chain tells. */
  readonly timestamp: number | undefined;
}

/** A transaction as mined. */
export interface RawReceipt {
  readonly hash: Hex;
  readonly succeeded: boolean;
  readonly block: number;
  readonly blockHash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly gasUsed: bigint;
  readonly contract: Address | undefined;
  readonly logs: readonly RawLog[];
}

/** Checks a log's form; an answer about a log that is not mined yet, or was taken back, is no log. */
export const readLog = (url: string, log: unknown): RawLog => {
  if (!isRecord(log) || !Array.isArray(log['topics'])) throw new ChainAnswer(url, 'logs', 'a log', log);
  return {
    address: toBytes(url, 'address of a log', log['address'], 20),
    topics: log['topics'].map((topic) => toBytes(url, 'topic of a log', topic, 32)),
    data: toBytes(url, 'data of a log', log['data']),
    block: numberField(url, log, 'blockNumber'),
    blockHash: hashField(url, log, 'blockHash'),
    hash: hashField(url, log, 'transactionHash'),
    logIndex: numberField(url, log, 'logIndex'),
    timestamp:
      typeof log['blockTimestamp'] === 'string' ? secondOf(url, 'logs', log['blockTimestamp']) : undefined,
  };
};

/** The receipt of a transaction; undefined when it is not mined. @throws as Rpc.request */
export const receiptOf = async (rpc: Rpc, hash: Hex): Promise<RawReceipt | undefined> => {
  const method = 'eth_getTransactionReceipt';
  const answer = await rpc.request(method, [hash]);
  if (answer === null || answer === undefined) return undefined;
  if (!isRecord(answer) || !Array.isArray(answer['logs']))
    throw new ChainAnswer(rpc.url, method, 'a receipt', answer);
  // Some clients show receipts of the pending block.
  if (answer['blockHash'] === null || answer['blockNumber'] === null) return undefined;
  if (hashField(rpc.url, answer, 'transactionHash') !== hash)
    throw new ChainAnswer(rpc.url, method, `the receipt of ${hash}`, answer['transactionHash']);
  const blockHash = hashField(rpc.url, answer, 'blockHash');
  const header = await headerOf(rpc, blockHash);
  // Taken back between the two answers.
  if (!header) return undefined;
  const contract = answer['contractAddress'];
  return {
    hash,
    succeeded: toQuantity(rpc.url, 'status', answer['status']) === 1n,
    block: numberField(rpc.url, answer, 'blockNumber'),
    blockHash,
    timestamp: header.timestamp,
    gasUsed: toQuantity(rpc.url, 'gasUsed', answer['gasUsed']),
    contract: typeof contract === 'string' ? toBytes(rpc.url, 'contractAddress', contract, 20) : undefined,
    logs: answer['logs'].map((log) => readLog(rpc.url, log)),
  };
};
