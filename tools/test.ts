/**
 * The test command: every room in turn, one progress line each, one closing line. Output of a room is shown only
 * when it fails.
 *
 *   npm test                          everything
 *   npm run test:room -- relay agent  the named rooms
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly output: string;
}

const root = join(import.meta.dirname, '..');
const order = [
  'contracts',
  'units',
  'market',
  'fuzz',
  'formats',
  'devices',
  'meter',
  'chain',
  'http',
  'relay',
  'monitor',
  'agent',
  'app',
  'sim',
  'cli',
  'campaign',
];
const scratch = mkdtempSync(join(tmpdir(), 'daisee-test-'));
let running: ChildProcess | undefined;

const run = (command: string, args: string[], cwd: string): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    let output = '';
    running = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    running.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    running.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    running.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}\n` }));
    running.on('close', (code) => resolve({ code: code ?? 1, output }));
  });

/** forge closes with "…: 61 tests passed, 0 failed, 0 skipped (61 total tests)". */
const contracts = async (): Promise<Outcome> => {
  const { code, output } = await run('npm', ['run', '--silent', 'test'], join(root, 'contracts'));
  const count = (what: string) =>
    [...output.matchAll(new RegExp(`suites? in .*?(\\d+) (?:tests )?${what}`, 'g'))].reduce(
      (sum, m) => sum + Number(m[1]),
      0,
    );
  const totals = /(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total/.exec(output);
  const passed = totals ? Number(totals[1]) : count('passed');
  const failed = totals ? Number(totals[2]) : 0;
  return {
    passed,
    failed: code === 0 ? failed : Math.max(1, failed),
    skipped: Number(totals?.[3] ?? 0),
    output,
  };
};

const vitest = async (room: string, folder: string): Promise<Outcome> => {
  const report = join(scratch, `${room}.json`);
  const { code, output } = await run(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      folder,
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    root,
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0, output };
  const totals = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
  };
  const failed = Math.max(totals.numFailedTests, code === 0 ? 0 : 1);
  return {
    passed: totals.numPassedTests,
    failed,
    skipped: totals.numPendingTests + totals.numTodoTests,
    output,
  };
};

const askedFor = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const present = readdirSync(join(root, 'packages'));
const all = [...order, ...present.filter((room) => !order.includes(room)), 'tools'];
const rooms = askedFor.length > 0 ? askedFor : all;
for (const room of rooms)
  if (!all.includes(room)) {
    console.error(`There is no room "${room}"; there are: ${all.join(', ')}.`);
    process.exit(2);
  }

const stop = () => {
  running?.kill('SIGTERM');
  rmSync(scratch, { recursive: true, force: true });
  process.exit(130);
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

const sum = { passed: 0, failed: 0, skipped: 0 };
const width = Math.max(...rooms.map((room) => room.length)) + 2;
const start = performance.now();
for (const [index, room] of rooms.entries()) {
  const place = `[${index + 1}/${rooms.length}] ${room.padEnd(width)}`;
  if (process.stdout.isTTY) process.stdout.write(`${place}…`);
  const begin = performance.now();
  const outcome =
    room === 'contracts'
      ? await contracts()
      : await vitest(room, room === 'tools' ? 'tools/test' : `packages/${room}/`);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const verdict = `${outcome.passed} passed${outcome.failed ? `, ${outcome.failed} FAILED` : ''}${outcome.skipped ? `, ${outcome.skipped} skipped` : ''}`;
  process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}${place}${verdict} in ${seconds} s\n`);
  if (outcome.failed > 0) process.stdout.write(`${outcome.output}\n`);
  sum.passed += outcome.passed;
  sum.failed += outcome.failed;
  sum.skipped += outcome.skipped;
}
rmSync(scratch, { recursive: true, force: true });
if (process.env['DAISEE_GOLDEN'] === undefined && (rooms.includes('formats') || rooms.includes('cli')))
  console.log('Golden files were left out: DAISEE_GOLDEN names no folder with them.');
console.log(`All rooms in ${((performance.now() - start) / 1000).toFixed(0)} s`);
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
