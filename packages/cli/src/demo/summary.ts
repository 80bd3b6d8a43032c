/** The last word of a lab: the chain's books beside the twin's wires. */
import type { Address, Ledger } from '@daisee/chain';
import { Coin, formatMicro, type Instant } from '@daisee/units';

/** The twin's truth of one wire, in Wh. */
export interface WireTruth {
  readonly produced2: number;
  readonly own1: number;
  readonly from2: number;
  readonly own2: number;
}

export interface SummaryInput {
  readonly ledger: Ledger;
  readonly node1: Address;
  readonly node2: Address;
  readonly truth: WireTruth;
  readonly before: Readonly<Record<Address, string>>;
  readonly gaps: readonly { readonly node: Address; readonly from: Instant; readonly to: Instant }[];
}

interface Pair {
  readonly chainWh: string;
  readonly wireWh: string;
}

export interface Summary {
  readonly type: 'summary';
  readonly largestDifference: number;
  readonly nodes: readonly {
    readonly node: Address;
    readonly name: string;
    readonly produced: Pair;
    readonly consumed: readonly ({ readonly origin: Address } & Pair)[];
  }[];
  readonly purchases: readonly {
    readonly buyer: Address;
    readonly seller: Address;
    readonly boughtWh: string;
    readonly consumedWh: string;
    /** Bought and not yet consumed; below zero when more was consumed than bought. */
    readonly remainingWh: string;
    readonly cost: string;
  }[];
  readonly coins: readonly { readonly account: Address; readonly before: string; readonly after: string }[];
  readonly gaps: readonly { readonly node: Address; readonly from: string; readonly to: string }[];
}

const differenceOf = (chain: bigint, wire: number): number => {
  const booked = Number(chain) / 1e6;
  const size = Math.max(Math.abs(wire), Math.abs(booked));
  return size === 0 ? 0 : Math.abs(booked - wire) / size;
};

/** Reads the books and lays them beside the wires. */
export const summarise = async (input: SummaryInput): Promise<Summary> => {
  const { ledger, node1, node2, truth } = input;
  const differences: number[] = [];
  const pair = (chain: bigint, wire: number): Pair => {
    differences.push(differenceOf(chain, wire));
    return { chainWh: formatMicro(chain), wireWh: wire.toFixed(6) };
  };
  const [produced1, produced2, own1, from2, own2, purchases] = await Promise.all([
    ledger.production(node1),
    ledger.production(node2),
    ledger.consumption(node1, node1),
    ledger.consumption(node1, node2),
    ledger.consumption(node2, node2),
    ledger.purchases(node1),
  ]);
  const accounts = Object.keys(input.before) as Address[];
  const after = await Promise.all(accounts.map((account) => ledger.balance(account)));
  return {
    type: 'summary',
    nodes: [
      {
        node: node1,
        name: 'Node 1',
        produced: pair(produced1, 0),
        consumed: [
          { origin: node1, ...pair(own1, truth.own1) },
          { origin: node2, ...pair(from2, truth.from2) },
        ],
      },
      {
        node: node2,
        name: 'Node 2',
        produced: pair(produced2, truth.produced2),
        consumed: truth.own2 > 0 || own2 > 0n ? [{ origin: node2, ...pair(own2, truth.own2) }] : [],
      },
    ],
    largestDifference: Math.max(...differences),
    purchases: purchases.map(({ seller, purchased, consumed, spent }) => ({
      buyer: node1,
      seller,
      boughtWh: formatMicro(purchased),
      consumedWh: formatMicro(consumed),
      remainingWh: formatMicro(purchased - consumed),
      cost: formatMicro(spent),
    })),
    coins: accounts.map((account, index) => ({
      account,
      before: formatMicro(BigInt(input.before[account] ?? '0')),
      after: formatMicro(after[index] ?? Coin(0n)),
    })),
    gaps: input.gaps.map(({ node, from, to }) => ({
      node,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
    })),
  };
};

/** The summary for people. */
export const summaryLines = (summary: Summary, names: ReadonlyMap<string, string>): string[] => {
  const name = (address: Address) => names.get(address) ?? address;
  const lines = ['', 'The books beside the wires (Wh)              on chain        on the wire'];
  for (const node of summary.nodes) {
    if (node.produced.wireWh !== '0.000000') lines.push(row(`${node.name} produced`, node.produced));
    for (const consumed of node.consumed)
      lines.push(
        row(
          consumed.origin === node.node
            ? `${node.name} consumed its own`
            : `${node.name} consumed of ${name(consumed.origin)}`,
          consumed,
        ),
      );
  }
  lines.push(`Largest difference ${(summary.largestDifference * 100).toFixed(4)} %`);
  for (const { buyer, seller, boughtWh, consumedWh, remainingWh, cost } of summary.purchases)
    lines.push(
      `${name(buyer)} bought ${boughtWh} Wh from ${name(seller)} for ${cost} coins: ${consumedWh} consumed, ${remainingWh} remain`,
    );
  for (const { account, before, after } of summary.coins)
    lines.push(`${name(account)} had ${before} coins and has ${after}`);
  if (summary.gaps.length > 0) lines.push(`${summary.gaps.length} gaps in the samples`);
  return lines;
};

const row = (what: string, { chainWh, wireWh }: Pair): string =>
  `  ${what.padEnd(36)}${chainWh.padStart(16)}${wireWh.padStart(19)}`;
