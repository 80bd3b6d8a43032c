// Runs forge with what it cannot find by itself: its own binary (the npm wrapper needs a postinstall script
// that npm may not run), the place of OpenZeppelin's sources, and what `snapshot` leaves out.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const room = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** The executable of a Foundry tool, out of its platform's npm package. */
export function foundry(tool: 'forge' | 'anvil'): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/${tool}-${process.platform}-${architecture}`;
  try {
    // The wrapper depends on the platform's package, so look from there.
    const wrapper =
      tool === 'forge'
        ? require.resolve('@foundry-rs/forge/package.json')
        : require.resolve('@foundry-rs/anvil/package.json');
    return join(dirname(createRequire(wrapper).resolve(`${name}/package.json`)), 'bin', tool);
  } catch (cause) {
    throw new Error(`${tool} needs the npm package ${name}, which is not installed: run npm install`, {
      cause,
    });
  }
}

function run(args: readonly string[], stdio: 'pipe' | 'inherit') {
  const openzeppelin = dirname(require.resolve('@openzeppelin/contracts/package.json'));
  const ran = spawnSync(foundry('forge'), args, {
    cwd: room,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio,
    env: { ...process.env, FOUNDRY_REMAPPINGS: `@openzeppelin/contracts/=${openzeppelin}/` },
  });
  if (ran.error) throw ran.error;
  return ran;
}

/** Runs forge in this room and returns its exit code; `quiet` shows only what failed, if anything did. */
export function forge(args: readonly string[], quiet = false): number {
  const ran = run(args, quiet ? 'pipe' : 'inherit');
  if (quiet && ran.status !== 0) {
    const passed = /^(\[PASS\]|Suite result: ok|Ran \d+ tests? for|No files changed|$)/;
    const lines = `${ran.stdout}${ran.stderr}`.split('\n').filter((line) => !passed.test(line));
    process.stderr.write(`${lines.join('\n')}\n`);
  } else if (quiet && args[0] === 'test') {
    // "Ran 8 test suites in …: 92 tests passed, 0 failed, 0 skipped (92 total tests)"
    console.log(/^Ran \d+ test suites? .*$/m.exec(ran.stdout)?.[0]);
  }
  return ran.status ?? 1;
}

/** What forge would run with these options, as `Contract:test`. */
export function testsOf(options: readonly string[]): readonly string[] {
  const ran = run(['test', '--list', '--json', ...options], 'pipe');
  if (ran.status !== 0) throw new Error(`forge cannot list its tests: ${ran.stderr || ran.stdout}`);
  const files = JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{'))) as Record<
    string,
    Record<string, string[]>
  >;
  return Object.values(files).flatMap((contracts) =>
    Object.entries(contracts).flatMap(([contract, tests]) => tests.map((test) => `${contract}:${test}`)),
  );
}

/**
 * What a gas snapshot and the tests do not have of each other: forge compares the lines that both have, and says nothing
 * of a line whose test was taken away.
 * @param snapshot the lines `Contract:test() (gas: 1)`
 * @param tests as `testsOf` gives them
 */
export function missing(
  snapshot: string,
  tests: readonly string[],
): { readonly gone: readonly string[]; readonly unmeasured: readonly string[] } {
  const lines = snapshot.split('\n').filter((line) => line.trim() !== '');
  const measured = new Set(lines.map((line) => line.slice(0, line.indexOf('('))));
  const there = new Set(tests);
  return {
    gone: [...measured].filter((test) => !there.has(test)),
    unmeasured: tests.filter((test) => !measured.has(test)),
  };
}

/** A variable's place in storage. */
export interface Place {
  readonly label: string;
  readonly slot: string;
  readonly offset: number;
  readonly type: string;
}

/** Where a contract keeps what (https://docs.soliditylang.org/en/latest/internals/layout_in_storage.html#json-output). */
interface Layout {
  readonly storage: readonly Place[];
  readonly types: Readonly<
    Record<string, { label: string; numberOfBytes: string; members?: readonly Place[] }>
  > | null;
}

/** What forge built of a contract in src/. */
export interface Artifact {
  readonly abi: readonly { readonly type: string; readonly name?: string }[];
  readonly bytecode: { readonly object: `0x${string}` };
  readonly storageLayout: Layout;
}

/** Reads what the last `forge build` left of a contract. */
export function artifact(contract: string): Artifact {
  return JSON.parse(readFileSync(join(room, 'out', `${contract}.sol`, `${contract}.json`), 'utf8'));
}

/** Gas of random inputs is no measure: fuzz tests and invariants are not in the snapshot. */
const MEASURED = ['--no-match-test', '^(testFuzz|invariant)'];

/** `snapshot`, or `snapshot --check [FILE]`. */
function snapshot(args: readonly string[]): number {
  const isCheck = args.includes('--check');
  const status = forge([...args, ...MEASURED], true);
  if (isCheck && status !== 0)
    console.error(
      'Gas differs from .gas-snapshot: if that is meant, run "npm run snapshot -w @daisee/contracts"',
    );
  const file = resolve(room, args[args.indexOf('--check') + 1] ?? '.gas-snapshot');
  const { gone, unmeasured } = missing(
    readFileSync(isCheck ? file : join(room, '.gas-snapshot'), 'utf8'),
    testsOf(MEASURED),
  );
  for (const test of gone)
    console.error(
      `.gas-snapshot has ${test}, and there is no such test: put it back, or run "npm run snapshot -w @daisee/contracts"`,
    );
  for (const test of unmeasured)
    console.error(`.gas-snapshot lacks ${test}: run "npm run snapshot -w @daisee/contracts"`);
  if (status !== 0 || gone.length + unmeasured.length > 0) return 1;
  console.log('.gas-snapshot is what the tests take');
  return 0;
}

function test(args: readonly string[]): number {
  // forge takes it for a success when nothing matches.
  const options = args.slice(1).filter((option) => !/^-v+$/.test(option));
  if (options.length > 0 && testsOf(options).length === 0) {
    console.error(`No test matches ${options.join(' ')}: nothing was tested.`);
    return 1;
  }
  // With options of one's own (npm test -- -vvv) forge's own output is what is wanted.
  return forge(args, args.length === 1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  if (args[0] === 'snapshot') process.exitCode = snapshot(args);
  else if (args[0] === 'test') process.exitCode = test(args);
  else process.exitCode = forge(args, args.length === 1 && args[0] !== 'fmt');
}
