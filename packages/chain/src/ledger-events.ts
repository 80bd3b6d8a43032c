/** What the ledger's contracts tell, in the units of this project. */
import { Coin, Energy, Instant, Price, Register } from '@daisee/units';
import { decodeEventLog } from 'viem/utils';
import { daiseeAbi, daiseeCoinAbi } from './generated/contracts.ts';
import type { RawLog } from './receipts.ts';
import { ChainAnswer } from './rpc.ts';
import type { Address, Hex } from './signer.ts';

/** What a node is; `none` when it is not registered, or was removed. */
export type NodeKind = 'none' | 'consumer' | 'producer';

const KINDS: readonly NodeKind[] = ['none', 'consumer', 'producer'];
export const kindOf = (number: number): NodeKind => KINDS[number] ?? 'none';
export const kindNumber = (kind: NodeKind): number => KINDS.indexOf(kind);

/** Something on the books, without its place in the chain. */
export type LedgerFact =
  | {
      readonly type: 'produced';
      readonly node: Address;
      readonly energy: Energy;
      readonly register: Register;
    }
  | {
      readonly type: 'consumed';
      readonly consumer: Address;
      readonly origin: Address;
      readonly energy: Energy;
      readonly register: Register;
    }
  | {
      readonly type: 'bought';
      readonly buyer: Address;
      readonly seller: Address;
      readonly energy: Energy;
      readonly cost: Coin;
    }
  | {
      readonly type: 'overdrawn';
      readonly consumer: Address;
      readonly origin: Address;
      /** Of this report. */
      readonly energy: Energy;
      /** Uncovered altogether. */
      readonly total: Energy;
    }
  | { readonly type: 'transferred'; readonly from: Address; readonly to: Address; readonly amount: Coin }
  | { readonly type: 'approved'; readonly owner: Address; readonly spender: Address; readonly amount: Coin }
  | {
      readonly type: 'nodeRegistered';
      readonly node: Address;
      readonly kind: NodeKind;
      readonly meterKey: Address;
      readonly price: Price;
    }
  | { readonly type: 'nodeRemoved'; readonly node: Address }
  | { readonly type: 'priceChanged'; readonly seller: Address; readonly price: Price }
  | { readonly type: 'meterKeyChanged'; readonly node: Address; readonly meterKey: Address }
  | { readonly type: 'paused'; readonly by: Address }
  | { readonly type: 'unpaused'; readonly by: Address }
  /** The chain was reorganised: what was told from this block on no longer holds; what holds now follows. */
  | { readonly type: 'reverted'; readonly fromBlock: number };

/** A fact and where it stands. */
export type LedgerEvent = {
  readonly block: number;
  readonly at: Instant;
  /** Of the transaction; of a reorganisation: the new newest block's. */
  readonly hash: Hex;
  /** Place in its block; -1 for a reorganisation. */
  readonly logIndex: number;
} & LedgerFact;

const factOfExchange = ({ topics, data }: { topics: [Hex, ...Hex[]]; data: Hex }): LedgerFact | undefined => {
  const { eventName, args } = decodeEventLog({ abi: daiseeAbi, topics, data });
  switch (eventName) {
    case 'Produced':
      return {
        type: 'produced',
        node: args.node,
        energy: Energy(args.energy),
        register: Register(args.register),
      };
    case 'Consumed': {
      const { consumer, origin } = args;
      return {
        type: 'consumed',
        consumer,
        origin,
        energy: Energy(args.energy),
        register: Register(args.register),
      };
    }
    case 'Bought':
      return {
        type: 'bought',
        buyer: args.buyer,
        seller: args.seller,
        energy: Energy(args.energy),
        cost: Coin(args.cost),
      };
    case 'Overdrawn': {
      const { consumer, origin } = args;
      return { type: 'overdrawn', consumer, origin, energy: Energy(args.energy), total: Energy(args.total) };
    }
    case 'NodeRegistered': {
      const { account: node, meterKey } = args;
      return { type: 'nodeRegistered', node, kind: kindOf(args.kind), meterKey, price: Price(args.price) };
    }
    case 'NodeRemoved':
      return { type: 'nodeRemoved', node: args.account };
    case 'PriceChanged':
      return { type: 'priceChanged', seller: args.seller, price: Price(args.price) };
    case 'MeterKeyChanged':
      return { type: 'meterKeyChanged', node: args.account, meterKey: args.meterKey };
    case 'Paused':
      return { type: 'paused', by: args.account };
    case 'Unpaused':
      return { type: 'unpaused', by: args.account };
    default:
      // Roles: nobody here asks for them.
      return undefined;
  }
};

const factOfCoin = ({ topics, data }: { topics: [Hex, ...Hex[]]; data: Hex }): LedgerFact | undefined => {
  const { eventName, args } = decodeEventLog({ abi: daiseeCoinAbi, topics, data });
  if (eventName === 'Transfer')
    return { type: 'transferred', from: args.from, to: args.to, amount: Coin(args.value) };
  if (eventName === 'Approval')
    return { type: 'approved', owner: args.owner, spender: args.spender, amount: Coin(args.value) };
  return undefined;
};

/** The two contracts whose logs are read. */
export interface Books {
  readonly exchange: Address;
  readonly coin: Address;
}

/**
 * Reads a log; undefined when it is another contract's, or of no interest.
 * @param timestamp of its block, Unix seconds
 * @throws ChainAnswer when it has a known name and not its form
 */
export const eventOf = (
  url: string,
  books: Books,
  log: RawLog,
  timestamp: number,
): LedgerEvent | undefined => {
  const [name, ...indexed] = log.topics;
  const ofExchange = log.address === books.exchange.toLowerCase();
  if (name === undefined || !(ofExchange || log.address === books.coin.toLowerCase())) return undefined;
  const entry = { topics: [name, ...indexed] as [Hex, ...Hex[]], data: log.data };
  let fact: LedgerFact | undefined;
  try {
    fact = ofExchange ? factOfExchange(entry) : factOfCoin(entry);
  } catch (error) {
    // An event that a later contract has and this version does not know is left out, not an error.
    if (error instanceof Error && error.name === 'AbiEventSignatureNotFoundError') return undefined;
    throw new ChainAnswer(url, 'eth_getLogs', 'a log of its event', log);
  }
  return (
    fact && {
      block: log.block,
      at: Instant(timestamp * 1000),
      hash: log.hash,
      logIndex: log.logIndex,
      ...fact,
    }
  );
};
