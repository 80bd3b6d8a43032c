import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'daisee-machine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the check as if on another machine. */
const checkOn = (machine: { platform: string; arch: string; node: string; glibc?: string }) => {
  const stub = join(folder, 'stub.cjs');
  writeFileSync(
    stub,
    `Object.defineProperty(process, 'platform', { value: '${machine.platform}' });
     Object.defineProperty(process, 'arch', { value: '${machine.arch}' });
     Object.defineProperty(process, 'versions', { value: { node: '${machine.node}' } });
     process.report.getReport = () => ({ header: { glibcVersionRuntime: ${JSON.stringify(machine.glibc)} } });`,
  );
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-r', stub, join(import.meta.dirname, '../machine.cjs')],
    {
      encoding: 'utf8',
    },
  );
  return { status, stderr };
};

describe('the machine check before npm start and npm test', () => {
  it.each([
    { platform: 'linux', arch: 'x64', node: '20.19.0', glibc: '2.36' },
    { platform: 'linux', arch: 'arm64', node: '22.1.0', glibc: '2.36' },
    { platform: 'darwin', arch: 'arm64', node: '24.0.0' },
  ])('lets $platform $arch with Node $node in', (machine) => {
    expect(checkOn(machine)).toEqual({ status: 0, stderr: '' });
  });

  it.each([
    [{ platform: 'linux', arch: 'arm', node: '22.0.0', glibc: '2.36' }, /64-bit system/],
    [{ platform: 'linux', arch: 'x64', node: '22.0.0' }, /no glibc/],
    [{ platform: 'darwin', arch: 'arm64', node: '22.0.0' }, /install Node 24 or newer/],
    [{ platform: 'linux', arch: 'x64', node: '18.20.0', glibc: '2.36' }, /install Node 20 or newer/],
    [{ platform: 'win32', arch: 'x64', node: '24.0.0' }, /this is win32-x64/],
  ])('tells %o in one line why it cannot be served', (machine, why) => {
    const { status, stderr } = checkOn(machine);
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(why);
  });
});
