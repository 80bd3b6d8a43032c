/** Readings that a meter signs (EIP-712), and the packed batch of them that `Daisee.reportBatch` takes. */
import { DaiseeError, type Register } from '@daisee/units';
import { concatHex, hashTypedData, numberToHex } from 'viem/utils';
import { type Address, type Hex, type Signature, type Signer, zeroAddress } from './signer.ts';

/**
 * Which of a node's registers: what it produced, what it consumed from its own source, what it consumed from a seller's
 * source, or what left its source towards a buyer. Their places are the contract's numbers.
 */
export const SORTS = ['production', 'ownUse', 'consumption', 'delivery'] as const;
export type Sort = (typeof SORTS)[number];

/** A cumulative register of one node, as its meter shows it. */
export interface Reading {
  readonly sort: Sort;
  readonly node: Address;
  /** The seller of a consumption, the buyer of a delivery; left out otherwise. */
  readonly other?: Address | undefined;
  /** Counts the meters of the node, as `node()` tells: 0 until the first one is replaced. */
  readonly epoch: number;
  readonly register: Register;
}

export interface SignedReading extends Reading {
  readonly signature: Signature;
}

/** Which contract on which chain a reading is for: no other takes it. */
export interface ReadingDomain {
  readonly chainId: number;
  readonly exchange: Address;
}

/** A register that a reading cannot carry. */
export class ReadingTooLarge extends DaiseeError {
  constructor(reading: Reading) {
    super({
      code: 'chain.reading',
      message: `The register of ${reading.node}, ${reading.register} µWh, does not fit a reading: expected less than 2^64 µWh.`,
      retryable: false,
      values: { node: reading.node, register: reading.register.toString() },
    });
  }
}

const TYPES = {
  Reading: [
    { name: 'sort', type: 'uint8' },
    { name: 'node', type: 'address' },
    { name: 'other', type: 'address' },
    { name: 'epoch', type: 'uint256' },
    { name: 'register', type: 'uint256' },
  ],
} as const;

/** Signs a reading with the meter's key. */
export const signReading = async (
  meterKey: Signer,
  reading: Reading,
  { chainId, exchange }: ReadingDomain,
): Promise<SignedReading> => {
  const hash = hashTypedData({
    domain: { name: 'Daisee', version: '2', chainId, verifyingContract: exchange },
    types: TYPES,
    primaryType: 'Reading',
    message: {
      sort: SORTS.indexOf(reading.sort),
      node: reading.node,
      other: reading.other ?? zeroAddress,
      epoch: BigInt(reading.epoch),
      register: reading.register,
    },
  });
  return { ...reading, signature: await meterKey.sign(hash) };
};

/** An ERC-2098 signature's second half: s with the parity of y in its highest bit. */
const compact = ({ s, yParity }: Signature): Hex =>
  numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 });

const packed = (reading: SignedReading): Hex => {
  const { sort, node, other, epoch, register, signature } = reading;
  if (register >= 1n << 64n) throw new ReadingTooLarge(reading);
  return concatHex([
    numberToHex(SORTS.indexOf(sort), { size: 1 }),
    numberToHex(epoch, { size: 1 }),
    node,
    ...(sort === 'consumption' || sort === 'delivery' ? [other ?? zeroAddress] : []),
    numberToHex(register, { size: 8 }),
    signature.r,
    compact(signature),
  ]);
};

/**
 * Packs signed readings as `IDaisee.reportBatch` lays them out: a sort byte, the epoch, the node, the seller or buyer
 * if there is one, 8 bytes of register, r, vs.
 * @throws ReadingTooLarge
 */
export const encodeBatch = (readings: readonly SignedReading[]): Hex => concatHex(readings.map(packed));
