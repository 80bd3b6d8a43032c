/**
 * A year of a community at quarters of an hour: ours beside the reference model of the tests (whole numbers of any size, as
 * one would write the rule down), on the same energies in the same run.
 *
 *   npm run bench:allocation -- [--members 1000] [--days 365] [--compare 10]
 *
 * `--compare` is the number of days, spread over the year, that the reference is timed on; what it gave is compared with
 * ours, to the last unit. Energies come from a seed, whole Wh as operators give them; making them is not timed.
 */
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { type Allocation, allocate, type EnergyBlock, ruleNamed, type Shares } from '../src/index.ts';
import { intervalOf, reference } from '../test/reference/model.ts';

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '1000' },
    days: { type: 'string', default: '365' },
    compare: { type: 'string', default: '10' },
  },
});
const members = Number(values.members);
const days = Number(values.days);
const compared = Math.min(days, Number(values.compare));
const producers = Math.max(1, Math.round(members / 4));
const QUARTERS = 96;
const WH = 1_000_000;

const ids = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, '0')}`);
const consumerIds = ids('c', members);
const producerIds = ids('p', producers);

/** A generator of the class of Lehmer's (a = 48271, m = 2^31 − 1): the same energies in every run. */
const lehmer = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

/** The quarters of one day: homes with a morning and an evening, panels of 1 to 10 kWp under one sky. */
const dayOf = (day: number, into: EnergyBlock): void => {
  const random = lehmer(day + 1);
  const season = 0.5 - 0.5 * Math.cos((2 * Math.PI * (day + 10)) / 365);
  const sky = 0.3 + 0.7 * random();
  for (let t = 0; t < QUARTERS; t++) {
    const hour = t / 4;
    const home =
      40 + 60 * Math.exp(-(((hour - 7.5) / 1.5) ** 2)) + 110 * Math.exp(-(((hour - 19.5) / 2.2) ** 2));
    for (let i = 0; i < members; i++)
      into.consumption[t * members + i] = Math.floor(home * (0.2 + 1.6 * random())) * WH;
    const sun = Math.max(0, Math.sin((Math.PI * (hour - 6 + 2 * season)) / (12 + 4 * season)));
    for (let j = 0; j < producers; j++)
      into.production[t * producers + j] =
        Math.floor(250 * (1 + (j % 10)) * sun * sky * (0.4 + 0.6 * season) * (0.9 + 0.1 * random())) * WH;
  }
};

const blockOf = (): EnergyBlock => ({
  intervals: QUARTERS,
  consumers: consumerIds,
  producers: producerIds,
  consumption: new Float64Array(QUARTERS * members),
  production: new Float64Array(QUARTERS * producers),
});

const equalParts = Float64Array.from({ length: members }, () => Math.floor(1_000_000 / members));
const sharesOf: Readonly<Record<string, Shares>> = {
  'fr/static': { coefficients: equalParts },
  'at/static': { coefficients: equalParts },
  priority: { ranks: Int32Array.from({ length: members }, (_, i) => i % 10) },
};

const RULES = ['at/dynamic', 'fr/dynamic', 'ch/leg', 'at/static', 'fr/static', 'equal', 'priority'];

interface Row {
  readonly rule: string;
  readonly ours: number;
  readonly memory: number;
  readonly reference: number;
  readonly times: number;
  readonly differing: number;
}

const block = blockOf();
const time = (work: () => void): number => {
  const from = performance.now();
  work();
  return performance.now() - from;
};

/** The shortest of some runs: whatever else the machine does makes them longer only. */
const shortest = (runs: number, work: () => void): number =>
  Math.min(...Array.from({ length: runs }, () => time(work)));

/** Ours, the whole year: milliseconds. */
const year = (name: string): number => {
  const rule = ruleNamed(name);
  let spent = 0;
  let room: Allocation | undefined;
  for (let day = 0; day < days; day++) {
    dayOf(day, block);
    spent += time(() => {
      room = allocate(rule, block, sharesOf[name], room);
    });
  }
  return spent;
};

/** The reference beside ours on some days. */
const compare = (
  name: string,
): { readonly reference: number; readonly ours: number; readonly differing: number } => {
  const rule = ruleNamed(name);
  const shares = sharesOf[name] ?? {};
  let [theirs, ours, differing] = [0, 0, 0];
  let allocation: Allocation | undefined;
  for (let k = 0; k < compared; k++) {
    dayOf(Math.floor(((k + 0.5) * days) / compared), block);
    const intervals = Array.from({ length: QUARTERS }, (_, t) => intervalOf(block, shares, t));
    ours += shortest(10, () => {
      allocation = allocate(rule, block, shares, allocation);
    });
    const model = reference[name];
    let results: readonly (readonly bigint[])[] = [];
    theirs += shortest(3, () => {
      results = intervals.map((interval) => model?.(interval).covered ?? []);
    });
    for (const [t, covered] of results.entries())
      for (const [i, energy] of covered.entries())
        if (Number(energy) !== allocation?.covered[t * members + i]) differing++;
  }
  return { reference: theirs, ours, differing };
};

const [cpu] = cpus();
console.log(
  `${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.versions.node}`,
);
console.log(
  `${members} consumers, ${producers} producers, ${days} days of ${QUARTERS} quarters; the reference on ${compared} of them\n`,
);

// First all of ours, so that the memory is ours alone.
const alone = RULES.map((rule) => ({
  rule,
  ours: year(rule),
  memory: process.resourceUsage().maxRSS / 1024,
}));
const rows: readonly Row[] = alone.map(({ rule, ours, memory }) => {
  const beside = compare(rule);
  return {
    rule,
    ours,
    memory,
    reference: (beside.reference / compared) * days,
    times: beside.reference / beside.ours,
    differing: beside.differing,
  };
});

const table = [
  ['rule', 'ours, a year', 'reference, a year', 'times as fast', 'peak memory', 'energies that differ'],
  ...rows.map(({ rule, ours, memory, reference: theirs, times, differing }) => [
    rule,
    `${(ours / 1000).toFixed(2)} s`,
    `${(theirs / 1000).toFixed(0)} s`,
    times.toFixed(0),
    `${memory.toFixed(0)} MB`,
    String(differing),
  ]),
];
const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
for (const [k, row] of table.entries()) {
  console.log(`| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`);
  if (k === 0) console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
}
if (rows.some(({ differing }) => differing > 0)) process.exitCode = 1;
