import { fromPublicKey } from 'ox/Address';
import * as Secp256k1 from 'ox/Secp256k1';

/** An account's or contract's address, 20 bytes. */
export type Address = `0x${string}`;
/** Bytes in hexadecimal. */
export type Hex = `0x${string}`;

/** Nobody's: what stands for "none" in the contracts. */
export const zeroAddress: Address = `0x${'00'.repeat(20)}`;

/** The two numbers of an ECDSA signature and the parity of its point. */
export interface Signature {
  readonly r: Hex;
  readonly s: Hex;
  readonly yParity: 0 | 1;
}

/** An account that can sign. Its key stays inside: printing or serialising a signer shows the address only. */
export interface Signer {
  readonly address: Address;
  /** Signs a 32-byte hash. */
  sign(hash: Hex): Promise<Signature>;
}

const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`;

/** The signer of a private key (32 bytes). */
export const signerOf = (privateKey: Hex): Signer => {
  const address: Address = fromPublicKey(Secp256k1.getPublicKey({ privateKey }), { checksum: true });
  return {
    address,
    sign: async (hash) => {
      const { r, s, yParity } = Secp256k1.sign({ payload: hash, privateKey });
      return { r: word(r), s: word(s), yParity: yParity === 0 ? 0 : 1 };
    },
  };
};
