/** What the holder of coins may do, as calls that any wallet can sign: the node's own key, or a person's. */
import { type Coin, type Energy, formatMicro } from '@daisee/units';
import { encodeAbiParameters, encodeFunctionData } from 'viem/utils';
import { daiseeCoinAbi } from './generated/contracts.ts';
import type { Address, Hex } from './signer.ts';

export interface Purchase {
  readonly seller: Address;
  readonly energy: Energy;
  /** What it may cost at most. */
  readonly maxCost: Coin;
}

/** A call and what it is for, in words. */
export interface Call {
  readonly what: string;
  readonly to: Address;
  readonly data: Hex;
}

export interface Orders {
  /** Buys in one call, by `approveAndCall`. */
  buyEnergy(purchase: Purchase): Call;
  transfer(to: Address, amount: Coin): Call;
  /** For the exchange, or another spender. */
  approve(amount: Coin, spender?: Address): Call;
}

export const createOrders = (exchange: Address, coin: Address): Orders => {
  const abi = daiseeCoinAbi;
  const coins = (amount: bigint): string => `${formatMicro(amount)} coins`;
  return {
    buyEnergy: ({ seller, energy, maxCost }) => {
      const purchase = encodeAbiParameters(
        [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }],
        [seller, energy, maxCost],
      );
      return {
        what: `The purchase of ${formatMicro(energy)} Wh from ${seller}`,
        to: coin,
        data: encodeFunctionData({
          abi,
          functionName: 'approveAndCall',
          args: [exchange, maxCost, purchase],
        }),
      };
    },
    transfer: (to, amount) => ({
      what: `The transfer of ${coins(amount)} to ${to}`,
      to: coin,
      data: encodeFunctionData({ abi, functionName: 'transfer', args: [to, amount] }),
    }),
    approve: (amount, spender = exchange) => ({
      what: `The approval of ${coins(amount)}`,
      to: coin,
      data: encodeFunctionData({ abi, functionName: 'approve', args: [spender, amount] }),
    }),
  };
};
