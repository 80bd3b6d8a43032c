/** What neighbours, meters, carriers and the admin may do, right and wrong, drawn at random against the books as they are. */
import fc from 'fast-check';
import { concatHex, encodeAbiParameters, hashTypedData, keccak256, numberToHex, toBytes } from 'viem/utils';
import type { Address } from '../../src/index.ts';
import type { Hex, Signer } from '../../src/signer.ts';
import {
  KINDS,
  type Kind,
  least,
  type Model,
  type Outcome,
  plainTerms,
  type Reading,
  SORTS,
  type Sort,
  UINT256,
  ZERO,
} from './model.ts';
import type { Act } from './real.ts';

/** The people of a history. The first is the admin and treasury; the last is in no book. */
export interface Cast {
  readonly signers: readonly Signer[];
  readonly keys: readonly Signer[];
  readonly exchange: Address;
  readonly coin: Address;
  readonly chainId: number;
}

/** An act drawn at random: numbers that are given a meaning by the books at that moment. */
export interface Draw {
  readonly what: number;
  readonly who: number;
  readonly other: number;
  readonly amount: bigint;
  readonly way: number;
}

const UINT64 = 2n ** 64n - 1n;
const WH = 1_000_000n;
const amounts = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt(0n, 20n * WH) },
  { weight: 1, arbitrary: fc.constantFrom(0n, 1n, UINT64, UINT64 + 1n, UINT64 - 1n, UINT256) },
);

export const draws: fc.Arbitrary<Draw> = fc.record({
  what: fc.noBias(fc.nat(99)),
  who: fc.noBias(fc.nat(99)),
  other: fc.noBias(fc.nat(99)),
  amount: amounts,
  way: fc.noBias(fc.nat(999)),
});

/** What the model does, and the transaction that must do the same. */
export interface Step {
  readonly act: Act;
  readonly outcome: Outcome;
  readonly parties: readonly Address[];
}

const MINTER_ROLE = keccak256(toBytes('MINTER_ROLE'));

/** The 65 bytes `r s v`, or the 64 of ERC-2098. */
const signature = async (signer: Signer, hash: Hex, short: boolean): Promise<Hex> => {
  const { r, s, yParity } = await signer.sign(hash);
  if (!short) return concatHex([r, s, numberToHex(27 + yParity, { size: 1 })]);
  return concatHex([r, numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 })]);
};

const wire = ({ sort, node, other, epoch, register }: Omit<Reading, 'signer'>) => ({
  sort: SORTS[sort],
  node,
  other,
  epoch,
  register,
});

const readingHash = (reading: Omit<Reading, 'signer'>, cast: Cast): Hex =>
  hashTypedData({
    domain: { name: 'Daisee', version: '2', chainId: cast.chainId, verifyingContract: cast.exchange },
    types: {
      Reading: [
        { name: 'sort', type: 'uint8' },
        { name: 'node', type: 'address' },
        { name: 'other', type: 'address' },
        { name: 'epoch', type: 'uint256' },
        { name: 'register', type: 'uint256' },
      ],
    },
    primaryType: 'Reading',
    message: wire(reading),
  });

/** One reading of a batch, as `contracts/README.md` lays it out. */
const packed = ({ sort, node, other, epoch, register }: Reading, signed: Hex): Hex =>
  concatHex([
    numberToHex(SORTS[sort], { size: 1 }),
    numberToHex(epoch, { size: 1 }),
    node,
    ...(SORTS[sort] > 1 ? [other] : []),
    numberToHex(register, { size: 8 }),
    signed,
  ]);

export const stepOf = async (draw: Draw, model: Model, cast: Cast): Promise<Step> => {
  const { what, who, other, amount, way } = draw;
  const people = cast.signers.map(({ address }) => address);
  const pick = (index: number): Address => people[index % people.length] ?? ZERO;
  /** Mostly a node; the admin and the stranger at times. */
  const someone = pick(who % 7 === 0 ? who : 1 + (who % (people.length - 2)));
  const selling = model.sellers.filter((seller) => model.isSeller(seller));
  const another = (other % 5 > 0 ? selling[other % (selling.length || 1)] : undefined) ?? pick(other);
  // Whoever is out comes back first, or half of them would be out at any time.
  const out = way % 8 > 0 ? people.slice(1, -1).find((one) => model.node(one).kind === 'none') : undefined;
  const admin = way % 16 === 0 ? pick(who) : model.admin;
  const keyAt = (index: number): Address => cast.keys[index % cast.keys.length]?.address ?? ZERO;
  const parties = [...new Set([someone, another])];
  const step = (
    act: Omit<Act, 'from'> & { from?: Address },
    work: () => void,
    seen: readonly Address[] = parties,
  ): Step => ({ act: { from: someone, ...act }, outcome: model.try(work), parties: seen });

  const registerOf = (sort: Sort, account: Address, from: Address): bigint => {
    const stored = model.stored(sort, account, from);
    if (amount > UINT64 - 2n) return amount;
    return way % 8 === 0 ? (stored > amount ? stored - amount : 0n) : stored + amount;
  };
  const sortOf = (from: number): { readonly sort: Sort; readonly from: Address } => {
    const sort = (['production', 'ownUse', 'consumption', 'delivery'] as const)[from % 4] ?? 'production';
    return { sort, from: SORTS[sort] > 1 ? another : ZERO };
  };
  /** Mostly signed by the node's own meter, of the epoch that is in use. */
  const readingOf = (account: Address, number: number): Reading & { readonly by: Signer | undefined } => {
    const { sort, from } = sortOf(number);
    const node = model.node(account);
    const key = way % 13 === 0 ? keyAt(way) : node.key;
    const by = cast.keys.find(({ address }) => address === key) ?? cast.keys[0];
    const epoch = way % 17 === 0 ? (node.epoch + BigInt(way % 3)) % 256n : node.epoch;
    const start =
      epoch === 0n ? undefined : model.starts.get(`${account} ${sort === 'ownUse' ? 'own' : sort}`);
    const base = epoch === 0n ? 0n : start?.epoch === epoch ? start.base : model.stored(sort, account, from);
    const wanted = registerOf(sort, account, from);
    const register = wanted > base && amount <= UINT64 ? wanted - base : wanted;
    return { sort, node: account, other: from, epoch, register, signer: by?.address ?? ZERO, by };
  };
  const signed = (reading: Reading & { readonly by: Signer | undefined }, short: boolean): Promise<Hex> =>
    reading.by ? signature(reading.by, readingHash(reading, cast), short) : Promise.resolve('0x');
  const overdrawn = model.covers(someone, another, UINT256).covered;
  const left = model.available(another);
  const energy =
    way % 8 === 0
      ? left + overdrawn + (amount % 2n)
      : amount > UINT64
        ? amount
        : overdrawn > 0n && way % 2 === 0
          ? overdrawn + (left === 0n ? 0n : amount % (left + 1n)) * BigInt(way % 3)
          : left === 0n
            ? amount
            : amount % (left + 1n);
  const { covered, due } = model.covers(someone, another, energy);
  const whole = due + model.cost(energy - covered, model.asked(another).price);
  const cost = least(whole, UINT256);
  const most = way % 11 === 0 ? (cost > 0n ? cost - 1n : 0n) : way % 3 === 0 ? UINT256 : cost;
  const before = model.purchased(someone) + (way % 14 === 0 ? 1n : 0n);

  // Not paused for long.
  if (model.paused && way % 3 === 0)
    return step({ from: model.admin, to: 'ledger', name: 'unpause', args: [] }, () =>
      model.pause(model.admin, false),
    );
  if (what < 12) {
    // Mostly somebody who does.
    const node = way % 5 > 0 ? (selling[who % (selling.length || 1)] ?? someone) : someone;
    const register = registerOf('production', node, ZERO);
    const args = [register];
    return step(
      { from: node, to: 'ledger', name: 'reportProduction', args },
      () => model.report('production', node, ZERO, register),
      [node, another],
    );
  }
  if (what < 28) {
    const origin = way % 3 === 0 ? someone : way % 29 === 0 ? pick(other) : another;
    const sort = origin === someone ? 'ownUse' : 'consumption';
    // Mostly what was bought, and a bit.
    const trade = model.trade(someone, origin);
    const bought = trade && trade.purchased > trade.consumed ? trade.purchased : undefined;
    const register =
      bought !== undefined && way % 4 > 0 ? bought + (amount % 1000n) : registerOf(sort, someone, origin);
    return step({ to: 'ledger', name: 'reportConsumption', args: [origin, register] }, () =>
      model.report('consumption', someone, origin, register),
    );
  }
  if (what < 32) {
    const register = registerOf('delivery', someone, another);
    return step({ to: 'ledger', name: 'reportDelivery', args: [another, register] }, () =>
      model.report('delivery', someone, another, register),
    );
  }
  if (what < 38) {
    const reading = readingOf(someone, other);
    const args = [wire(reading), await signed(reading, way % 2 === 0)];
    return step({ from: pick(way), to: 'ledger', name: 'reportSigned', args }, () =>
      model.reportSigned(reading),
    );
  }
  if (what < 46) {
    const readings = Array.from({ length: way % 4 }, (_, index) => {
      const reading = readingOf(pick(1 + ((who + index) % (people.length - 2))), other + index);
      // A batch has room for 64 bits.
      return { ...reading, register: reading.register > UINT64 ? UINT64 : reading.register };
    });
    const parts = await Promise.all(readings.map(async (one) => packed(one, await signed(one, true))));
    const seen = [...new Set([...readings.map(({ node }) => node), another])];
    return step(
      { from: pick(way), to: 'ledger', name: 'reportBatch', args: [concatHex(parts)] },
      () => model.reportBatch(readings),
      seen,
    );
  }
  if (what < 56)
    return step({ to: 'ledger', name: 'buyEnergy', args: [another, energy, most, before] }, () =>
      model.buy(someone, another, energy, most, before),
    );
  if (what < 63) {
    const value = way % 7 === 0 ? cost / 2n : most;
    const order = encodeAbiParameters(
      [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }, { type: 'uint256' }],
      [another, energy, most, before],
    );
    return step({ to: 'coin', name: 'approveAndCall', args: [cast.exchange, value, order] }, () => {
      model.approve(someone, value);
      model.buy(someone, another, energy, most, before);
    });
  }
  if (what < 70) {
    // Mostly where something is owed.
    const owing = people.flatMap((buyer) =>
      (model.trades.get(buyer) ?? [])
        .filter(({ owed }) => owed > 0n)
        .map(({ seller }) => ({ buyer, seller })),
    );
    const debt = way % 6 === 0 ? undefined : owing[other % (owing.length || 1)];
    const { buyer, seller } = debt ?? { buyer: someone, seller: another };
    const owed = model.trade(buyer, seller)?.owed ?? 0n;
    const value = way % 3 === 0 ? amount % (owed + 2n) : way % 3 === 1 ? owed : UINT256;
    if (way % 2 === 0)
      return step(
        { from: buyer, to: 'ledger', name: 'payDebt', args: [seller, value] },
        () => model.payDebt(buyer, seller, value),
        [buyer, seller],
      );
    const order = encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [seller, value]);
    return step({
      from: buyer,
      to: 'coin',
      name: 'approveAndCall',
      args: [cast.exchange, value, order],
    }, () => {
      model.approve(buyer, value);
      model.payDebt(buyer, seller, value);
    }, [buyer, seller]);
  }
  if (what < 76) {
    const signer = cast.signers.find(({ address }) => address === someone);
    const isRight = way % 5 > 0;
    const deadline = UINT256;
    const hash = hashTypedData({
      domain: { name: 'DaiseeCoin', version: '1', chainId: cast.chainId, verifyingContract: cast.coin },
      types: {
        Permit: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
          { name: 'nonce', type: 'uint256' },
          { name: 'deadline', type: 'uint256' },
        ],
      },
      primaryType: 'Permit',
      message: {
        owner: someone,
        spender: cast.exchange,
        value: isRight ? most : most / 2n + 1n,
        nonce: (model.nonces.get(someone) ?? 0n) + (isRight ? 0n : 1n),
        deadline,
      },
    });
    const { r, s, yParity } = await (signer ?? cast.keys[0] ?? raise()).sign(hash);
    const args = [another, energy, most, before, deadline, 27 + yParity, r, s];
    return step({ to: 'ledger', name: 'buyEnergyWithPermit', args }, () => {
      model.permit(someone, most, isRight);
      model.buy(someone, another, energy, most, before);
    });
  }
  if (what < 80) {
    const value = way % 2 === 0 ? UINT256 : amount;
    return step({ to: 'coin', name: 'approve', args: [cast.exchange, value] }, () =>
      model.approve(someone, value),
    );
  }
  if (what < 83)
    return step({ to: 'coin', name: 'transfer', args: [another, amount] }, () =>
      model.transfer(someone, another, amount),
    );
  if (what < 85) {
    const value = amount > UINT64 ? UINT64 : amount;
    return step({ from: admin, to: 'coin', name: 'mint', args: [someone, value] }, () =>
      model.mint(admin, someone, value, MINTER_ROLE),
    );
  }
  if (what < 90) {
    const price = way % 6 === 0 ? 0n : way % 5 === 0 ? amount : amount % (2n * WH);
    return step({ to: 'ledger', name: 'setPrice', args: [price] }, () => model.setPrice(someone, price));
  }
  if (what < 92 || (out !== undefined && what < 93)) {
    const kind: Kind =
      way % 19 === 0
        ? 'none'
        : ((['consumer', 'producer', 'prosumer', 'prosumer'] as const)[way % 4] ?? 'none');
    const account = way % 23 === 0 ? ZERO : (out ?? someone);
    const price = kind === 'consumer' && way % 3 > 0 ? 0n : amount % (2n * WH);
    const key = other % 3 === 0 ? keyAt(other) : ZERO;
    const args = [account, KINDS[kind], key, way % 31 === 0 ? amount : price];
    return step(
      { from: admin, to: 'ledger', name: 'registerNode', args },
      () => model.register(admin, account, kind, key, way % 31 === 0 ? amount : price),
      [account, another],
    );
  }
  if (what < 93)
    return step({ from: admin, to: 'ledger', name: 'removeNode', args: [someone] }, () =>
      model.remove(admin, someone),
    );
  if (what < 95) {
    const key = way % 4 < 3 ? ZERO : keyAt(way);
    return step({ from: admin, to: 'ledger', name: 'setMeterKey', args: [someone, key] }, () =>
      model.setKey(admin, someone, key),
    );
  }
  if (what < 96) {
    const key = way % 9 === 0 ? ZERO : keyAt(way);
    return step({ from: admin, to: 'ledger', name: 'replaceMeter', args: [someone, key] }, () =>
      model.replaceMeter(admin, someone, key),
    );
  }
  if (what < 98) {
    const { sort } = sortOf(who);
    const from = way % 3 === 0 ? ZERO : another;
    const place = SORTS[sort] > 1 ? from : ZERO;
    const stored = model.stored(sort, someone, place);
    const register = way % 7 === 0 ? amount : stored - (stored * BigInt(way % 5)) / 8n;
    const reason = way % 11 === 0 ? '' : 'because';
    return step(
      {
        from: admin,
        to: 'ledger',
        name: 'correctRegister',
        args: [SORTS[sort], someone, from, register, reason],
      },
      () => model.correct(admin, sort, someone, from, register, reason),
    );
  }
  if (what < 99) {
    if (way % 12 === 0)
      return step({ from: admin, to: 'ledger', name: 'restore', args: [[], []] }, () => model.restore(admin));
    const terms = {
      priceNotice: BigInt(way % 3) * 5n,
      debtsCloseMarket: way % 5 > 1,
      tolerance: amount % WH,
      toleranceShare: BigInt(way % 100),
    };
    return step({ from: admin, to: 'ledger', name: 'setTerms', args: [plainTerms(terms)] }, () =>
      model.agree(admin, terms),
    );
  }
  const pauses = model.paused ? way % 9 === 0 : way % 9 > 0;
  return step({ from: admin, to: 'ledger', name: pauses ? 'pause' : 'unpause', args: [] }, () =>
    model.pause(admin, pauses),
  );
};

const raise = (): never => {
  throw new TypeError('unreachable: there are keys');
};

/** How every history begins: two sellers with energy and two buyers, all with coins and an open approval. */
export function* opening(model: Model, cast: Cast): Generator<Step> {
  const [admin, ...people] = cast.signers.map(({ address }) => address);
  const step = (
    from: Address,
    to: Act['to'],
    name: string,
    args: readonly unknown[],
    work: () => void,
  ): Step => ({ act: { from, to, name, args }, outcome: model.try(work), parties: [from] });
  for (const [index, account] of people.slice(0, 4).entries()) {
    const kind: Kind = index === 0 ? 'producer' : index === 1 ? 'prosumer' : 'consumer';
    const price = index < 2 ? 700_000n : 0n;
    yield step(admin ?? ZERO, 'ledger', 'registerNode', [account, KINDS[kind], ZERO, price], () =>
      model.register(model.admin, account, kind, ZERO, price),
    );
    yield step(admin ?? ZERO, 'coin', 'mint', [account, 500n * WH], () =>
      model.mint(model.admin, account, 500n * WH, MINTER_ROLE),
    );
    yield step(account, 'coin', 'approve', [cast.exchange, UINT256], () => model.approve(account, UINT256));
    if (index < 2)
      yield step(account, 'ledger', 'reportProduction', [100n * WH], () =>
        model.report('production', account, ZERO, 100n * WH),
      );
    // One of each sort has a meter that signs.
    const meterKey = cast.keys[index % cast.keys.length]?.address ?? ZERO;
    if (index % 2 === 1)
      yield step(admin ?? ZERO, 'ledger', 'setMeterKey', [account, meterKey], () =>
        model.setKey(model.admin, account, meterKey),
      );
  }
}
