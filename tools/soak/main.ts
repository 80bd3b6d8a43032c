/**
 * A soak at speed: the lab (`daisee demo`: two nodes, relay, chain, Apps) runs for weeks of its own time in a process
 * of its own, watched by two event streams and a page in a browser that stay open, and is looked at each hour of the
 * lab: memory, open files, sizes on disk, processor time for an hour, answers of the App, the page's heap.
 *
 *   npm run soak                        30 days
 *   npm run soak -- --days 3 --no-page  three days, without a browser
 */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openInside } from './inside.ts';
import { startLab } from './lab.ts';
import { sizesOf, treeOf } from './processes.ts';
import { FILES, quantitiesOf, SAMPLES_A_DAY, type Sample } from './quantities.ts';
import { chart, judge, number, type Verdict } from './trend.ts';
import { createPayer, latencyOf, openPage, openStream } from './watched.ts';

const HELP = `npm run soak -- [options]

  --days N        days of the lab's time (default 30)
  --seed N        of clouds and sensor noise (default 1)
  --speed N       lab seconds a second at most (default: as fast as this machine goes)
  --report TIME   lab time between reports to the chain (default 15m)
  --block-time T  lab time between blocks (default 30s)
  --no-page       without a browser: two event streams alone
  --json          a JSON object for each hour, and one with the verdicts at the end
  --log FILE      adds a JSON object for each hour to the file
  --help

Ends with 0 when every quantity is flat or grows as it should, with 1 when one grows unexplained or the books are wrong.
Example: npm run soak -- --days 3 --seed 7
`;

const { values: given } = parseArgs({
  options: {
    days: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    speed: { type: 'string', default: '1000000' },
    report: { type: 'string', default: '15m' },
    'block-time': { type: 'string', default: '30s' },
    'no-page': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    log: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (given.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const [days, seed, speed] = [given.days, given.seed, given.speed].map(Number);
const seconds = Number(/^(\d+)s?$/.exec(given['block-time'])?.[1]);
if (!days || !(days > 0) || !Number.isInteger(seed) || !speed || !(speed > 0) || !(seconds > 0)) {
  process.stderr.write(
    'soak: --days and --speed need numbers above 0, --seed a whole number, --block-time seconds like 30s.\n',
  );
  process.exit(2);
}

/** The garbage of lab and page is collected before their heaps are looked at, so not each hour. */
const HOURS_BETWEEN_HEAP_LOOKS = 6;
const COINS = 1680;
const TRUE_WITHIN = 0.001;

const folder = mkdtempSync(join(tmpdir(), 'daisee-soak-'));
const samples: Sample[] = [];
const notes: string[] = [];
const began = performance.now();
const say = (text: string): void => void process.stderr.write(`${text}\n`);

let looking: Promise<void> = Promise.resolve();
let isWatching = false;
let isStopping = false;
const lab = await startLab({
  days,
  seed: seed ?? 1,
  speed,
  report: given.report,
  blockTime: given['block-time'],
  folder,
  onHour: (hour) => {
    if (!isWatching) return;
    // One look at a time; an hour that passes meanwhile is looked at by the next.
    looking = looking.then(() => look(hour)).catch((error: unknown) => void notes.push(String(error)));
  },
}).catch((error: unknown) => {
  rmSync(folder, { recursive: true, force: true });
  throw error;
});
const stop = (): void => {
  if (!isStopping) say('Ending the lab …');
  isStopping = true;
  lab.stop();
};
process.on('SIGINT', stop);
process.on('SIGTERM', stop);

const { apps } = lab;
const streams = [openStream(apps.node1), openStream(apps.node2)];
const page = given['no-page']
  ? undefined
  : await openPage(apps.node1).catch((error: unknown) => {
      notes.push(`Without a page: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
const inside = await openInside(lab.inspector);
void lab.finished.then(() => inside.close());
const payer = createPayer(apps.node2, apps.password, lab.node1, COINS);
let paid = 0;
let lastLook: { readonly hour: number; readonly node: number; readonly anvil: number } | undefined;
let lastHour = -1;
isWatching = true;

async function look(hour: number): Promise<void> {
  if (isStopping || hour <= lastHour) return;
  lastHour = hour;
  const tree = treeOf(lab.pid);
  const [node, anvil] = [tree[0], tree.find(({ name }) => name === 'anvil')];
  if (!node || !anvil) return;
  const sizes = new Map<string, number>();
  for (const [file, size] of sizesOf(folder)) {
    const kind = FILES.find(([pattern]) => pattern.test(file))?.[1] ?? '';
    sizes.set(kind, (sizes.get(kind) ?? 0) + size);
  }
  const values: Record<string, number> = {
    'memory of node': node.memory,
    'memory of anvil': anvil.memory,
    'open files of node': node.files,
    'open files of anvil': anvil.files,
    processes: tree.length,
    ...Object.fromEntries(sizes),
    'an answer of the App': await latencyOf(apps.node1),
  };
  if (lastLook && anvil.cpu >= lastLook.anvil) {
    values['node’s work for an hour'] = (node.cpu - lastLook.node) / (hour - lastLook.hour);
    values['anvil’s work for an hour'] = (anvil.cpu - lastLook.anvil) / (hour - lastLook.hour);
  }
  lastLook = { hour, node: node.cpu, anvil: anvil.cpu };
  if (hour % HOURS_BETWEEN_HEAP_LOOKS === 0) {
    const { heapMB, lag, lagP99 } = await inside.look();
    values['what lives on node’s heap'] = heapMB;
    values['event loop’s delay'] = lag;
    values['event loop’s delay, 99 %'] = lagP99;
  }
  if (page && hour % HOURS_BETWEEN_HEAP_LOOKS === 0) {
    const { heapMB, nodes, listeners } = await page.look();
    values['the page’s heap'] = heapMB;
    values['the page’s nodes'] = nodes;
    values['the page’s listeners'] = listeners;
  }
  const sample = { day: hour / 24, values };
  samples.push(sample);
  const line = `${JSON.stringify({ type: 'sample', ...sample })}\n`;
  if (given.json) process.stdout.write(line);
  if (given.log !== undefined) appendFileSync(given.log, line);
  if (hour % 24 !== 0 || hour === 0) return;
  const passed = (performance.now() - began) / 1000;
  say(
    `day ${hour / 24} of ${days} after ${(passed / 60).toFixed(1)} min (${((hour * 3600) / passed).toFixed(0)} ×): node ${node.memory.toFixed(0)} MB, anvil ${anvil.memory.toFixed(0)} MB`,
  );
  const answer = await payer.pay();
  if (typeof answer === 'number') paid += answer;
  else notes.push(`Coins could not be sent back: ${answer}`);
}

const { code, summary } = await lab.ended;
await looking;
inside.close();
for (const stream of streams) stream.close();
await page?.close();
rmSync(folder, { recursive: true, force: true });
const took = (performance.now() - began) / 1000;
const length = samples.at(-1)?.day ?? 0;

const entries = [...lab.entries]
  .filter(([type]) => ['consumed', 'produced', 'bought', 'overdrawn', 'transfer'].includes(type))
  .reduce((sum, [, count]) => sum + count, 0);
const judged = quantitiesOf({
  samples: SAMPLES_A_DAY,
  blocks: 86_400 / seconds,
  entries: entries / (length || 1),
}).flatMap((quantity) => {
  const points = samples.flatMap(({ day, values }) => {
    const value = values[quantity.name];
    return value === undefined ? [] : [{ day, value }];
  });
  return points.length === 0 ? [] : [{ quantity, points, verdict: judge(quantity, points) }];
});

/** What must be true of a lab at its end, whatever it did. */
const wrongBooks: string[] = [];
if (!summary) wrongBooks.push(`the lab ended with ${code} and without a summary`);
else {
  const sum = (which: 'before' | 'after'): number =>
    summary.coins.reduce((total, coins) => total + Math.round(Number(coins[which]) * 1e6), 0);
  if (summary.largestDifference > TRUE_WITHIN)
    wrongBooks.push(`books and wires differ by ${(summary.largestDifference * 100).toFixed(3)} %`);
  if (summary.gaps.length > 0) wrongBooks.push(`${summary.gaps.length} gaps in the samples`);
  if (sum('before') !== sum('after')) wrongBooks.push(`coins were ${sum('before')} and are ${sum('after')}`);
}
if (lab.troubleCount() > 0)
  notes.push(`The lab told of ${lab.troubleCount()} troubles: ${lab.troubles.join(' | ')}`);
for (const fault of page?.faults ?? []) notes.push(`The page: ${fault}`);
const isBad = (verdict: Verdict): boolean => verdict.kind === 'grows';
const failed = isStopping
  ? []
  : [...judged.filter(({ verdict }) => isBad(verdict)).map(({ quantity }) => quantity.name), ...wrongBooks];

const watched = {
  streamEvents: streams.map((stream) => stream.events()),
  reopened: streams.map((stream) => stream.reopened()),
  paid,
  entries: Object.fromEntries(lab.entries),
};
if (given.json) {
  const verdicts = judged.map(({ quantity: { name, unit }, verdict }) => ({ name, unit, ...verdict }));
  process.stdout.write(
    `${JSON.stringify({ type: 'soak', days: length, seconds: took, speed: (length * 86_400) / took, verdicts, watched, summary, notes, failed })}\n`,
  );
} else {
  const lines = [
    `Soak of ${number(length)} days of the lab in ${(took / 60).toFixed(1)} minutes, ${((length * 86_400) / took).toFixed(0)} times real time; seed ${seed}, a block each ${seconds} s, reports each ${given.report}`,
    `Watched by two event streams (${watched.streamEvents.join(' and ')} events, opened again ${watched.reopened.join(' and ')} times)${page ? ' and a page in Chromium' : ''}; ${entries} entries in the books, ${paid} coins sent back`,
    '',
  ];
  for (const { quantity, points, verdict } of judged) {
    const { first, last, max, slope, why } = verdict;
    const [top = '', bottom = ''] = chart(points);
    lines.push(
      `${quantity.name}, ${quantity.unit}: first ${number(first)}, last ${number(last)}, max ${number(max)}, ${slope < 0 ? '−' : '+'}${number(Math.abs(slope))} a day`,
      `  ${top}`,
      `  ${bottom}  ${isBad(verdict) ? '✗' : '✓'} ${why}`,
    );
  }
  lines.push(
    '',
    ...(summary
      ? [
          `Books: within ${(summary.largestDifference * 100).toFixed(4)} % of the wires, ${summary.gaps.length} gaps, coins ${wrongBooks.length === 0 ? 'conserved' : 'see below'}`,
        ]
      : []),
    ...notes.map((note) => `Note: ${note}`),
    failed.length === 0
      ? isStopping
        ? 'Ended early.'
        : 'Nothing grows that should not.'
      : `WRONG: ${failed.join('; ')}`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}
process.exitCode = isStopping ? 130 : failed.length === 0 ? 0 : 1;
