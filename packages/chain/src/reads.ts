/** What the books say, in the units of this project. */
import { Coin, Energy, Instant, Price, Register } from '@daisee/units';
import { decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import { toQuantity } from './answers.ts';
import { latestHeader } from './blocks.ts';
import { chainFees } from './fees.ts';
import { callView } from './gas.ts';
import { daiseeAbi, daiseeCoinAbi } from './generated/contracts.ts';
import { kindOf, type NodeKind } from './ledger-events.ts';
import { ChainAnswer, type Rpc } from './rpc.ts';
import { type Address, type Hex, zeroAddress } from './signer.ts';
import { type Terms, termsOf } from './terms.ts';

/** A node as registered. */
export interface RegisteredNode {
  readonly kind: NodeKind;
  readonly active: boolean;
  /** Only readings that it signed count; undefined: the node reports itself. */
  readonly meterKey: Address | undefined;
  /** 0: sells nothing at present. */
  readonly price: Price;
  /** The price that it announced. */
  readonly nextPrice: NextPrice | undefined;
  /** Of its meter, to be named in what that signs. */
  readonly epoch: number;
}

/** A price that was announced. */
export interface NextPrice {
  readonly price: Price;
  readonly from: Instant;
}

/** A seller's row of the books. */
export interface SellerRow {
  readonly account: Address;
  /** False once removed: what was bought may still be consumed. */
  readonly active: boolean;
  /** Coins per Wh; 0: sells nothing at present. */
  readonly price: Price;
  readonly nextPrice: NextPrice | undefined;
  readonly produced: Register;
  /** What buyers bought, or drew without. */
  readonly taken: Energy;
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
  /** Coins for what is overdrawn, at the prices of when it was drawn. */
  readonly owed: Coin;
  readonly spent: Coin;
  /** By the seller's own meter; 0 where that does not tell. */
  readonly delivered: Register;
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
  /** Coins that the buyer owes the seller for that. */
  owed(buyer: Address, seller: Address): Promise<Coin>;
  /** How many sellers the buyer owes coins to. */
  debts(buyer: Address): Promise<number>;
  production(seller: Address): Promise<Register>;
  consumption(consumer: Address, origin: Address): Promise<Register>;
  /** What left the seller's source towards the buyer, by the seller's own meter. */
  delivery(seller: Address, buyer: Address): Promise<Register>;
  totalConsumption(consumer: Address): Promise<Energy>;
  /** All that the buyer purchased, from all sellers: what its next order must name. */
  totalPurchased(buyer: Address): Promise<Energy>;
  /** Energy that the seller has left to sell. */
  available(seller: Address): Promise<Energy>;
  /**
   * What the energy costs the buyer from the seller now: what it owes for the part that it has overdrawn, the present
   * price for the rest. Without a buyer: somebody who owes nothing.
   * @throws ContractRefused NotASeller, NotSelling
   */
  quote(seller: Address, energy: Energy, buyer?: Address): Promise<Coin>;
  node(account: Address): Promise<RegisteredNode>;
  /** All who were ever registered as producers, in that order. */
  sellers(): Promise<readonly SellerRow[]>;
  /** All that the buyer has with sellers, the newest seller first. */
  purchases(buyer: Address): Promise<readonly PurchaseRow[]>;
  nbSellers(): Promise<number>;
  /** What the community agreed on. */
  terms(): Promise<Terms>;
  /** Ether of an account and what a unit of gas may cost now, both in wei. */
  gas(account: Address): Promise<{ readonly balance: bigint; readonly price: bigint }>;
}

const nextPriceOf = (row: {
  readonly nextPrice: bigint;
  readonly nextPriceAt: bigint;
}): NextPrice | undefined =>
  row.nextPrice === 0n
    ? undefined
    : { price: Price(row.nextPrice), from: Instant(Number(row.nextPriceAt) * 1000) };

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
      | 'totalEnergyPurchased'
      | 'energyDelivery'
      | 'owed'
      | 'debts'
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
    owed: async (buyer, seller) => Coin(await uint('owed', buyer, seller)),
    debts: async (buyer) => Number(await uint('debts', buyer)),
    delivery: async (seller, buyer) => Register(await uint('energyDelivery', seller, buyer)),
    totalPurchased: async (buyer) => Energy(await uint('totalEnergyPurchased', buyer)),
    totalConsumption: async (consumer) => Energy(await uint('totalEnergyConsumption', consumer)),
    available: async (seller) => Energy(await uint('available', seller)),
    quote: async (seller, energy, buyer = zeroAddress) => {
      const args = [buyer, seller, energy] as const;
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'quote', args });
      const answer = await callView(rpc, 'A quote', exchange, data);
      return decoded('quote', answer, () =>
        Coin(decodeFunctionResult({ abi: daiseeAbi, functionName: 'quote', data: answer })),
      );
    },
    node: async (account) => {
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'nodeOf', args: [account] });
      const answer = await callView(rpc, 'Reading a node', exchange, data);
      return decoded('nodeOf', answer, () => {
        const node = decodeFunctionResult({ abi: daiseeAbi, functionName: 'nodeOf', data: answer });
        return {
          kind: kindOf(node.kind),
          active: node.active,
          meterKey: node.meterKey === zeroAddress ? undefined : node.meterKey,
          price: Price(node.price),
          nextPrice: nextPriceOf(node),
          epoch: Number(node.epoch),
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
              nextPrice: nextPriceOf(row),
              produced: Register(row.produced),
              taken: Energy(row.taken),
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
              owed: Coin(row.owed),
              spent: Coin(row.spent),
              delivered: Register(row.delivered),
            })),
          );
        },
      ),
    terms: async () => {
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'terms' });
      const answer = await callView(rpc, 'Reading the terms', exchange, data);
      return decoded('terms', answer, () =>
        termsOf(decodeFunctionResult({ abi: daiseeAbi, functionName: 'terms', data: answer })),
      );
    },
    nbSellers: async () => {
      const data = encodeFunctionData({ abi: daiseeAbi, functionName: 'nbSellers' });
      const answer = await callView(rpc, 'Counting the sellers', exchange, data);
      return decoded('nbSellers', answer, () =>
        Number(decodeFunctionResult({ abi: daiseeAbi, functionName: 'nbSellers', data: answer })),
      );
    },
  };
};
