/** What an account does on the books: each a transaction, each resolved once it is mined. */
import { type Coin, type Energy, formatMicro, Instant, type Price, type Register } from '@daisee/units';
import { encodeFunctionData } from 'viem/utils';
import { daiseeAbi, daiseeCoinAbi } from './generated/contracts.ts';
import { eventOf, kindNumber, type LedgerEvent, type NodeKind } from './ledger-events.ts';
import { type Call, createOrders, type DebtPayment, type Purchase } from './orders.ts';
import { encodeBatch, SORTS, type SignedReading, type Sort } from './readings.ts';
import type { RawReceipt } from './receipts.ts';
import type { Order } from './sender.ts';
import { type Address, type Hex, zeroAddress } from './signer.ts';
import { contractTerms, type Terms } from './terms.ts';

/** A transaction that was mined. */
export interface Receipt {
  readonly hash: Hex;
  readonly block: number;
  readonly at: Instant;
  readonly gasUsed: bigint;
  /** What it put on the books. */
  readonly events: readonly LedgerEvent[];
}

/** How a write is asked for. */
export interface WriteOptions {
  /**
   * The caller's name for the need that it serves ("purchase 17"). Asked again under the same name, while it is
   * pending or after it was mined, also after a restart with the same outbox, the answer is the first one's receipt.
   */
  readonly intent?: string;
}

export interface Registration {
  readonly account: Address;
  readonly kind: Exclude<NodeKind, 'none'>;
  /** The key that its meter signs with, if it does: only such readings count then. */
  readonly meterKey?: Address | undefined;
  /** Of a producer or prosumer. */
  readonly price?: Price | undefined;
}

/** A register that the admin corrects. */
export interface Correction {
  readonly sort: Sort;
  /** Who reports it. */
  readonly node: Address;
  /** The seller of a consumption, the buyer of a delivery; left out otherwise. */
  readonly other?: Address | undefined;
  /** As it must stand. */
  readonly register: Register;
  /** For everybody to read. */
  readonly reason: string;
}

/** Books of a node on an earlier ledger. */
export interface NodeBooks {
  readonly account: Address;
  readonly produced: Register;
  readonly ownUse: Register;
  /** The part of `ownUse` that came out of its production. */
  readonly drawn: Energy;
}

/** Books of a buyer with a seller on an earlier ledger. */
export interface TradeBooks {
  readonly buyer: Address;
  readonly seller: Address;
  readonly purchased: Energy;
  readonly consumed: Register;
  readonly owed: Coin;
  readonly spent: Coin;
}

/**
 * Every method resolves once its transaction is mined.
 * @throws ContractRefused with the contract's own error, TransactionReplaced, NoEther, NoSigner, LedgerStopped
 */
export interface LedgerWrites {
  reportProduction(register: Register, options?: WriteOptions): Promise<Receipt>;
  reportConsumption(origin: Address, register: Register, options?: WriteOptions): Promise<Receipt>;
  /** Reports what left towards a buyer by one's own meter: where the two registers differ, an event says so. */
  reportDelivery(buyer: Address, register: Register, options?: WriteOptions): Promise<Receipt>;
  /** Carries readings that meters signed, anybody's, in one transaction; those already on the books are skipped. */
  report(readings: readonly SignedReading[], options?: WriteOptions): Promise<Receipt>;
  /** Buys in one transaction, by `approveAndCall`: no approval is needed before. */
  buyEnergy(purchase: Purchase, options?: WriteOptions): Promise<Receipt>;
  /** Buys with coins that were approved for the exchange before. */
  buyApproved(purchase: Purchase, options?: WriteOptions): Promise<Receipt>;
  /** Pays what is owed to a seller for energy overdrawn, in one transaction, whatever that has left. */
  payDebt(payment: DebtPayment, options?: WriteOptions): Promise<Receipt>;
  /** A lower price, and 0, take effect at once; a higher one after the notice that the community agreed on. */
  setPrice(price: Price, options?: WriteOptions): Promise<Receipt>;
  registerNode(registration: Registration, options?: WriteOptions): Promise<Receipt>;
  removeNode(account: Address, options?: WriteOptions): Promise<Receipt>;
  setMeterKey(account: Address, meterKey: Address, options?: WriteOptions): Promise<Receipt>;
  /** Enters a new meter: its registers begin at 0, and readings of the old one do not count any more. */
  replaceMeter(account: Address, meterKey: Address, options?: WriteOptions): Promise<Receipt>;
  correctRegister(correction: Correction, options?: WriteOptions): Promise<Receipt>;
  setTerms(terms: Terms, options?: WriteOptions): Promise<Receipt>;
  /** Brings books over from an earlier ledger, before this one is opened; trades are given the oldest first. */
  restore(
    nodes: readonly NodeBooks[],
    trades: readonly TradeBooks[],
    options?: WriteOptions,
  ): Promise<Receipt>;
  pause(options?: WriteOptions): Promise<Receipt>;
  unpause(options?: WriteOptions): Promise<Receipt>;
  transfer(to: Address, amount: Coin, options?: WriteOptions): Promise<Receipt>;
  /** Approves coins for the exchange, or for another spender. */
  approve(amount: Coin, options?: WriteOptions & { readonly spender?: Address }): Promise<Receipt>;
  mint(to: Address, amount: Coin, options?: WriteOptions): Promise<Receipt>;
}

const wh = (energy: bigint) => `${formatMicro(energy)} Wh`;
const coins = (amount: bigint) => `${formatMicro(amount)} coins`;

export interface WritesOptions {
  readonly url: string;
  readonly exchange: Address;
  readonly coin: Address;
  readonly send: (order: Order) => Promise<RawReceipt>;
}

export const createWrites = ({ url, exchange, coin, send }: WritesOptions): LedgerWrites => {
  const submit = async (order: Order): Promise<Receipt> => {
    const { hash, block, timestamp, gasUsed, logs } = await send(order);
    const events = logs.map((log) => eventOf(url, { exchange, coin }, log, timestamp));
    const known = events.filter((event) => event !== undefined);
    return { hash, block, at: Instant(timestamp * 1000), gasUsed, events: known };
  };
  const onExchange = (what: string, data: Hex, options?: WriteOptions) =>
    submit({ what, to: exchange, data, intent: options?.intent });
  const onCoin = (what: string, data: Hex, options?: WriteOptions) =>
    submit({ what, to: coin, data, intent: options?.intent });
  const orders = createOrders(exchange, coin);
  const ordered = (call: Call, options?: WriteOptions) => submit({ ...call, intent: options?.intent });
  const abi = daiseeAbi;
  return {
    reportProduction: (register, options) =>
      onExchange(
        `The report of ${wh(register)} produced`,
        encodeFunctionData({ abi, functionName: 'reportProduction', args: [register] }),
        options,
      ),
    reportConsumption: (origin, register, options) =>
      onExchange(
        `The report of ${wh(register)} consumed from ${origin}`,
        encodeFunctionData({ abi, functionName: 'reportConsumption', args: [origin, register] }),
        options,
      ),
    reportDelivery: (buyer, register, options) =>
      onExchange(
        `The report of ${wh(register)} delivered to ${buyer}`,
        encodeFunctionData({ abi, functionName: 'reportDelivery', args: [buyer, register] }),
        options,
      ),
    report: (readings, options) =>
      onExchange(
        `The report of ${readings.length} signed readings`,
        encodeFunctionData({ abi, functionName: 'reportBatch', args: [encodeBatch(readings)] }),
        options,
      ),
    buyEnergy: (purchase, options) => ordered(orders.buyEnergy(purchase), options),
    buyApproved: ({ seller, energy, maxCost, purchasedBefore }, options) =>
      onExchange(
        `The purchase of ${wh(energy)} from ${seller}`,
        encodeFunctionData({
          abi,
          functionName: 'buyEnergy',
          args: [seller, energy, maxCost, purchasedBefore],
        }),
        options,
      ),
    payDebt: (payment, options) => ordered(orders.payDebt(payment), options),
    setPrice: (price, options) =>
      onExchange(
        `The price of ${coins(price)} per Wh`,
        encodeFunctionData({ abi, functionName: 'setPrice', args: [price] }),
        options,
      ),
    registerNode: ({ account, kind, meterKey = zeroAddress, price = 0n }, options) =>
      onExchange(
        `The registration of ${account} as a ${kind}`,
        encodeFunctionData({
          abi,
          functionName: 'registerNode',
          args: [account, kindNumber(kind), meterKey, price],
        }),
        options,
      ),
    removeNode: (account, options) =>
      onExchange(
        `The removal of ${account}`,
        encodeFunctionData({ abi, functionName: 'removeNode', args: [account] }),
        options,
      ),
    setMeterKey: (account, meterKey, options) =>
      onExchange(
        `The meter key of ${account}`,
        encodeFunctionData({ abi, functionName: 'setMeterKey', args: [account, meterKey] }),
        options,
      ),
    replaceMeter: (account, meterKey, options) =>
      onExchange(
        `The new meter of ${account}`,
        encodeFunctionData({ abi, functionName: 'replaceMeter', args: [account, meterKey] }),
        options,
      ),
    correctRegister: ({ sort, node, other = zeroAddress, register, reason }, options) =>
      onExchange(
        `The correction of a register of ${node} to ${wh(register)}`,
        encodeFunctionData({
          abi,
          functionName: 'correctRegister',
          args: [SORTS.indexOf(sort), node, other, register, reason],
        }),
        options,
      ),
    setTerms: (terms, options) =>
      onExchange(
        'The terms of the community',
        encodeFunctionData({ abi, functionName: 'setTerms', args: [contractTerms(terms)] }),
        options,
      ),
    restore: (nodes, trades, options) =>
      onExchange(
        `The books of ${nodes.length} nodes and ${trades.length} trades`,
        encodeFunctionData({ abi, functionName: 'restore', args: [nodes, trades] }),
        options,
      ),
    pause: (options) => onExchange('The pause', encodeFunctionData({ abi, functionName: 'pause' }), options),
    unpause: (options) =>
      onExchange('The end of the pause', encodeFunctionData({ abi, functionName: 'unpause' }), options),
    transfer: (to, amount, options) => ordered(orders.transfer(to, amount), options),
    approve: (amount, options) => ordered(orders.approve(amount, options?.spender), options),
    mint: (to, amount, options) =>
      onCoin(
        `The minting of ${coins(amount)} for ${to}`,
        encodeFunctionData({ abi: daiseeCoinAbi, functionName: 'mint', args: [to, amount] }),
        options,
      ),
  };
};
