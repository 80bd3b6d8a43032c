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

export type Kind = 'none' | 'consumer' | 'producer' | 'prosumer';
export type Sort = 'production' | 'ownUse' | 'consumption' | 'delivery';

export const KINDS: Readonly<Record<Kind, number>> = { none: 0, consumer: 1, producer: 2, prosumer: 3 };
export const SORTS: Readonly<Record<Sort, number>> = {
  production: 0,
  ownUse: 1,
  consumption: 2,
  delivery: 3,
};

interface Node {
  kind: Kind;
  key: Address;
  epoch: bigint;
  /** The last one that took effect. */
  price: bigint;
  sells: boolean;
  next: { readonly price: bigint; readonly from: bigint } | undefined;
  produced: bigint;
  /** Register of its own source; `drawn` is the part of it that came out of its own production. */
  ownUse: bigint;
  drawn: bigint;
  wasSeller: boolean;
}

interface Trade {
  readonly seller: Address;
  purchased: bigint;
  consumed: bigint;
  owed: bigint;
  spent: bigint;
}

export interface Reading {
  readonly sort: Sort;
  readonly node: Address;
  /** Zero where the sort needs none. */
  readonly other: Address;
  readonly epoch: bigint;
  readonly register: bigint;
  /** The address of the key that signed it. */
  readonly signer: Address;
}

export interface Terms {
  readonly priceNotice: bigint;
  readonly debtsCloseMarket: boolean;
  readonly tolerance: bigint;
  readonly toleranceShare: bigint;
}

export const ZERO: Address = `0x${'00'.repeat(20)}`;
const ADMIN_ROLE = `0x${'00'.repeat(32)}`;
const UINT40 = 2n ** 40n - 1n;
const UINT56 = 2n ** 56n - 1n;
const UINT64 = 2n ** 64n - 1n;
export const UINT256 = 2n ** 256n - 1n;
const MICRO = 1_000_000n;

const excess = (a: bigint, b: bigint): bigint => (a > b ? a - b : 0n);
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const roundedUp = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

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
  /** By seller and buyer. */
  readonly deliveries = new Map<string, bigint>();
  /** Where the meter of an epoch began to count a register. */
  readonly starts = new Map<string, { readonly epoch: bigint; readonly base: bigint }>();
  readonly balances = new Map<Address, bigint>();
  readonly approvals = new Map<Address, bigint>();
  readonly nonces = new Map<Address, bigint>();
  supply = 0n;
  paused = false;
  terms: Terms = { priceNotice: 0n, debtsCloseMarket: true, tolerance: 0n, toleranceShare: 0n };
  /** Of the block that the next act is in. */
  now = 0n;
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
    const maps = [
      this.nodes,
      this.trades,
      this.deliveries,
      this.starts,
      this.balances,
      this.approvals,
      this.nonces,
    ] as Map<unknown, unknown>[];
    const before = structuredClone({ maps, sellers: this.sellers, terms: this.terms });
    try {
      work();
      return { events: this.#events };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      for (const [index, map] of maps.entries()) restore(map, before.maps[index] ?? new Map());
      this.sellers.splice(0, this.sellers.length, ...before.sellers);
      this.terms = before.terms;
      return error.outcome;
    }
  }

  node(account: Address): Node {
    const known = this.nodes.get(account);
    if (known) return known;
    const fresh: Node = {
      kind: 'none',
      key: ZERO,
      epoch: 0n,
      price: 0n,
      sells: false,
      next: undefined,
      produced: 0n,
      ownUse: 0n,
      drawn: 0n,
      wasSeller: false,
    };
    this.nodes.set(account, fresh);
    return fresh;
  }
  isSeller(account: Address): boolean {
    const { kind } = this.node(account);
    return kind === 'producer' || kind === 'prosumer';
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
  delivered(seller: Address, buyer: Address): bigint {
    return this.deliveries.get(`${seller} ${buyer}`) ?? 0n;
  }
  /** What buyers bought of a seller's energy, or drew without: summed up anew each time. */
  taken(seller: Address): bigint {
    let sum = 0n;
    for (const trades of this.trades.values())
      for (const trade of trades) if (trade.seller === seller) sum += most(trade.purchased, trade.consumed);
    return sum;
  }
  available(seller: Address): bigint {
    const { produced, drawn } = this.node(seller);
    return excess(produced, this.taken(seller) + drawn);
  }
  purchased(buyer: Address): bigint {
    return (this.trades.get(buyer) ?? []).reduce((sum, trade) => sum + trade.purchased, 0n);
  }
  debts(buyer: Address): bigint {
    return BigInt((this.trades.get(buyer) ?? []).filter(({ owed }) => owed > 0n).length);
  }
  /** Rounded up, in the seller's favour. */
  cost(energy: bigint, price: bigint): bigint {
    return (energy * price) / MICRO + ((energy * price) % MICRO === 0n ? 0n : 1n);
  }
  stored(sort: Sort, account: Address, other: Address): bigint {
    if (sort === 'production') return this.node(account).produced;
    if (sort === 'delivery') return this.delivered(account, other);
    if (sort === 'ownUse' || other === account) return this.node(account).ownUse;
    return this.trade(account, other)?.consumed ?? 0n;
  }
  /** The price of a seller at an instant, whether it sells, and what it announced. */
  asked(seller: Address, at = this.now): Pick<Node, 'price' | 'sells' | 'next'> {
    const { price, sells, next } = this.node(seller);
    return next && at >= next.from
      ? { price: next.price, sells: true, next: undefined }
      : { price, sells, next };
  }

  // ------------------------------------------------------------------------------------------------ the admin

  register(caller: Address, account: Address, kind: Kind, key: Address, price: bigint): void {
    this.#onlyAdmin(caller);
    if (account === ZERO) refuse('ZeroAddress');
    if (kind === 'none') refuse('KindMissing', account);
    if (kind === 'consumer' && price !== 0n) refuse('NotAProducer', account);
    if (price > UINT40) refuse('PriceTooLarge', price);
    const node = this.node(account);
    if (node.kind !== 'none') refuse('AlreadyRegistered', account);
    Object.assign(node, { kind, key });
    if (this.isSeller(account)) {
      if (!node.wasSeller) this.sellers.push(account);
      const last = this.asked(account).price;
      Object.assign(node, {
        wasSeller: true,
        price: price > 0n ? price : last,
        sells: price > 0n,
        next: undefined,
      });
    }
    this.#tell('NodeRegistered', { account, kind: KINDS[kind], meterKey: key, price });
  }
  remove(caller: Address, account: Address): void {
    this.#onlyAdmin(caller);
    Object.assign(this.#registered(account), { kind: 'none', key: ZERO });
    this.#tell('NodeRemoved', { account });
  }
  setKey(caller: Address, account: Address, key: Address): void {
    this.#onlyAdmin(caller);
    this.#registered(account).key = key;
    this.#tell('MeterKeyChanged', { account, meterKey: key });
  }
  replaceMeter(caller: Address, account: Address, key: Address): void {
    this.#onlyAdmin(caller);
    if (key === ZERO) refuse('ZeroAddress');
    const node = this.#registered(account);
    if (node.epoch === 255n) refuse('TooManyMeters', 255n);
    Object.assign(node, { key, epoch: node.epoch + 1n });
    this.#tell('MeterReplaced', { account, meterKey: key, epoch: node.epoch });
  }
  correct(
    caller: Address,
    sort: Sort,
    account: Address,
    given: Address,
    register: bigint,
    reason: string,
  ): void {
    this.#onlyAdmin(caller);
    if (reason === '') refuse('NoReason');
    const other = sort === 'consumption' || sort === 'delivery' ? given : ZERO;
    if (register > UINT64) refuse('RegisterTooLarge', register);
    if (other === account && other !== ZERO) refuse('OwnEnergy', account);
    const node = this.node(account);
    const start = this.starts.get(startOf(sort, account, other));
    if (start && start.epoch === node.epoch && register < start.base)
      refuse('BelowStart', start.base, register);
    const was = this.stored(sort, account, other);
    if (sort === 'ownUse') {
      if (register < was) node.drawn = excess(node.drawn, was - register);
      else this.#drawn(account, register - was);
      node.ownUse = register;
    } else if (sort === 'consumption') {
      if (register !== was || this.trade(account, other)) this.#consumed(account, other, register);
    } else {
      if (!node.wasSeller) refuse('NotAProducer', account);
      if (sort === 'production') node.produced = register;
      else this.deliveries.set(`${account} ${other}`, register);
    }
    this.#tell('RegisterCorrected', { account, sort: SORTS[sort], other, was, register, reason });
  }
  agree(caller: Address, terms: Terms): void {
    this.#onlyAdmin(caller);
    this.terms = terms;
    this.#tell('TermsChanged', { terms: plainTerms(terms) });
  }
  restore(caller: Address): void {
    this.#onlyAdmin(caller);
    refuse('AlreadyOpen');
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
    if (!this.isSeller(caller)) refuse('NotAProducer', caller);
    if (price > UINT40) refuse('PriceTooLarge', price);
    const last = this.asked(caller);
    let from = this.now;
    if (price === 0n) Object.assign(node, { price: last.price, sells: false, next: undefined });
    else if (price <= last.price || last.price === 0n || this.terms.priceNotice === 0n)
      Object.assign(node, { price, sells: true, next: undefined });
    else {
      from += this.terms.priceNotice;
      Object.assign(node, { price: last.price, sells: last.sells, next: { price, from } });
    }
    this.#tell('PriceChanged', { seller: caller, price, from });
  }
  /** A node reports itself. */
  report(sort: Sort, account: Address, other: Address, register: bigint): void {
    this.#open();
    if (this.node(account).key !== ZERO) refuse('SignatureNeeded', account);
    this.#credit(sort, account, other, register, false);
  }
  reportSigned(reading: Reading): void {
    this.#open();
    const node = this.node(reading.node);
    if (node.key !== reading.signer) refuse('BadSignature', 0n, reading.node);
    if (node.epoch !== reading.epoch) refuse('WrongEpoch', reading.node, reading.epoch, node.epoch);
    this.#carry(reading, false);
  }
  reportBatch(readings: readonly Reading[]): void {
    this.#open();
    for (const [index, reading] of readings.entries()) {
      const node = this.node(reading.node);
      if (reading.epoch < node.epoch) continue;
      if (reading.epoch > node.epoch) refuse('WrongEpoch', reading.node, reading.epoch, node.epoch);
      if (node.key !== reading.signer) refuse('BadSignature', BigInt(index), reading.node);
      this.#carry(reading, true);
    }
  }
  /** A meter's reading: the registers of a node's second meter, and later ones, are counted on from what was stored. */
  #carry({ sort, node, other, epoch, register }: Reading, skips: boolean): void {
    let shown = register;
    if (epoch > 0n) {
      const key = startOf(sort, node, other);
      const known = this.starts.get(key);
      const base = known?.epoch === epoch ? known.base : this.stored(sort, node, other);
      this.starts.set(key, { epoch, base });
      if (register < 2n ** 128n) shown += base;
    }
    this.#credit(sort, node, other, shown, skips);
  }
  #credit(sort: Sort, account: Address, other: Address, register: bigint, skips: boolean): void {
    if (sort === 'production') this.#production(account, register, skips);
    else if (sort === 'delivery') this.#delivery(account, other, register, skips);
    else this.#consumption(account, sort === 'ownUse' ? account : other, register, skips);
  }
  #production(account: Address, register: bigint, skips: boolean): void {
    const node = this.#selling(account);
    const energy = this.#rise(node.produced, register, skips);
    if (energy === 0n) return;
    node.produced = register;
    this.#tell('Produced', { node: account, energy, register });
  }
  #delivery(seller: Address, buyer: Address, register: bigint, skips: boolean): void {
    this.#selling(seller);
    if (seller === buyer) refuse('OwnEnergy', seller);
    if (this.node(buyer).kind === 'none' && !this.trade(buyer, seller)) refuse('NotANode', buyer);
    const stored = this.delivered(seller, buyer);
    const energy = this.#rise(stored, register, skips);
    if (energy === 0n && skips) return;
    this.deliveries.set(`${seller} ${buyer}`, register);
    if (energy > 0n) this.#tell('Delivered', { seller, buyer, energy, register });
    const consumed = this.trade(buyer, seller)?.consumed ?? 0n;
    const [less, more] = [least(register, consumed), most(register, consumed)];
    if (more - less > this.terms.tolerance + (more * this.terms.toleranceShare) / 1000n)
      this.#tell('Disputed', { seller, buyer, delivered: register, consumed });
  }
  #consumption(account: Address, origin: Address, register: bigint, skips: boolean): void {
    const node = this.#registered(account);
    const own = origin === account;
    const energy = this.#rise(this.stored('consumption', account, origin), register, skips);
    if (!own && !this.trade(account, origin) && !this.node(origin).wasSeller) refuse('UnknownOrigin', origin);
    if (energy === 0n) return;
    this.#tell('Consumed', { consumer: account, origin, energy, register });
    if (own) {
      node.ownUse = register;
      this.#drawn(account, energy);
      const total = excess(this.taken(account) + node.drawn, node.produced);
      if (total > 0n && this.isSeller(account))
        this.#tell('Overdrawn', { consumer: account, origin, energy: least(total, energy), total, owed: 0n });
      return;
    }
    const before = this.trade(account, origin);
    const had = before ? most(before.purchased, before.consumed) : 0n;
    const book = this.#consumed(account, origin, register);
    if (register > had) {
      const total = register - book.purchased;
      this.#tell('Overdrawn', {
        consumer: account,
        origin,
        energy: register - had,
        total,
        owed: book.owed,
      });
    }
  }
  /** Own use comes out of the production: all of a seller's; of who was one as much as is left there. */
  #drawn(account: Address, energy: bigint): void {
    const node = this.node(account);
    if (this.isSeller(account)) node.drawn += energy;
    else if (node.wasSeller) node.drawn += least(energy, this.available(account));
  }
  /** Sets a buyer's register, with what is owed for what it overdraws, or owed no more. */
  #consumed(buyer: Address, seller: Address, register: bigint): Trade {
    const book = this.trade(buyer, seller) ?? { seller, purchased: 0n, consumed: 0n, owed: 0n, spent: 0n };
    const before = excess(book.consumed, book.purchased);
    const after = excess(register, book.purchased);
    const taken = this.taken(seller) - before + after;
    if (after !== before && taken > UINT64) refuse('TakenTooLarge', seller, taken);
    if (!this.trade(buyer, seller) && !this.node(seller).wasSeller) refuse('UnknownOrigin', seller);
    this.#list(buyer, book);
    if (after > before)
      book.owed = least(book.owed + this.cost(after - before, this.asked(seller).price), UINT56);
    else if (after < before) book.owed = roundedUp(book.owed * after, before);
    // What an act writes down of an announced price that is due.
    if (after !== before) Object.assign(this.node(seller), this.asked(seller));
    book.consumed = register;
    return book;
  }
  #rise(stored: bigint, register: bigint, skips: boolean): bigint {
    if (register < stored && !skips) refuse('RegisterFell', stored, register);
    if (register <= stored) return 0n;
    if (register > UINT64) refuse('RegisterTooLarge', register);
    return register - stored;
  }
  #list(buyer: Address, trade: Trade): void {
    if (!this.trade(buyer, trade.seller)) this.trades.set(buyer, [trade, ...(this.trades.get(buyer) ?? [])]);
  }

  // ----------------------------------------------------------------------------------------------- the market

  buy(buyer: Address, seller: Address, energy: bigint, maxCost: bigint, before: bigint): void {
    this.#open();
    const { kind } = this.node(buyer);
    if (kind === 'none') refuse('NotANode', buyer);
    if (kind === 'producer') refuse('NotABuyer', buyer);
    if (buyer === seller) refuse('OwnEnergy', buyer);
    if (energy === 0n) refuse('NoEnergy', seller);
    const purchased = this.purchased(buyer);
    if (purchased !== before) refuse('PurchasedMeanwhile', before, purchased);
    const book = this.trade(buyer, seller) ?? { seller, purchased: 0n, consumed: 0n, owed: 0n, spent: 0n };
    const { covered, due } = this.covers(buyer, seller, energy);
    if (excess(book.consumed, book.purchased) > 0n) {
      book.owed -= due;
      this.#tell('DebtPaid', { buyer, seller, energy: covered, amount: due });
    }
    let cost = due;
    if (energy > covered) {
      const debts = this.debts(buyer);
      if (this.terms.debtsCloseMarket && debts > 0n) refuse('DebtElsewhere', buyer, debts);
      const price = this.#offer(seller);
      const left = this.available(seller);
      if (energy - covered > left) refuse('NotEnoughEnergy', seller, left, energy - covered);
      cost += this.cost(energy - covered, price);
    }
    if (cost > maxCost) refuse('CostTooHigh', cost, maxCost);
    this.#pay(buyer, book, energy, cost);
  }
  payDebt(buyer: Address, seller: Address, maxCost: bigint): void {
    this.#open();
    const book = this.trade(buyer, seller);
    const over = book ? excess(book.consumed, book.purchased) : 0n;
    if (!book || over === 0n) throw new Refused('NoDebt', [buyer, seller]);
    const amount = least(book.owed, maxCost);
    if (amount === 0n && book.owed > 0n) refuse('CostTooHigh', book.owed, maxCost);
    const energy = amount === book.owed ? over : (over * amount) / book.owed;
    book.owed -= amount;
    this.#tell('DebtPaid', { buyer, seller, energy, amount });
    this.#pay(buyer, book, energy, amount);
  }
  /** What of an order is overdrawn already, and what is owed for it. */
  covers(
    buyer: Address,
    seller: Address,
    energy: bigint,
  ): { readonly covered: bigint; readonly due: bigint } {
    const book = this.trade(buyer, seller);
    const over = book ? excess(book.consumed, book.purchased) : 0n;
    if (!book || over === 0n) return { covered: 0n, due: 0n };
    if (energy >= over) return { covered: over, due: book.owed };
    return { covered: energy, due: roundedUp(book.owed * energy, over) };
  }
  #offer(seller: Address): bigint {
    if (!this.isSeller(seller)) refuse('NotASeller', seller);
    const { price, sells } = this.asked(seller);
    if (!sells) refuse('NotSelling', seller);
    return price;
  }
  #pay(buyer: Address, book: Trade, energy: bigint, cost: bigint): void {
    if (book.spent + cost > UINT56) refuse('SpentTooLarge', book.spent + cost);
    this.#list(buyer, book);
    book.purchased += energy;
    book.spent += cost;
    const { seller } = book;
    this.#tell('Bought', { buyer, seller, energy, cost });
    const approved = this.approved(buyer);
    if (approved < cost) refuse('ERC20InsufficientAllowance', this.exchange, approved, cost);
    if (approved !== UINT256) this.approvals.set(buyer, approved - cost);
    this.#move(buyer, seller, cost);
  }
  quote(buyer: Address, seller: Address, energy: bigint): bigint {
    if (energy > UINT64) refuse('EnergyTooLarge', energy);
    const { covered, due } = this.covers(buyer, seller, energy);
    return energy === covered ? due : due + this.cost(energy - covered, this.#offer(seller));
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
  #selling(account: Address): Node {
    const node = this.#registered(account);
    if (!this.isSeller(account)) refuse('NotAProducer', account);
    return node;
  }
}

const startOf = (sort: Sort, account: Address, other: Address): string => {
  if (sort === 'production') return `${account} production`;
  const isOwn = sort === 'ownUse' || (sort === 'consumption' && other === account);
  return isOwn ? `${account} own` : `${account} ${sort} ${other}`;
};

/** As the ABI gives them: small numbers as numbers. */
export const plainTerms = (terms: Terms) => ({
  priceNotice: Number(terms.priceNotice),
  debtsCloseMarket: terms.debtsCloseMarket,
  tolerance: terms.tolerance,
  toleranceShare: Number(terms.toleranceShare),
});

const restore = <K, V>(map: Map<K, V>, before: ReadonlyMap<K, V>): void => {
  map.clear();
  for (const [key, value] of before) map.set(key, value);
};
