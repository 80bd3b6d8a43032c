/** The real contracts on a real EVM, asked the same as the model and compared with it. */
import { Duration } from '@daisee/units';
import type { Abi } from 'viem';
import {
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
} from 'viem/utils';
import { daiseeAbi, daiseeCoinAbi } from '../../src/generated/contracts.ts';
import type { Address } from '../../src/index.ts';
import { createRpc, type Rpc, RpcRefused } from '../../src/rpc.ts';
import type { Hex } from '../../src/signer.ts';
import type { DevChain } from '../support/dev-chain.ts';
import { KINDS, type Model, type Outcome, plainTerms } from './model.ts';

/** A transaction of somebody. */
export interface Act {
  readonly from: Address;
  readonly to: 'ledger' | 'coin';
  readonly name: string;
  readonly args: readonly unknown[];
}

/** A view and what it must say: its outputs, or the error that it must revert with. */
interface View {
  readonly to: 'ledger' | 'coin';
  readonly name: string;
  readonly args: readonly unknown[];
  readonly says: unknown;
}

/** Under the block's limit of 30 million. */
const GAS = '0x1c00000';
const abis: Readonly<Record<Act['to'], Abi>> = { ledger: daiseeAbi, coin: daiseeCoinAbi };

const plain = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

class Difference extends Error {}
const same = (what: string, real: unknown, model: unknown): void => {
  const [left, right] = [plain(real), plain(model)];
  if (left !== right) throw new Difference(`${what}: the contracts say ${left}, the model ${right}`);
};

export interface Real {
  /** Does what the model has just done, in a block of that time, and compares the outcome. @throws Difference */
  act(act: Act, outcome: Outcome, now: bigint): Promise<void>;
  /** Compares what all can see with the model. @throws Difference */
  look(model: Model, accounts: readonly Address[], parties: readonly Address[]): Promise<number>;
  /** The time of the newest block, Unix seconds. */
  now(): Promise<bigint>;
  /** Back to where it was when it was made. */
  reset(): Promise<void>;
  close(): void;
}

export const openReal = async (chain: DevChain, accounts: readonly Address[]): Promise<Real> => {
  const rpc: Rpc = createRpc({ url: chain.url, timeout: Duration(60_000) });
  const places: Readonly<Record<Act['to'], Address>> = { ledger: chain.exchange, coin: chain.coin };
  for (const account of accounts) await rpc.request('anvil_impersonateAccount', [account]);
  let snapshot = await rpc.request('evm_snapshot');

  const call = async (
    to: Act['to'],
    name: string,
    args: readonly unknown[],
    from?: Address,
    now?: bigint,
  ) => {
    const abi = abis[to];
    const data = encodeFunctionData({ abi, functionName: name, args: [...args] });
    try {
      const request = { to: places[to], data, gas: GAS, ...(from ? { from } : {}) };
      // What is asked between two blocks is asked at the model's time, which goes on meanwhile.
      const time = now === undefined ? [] : [{}, { time: `0x${now.toString(16)}` }];
      const answer = (await rpc.request('eth_call', [request, 'latest', ...time])) as Hex;
      const value: unknown = decodeFunctionResult({ abi, functionName: name, data: answer });
      return { value };
    } catch (error) {
      if (!(error instanceof RpcRefused) || typeof error.rpcData !== 'string') throw error;
      // Both ABIs list the errors of the other contract.
      const { errorName, args: values } = decodeErrorResult({ abi, data: error.rpcData as Hex });
      return { error: errorName, args: values ?? [] };
    }
  };

  const told = (logs: readonly { address: Address; topics: [Hex, ...Hex[]]; data: Hex }[]) =>
    logs.map(({ address, topics, data }) => {
      const from = getAddress(address) === places.ledger ? 'ledger' : 'coin';
      const { eventName, args } = decodeEventLog({ abi: abis[from], topics, data });
      return { from, name: eventName, args: args ?? {} };
    });

  return {
    act: async ({ from, to, name, args }, outcome, now) => {
      const what = `${name}(${args.map(plain).join(', ')}) by ${from}`;
      if ('error' in outcome) {
        same(what, await call(to, name, args, from, now), outcome);
        return;
      }
      const data = encodeFunctionData({ abi: abis[to], functionName: name, args: [...args] });
      const order = { from, to: places[to], data, gas: GAS, gasPrice: '0x0' };
      const hash = await rpc.request('eth_sendTransaction', [order]);
      await rpc.request('evm_setNextBlockTimestamp', [Number(now)]);
      await rpc.request('evm_mine');
      const receipt = (await rpc.request('eth_getTransactionReceipt', [hash])) as {
        status: string;
        logs: { address: Address; topics: [Hex, ...Hex[]]; data: Hex }[];
      };
      // Why it reverted: the same again, on a state that it left as it was.
      if (receipt.status !== '0x1') same(what, await call(to, name, args, from, now), outcome);
      same(what, { events: told(receipt.logs) }, outcome);
    },
    look: async (model, everyone, parties) => {
      const views = viewsOf(model, chain.exchange, everyone, parties);
      const answers = await Promise.all(
        views.map(({ to, name, args }) => call(to, name, args, undefined, model.now)),
      );
      for (const [index, { name, args, says }] of views.entries())
        same(`${name}(${args.map(plain).join(', ')})`, answers[index], says);
      return views.length;
    },
    now: async () => {
      const block = (await rpc.request('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex };
      return BigInt(block.timestamp);
    },
    reset: async () => {
      await rpc.request('evm_revert', [snapshot]);
      snapshot = await rpc.request('evm_snapshot');
    },
    close: () => rpc.close(),
  };
};

const ENERGY = 1_234_567n;
/** What the model says to every view: of `parties` and the pairs of them, and the lists with everyone in them. */
const viewsOf = (
  model: Model,
  exchange: Address,
  everyone: readonly Address[],
  parties: readonly Address[],
): readonly View[] => {
  const views: View[] = [];
  const view = (name: string, args: readonly unknown[], value: unknown, to: View['to'] = 'ledger') =>
    views.push({ to, name, args, says: { value } });
  const { sellers } = model;
  view('paused', [], model.paused);
  view('terms', [], plainTerms(model.terms));
  view('nbSellers', [], BigInt(sellers.length));
  view(
    'sellers',
    [0n, 100n],
    sellers.map((account) => {
      const { price, sells, next } = model.asked(account);
      return {
        account,
        active: model.isSeller(account),
        price: model.isSeller(account) && sells ? price : 0n,
        nextPrice: next?.price ?? 0n,
        nextPriceAt: next?.from ?? 0n,
        produced: model.node(account).produced,
        taken: model.taken(account),
        available: model.available(account),
      };
    }),
  );
  view('totalSupply', [], model.supply, 'coin');
  for (const account of everyone) {
    view('balanceOf', [account], model.balance(account), 'coin');
    view('purchases', [account, 0n, 100n], purchasesOf(model, account));
  }
  for (const account of parties) {
    const { kind, key, epoch, produced, ownUse, drawn, wasSeller } = model.node(account);
    const { price, sells, next } = model.asked(account);
    view('nodeOf', [account], {
      kind: KINDS[kind],
      active: kind !== 'none',
      meterKey: key,
      price: model.isSeller(account) && sells ? price : 0n,
      epoch,
      nextPrice: next?.price ?? 0n,
      nextPriceAt: next?.from ?? 0n,
    });
    view('energyProduction', [account], produced);
    view('available', [account], model.available(account));
    view('isSeller', [account], model.isSeller(account));
    view('debts', [account], model.debts(account));
    view('totalEnergyPurchased', [account], model.purchased(account));
    const bought = (model.trades.get(account) ?? []).reduce((sum, { consumed }) => sum + consumed, 0n);
    view('totalEnergyConsumption', [account], ownUse + bought);
    view('purchases', [account, 1n, 1n], purchasesOf(model, account).slice(1, 2));
    view('allowance', [account, exchange], model.approved(account), 'coin');
    view('nonces', [account], model.nonces.get(account) ?? 0n, 'coin');
    const place = sellers.indexOf(account);
    if (wasSeller) view('sellerIndex', [BigInt(place)], account);
    for (const other of parties) {
      const trade = model.trade(account, other);
      const [purchased, consumed] = [trade?.purchased ?? 0n, trade?.consumed ?? 0n];
      const over = account === other ? model.taken(account) + drawn - produced : consumed - purchased;
      view('allowance', [other, account], purchased > consumed ? purchased - consumed : 0n);
      view('overdrawn', [account, other], over > 0n ? over : 0n);
      view('owed', [account, other], trade?.owed ?? 0n);
      view('energyConsumption', [account, other], account === other ? ownUse : consumed);
      view('energyDelivery', [account, other], model.delivered(account, other));
      const args = [account, other, ENERGY] as const;
      const quote = model.try(() => void model.quote(...args));
      if ('error' in quote) views.push({ to: 'ledger', name: 'quote', args, says: quote });
      else view('quote', args, model.quote(...args));
    }
  }
  return views;
};

const purchasesOf = (model: Model, buyer: Address) =>
  (model.trades.get(buyer) ?? []).map(({ seller, purchased, consumed, owed, spent }) => ({
    seller,
    purchased,
    consumed,
    allowance: purchased > consumed ? purchased - consumed : 0n,
    overdrawn: consumed > purchased ? consumed - purchased : 0n,
    owed,
    spent,
    delivered: model.delivered(seller, buyer),
  }));
