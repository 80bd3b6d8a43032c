/**
 * Hostile input by the hundred thousand: every target of `packages/ROOM/test/hostile`, one after another, each input
 * timed, the heap weighed before and after. In `npm test` the same targets take a sample.
 *
 *   npm run fuzz                                    100,000 inputs to each target
 *   npm run fuzz -- --only keystore --runs 1000     those whose room, file or name has that word
 *   npm run fuzz -- --only keystore --seed 7        the same inputs again
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

interface Line {
  readonly type: 'begin' | 'progress' | 'done';
  readonly name: string;
  readonly inputs?: number;
  readonly of?: number;
  readonly refusals?: number;
  readonly seconds?: number;
  readonly worst?: number;
  readonly growth?: number;
  readonly seed?: number;
  readonly failure?: string;
}

interface Row {
  readonly room: string;
  readonly target: string;
  readonly inputs: number;
  readonly refusals: number;
  readonly seconds: number;
  /** Ms of the slowest input. */
  readonly worst: number;
  /** Bytes. */
  readonly growth: number;
  readonly seed: number;
  readonly failure?: string;
}

const HELP = `Feeds hostile input to every place where bytes come in from outside.

  npm run fuzz -- [options]

  --only TEXT   targets whose room, file or name contains it (may be given again)
  --runs N      inputs to each target; 100000
  --seed N      of the inputs; another one each time. A failure names it
  --json        one JSON object a line: the targets
  --help        this

Example: npm run fuzz -- --only relay --runs 10000
Exit code 0 when no input crashed, hung (over 1 s) or grew the heap over its allowance.`;

/** Ms without a word from a target after which one input is held to hang it. */
const SILENCE = 60_000;
const MIB = 1024 * 1024;

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
for (const [name, text] of [
  ['runs', values.runs],
  ['seed', values.seed ?? '1'],
] as const)
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    console.error(
      `--${name} cannot be ${JSON.stringify(text)}: expected a whole number from 1 to 999999999.`,
    );
    process.exit(2);
  }
const { runs } = values;
const seed = values.seed ?? String(1 + Math.floor(Math.random() * 999_999_998));

const scratch = mkdtempSync(join(tmpdir(), 'daisee-fuzz-'));
let running: ChildProcess | undefined;
const stop = (): void => {
  running?.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
  process.exit(130);
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

/** The names of a file's targets, as it declares them. */
const namesIn = (file: string): readonly string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/hostile\(\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );

const show = (text: string): void => {
  if (!values.json && process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text.slice(0, 110)}`);
};

/** Runs one target in a process of its own. */
const tryTarget = async (file: string, name: string): Promise<Row> => {
  const room = file.split('/')[1] ?? '';
  const report = join(scratch, 'report.ndjson');
  writeFileSync(report, '');
  const begin = performance.now();
  let output = '';
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', file, '-t', `${escaped}$`, '--reporter=default'],
    {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NO_COLOR: '1',
        DAISEE_FUZZ_RUNS: runs,
        DAISEE_FUZZ_SEED: seed,
        DAISEE_FUZZ_REPORT: report,
      },
    },
  );
  running = child;
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  let heard = performance.now();
  let length = 0;
  let hung = false;
  const watch = setInterval(() => {
    const text = readFileSync(report, 'utf8');
    if (text.length > length) heard = performance.now();
    length = text.length;
    const last = text.trim().split('\n').at(-1) || '{}';
    const { inputs = 0, of = Number(runs) } = JSON.parse(last) as Partial<Line>;
    show(`${room}: ${name}: ${inputs} of ${of}`);
    if (performance.now() - heard > SILENCE && child.pid !== undefined) {
      hung = true;
      process.kill(-child.pid, 'SIGKILL');
    }
  }, 500);
  const code = await new Promise<number>((resolve) => child.on('close', (one) => resolve(one ?? 1)));
  clearInterval(watch);
  running = undefined;
  const lines = readFileSync(report, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const last = lines.at(-1);
  const done = lines.find((line) => line.type === 'done');
  const failure = hung
    ? `an input among those after ${last?.inputs ?? 0} took more than ${SILENCE / 1000} s`
    : (done?.failure ?? (code === 0 && done ? undefined : output.slice(-3000)));
  return {
    room,
    target: `${basename(file, '.test.ts')}: ${name}`,
    inputs: done?.inputs ?? last?.inputs ?? 0,
    refusals: done?.refusals ?? 0,
    seconds: done?.seconds ?? (performance.now() - begin) / 1000,
    worst: done?.worst ?? 0,
    growth: done?.growth ?? 0,
    seed: Number(seed),
    ...(failure === undefined ? {} : { failure }),
  };
};

const wanted = (file: string, name: string): boolean =>
  !values.only || values.only.some((word) => `${file} ${name}`.toLowerCase().includes(word.toLowerCase()));
const targets = globSync('packages/*/test/hostile/*.test.ts', { cwd: root })
  .sort()
  .flatMap((file) => namesIn(file).map((name) => ({ file, name })))
  .filter(({ file, name }) => wanted(file, name));
if (targets.length === 0) {
  console.error(`No target has ${JSON.stringify(values.only)} in its room, file or name.`);
  process.exit(2);
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
if (!values.json) {
  console.log(`Seed ${seed}, ${runs} inputs to each of ${targets.length} targets.\n`);
  console.log(row(['room', 'target', 'inputs', 'refused', 's', 'worst input, ms', 'heap, MiB', 'crashes']));
  console.log('|---|---|---:|---:|---:|---:|---:|---|');
}
const failed: Row[] = [];
for (const { file, name } of targets) {
  const result = await tryTarget(file, name);
  if (result.failure !== undefined) failed.push(result);
  show('');
  if (values.json) console.log(JSON.stringify(result));
  else
    console.log(
      row([
        result.room,
        result.target,
        String(result.inputs),
        String(result.refusals),
        result.seconds.toFixed(0),
        result.worst.toFixed(1),
        (result.growth / MIB).toFixed(1),
        result.failure === undefined ? 'none' : 'yes',
      ]),
    );
}
rmSync(scratch, { recursive: true, force: true });
if (!values.json) {
  for (const { room, target, failure } of failed)
    console.log(
      `\n${room}: ${target} (seed ${seed}; again: npm run fuzz -- --only '${target.split(': ')[1]}' --runs ${runs} --seed ${seed})\n${failure}`,
    );
  console.log(`\n${targets.length - failed.length} of ${targets.length} targets held.`);
}
process.exit(failed.length > 0 ? 1 : 0);
