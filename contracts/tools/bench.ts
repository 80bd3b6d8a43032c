// Prints what each action costs beside what v0.2 and v0.3 took, and fails where one costs more than 5 % above v0.3.
// Every figure is `gasUsed` of a receipt: a whole transaction of an externally owned account on anvil, the 21,000 and
// the calldata included.
import type { Address, Hex } from 'viem';
import { concat, encodeAbiParameters, numberToHex, parseSignature, zeroAddress } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { type BenchChain, startChain, TERMS } from './bench-chain.ts';
import { forge } from './forge.ts';

type FirstAndLater = readonly [first: number, later: number];

/** v0.2's figures, optimised, as measured on its own contracts. */
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

/** v0.3.0's, measured by this bench on its own contracts. */
const v03 = {
  reportProduction: [30_779, 30_779],
  consumeOwn: [50_911, 33_811],
  consumeFromSeller: [39_191, 39_171],
  overdraw: [78_380, 41_325],
  buyEnergy: [119_898, 63_034],
  approveAndCall: [105_477, 68_491],
  cover: [68_519, 68_491],
  approve: [45_951, 28_863],
  transfer: [51_451, 34_351],
  setPrice: [32_743, 32_743],
  registerConsumer: [51_720, 51_720],
  registerProducer: [99_453, 54_562],
  setMeterKey: [31_055, 31_055],
  removeConsumer: [28_233, 28_233],
  removeProducer: [31_045, 31_045],
  pause: [47_147, 47_147],
  deployToken: 1_822_598,
  deployExchange: 3_838_911,
} as const;

/** Gas of a signed reading with v0.3.0: alone, in a batch of 1, of 10, of 100. */
const signedV03: Readonly<Record<string, readonly number[]>> = {
  'production, first': [38_103, 37_547, 15_664, 13_470],
  'production, later': [38_103, 37_547, 15_664, 13_469],
  'consumption, own, first': [41_395, 40_643, 18_763, 16_565],
  'consumption, own, later': [41_395, 40_643, 18_759, 16_566],
  'consumption, seller’s, first': [85_577, 85_227, 61_493, 59_122],
  'consumption, seller’s, later': [48_522, 48_160, 26_238, 24_047],
};

/** An action costs at most so much more than with v0.3.0 … */
const MOST = 1.05;
/**
 * … but for one: a purchase reads the slot of the buyer's own sums instead of its meter's, so who leaves and has bought
 * is crossed out in both. It happens once for each neighbour, and its other costs fell.
 */
const REMOVED_BUYER = 'removeNode, a consumer that bought';

const wh = 1_000_000n;
const coins = 1_000_000n;
// Registers of a year or so and amounts with all their digits: round numbers have cheaper calldata.
const year = 1_204_512_345n;
const used = 444_443n;
const bought = 3n * wh + 141_593n;
const maxCost = 5n * coins + 1n;

interface Row {
  readonly action: string;
  readonly now: FirstAndLater;
  readonly v03: FirstAndLater | undefined;
  readonly v02: FirstAndLater | undefined;
}

function print(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
  console.log(`\n${title}\n\n${line(heads)}\n${widths.map((width) => '-'.repeat(width)).join('  ')}`);
  for (const row of rows) console.log(line(row));
}

const gas = (value?: number) => value?.toLocaleString('en') ?? '';
const tooDear: string[] = [];
const change = (action: string, now: number, before?: number) => {
  if (before === undefined) return '';
  if (now > before * MOST && action !== REMOVED_BUYER) tooDear.push(action);
  return `${now > before ? '+' : '−'}${Math.abs((now / before - 1) * 100).toFixed(1)} %`;
};

async function singleActions(chain: BenchChain): Promise<Row[]> {
  const [seller, buyer, other, debtor] = chain.neighbours;
  const rows: Row[] = [];
  const twice = async (
    action: string,
    { v03, v02 }: Partial<Pick<Row, 'v02' | 'v03'>>,
    work: (time: bigint) => Promise<number>,
  ) => {
    rows.push({ action, now: [await work(0n), await work(1n)], v03, v02 });
  };
  const purchased = new Map<Address, bigint>();
  /** The fourth number of an order, when `energy` comes on top of it. */
  const before = (account: Address, energy: bigint): bigint => {
    const sum = purchased.get(account) ?? 0n;
    purchased.set(account, sum + energy);
    return sum;
  };
  const order = (account: Address, energy: bigint, most: bigint): Hex =>
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'uint256' }, { type: 'uint256' }, { type: 'uint256' }],
      [seller, energy, most, before(account, energy)],
    );
  await chain.register(seller, 'producer', zeroAddress);
  for (const account of [buyer, other, debtor]) {
    await chain.register(account, 'consumer', zeroAddress);
    await chain.coin('mint', [account, 1000n * coins]);
  }
  await twice('reportProduction', { v02: v02.setProduction, v03: v03.reportProduction }, (time) =>
    chain.daisee('reportProduction', [year + time * used], seller),
  );
  await twice('reportConsumption, own', { v02: v02.consumeOwn, v03: v03.consumeOwn }, (time) =>
    chain.daisee('reportConsumption', [buyer, year + time * used], buyer),
  );
  await twice('approve', { v02: v02.approve, v03: v03.approve }, (time) =>
    chain.coin('approve', [chain.daiseeAddress, 100n * coins + time], buyer),
  );
  await twice('buyEnergy', { v02: v02.buyEnergy, v03: v03.buyEnergy }, (time) =>
    chain.daisee('buyEnergy', [seller, bought + time, maxCost, before(buyer, bought + time)], buyer),
  );
  await twice(
    'reportConsumption, a seller’s',
    { v02: v02.consumeFromSeller, v03: v03.consumeFromSeller },
    (time) => chain.daisee('reportConsumption', [seller, used + time * used], buyer),
  );
  await twice('transfer', { v02: v02.transfer, v03: v03.transfer }, (time) =>
    chain.coin('transfer', [fresh(0x7a), bought + time], buyer),
  );
  await twice(
    'approveAndCall: a purchase',
    {
      v02: [v02.buyEnergy[0] + v02.approve[0], v02.buyEnergy[1] + v02.approve[1]],
      v03: v03.approveAndCall,
    },
    (time) => {
      const energy = bought + time;
      return chain.coin(
        'approveAndCall',
        [chain.daiseeAddress, energy, order(other, energy, maxCost)],
        other,
      );
    },
  );
  await twice('reportConsumption, overdrawn', { v03: v03.overdraw }, (time) =>
    chain.daisee('reportConsumption', [seller, 10n * bought + time * bought], debtor),
  );
  await twice('approveAndCall: covers overdraft', { v03: v03.cover }, (time) => {
    const energy = bought + time;
    return chain.coin(
      'approveAndCall',
      [chain.daiseeAddress, energy, order(debtor, energy, maxCost)],
      debtor,
    );
  });
  await chain.coin('approve', [chain.daiseeAddress, 500n * coins], debtor);
  await twice('payDebt: a part, all of it', {}, (time) =>
    chain.daisee('payDebt', [seller, time === 0n ? maxCost : 500n * coins], debtor),
  );
  await twice('reportDelivery', {}, (time) =>
    chain.daisee('reportDelivery', [buyer, used + time * used], seller),
  );
  await twice('setPrice, a lower one', { v03: v03.setPrice }, (time) =>
    chain.daisee('setPrice', [900_001n - time * 100_000n], seller),
  );
  await twice('setPrice, a higher one without notice', { v03: v03.setPrice }, (time) =>
    chain.daisee('setPrice', [1_100_001n + time * 100_000n], seller),
  );
  await twice('setTerms', {}, (time) =>
    chain.daisee('setTerms', [{ ...TERMS, priceNotice: 60 + Number(time) }]),
  );
  await twice('setPrice, a higher one with notice', {}, (time) =>
    chain.daisee('setPrice', [1_300_001n + time * 100_000n], seller),
  );
  await chain.daisee('setTerms', [TERMS]);
  await chain.daisee('setPrice', [1_000_000n], seller);
  const [consumer, producer, key, nextKey] = [fresh(0xc0), fresh(0xc1), fresh(0xc2), fresh(0xc3)];
  const removed = async (account: Address, time: bigint, cost: number): Promise<number> => {
    if (time === 0n) await chain.daisee('removeNode', [account]);
    return cost;
  };
  await twice('registerNode, a consumer', { v03: v03.registerConsumer }, async (time) =>
    removed(consumer, time, await chain.daisee('registerNode', [consumer, 1, key, 0n])),
  );
  await twice('registerNode, a producer', { v03: v03.registerProducer }, async (time) =>
    removed(producer, time, await chain.daisee('registerNode', [producer, 2, key, 1_000_000n])),
  );
  await twice('setMeterKey', { v03: v03.setMeterKey }, (time) =>
    chain.daisee('setMeterKey', [consumer, time === 0n ? nextKey : key]),
  );
  await twice('replaceMeter', {}, (time) =>
    chain.daisee('replaceMeter', [consumer, time === 0n ? nextKey : key]),
  );
  await twice('correctRegister, production', {}, (time) =>
    chain.daisee('correctRegister', [0, seller, zeroAddress, year - time, 'The meter counted twice.']),
  );
  await twice(REMOVED_BUYER, { v03: v03.removeConsumer }, async () => {
    const cost = await chain.daisee('removeNode', [buyer]);
    await chain.register(buyer, 'consumer', zeroAddress);
    await chain.daisee('buyEnergy', [seller, bought, 2n * maxCost, before(buyer, bought)], buyer);
    return cost;
  });
  await twice('removeNode, a producer', { v03: v03.removeProducer }, async (time) => {
    if (time > 0n) await chain.daisee('registerNode', [producer, 2, key, 1_000_000n]);
    return chain.daisee('removeNode', [producer]);
  });
  await twice('pause', { v03: v03.pause }, async () => {
    const cost = await chain.daisee('pause', []);
    await chain.daisee('unpause', []);
    return cost;
  });
  return rows;
}

/** An account without coins or books. */
const fresh = (number: number): Address => privateKeyToAccount(numberToHex(number, { size: 32 })).address;

const sorts = ['production', 'own', 'seller', 'delivery'] as const;
type Sort = (typeof sorts)[number];

/** One reading as `reportBatch` takes it. */
async function packed(
  chain: BenchChain,
  key: Hex,
  node: Address,
  sort: Sort,
  seller: Address,
  register: bigint,
) {
  const number = sorts.indexOf(sort);
  const other = number > 1 ? seller : zeroAddress;
  const reading = { sort: number, node, other, epoch: 0n, register };
  const signature = await privateKeyToAccount(key).signTypedData({
    domain: { name: 'Daisee', version: '2', chainId: chain.chainId, verifyingContract: chain.daiseeAddress },
    types: {
      Reading: [
        { name: 'sort', type: 'uint8' },
        { name: 'node', type: 'address' },
        { name: 'other', type: 'address' },
        { name: 'epoch', type: 'uint256' },
        { name: 'register', type: 'uint256' },
      ],
    },
    primaryType: 'Reading',
    message: reading,
  });
  const { r, s, yParity } = parseSignature(signature);
  const vs = numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 });
  return {
    reading,
    signature,
    bytes: concat([
      numberToHex(number, { size: 1 }),
      '0x00',
      node,
      number > 1 ? seller : '0x',
      numberToHex(register, { size: 8 }),
      r,
      vs,
    ]),
  };
}

/** One alone, and batches of 1, 10 and 100. */
const MOST_NODES = 112;

async function signedReadings(chain: BenchChain): Promise<string[][]> {
  const [seller, carrier] = chain.neighbours;
  const nodes: { readonly key: Hex; readonly account: Address }[] = [];
  for (let i = 0; i < MOST_NODES; i++) {
    const key = generatePrivateKey();
    const account = privateKeyToAccount(generatePrivateKey()).address;
    nodes.push({ key, account });
    await chain.register(account, 'producer', privateKeyToAccount(key).address);
  }
  const rows: string[][] = [];
  for (const sort of sorts) {
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
      const name = `${NAMES[sort]}, ${time === 0n ? 'first' : 'later'}`;
      const before = signedV03[name];
      rows.push([
        name,
        ...costs.flatMap((cost, i) => [gas(before?.[i]), gas(cost), change(name, cost, before?.[i])]),
      ]);
    }
  }
  return rows;
}

const NAMES: Readonly<Record<Sort, string>> = {
  production: 'production',
  own: 'consumption, own',
  seller: 'consumption, seller’s',
  delivery: 'delivery',
};

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
  'Gas of a transaction, the first time and later (aim: no action more than 5 % above v0.3.0)',
  ['', 'v0.2', 'v0.3 first', 'now', 'change', 'v0.2', 'v0.3 later', 'now', 'change'],
  actions.map(({ action, now, v03: third, v02: second }) => [
    action,
    ...([0, 1] as const).flatMap((i) => [
      gas(second?.[i]),
      gas(third?.[i]),
      gas(now[i]),
      change(action, now[i], third?.[i]),
    ]),
  ]),
);
print(
  `Gas of a reading that a meter signed (aim in a batch of 100: ${gas(v02.setProduction[1] / 2)}, half of v0.2's setProduction)`,
  ['', ...['alone', 'batch of 1', 'of 10', 'of 100'].flatMap((count) => [`v0.3 ${count}`, 'now', 'change'])],
  readings,
);
print(
  'Gas of deployment',
  ['', 'v0.2', 'v0.3', 'now'],
  [
    ['token → DaiseeCoin', gas(v02.deployToken), gas(v03.deployToken), gas(deployed.coin)],
    ['exchange → Daisee', gas(v02.deployExchange), gas(v03.deployExchange), gas(deployed.daisee)],
  ],
);
if (tooDear.length > 0) {
  console.error(`\nMore than 5 % above v0.3.0: ${[...new Set(tooDear)].join('; ')}`);
  process.exitCode = 1;
}
