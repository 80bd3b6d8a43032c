/** What the books say, in the units of this project. */
import { Coin, Energy, Price, Register } from '@daisee/units';
import { decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import { toQuantity } from './answers.ts';
import { latestHeader } from './blocks.ts';
import { chainFees } from './fees.ts';
import { callView } from './gas.ts';
import { daiseeAbi, daiseeCoinAbi } from './generated/contracts.ts';
import { kindOf, type NodeKind } from './ledger-events.ts';
import { ChainAnswer, type Rpc } from './rpc.ts';
import { type Address, type Hex, zeroAddress } from './signer.ts';

/** A node as registered. */
export interface RegisteredNode {
  readonly kind: NodeKind;
  readonly active: boolean;
  /** Whose signature on readings counts; undefined: none does. */
  readonly meterKey: Address | undefined;
  readonly price: Price;
}

/** A seller's row of the books. */
export interface SellerRow {
  readonly account: Address;
  /** False once removed: what was bought may still be consumed. */
  readonly active: boolean;
  /** Coins per Wh; 0: sells nothing at present. */
  readonly price: Price;
  readonly produced: Register;
  readonly sold: Energy;
  readonly available: Energy;
}

/** What a buyer has with one seller. */
export interface PurchaseRow {
  readonly seller: Address;
  readonly purchased: Energy;
  readonly consumed: Register;
  /** Bought and not yet consumed. */
  readonly allowance: Energy;
  /** Consumed and not yet bought. */
  readonly overdrawn: Energy;
  readonly spent: Coin;
}

/** Every method @throws ChainUnreachable, ChainChanged, ChainAnswer, RpcRefused, ContractRefused. */
export interface LedgerReads {
  /** Coins of an account. */
  balance(account: Address): Promise<Coin>;
  /** Coins that an account has approved for the exchange. */
  coinAllowance(owner: Address): Promise<Coin>;
  /** Energy that the buyer bought from the seller and has not consumed. */
  allowance(seller: Address, buyer: Address): Promise<Energy>;
  /** Energy that the buyer consumed from the seller and has not bought. */
  overdrawn(buyer: Address, seller: Address): Promise<Energy>;
  production(seller: Address): Promise<Register>;
  consumption(consumer: Address, origin: Address): Promise<Register>;
  totalConsumption(consumer: Address): Promise<Energy>;
  /** Energy that the seller has left to sell. */
  available(seller: Address): Promise<Energy>;
  /** What the energy costs from the seller now. @throws ContractRefused NotASeller, NotSelling */
  quote(seller: Address, energy: Energy): Promise<Coin>;
  node(account: Address): Promise<RegisteredNode>;
  /** All who were ever registered as producers, in that order. */
  sellers(): Promise<readonly SellerRow[]>;
  /** All that the buyer has with sellers, the newest seller first. */
  purchases(buyer: Address): Promise<readonly PurchaseRow[]>;
  nbSellers(): Promise<number>;
  /** Ether of an account and what a unit of gas may cost now, both in wei. */
  gas(account: Address): Promise<{ readonly balance: bigint; readonly price: bigint }>;
}

const PAGE = 100n;
/** Rows of a list: of more than any community has, the answers are none of its books. */
const MOST_ROWS = 100_000;

export const createReads = (rpc: Rpc, exchange: Address, coin: Address): LedgerReads => {
  const decoded = <T>(what: string, answer: Hex, decode: () => T): T => {
    try {
      return decode();
    } catch {
      // Too short, or no such values: whatever answered is not this contract.
      throw new ChainAnswer(rpc.url, what, 'values of that view', answer);
    }
  };
  const uint = async (
    functionName:
      | 'allowance'
      | 'overdrawn'
      | 'energyProduction'
      | 'energyConsumption'
      | 'totalEnergyConsumption'
      | 'available',
    ...args: readonly Address[]
  ): Promise<bigint> => {
    const data = encodeFunctionData({ abi: daiseeAbi, functionName, args: args as never });
    const answer = await callView(rpc, `Reading ${functionName}`, exchange, data);
    return decoded(functionName, answer, () =>
      decodeFunctionResult({ abi: daiseeAbi, functionName, data: answer }),
    );
  };
  /** A list longer than a page is read again at one block, so that no row is missed or doubled in between. */
  const inPages = async <Row>(
    what: string,
    nameOf: (row: Row) => Address,
    page: (offset: bigint, block: string) => Promise<readonly Row[]>,
  ): Promise<readonly Row[]> => {
    const first = await page(0n, 'latest');
    if (first.length < Number(PAGE)) return first;
    const block = `0x${(await latestHeader(rpc)).number.toString(16)}`;
    const rows: Row[] = [];
    const seen = new Set<Address>();
    for (;;) {
      const part = await page(BigInt(rows.length), block);
      rows.push(...part);
      for (const one of part) seen.add(nameOf(one));
      // A chain that gives the same page again and again would be asked for ever.
      if (seen.size < rows.length || rows.length > MOST_ROWS)
        throw new ChainAnswer(rpc.url, what, 'each row once', `${rows.length} rows of ${seen.size} accounts`);
      if (part.length < Number(PAGE)) return rows;
    }
  };
  const coinUint = async (what: string, data: Hex): Promise<Coin> => {
    const answer = await callView(rpc, `Reading ${what}`, coin, data);
    return decoded(what, answer, () =>
      Coin(decodeFunctionResult({ abi: daiseeCoinAbi, functionName: 'balanceOf', data: answer })),
    );
  };
  return {
    gas: async (account) => {
      const [balance, fees] = await Promise.all([
        rpc.request('eth_getBalance', [account, 'latest']),
        chainFees(rpc),
      ]);
      return {
        balance: toQuantity(rpc.url, 'eth_getBalance', balance),
        price: 'gasPrice' in fees ? fees.gasPrice : fees.maxFee,
      };
    },
    balance: (account) =>
      coinUint(
        'a balance',
        encodeFunctionData({ abi: daiseeCoinAbi, functionName: 'balanceOf', args: [account] }),
      ),
    coinAllowance: (owner) =>
      coinUint(
        'an approval',
        encodeFunctionData({ abi: daiseeCoinAbi, functionName: 'allowance', args: [owner, exchange] }),
      ),
    allowance: async (seller, buyer) => Energy(await uint('allowance', seller, buyer)),
    overdrawn: async (buyer, seller) => Energy(await uint('overdrawn', buyer, seller)),
    production: async (seller) => Register(await uint('energyProduction', seller)),
    consumption: async (consumer, origin) => Register(await uint('energyConsumption', consumer, origin)),
    totalConsumption: async (consumer) => Energy(await uint('totalEnergyConsumption', consumer)),
    available: async (seller) => Energy(await uint('available', seller)),
    quote: async (seller, energy) => {
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'quote', args: [seller, energy] });
      const answer = await callView(rpc, 'A quote', exchange, data);
      return decoded('quote', answer, () =>
        Coin(decodeFunctionResult({ abi: daiseeAbi, functionName: 'quote', data: answer })),
      );
    },
    node: async (account) => {
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'nodeOf', args: [account] });
      const answer = await callView(rpc, 'Reading a node', exchange, data);
      return decoded('nodeOf', answer, () => {
        const [kind, active, meterKey, price] = decodeFunctionResult({
          abi: daiseeAbi,
          functionName: 'nodeOf',
          data: answer,
        });
        return {
          kind: kindOf(kind),
          active,
          meterKey: meterKey === zeroAddress ? undefined : meterKey,
          price: Price(price),
        };
      });
    },
    sellers: () =>
      inPages<SellerRow>(
        'sellers',
        ({ account }) => account,
        async (offset, block) => {
          const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'sellers', args: [offset, PAGE] });
          const answer = await callView(rpc, 'Reading the sellers', exchange, data, block);
          return decoded('sellers', answer, () =>
            decodeFunctionResult({ abi: daiseeAbi, functionName: 'sellers', data: answer }).map((row) => ({
              account: row.account,
              active: row.active,
              price: Price(row.price),
              produced: Register(row.produced),
              sold: Energy(row.sold),
              available: Energy(row.available),
            })),
          );
        },
      ),
    purchases: (buyer) =>
      inPages<PurchaseRow>(
        'purchases',
        ({ seller }) => seller,
        async (offset, block) => {
          const data = encodeFunctionData({
            abi: daiseeAbi,
            functionName: 'purchases',
            args: [buyer, offset, PAGE],
          });
          const answer = await callView(rpc, 'Reading the purchases', exchange, data, block);
          return decoded('purchases', answer, () =>
            decodeFunctionResult({ abi: daiseeAbi, functionName: 'purchases', data: answer }).map((row) => ({
              seller: row.seller,
              purchased: Energy(row.purchased),
              consumed: Register(row.consumed),
              allowance: Energy(row.allowance),
              overdrawn: Energy(row.overdrawn),
              spent: Coin(row.spent),
            })),
          );
        },
      ),
    nbSellers: async () => {
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'nbSellers' });
      const answer = await callView(rpc, 'Counting the sellers', exchange, data);
      return decoded('nbSellers', answer, () =>
        Number(decodeFunctionResult({ abi: daiseeAbi, functionName: 'nbSellers', data: answer })),
      );
    },
  };
};
