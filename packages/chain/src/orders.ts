/** What the holder of coins may do, as calls that any wallet can sign: the node's own key, or a person's. */
import { type Coin, type Energy, formatMicro } from '@daisee/units';
import { encodeAbiParameters, encodeFunctionData } from 'viem/utils';
import { daiseeCoinAbi } from './generated/contracts.ts';
import type { Address, Hex } from './signer.ts';

export interface Purchase {
  readonly seller: Address;
  readonly energy: Energy;
  /** What it may cost at most, what is owed for energy overdrawn from the seller included. */
  readonly maxCost: Coin;
  /**
   * What the buyer knows itself to have purchased from all sellers (`totalPurchased`, the sum of its `purchases`): where
   * it is another sum by now, another order met the need, and this one is refused.
   */
  readonly purchasedBefore: Energy;
}

/** The payment of what is owed for energy overdrawn. */
export interface DebtPayment {
  readonly seller: Address;
  /** Coins to pay at most: less than is owed pays for a part. */
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
  /** Pays a debt in one call, by `approveAndCall`. */
  payDebt(payment: DebtPayment): Call;
  transfer(to: Address, amount: Coin): Call;
  /** For the exchange, or another spender. */
  approve(amount: Coin, spender?: Address): Call;
}

export const createOrders = (exchange: Address, coin: Address): Orders => {
  const abi = daiseeCoinAbi;
  const coins = (amount: bigint): string => `${formatMicro(amount)} coins`;
  const approveAndCall = (what: string, value: Coin, order: Hex): Call => ({
    what,
    to: coin,
    data: encodeFunctionData({ abi, functionName: 'approveAndCall', args: [exchange, value, order] }),
  });
  return {
    buyEnergy: ({ seller, energy, maxCost, purchasedBefore }) => {
      const purchase = encodeAbiParameters(
        [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }, { type: 'uint256' }],
        [seller, energy, maxCost, purchasedBefore],
      );
      return approveAndCall(`The purchase of ${formatMicro(energy)} Wh from ${seller}`, maxCost, purchase);
    },
    payDebt: ({ seller, maxCost }) =>
      approveAndCall(
        `The payment of up to ${coins(maxCost)} owed to ${seller}`,
        maxCost,
        encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [seller, maxCost]),
      ),
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
