/** Readings that a meter signs (EIP-712), and the packed batch of them that `Daisee.reportBatch` takes. */
import { DaiseeError, type Register } from '@daisee/units';
import { concatHex, hashTypedData, numberToHex } from 'viem/utils';
import { type Address, type Hex, type Signature, type Signer, zeroAddress } from './signer.ts';

/** A cumulative register of one node. */
export interface Reading {
  readonly node: Address;
  /** Left out: energy that the node produced. The node itself: consumed from its own source. Else: from that seller. */
  readonly origin?: Address;
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
    { name: 'node', type: 'address' },
    { name: 'origin', type: 'address' },
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
    domain: { name: 'Daisee', version: '1', chainId, verifyingContract: exchange },
    types: TYPES,
    primaryType: 'Reading',
    message: { node: reading.node, origin: reading.origin ?? zeroAddress, register: reading.register },
  });
  return { ...reading, signature: await meterKey.sign(hash) };
};

/** An ERC-2098 signature's second half: s with the parity of y in its highest bit. */
const compact = ({ s, yParity }: Signature): Hex =>
  numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 });

const packed = (reading: SignedReading): Hex => {
  const { node, origin, register, signature } = reading;
  if (register >= 1n << 64n) throw new ReadingTooLarge(reading);
  const own = origin?.toLowerCase() === node.toLowerCase();
  const head: readonly Hex[] =
    origin === undefined || origin === zeroAddress
      ? ['0x00', node]
      : own
        ? ['0x01', node]
        : ['0x02', node, origin];
  return concatHex([...head, numberToHex(register, { size: 8 }), signature.r, compact(signature)]);
};

/**
 * Packs signed readings as `IDaisee.reportBatch` lays them out: a sort byte, node, the seller if there is one,
 * 8 bytes of register, r, vs.
 * @throws ReadingTooLarge
 */
export const encodeBatch = (readings: readonly SignedReading[]): Hex => concatHex(readings.map(packed));
