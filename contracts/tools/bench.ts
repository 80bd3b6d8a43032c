// Prints what each action costs beside what v0.2 took. Every figure is `gasUsed` of a receipt: a whole
// transaction of an externally owned account on anvil, the 21,000 and the calldata included.
import type { Address, Hex } from 'viem';
import { concat, encodeAbiParameters, numberToHex, parseSignature, zeroAddress } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { type BenchChain, startChain } from './bench-chain.ts';
import { forge } from './forge.ts';

/** v0.2's figures, optimised, as measured on its own contracts: first time, later. */
const v02 = {
  setProduction: [45_268, 28_168],
  consumeOwn: [90_584, 39_284],
  consumeFromSeller: [73_798, 39_598],
  buyEnergy: [131_828, 57_628],
  approve: [44_213, 27_113],
  transfer: [51_630, 34_530],
  deployToken: 594_991,
  deployExchange: 451_748,
} as const;

const wh = 1_000_000n;
const coins = 1_000_000n;
// Registers of a year or so and amounts with all their digits: round numbers have cheaper calldata.
const year = 1_204_512_345n;
const used = 444_443n;
const bought = 3n * wh + 141_593n;
const maxCost = 5n * coins + 1n;

type FirstAndLater = readonly [first: number, later: number];
type Row = readonly [action: string, ours: FirstAndLater, before: FirstAndLater];

function print(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  console.log(`\n${title}\n\n${line(heads)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  for (const row of rows) console.log(line(row));
}

const gas = (value = 0) => value.toLocaleString('en');
const change = (ours = 0, theirs = 0) =>
  `${ours > theirs ? '+' : '−'}${Math.abs((ours / theirs - 1) * 100).toFixed(1)} %`;

async function singleActions(chain: BenchChain): Promise<Row[]> {
  const [seller, buyer, other, neighbour] = chain.neighbours;
  const rows: Row[] = [];
  const twice = async (name: string, before: FirstAndLater, action: (time: bigint) => Promise<number>) => {
    rows.push([name, [await action(0n), await action(1n)], before]);
  };
  await chain.register(seller, 'producer', zeroAddress);
  for (const account of [buyer, other]) {
    await chain.register(account, 'consumer', zeroAddress);
    await chain.coin('mint', [account, 1000n * coins]);
  }
  await twice('setProduction → reportProduction', v02.setProduction, (time) =>
    chain.daisee('reportProduction', [year + time * used], seller),
  );
  await twice('consumeEnergy self → reportConsumption', v02.consumeOwn, (time) =>
    chain.daisee('reportConsumption', [buyer, year + time * used], buyer),
  );
  await twice('approve', v02.approve, (time) =>
    chain.coin('approve', [chain.daiseeAddress, 100n * coins + time], buyer),
  );
  await twice('buyEnergy', v02.buyEnergy, (time) =>
    chain.daisee('buyEnergy', [seller, bought + time, maxCost], buyer),
  );
  await twice('consumeEnergy from a seller', v02.consumeFromSeller, (time) =>
    chain.daisee('reportConsumption', [seller, used + time * used], buyer),
  );
  await twice('transfer', v02.transfer, (time) => chain.coin('transfer', [neighbour, bought + time], buyer));
  await twice(
    'approve + buyEnergy → approveAndCall',
    [v02.buyEnergy[0] + v02.approve[0], v02.buyEnergy[1] + v02.approve[1]],
    (time) => {
      const order = encodeAbiParameters(
        [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }],
        [seller, bought + time, maxCost],
      );
      return chain.coin('approveAndCall', [chain.daiseeAddress, bought + time, order], other);
    },
  );
  return rows;
}

type Sort = 'production' | 'own' | 'seller';

/** One reading as `reportBatch` takes it. */
async function packed(
  chain: BenchChain,
  key: Hex,
  node: Address,
  sort: Sort,
  seller: Address,
  register: bigint,
) {
  const origin = { production: zeroAddress, own: node, seller }[sort];
  const signature = await privateKeyToAccount(key).signTypedData({
    domain: { name: 'Daisee', version: '1', chainId: chain.chainId, verifyingContract: chain.daiseeAddress },
    types: {
      Reading: [
        { name: 'node', type: 'address' },
        { name: 'origin', type: 'address' },
        { name: 'register', type: 'uint256' },
      ],
    },
    primaryType: 'Reading',
    message: { node, origin, register },
  });
  const { r, s, yParity } = parseSignature(signature);
  const vs = numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 });
  const first = numberToHex({ production: 0, own: 1, seller: 2 }[sort], { size: 1 });
  return {
    reading: { node, origin, register },
    signature,
    bytes: concat([
      first,
      node,
      sort === 'seller' ? seller : '0x',
      numberToHex(register, { size: 8 }),
      r,
      vs,
    ]),
  };
}

async function signedReadings(chain: BenchChain): Promise<string[][]> {
  const [seller, carrier] = chain.neighbours;
  const nodes: { readonly key: Hex; readonly account: Address }[] = [];
  for (let i = 0; i < 112; i++) {
    const key = generatePrivateKey();
    const account = privateKeyToAccount(generatePrivateKey()).address;
    nodes.push({ key, account });
    await chain.register(account, 'producer', privateKeyToAccount(key).address);
  }
  const rows: string[][] = [];
  for (const sort of ['production', 'own', 'seller'] as const) {
    for (const time of [0n, 1n]) {
      const register = year + time * used;
      const costs: number[] = [];
      const sign = ({ key, account }: (typeof nodes)[number]) =>
        packed(chain, key, account, sort, seller, register);
      const [alone, ...rest] = await Promise.all(nodes.map(sign));
      if (!alone) throw new Error('There are no nodes to read.');
      costs.push(await chain.daisee('reportSigned', [alone.reading, alone.signature], carrier));
      for (const count of [1, 10, 100]) {
        const bytes = concat(rest.splice(0, count).map((reading) => reading.bytes));
        costs.push(Math.round((await chain.daisee('reportBatch', [bytes], carrier)) / count));
      }
      const name = { production: 'production', own: 'consumption, own', seller: 'consumption, seller’s' }[
        sort
      ];
      rows.push([`${name}, ${time === 0n ? 'first' : 'later'}`, ...costs.map(gas)]);
    }
  }
  return rows;
}

async function measure(): Promise<{
  actions: Row[];
  readings: string[][];
  deployed: BenchChain['deployed'];
}> {
  const chain = await startChain();
  try {
    const actions = await singleActions(chain);
    return { actions, readings: await signedReadings(chain), deployed: chain.deployed };
  } finally {
    await chain.stop();
  }
}

if (forge(['build', 'src'], true) !== 0) process.exit(1);
const { actions, readings, deployed } = await measure();
print(
  'Gas of a transaction, the first time and later (aim: no action more than 10 % above v0.2)',
  ['', 'v0.2 first', 'now', 'change', 'v0.2 later', 'now', 'change'],
  actions.map(([name, ours, before]) => [
    name,
    ...[0, 1].flatMap((i) => [gas(before[i]), gas(ours[i]), change(ours[i], before[i])]),
  ]),
);
print(
  `Gas of a reading that a meter signed (aim in a batch of 100: ${gas(v02.setProduction[1] / 2)}, half of v0.2's setProduction)`,
  ['', 'alone', 'batch of 1', 'of 10', 'of 100'],
  readings,
);
print(
  'Gas of deployment',
  ['', 'v0.2', 'now'],
  [
    ['token → DaiseeCoin', gas(v02.deployToken), gas(deployed.coin)],
    ['exchange → Daisee', gas(v02.deployExchange), gas(deployed.daisee)],
  ],
);
