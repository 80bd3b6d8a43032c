/**
 * Clearing of many orders at a uniform price and as bid, beside the reference of the tests (which looks at every price, as
 * one would write it down) in the same run; the surplus is compared with the most that there is, found another way.
 *
 *   npm run bench:market -- [--sizes 1000,5000,50000] [--compare 5000]
 *
 * `--sizes` are orders a side; the reference is asked up to `--compare` of them.
 */
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { Energy, Price } from '@daisee/units';
import { clearPayAsBid, clearUniformPrice, type Order, type OrderBook } from '../src/index.ts';
import { bestPrice, worthOf } from '../test/reference/clearing.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,5000,50000' },
    compare: { type: 'string', default: '5000' },
  },
});
const compared = Number(values.compare);
const RUNS = 15;

/** A generator of the class of Lehmer's (a = 48271, m = 2^31 − 1): the same orders in every run. */
const lehmer = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

/** Homes' orders of a quarter of an hour: up to 2.5 kWh in whole Wh, prices of a contract in thousandths. */
const bookOf = (size: number): OrderBook => {
  const random = lehmer(size);
  const side = (name: string, low: number, high: number): readonly Order[] =>
    Array.from({ length: size }, (_, i) => ({
      id: `${name}${i}`,
      energy: Energy(BigInt(1 + Math.floor(random() * 2500)) * 1_000_000n),
      price: Price(BigInt(Math.floor(low + random() * (high - low))) * 1000n),
    }));
  return { bids: side('b', 50, 300), offers: side('s', 20, 270), per: Energy(1_000_000_000n) };
};

/** The shortest of some runs, which is its own time on a machine that others use, and the middle one; ms. */
const times = (work: () => void): { readonly shortest: number; readonly middle: number } => {
  const all = Array.from({ length: RUNS }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  }).toSorted((a, b) => a - b);
  return { shortest: all[0] ?? 0, middle: all[RUNS >> 1] ?? 0 };
};

/** The most surplus: as much is traded as the best price trades, by the best of each side. */
const optimum = ({ bids, offers }: OrderBook, energy: bigint): bigint =>
  worthOf(
    bids.toSorted((a, b) => Number(b.price - a.price)),
    energy,
  ) -
  worthOf(
    offers.toSorted((a, b) => Number(a.price - b.price)),
    energy,
  );

const [cpu] = cpus();
console.log(
  `${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.versions.node}\n`,
);
const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
const rows = [
  ['orders', 'uniform price', 'middle of 15', 'as bid', 'looking at every price', 'traded', 'surplus'],
];
let isRight = true;
for (const size of values.sizes.split(',').map(Number)) {
  const book = bookOf(size);
  const uniform = times(() => clearUniformPrice(book));
  const asBid = times(() => clearPayAsBid(book));
  const result = clearUniformPrice(book);
  let beside = '–';
  if (size <= compared) {
    const from = performance.now();
    const best = bestPrice(book);
    beside = ms(performance.now() - from);
    isRight &&= best?.energy === result.energy;
  }
  const isBest =
    optimum(book, result.energy) === result.surplus && clearPayAsBid(book).surplus === result.surplus;
  isRight &&= isBest;
  rows.push([
    `${size} + ${size}`,
    ms(uniform.shortest),
    ms(uniform.middle),
    ms(asBid.shortest),
    beside,
    `${(Number(result.energy) / 1e9).toFixed(0)} kWh`,
    isBest ? 'the most' : 'NOT the most',
  ]);
}
const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
for (const [k, row] of rows.entries()) {
  console.log(`| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`);
  if (k === 0) console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
}
if (!isRight) process.exitCode = 1;
