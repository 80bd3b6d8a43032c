/**
 * The books as the design tells them, in plain numbers: cumulative registers, what was bought, what was paid. Written
 * from the laws and the errors and events that `IDaisee.sol` promises, so that a slip in the contract shows.
 */
import type { Address } from '../../src/index.ts';

/** What an act must lead to: its events in order, or the error that it must be refused with. */
export type Outcome =
  | { readonly events: readonly Told[] }
  | { readonly error: string; readonly args: readonly unknown[] };

export interface Told {
  readonly from: 'ledger' | 'coin';
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

type Kind = 'none' | 'consumer' | 'producer';

interface Node {
  kind: Kind;
  key: Address;
  price: bigint;
  produced: bigint;
  sold: bigint;
  /** Register of its own source; `drawn` is the part of it that came out of its own production. */
  ownUse: bigint;
  drawn: bigint;
  wasProducer: boolean;
}

interface Trade {
  readonly seller: Address;
  purchased: bigint;
  consumed: bigint;
  spent: bigint;
}

export interface Reading {
  readonly node: Address;
  readonly origin: Address;
  readonly register: bigint;
  /** The address of the key that signed it. */
  readonly signer: Address;
}

export const ZERO: Address = `0x${'00'.repeat(20)}`;
const ADMIN_ROLE = `0x${'00'.repeat(32)}`;
const UINT64 = 2n ** 64n - 1n;
export const UINT256 = 2n ** 256n - 1n;
const MICRO = 1_000_000n;

const excess = (a: bigint, b: bigint): bigint => (a > b ? a - b : 0n);
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** An act that must be refused. */
class Refused {
  readonly outcome: { readonly error: string; readonly args: readonly unknown[] };
  constructor(error: string, args: readonly unknown[] = []) {
    this.outcome = { error, args };
  }
}
const refuse = (error: string, ...args: unknown[]): never => {
  throw new Refused(error, args);
};

export class Model {
  readonly nodes = new Map<Address, Node>();
  /** By buyer, the newest first. */
  readonly trades = new Map<Address, Trade[]>();
  readonly sellers: Address[] = [];
  readonly balances = new Map<Address, bigint>();
  readonly approvals = new Map<Address, bigint>();
  readonly nonces = new Map<Address, bigint>();
  supply = 0n;
  paused = false;
  readonly admin: Address;
  readonly exchange: Address;
  #events: Told[] = [];

  constructor(admin: Address, exchange: Address) {
    this.admin = admin;
    this.exchange = exchange;
  }

  /** Does the work or, when it is refused, nothing. */
  try(work: () => void): Outcome {
    this.#events = [];
    const before = structuredClone({
      nodes: this.nodes,
      trades: this.trades,
      balances: this.balances,
      approvals: this.approvals,
      nonces: this.nonces,
      sellers: this.sellers,
    });
    try {
      work();
      return { events: this.#events };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      restore(this.nodes, before.nodes);
      restore(this.trades, before.trades);
      restore(this.balances, before.balances);
      restore(this.approvals, before.approvals);
      restore(this.nonces, before.nonces);
      this.sellers.splice(0, this.sellers.length, ...before.sellers);
      return error.outcome;
    }
  }

  node(account: Address): Node {
    const known = this.nodes.get(account);
    if (known) return known;
    const fresh: Node = {
      kind: 'none',
      key: ZERO,
      price: 0n,
      produced: 0n,
      sold: 0n,
      ownUse: 0n,
      drawn: 0n,
      wasProducer: false,
    };
    this.nodes.set(account, fresh);
    return fresh;
  }
  trade(buyer: Address, seller: Address): Trade | undefined {
    return this.trades.get(buyer)?.find((trade) => trade.seller === seller);
  }
  balance(account: Address): bigint {
    return this.balances.get(account) ?? 0n;
  }
  approved(account: Address): bigint {
    return this.approvals.get(account) ?? 0n;
  }
  available(seller: Address): bigint {
    const { produced, sold, drawn } = this.node(seller);
    return excess(produced, sold + drawn);
  }
  /** Rounded up, in the seller's favour. */
  cost(energy: bigint, price: bigint): bigint {
    return (energy * price) / MICRO + ((energy * price) % MICRO === 0n ? 0n : 1n);
  }
  stored(account: Address, origin: Address): bigint {
    if (origin === ZERO) return this.node(account).produced;
    return origin === account ? this.node(account).ownUse : (this.trade(account, origin)?.consumed ?? 0n);
  }

  // ------------------------------------------------------------------------------------------------ the admin

  register(caller: Address, account: Address, kind: Kind, key: Address, price: bigint): void {
    this.#onlyAdmin(caller);
    if (account === ZERO) refuse('ZeroAddress');
    if (kind === 'none') refuse('KindMissing', account);
    if (kind === 'consumer' && price !== 0n) refuse('NotAProducer', account);
    const node = this.node(account);
    if (node.kind !== 'none') refuse('AlreadyRegistered', account);
    if (price > UINT64) refuse('PriceTooLarge', price);
    if (kind === 'producer' && !node.wasProducer) {
      node.wasProducer = true;
      this.sellers.push(account);
    }
    Object.assign(node, { kind, key, price });
    const number = { none: 0, consumer: 1, producer: 2 }[kind];
    this.#tell('NodeRegistered', { account, kind: number, meterKey: key, price });
  }
  remove(caller: Address, account: Address): void {
    this.#onlyAdmin(caller);
    Object.assign(this.#registered(account), { kind: 'none', key: ZERO, price: 0n });
    this.#tell('NodeRemoved', { account });
  }
  setKey(caller: Address, account: Address, key: Address): void {
    this.#onlyAdmin(caller);
    this.#registered(account).key = key;
    this.#tell('MeterKeyChanged', { account, meterKey: key });
  }
  pause(caller: Address, paused: boolean): void {
    this.#onlyAdmin(caller);
    if (paused === this.paused) refuse(paused ? 'EnforcedPause' : 'ExpectedPause');
    this.paused = paused;
    this.#tell(paused ? 'Paused' : 'Unpaused', { account: caller });
  }
  mint(caller: Address, to: Address, value: bigint, role: string): void {
    if (caller !== this.admin) refuse('AccessControlUnauthorizedAccount', caller, role);
    this.supply += value;
    this.balances.set(to, this.balance(to) + value);
    this.#tell('Transfer', { from: ZERO, to, value }, 'coin');
  }

  // ------------------------------------------------------------------------------------------------ the nodes

  setPrice(caller: Address, price: bigint): void {
    this.#open();
    const node = this.node(caller);
    if (node.kind !== 'producer') refuse('NotAProducer', caller);
    if (price > UINT64) refuse('PriceTooLarge', price);
    node.price = price;
    this.#tell('PriceChanged', { seller: caller, price });
  }
  report(account: Address, origin: Address, register: bigint): void {
    this.#open();
    if (origin === ZERO) this.#production(account, register, false);
    else this.#consumption(account, origin, register, false);
  }
  reportSigned({ node, origin, register, signer }: Reading): void {
    this.#open();
    if (this.node(node).key !== signer) refuse('BadSignature', 0n, node);
    if (origin === ZERO) this.#production(node, register, false);
    else this.#consumption(node, origin, register, false);
  }
  reportBatch(readings: readonly Reading[]): void {
    this.#open();
    for (const [index, { node, origin, register, signer }] of readings.entries()) {
      if (this.node(node).key !== signer) refuse('BadSignature', BigInt(index), node);
      if (origin === ZERO) this.#production(node, register, true);
      else this.#consumption(node, origin, register, true);
    }
  }
  #production(account: Address, register: bigint, skips: boolean): void {
    const node = this.#registered(account);
    if (node.kind !== 'producer') refuse('NotAProducer', account);
    const energy = this.#rise(node.produced, register, skips);
    if (energy === 0n) return;
    node.produced = register;
    this.#tell('Produced', { node: account, energy, register });
  }
  #consumption(account: Address, origin: Address, register: bigint, skips: boolean): void {
    const node = this.#registered(account);
    const own = origin === account;
    const trade = this.trade(account, origin);
    if (!own && !trade && !this.node(origin).wasProducer) refuse('UnknownOrigin', origin);
    const energy = this.#rise(this.stored(account, origin), register, skips);
    if (energy === 0n) return;
    this.#tell('Consumed', { consumer: account, origin, energy, register });
    let over = 0n;
    if (own) {
      node.ownUse = register;
      if (node.kind === 'producer') {
        node.drawn += energy;
        over = excess(node.sold + node.drawn, node.produced);
      }
    } else {
      const book = trade ?? this.#newTrade(account, origin);
      book.consumed = register;
      over = excess(register, book.purchased);
    }
    if (over > 0n)
      this.#tell('Overdrawn', { consumer: account, origin, energy: least(over, energy), total: over });
  }
  #rise(stored: bigint, register: bigint, skips: boolean): bigint {
    if (register < stored && !skips) refuse('RegisterFell', stored, register);
    if (register <= stored) return 0n;
    if (register > UINT64) refuse('RegisterTooLarge', register);
    return register - stored;
  }
  #newTrade(buyer: Address, seller: Address): Trade {
    const trade: Trade = { seller, purchased: 0n, consumed: 0n, spent: 0n };
    this.trades.set(buyer, [trade, ...(this.trades.get(buyer) ?? [])]);
    return trade;
  }

  // ----------------------------------------------------------------------------------------------- the market

  buy(buyer: Address, seller: Address, energy: bigint, maxCost: bigint): void {
    this.#open();
    this.#registered(buyer);
    if (buyer === seller) refuse('OwnEnergy', buyer);
    if (energy === 0n) refuse('NoEnergy', seller);
    const cost = this.quote(seller, energy, true);
    if (cost > maxCost) refuse('CostTooHigh', cost, maxCost);
    const trade = this.trade(buyer, seller) ?? this.#newTrade(buyer, seller);
    if (trade.spent + cost >= 2n ** 104n) refuse('SafeCastOverflowedUintDowncast', 104, trade.spent + cost);
    this.node(seller).sold += energy;
    trade.purchased += energy;
    trade.spent += cost;
    this.#tell('Bought', { buyer, seller, energy, cost });
    const approved = this.approved(buyer);
    if (approved < cost) refuse('ERC20InsufficientAllowance', this.exchange, approved, cost);
    if (approved !== UINT256) this.approvals.set(buyer, approved - cost);
    this.#move(buyer, seller, cost);
  }
  /** @param all also asks whether there is so much */
  quote(seller: Address, energy: bigint, all = false): bigint {
    if (!all && energy > UINT64) refuse('EnergyTooLarge', energy);
    const { kind, price } = this.node(seller);
    if (kind !== 'producer') refuse('NotASeller', seller);
    if (price === 0n) refuse('NotSelling', seller);
    const left = this.available(seller);
    if (all && energy > left) refuse('NotEnoughEnergy', seller, left, energy);
    return this.cost(energy, price);
  }
  approve(owner: Address, value: bigint): void {
    this.approvals.set(owner, value);
    this.#tell('Approval', { owner, spender: this.exchange, value }, 'coin');
  }
  /** A permit that is signed right counts one up; any other is passed over. */
  permit(owner: Address, value: bigint, isRight: boolean): void {
    if (!isRight) return;
    this.nonces.set(owner, (this.nonces.get(owner) ?? 0n) + 1n);
    this.approve(owner, value);
  }
  transfer(from: Address, to: Address, value: bigint): void {
    this.#move(from, to, value);
  }
  #move(from: Address, to: Address, value: bigint): void {
    const balance = this.balance(from);
    if (balance < value) refuse('ERC20InsufficientBalance', from, balance, value);
    this.balances.set(from, balance - value);
    this.balances.set(to, this.balance(to) + value);
    this.#tell('Transfer', { from, to, value }, 'coin');
  }

  #tell(name: string, args: Told['args'], from: Told['from'] = 'ledger'): void {
    this.#events.push({ from, name, args });
  }
  #onlyAdmin(caller: Address): void {
    if (caller !== this.admin) refuse('AccessControlUnauthorizedAccount', caller, ADMIN_ROLE);
  }
  #open(): void {
    if (this.paused) refuse('EnforcedPause');
  }
  #registered(account: Address): Node {
    const node = this.node(account);
    if (node.kind === 'none') refuse('NotANode', account);
    return node;
  }
}

const restore = <V>(map: Map<Address, V>, before: ReadonlyMap<Address, V>): void => {
  map.clear();
  for (const [key, value] of before) map.set(key, value);
};
