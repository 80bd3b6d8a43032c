import { toQuantity } from './answers.ts';
import { isRecord, type Rpc, RpcRefused } from './rpc.ts';

/** What is paid for gas, in wei. Left out: what the chain asks for (nothing on the embedded chain). */
export type Fees = { readonly gasPrice: bigint } | { readonly maxFee: bigint; readonly tip: bigint };

const ask = async (rpc: Rpc, method: string): Promise<bigint | undefined> => {
  try {
    return toQuantity(rpc.url, method, await rpc.request(method));
  } catch (error) {
    // A method that this client does not know.
    if (error instanceof RpcRefused) return undefined;
    throw error;
  }
};

/** The chain's own fees: EIP-1559 where blocks have a base fee (room for it to double), else a gas price. */
export const chainFees = async (rpc: Rpc): Promise<Fees> => {
  const [block, tip, gasPrice] = await Promise.all([
    rpc.request('eth_getBlockByNumber', ['latest', false]),
    ask(rpc, 'eth_maxPriorityFeePerGas'),
    ask(rpc, 'eth_gasPrice'),
  ]);
  const base = isRecord(block) ? block['baseFeePerGas'] : undefined;
  if (base === undefined || base === null) return { gasPrice: gasPrice ?? 0n };
  const baseFee = toQuantity(rpc.url, 'baseFeePerGas', base);
  // A free chain may suggest a tip all the same (anvil: 1 gwei beside a gas price of 0), which an account without
  // ether cannot pay: the gas price, which has the tip in it, is the better witness.
  const within = gasPrice === undefined ? undefined : gasPrice > baseFee ? gasPrice - baseFee : 0n;
  const chosen = tip === undefined || (within !== undefined && within < tip) ? (within ?? 0n) : tip;
  return { maxFee: 2n * baseFee + chosen, tip: chosen };
};
