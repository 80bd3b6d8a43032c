/** Facts of the ledger as text and back, exactly: amounts are decimal text, since JSON has no integers of their size. */
import { Coin, Energy, Instant, Price, Register } from '@daisee/units';
import type { LedgerEvent, LedgerFact } from '../ledger-events.ts';
import { type Address, type Hex, zeroAddress } from '../signer.ts';

/** Something that stayed on the books: all but the news of a reorganisation. */
export type HistoryFact = Exclude<LedgerFact, { readonly type: 'reverted' }>;

/** What happened on the books, with its place in the chain. */
export type HistoryEvent = {
  /** Grows with the place in the chain: block and place in the block. Gone with a reorganisation, never of another. */
  readonly position: number;
  readonly block: number;
  readonly at: Instant;
  /** Of the transaction. */
  readonly hash: Hex;
  readonly logIndex: number;
} & HistoryFact;

/** More logs than any block can hold (its gas): 1,048,576, so positions are exact up to block 8.5 thousand million. */
const LOGS_OF_BLOCK = 2 ** 20;

/** The position of a block's first event. */
export const positionOf = (block: number, logIndex = 0): number => block * LOGS_OF_BLOCK + logIndex;

/** How each amount of a fact is made of its digits. (Instants and numbers are JSON's own.) */
const amounts: Readonly<Record<string, (digits: bigint) => bigint>> = {
  energy: Energy,
  total: Energy,
  purchased: Energy,
  tolerance: Energy,
  register: Register,
  delivered: Register,
  consumed: Register,
  produced: Register,
  ownUse: Register,
  was: Register,
  owed: Coin,
  spent: Coin,
  cost: Coin,
  amount: Coin,
  price: Price,
};

/** The columns that a question can ask for, and the whole fact as text. */
export interface FactRow {
  readonly type: string;
  /** Who did it: node, consumer, buyer, sender, owner. */
  readonly party: Address | null;
  /** To or from whom: origin, seller, receiver, spender. */
  readonly other: Address | null;
  /** µWh, where it is about energy. */
  readonly energy: bigint | null;
  /** Micro-coins that were paid for energy. */
  readonly cost: bigint | null;
  readonly fact: string;
}

interface Parties {
  readonly party?: Address;
  readonly other?: Address;
}

const partiesOf = (fact: HistoryFact): Parties => {
  switch (fact.type) {
    case 'produced':
    case 'nodeRegistered':
    case 'nodeRemoved':
    case 'meterKeyChanged':
    case 'meterReplaced':
    case 'nodeRestored':
      return { party: fact.node };
    case 'registerCorrected':
      return fact.other === zeroAddress ? { party: fact.node } : { party: fact.node, other: fact.other };
    case 'delivered':
    case 'disputed':
      return { party: fact.seller, other: fact.buyer };
    case 'termsChanged':
      return {};
    case 'consumed':
    case 'overdrawn':
      return { party: fact.consumer, other: fact.origin };
    case 'bought':
    case 'debtPaid':
    case 'tradeRestored':
      return { party: fact.buyer, other: fact.seller };
    case 'transferred':
      return { party: fact.from, other: fact.to };
    case 'approved':
      return { party: fact.owner, other: fact.spender };
    case 'priceChanged':
      return { party: fact.seller };
    default:
      return { party: fact.by };
  }
};

/** Sums of so much stay within a database's 64 bits; amounts beyond it (9 GWh, or a lie) are in the text alone. */
const LARGEST = 2n ** 53n;
const fitting = (amount: bigint | undefined): bigint | null =>
  amount === undefined || amount > LARGEST ? null : amount;

export const rowOf = (event: LedgerEvent & HistoryFact): FactRow => {
  const { block: _block, at: _at, hash: _hash, logIndex: _logIndex, ...fact } = event;
  const { party, other } = partiesOf(fact);
  return {
    type: fact.type,
    party: party ?? null,
    other: other ?? null,
    energy: fitting('energy' in fact ? fact.energy : undefined),
    cost: fitting('cost' in fact ? fact.cost : undefined),
    fact: JSON.stringify(fact, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  };
};

/** A row as the database gives it. */
export interface EventRow {
  readonly position: number;
  readonly at: number;
  readonly hash: string;
  readonly fact: string;
}

export const EVENT_COLUMNS = 'events.position, events.at, events.hash, events.fact';

export const eventFrom = ({ position, at, hash, fact }: EventRow): HistoryEvent => {
  const read = JSON.parse(fact, (key, value: unknown) => {
    const amount = typeof value === 'string' ? amounts[key] : undefined;
    return amount ? amount(BigInt(value as string)) : value;
  }) as HistoryFact;
  return {
    position,
    block: Math.floor(position / LOGS_OF_BLOCK),
    at: Instant(at),
    hash: hash as Hex,
    logIndex: position % LOGS_OF_BLOCK,
    ...read,
  };
};
