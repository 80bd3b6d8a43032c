/** What neighbours, meters, carriers and the admin may do, right and wrong, drawn at random against the books as they are. */
import fc from 'fast-check';
import { concatHex, encodeAbiParameters, hashTypedData, keccak256, numberToHex, toBytes } from 'viem/utils';
import type { Address } from '../../src/index.ts';
import type { Hex, Signer } from '../../src/signer.ts';
import { least, type Model, type Outcome, type Reading, UINT256, ZERO } from './model.ts';
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

const readingHash = ({ node, origin, register }: Omit<Reading, 'signer'>, cast: Cast): Hex =>
  hashTypedData({
    domain: { name: 'Daisee', version: '1', chainId: cast.chainId, verifyingContract: cast.exchange },
    types: {
      Reading: [
        { name: 'node', type: 'address' },
        { name: 'origin', type: 'address' },
        { name: 'register', type: 'uint256' },
      ],
    },
    primaryType: 'Reading',
    message: { node, origin, register },
  });

/** One reading of a batch, as `contracts/README.md` lays it out. */
const packed = (reading: Reading, signed: Hex): Hex => {
  const { node, origin, register } = reading;
  const sort = origin === ZERO ? 0 : origin === node ? 1 : 2;
  return concatHex([
    numberToHex(sort, { size: 1 }),
    node,
    ...(sort === 2 ? [origin] : []),
    numberToHex(register, { size: 8 }),
    signed,
  ]);
};

export const stepOf = async (draw: Draw, model: Model, cast: Cast): Promise<Step> => {
  const { what, who, other, amount, way } = draw;
  const people = cast.signers.map(({ address }) => address);
  const pick = (index: number): Address => people[index % people.length] ?? ZERO;
  /** Mostly a node; the admin and the stranger at times. */
  const someone = pick(who % 7 === 0 ? who : 1 + (who % (people.length - 2)));
  const selling = model.sellers.filter((seller) => model.node(seller).kind === 'producer');
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

  const registerOf = (account: Address, origin: Address): bigint => {
    const stored = model.stored(account, origin);
    if (amount > UINT64 - 2n) return amount;
    return way % 8 === 0 ? (stored > amount ? stored - amount : 0n) : stored + amount;
  };
  const originOf = (account: Address, from: number): Address =>
    from % 3 === 0 ? ZERO : from % 3 === 1 ? account : another;
  /** Mostly signed by the node's own meter. */
  const readingOf = (account: Address, from: number): Reading & { readonly by: Signer | undefined } => {
    const origin = originOf(account, from);
    const key = way % 13 === 0 ? keyAt(way) : model.node(account).key;
    const by = cast.keys.find(({ address }) => address === key) ?? cast.keys[0];
    return { node: account, origin, register: registerOf(account, origin), signer: by?.address ?? ZERO, by };
  };
  const signed = (reading: Reading & { readonly by: Signer | undefined }, short: boolean): Promise<Hex> =>
    reading.by ? signature(reading.by, readingHash(reading, cast), short) : Promise.resolve('0x');
  const left = model.available(another);
  const energy =
    way % 8 === 0
      ? left + (amount % 2n)
      : amount > UINT64
        ? amount
        : left === 0n
          ? amount
          : amount % (left + 1n);
  const whole = model.cost(energy, model.node(another).price);
  const cost = least(whole, UINT256);
  const most = way % 11 === 0 ? (cost > 0n ? cost - 1n : 0n) : way % 3 === 0 ? UINT256 : cost;

  // Not paused for long.
  if (model.paused && way % 3 === 0)
    return step({ from: model.admin, to: 'ledger', name: 'unpause', args: [] }, () =>
      model.pause(model.admin, false),
    );
  if (what < 12)
    return step({ to: 'ledger', name: 'reportProduction', args: [registerOf(someone, ZERO)] }, () =>
      model.report(someone, ZERO, registerOf(someone, ZERO)),
    );
  if (what < 32) {
    const origin = way % 3 === 0 ? someone : way % 29 === 0 ? pick(other) : another;
    const register = registerOf(someone, origin);
    return step({ to: 'ledger', name: 'reportConsumption', args: [origin, register] }, () =>
      model.report(someone, origin, register),
    );
  }
  if (what < 40) {
    const reading = readingOf(someone, other);
    const { node, origin, register } = reading;
    const args = [{ node, origin, register }, await signed(reading, way % 2 === 0)];
    return step({ from: pick(way), to: 'ledger', name: 'reportSigned', args }, () =>
      model.reportSigned(reading),
    );
  }
  if (what < 48) {
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
  if (what < 60)
    return step({ to: 'ledger', name: 'buyEnergy', args: [another, energy, most] }, () =>
      model.buy(someone, another, energy, most),
    );
  if (what < 70) {
    const value = way % 7 === 0 ? cost / 2n : most;
    const order = encodeAbiParameters(
      [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }],
      [another, energy, most],
    );
    return step({ to: 'coin', name: 'approveAndCall', args: [cast.exchange, value, order] }, () => {
      model.approve(someone, value);
      model.buy(someone, another, energy, most);
    });
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
    const args = [another, energy, most, deadline, 27 + yParity, r, s];
    return step({ to: 'ledger', name: 'buyEnergyWithPermit', args }, () => {
      model.permit(someone, most, isRight);
      model.buy(someone, another, energy, most);
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
  if (what < 93 || (out !== undefined && what < 95)) {
    const kind = way % 19 === 0 ? 'none' : way % 4 === 0 ? 'consumer' : 'producer';
    const account = way % 23 === 0 ? ZERO : (out ?? someone);
    const price = kind === 'consumer' && way % 3 > 0 ? 0n : amount;
    const args = [account, { none: 0, consumer: 1, producer: 2 }[kind], keyAt(other), price];
    return step(
      { from: admin, to: 'ledger', name: 'registerNode', args },
      () => model.register(admin, account, kind, keyAt(other), price),
      [account, another],
    );
  }
  if (what < 95)
    return step({ from: admin, to: 'ledger', name: 'removeNode', args: [someone] }, () =>
      model.remove(admin, someone),
    );
  if (what < 97) {
    const key = way % 4 === 0 ? ZERO : keyAt(way);
    return step({ from: admin, to: 'ledger', name: 'setMeterKey', args: [someone, key] }, () =>
      model.setKey(admin, someone, key),
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
    const isSeller = index < 2;
    const meterKey = cast.keys[index % cast.keys.length]?.address ?? ZERO;
    const price = isSeller ? 700_000n : 0n;
    yield step(admin ?? ZERO, 'ledger', 'registerNode', [account, isSeller ? 2 : 1, meterKey, price], () =>
      model.register(model.admin, account, isSeller ? 'producer' : 'consumer', meterKey, price),
    );
    yield step(admin ?? ZERO, 'coin', 'mint', [account, 500n * WH], () =>
      model.mint(model.admin, account, 500n * WH, MINTER_ROLE),
    );
    yield step(account, 'coin', 'approve', [cast.exchange, UINT256], () => model.approve(account, UINT256));
    if (isSeller)
      yield step(account, 'ledger', 'reportProduction', [100n * WH], () =>
        model.report(account, ZERO, 100n * WH),
      );
  }
}
