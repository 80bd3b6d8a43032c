import { parseTransaction } from 'viem/utils';
import { toBytes, toQuantity } from './answers.ts';
import type { RawReceipt } from './receipts.ts';
import { ContractRefused, type Refusal, refusalOf } from './refusals.ts';
import { type Rpc, RpcRefused } from './rpc.ts';
import type { Address, Hex } from './signer.ts';

interface Asked {
  readonly what: string;
  readonly to?: Address;
  readonly data: Hex;
}

/**
 * The state changes between the estimate and the block: a quarter more, and one storage slot turned from zero
 * (22,100 gas). Gas not used costs nothing.
 */
const withMargin = (estimate: bigint): bigint => estimate + estimate / 4n + 25_000n;

/**
 * The gas limit for a transaction; the estimate is also its rehearsal.
 * @throws ContractRefused with the contract's own error when it would revert
 */
export const estimateGas = async (
  rpc: Rpc,
  from: Address,
  { what, to, data }: Asked,
  state: 'latest' | 'pending',
): Promise<bigint> => {
  const call = { from, data, ...(to ? { to } : {}) };
  try {
    const answer = await rpc.request('eth_estimateGas', [call, state]);
    return withMargin(toQuantity(rpc.url, 'eth_estimateGas', answer));
  } catch (error) {
    if (!(error instanceof RpcRefused)) throw error;
    const refusal = refusalOf(error);
    if (refusal && refusal.errorName !== 'Unknown') throw new ContractRefused(what, refusal);
    // Some clients estimate on the latest state only, and some keep the reason for eth_call.
    if (!refusal && state === 'pending')
      return estimateGas(rpc, from, { what, data, ...(to ? { to } : {}) }, 'latest');
    const rehearsed = await rehearse(rpc, call, state);
    if (rehearsed ?? refusal)
      throw new ContractRefused(what, rehearsed ?? { errorName: 'Unknown', args: {} });
    throw error;
  }
};

/** Why a call reverts at a block; undefined when it does not. */
const rehearse = async (
  rpc: Rpc,
  call: Readonly<Record<string, unknown>>,
  block: string,
): Promise<Refusal | undefined> => {
  try {
    await rpc.request('eth_call', [call, block]);
    return undefined;
  } catch (error) {
    if (error instanceof RpcRefused) return refusalOf(error);
    throw error;
  }
};

/** Why a mined transaction reverted: it is called again at its block, then before it, and its gas is looked at. */
export const minedRefusal = async (
  rpc: Rpc,
  from: Address,
  raw: Hex,
  receipt: RawReceipt,
): Promise<Refusal> => {
  const { to, data, gas = 0n } = parseTransaction(raw);
  const call = { from, gas: `0x${gas.toString(16)}`, data: data ?? '0x', ...(to ? { to } : {}) };
  for (const block of [receipt.block, receipt.block - 1]) {
    const refusal = await rehearse(rpc, call, `0x${block.toString(16)}`);
    if (refusal && refusal.errorName !== 'Unknown') return refusal;
  }
  // A call that runs dry in an inner call leaves a 64th of the gas to the outer one (EIP-150).
  if (receipt.gasUsed * 64n >= gas * 62n) return { errorName: 'OutOfGas', args: { limit: gas } };
  return { errorName: 'Unknown', args: {} };
};

/** Calls a view. @throws ContractRefused and what Rpc.request throws */
export const callView = async (
  rpc: Rpc,
  what: string,
  to: Address,
  data: Hex,
  block = 'latest',
): Promise<Hex> => {
  try {
    return toBytes(rpc.url, 'eth_call', await rpc.request('eth_call', [{ to, data }, block]));
  } catch (error) {
    const refusal = error instanceof RpcRefused ? refusalOf(error) : undefined;
    throw refusal ? new ContractRefused(what, refusal) : error;
  }
};
