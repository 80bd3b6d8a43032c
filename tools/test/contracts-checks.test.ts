/** The checks of the contracts say so when there is nothing to check: forge takes that for a success. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { missing, room } from '../../contracts/tools/forge.ts';

const folder = mkdtempSync(join(tmpdir(), 'daisee-snapshot-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const forge = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(room, 'tools', 'forge.ts'), ...args], { cwd: room, encoding: 'utf8' });

describe('the checks of the contracts', () => {
  it('tell a line of the gas snapshot whose test is gone, and a test that has none', () => {
    const snapshot = 'ATest:test_a() (gas: 1)\nBTest:test_b() (gas: 2)\n';
    expect(missing(snapshot, ['ATest:test_a', 'BTest:test_c'])).toEqual({
      gone: ['BTest:test_b'],
      unmeasured: ['BTest:test_c'],
    });
    expect(missing(snapshot, ['ATest:test_a', 'BTest:test_b'])).toEqual({ gone: [], unmeasured: [] });
  });

  it('fail on the real snapshot when the test of a line is gone, or a line', { timeout: 600_000 }, () => {
    const [first = '', ...rest] = readFileSync(join(room, '.gas-snapshot'), 'utf8').split('\n');
    const file = join(folder, 'snapshot');
    writeFileSync(file, ['GoneTest:test_itIsGone() (gas: 5)', ...rest].join('\n'));
    const { status, stderr } = forge('snapshot', '--check', file);
    expect(stderr).toContain('GoneTest:test_itIsGone, and there is no such test');
    expect(stderr).toContain(`.gas-snapshot lacks ${first.slice(0, first.indexOf('('))}:`);
    expect(status).toBe(1);
  });

  it('fail when no test matches, and run those that do', { timeout: 600_000 }, () => {
    const nothing = forge('test', '--match-test', 'nothingIsCalledSo');
    expect(nothing.stderr).toContain('No test matches --match-test nothingIsCalledSo: nothing was tested.');
    expect(nothing.status).toBe(1);
    expect(forge('test', '--match-test', 'itIsDaiseeCoinWithSixDecimals').status).toBe(0);
  });
});
