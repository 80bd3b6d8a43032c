import { keccak256, serializeTransaction } from 'viem';
import type { Hex, Signer } from '../../src/index.ts';

/** A signed transfer of nothing, for a chain without fees. */
export const signTransfer = async (
  signer: Signer,
  { chainId, nonce, to = signer.address }: { chainId: number; nonce: number; to?: Hex },
): Promise<Hex> => {
  const unsigned = {
    type: 'eip1559',
    chainId,
    nonce,
    to,
    gas: 21_000n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
  } as const;
  const signature = await signer.sign(keccak256(serializeTransaction(unsigned)));
  return serializeTransaction(unsigned, { ...signature, v: 27n + BigInt(signature.yParity) });
};
