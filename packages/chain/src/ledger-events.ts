/** What the ledger's contracts tell, in the units of this project. */
import { Coin, Energy, Instant, Price, Register } from '@daisee/units';
import { decodeEventLog } from 'viem/utils';
import { daiseeAbi, daiseeCoinAbi } from './generated/contracts.ts';
import { SORTS, type Sort } from './readings.ts';
import type { RawLog } from './receipts.ts';
import { ChainAnswer } from './rpc.ts';
import type { Address, Hex } from './signer.ts';
import { type Terms, termsOf } from './terms.ts';

/** What a node is; `none` when it is not registered, or was removed. */
export type NodeKind = 'none' | 'consumer' | 'producer' | 'prosumer';

/** In the order of the contract's numbers. */
const KINDS: readonly NodeKind[] = ['none', 'consumer', 'producer', 'prosumer'];
export const kindOf = (number: number): NodeKind => KINDS[number] ?? 'none';
export const kindNumber = (kind: NodeKind): number => KINDS.indexOf(kind);

const sortOf = (number: number): Sort => SORTS[number] ?? 'production';

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
      /** For all of it, at the prices of when it was drawn; none where it is the own source. */
      readonly owed: Coin;
    }
  /** A part of the `bought` that follows it: what was overdrawn before. */
  | {
      readonly type: 'debtPaid';
      readonly buyer: Address;
      readonly seller: Address;
      readonly energy: Energy;
      readonly cost: Coin;
    }
  /** By the seller's own meter. */
  | {
      readonly type: 'delivered';
      readonly seller: Address;
      readonly buyer: Address;
      readonly energy: Energy;
      readonly register: Register;
    }
  /** The registers of a seller and a buyer differ by more than the community tolerates. */
  | {
      readonly type: 'disputed';
      readonly seller: Address;
      readonly buyer: Address;
      readonly delivered: Register;
      readonly consumed: Register;
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
  /** It takes effect at `from`. */
  | { readonly type: 'priceChanged'; readonly seller: Address; readonly price: Price; readonly from: Instant }
  | { readonly type: 'meterKeyChanged'; readonly node: Address; readonly meterKey: Address }
  | {
      readonly type: 'meterReplaced';
      readonly node: Address;
      readonly meterKey: Address;
      readonly epoch: number;
    }
  | {
      readonly type: 'registerCorrected';
      readonly node: Address;
      readonly sort: Sort;
      /** Zero where the sort needs none. */
      readonly other: Address;
      readonly was: Register;
      readonly register: Register;
      readonly reason: string;
    }
  | ({ readonly type: 'termsChanged' } & Terms)
  | {
      readonly type: 'nodeRestored';
      readonly node: Address;
      readonly produced: Register;
      readonly ownUse: Register;
    }
  | {
      readonly type: 'tradeRestored';
      readonly buyer: Address;
      readonly seller: Address;
      readonly purchased: Energy;
      readonly consumed: Register;
      readonly owed: Coin;
      readonly spent: Coin;
    }
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
      const [energy, total, owed] = [Energy(args.energy), Energy(args.total), Coin(args.owed)];
      return { type: 'overdrawn', consumer, origin, energy, total, owed };
    }
    case 'DebtPaid': {
      const { buyer, seller } = args;
      return { type: 'debtPaid', buyer, seller, energy: Energy(args.energy), cost: Coin(args.amount) };
    }
    case 'Delivered': {
      const { seller, buyer } = args;
      const [energy, register] = [Energy(args.energy), Register(args.register)];
      return { type: 'delivered', seller, buyer, energy, register };
    }
    case 'Disputed': {
      const { seller, buyer } = args;
      const [delivered, consumed] = [Register(args.delivered), Register(args.consumed)];
      return { type: 'disputed', seller, buyer, delivered, consumed };
    }
    case 'NodeRegistered': {
      const { account: node, meterKey } = args;
      return { type: 'nodeRegistered', node, kind: kindOf(args.kind), meterKey, price: Price(args.price) };
    }
    case 'NodeRemoved':
      return { type: 'nodeRemoved', node: args.account };
    case 'PriceChanged':
      return {
        type: 'priceChanged',
        seller: args.seller,
        price: Price(args.price),
        from: Instant(Number(args.from) * 1000),
      };
    case 'MeterKeyChanged':
      return { type: 'meterKeyChanged', node: args.account, meterKey: args.meterKey };
    case 'MeterReplaced':
      return {
        type: 'meterReplaced',
        node: args.account,
        meterKey: args.meterKey,
        epoch: Number(args.epoch),
      };
    case 'RegisterCorrected': {
      const { account: node, other, reason } = args;
      const sort = sortOf(args.sort);
      const [was, register] = [Register(args.was), Register(args.register)];
      return { type: 'registerCorrected', node, sort, other, was, register, reason };
    }
    case 'TermsChanged':
      return { type: 'termsChanged', ...termsOf(args.terms) };
    case 'NodeRestored': {
      const { account: node, produced, ownUse } = args.books;
      return { type: 'nodeRestored', node, produced: Register(produced), ownUse: Register(ownUse) };
    }
    case 'TradeRestored': {
      const { buyer, seller, purchased, consumed, owed, spent } = args.books;
      return {
        type: 'tradeRestored',
        buyer,
        seller,
        purchased: Energy(purchased),
        consumed: Register(consumed),
        owed: Coin(owed),
        spent: Coin(spent),
      };
    }
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
