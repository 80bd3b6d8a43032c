import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isJournal } from '../../src/output.ts';
import { freePort, scratch } from '../support/daisee.ts';

const bin = join(import.meta.dirname, '../../bin/daisee.cjs');

/** Runs the command with its output in a file that plays the journal, as systemd names it to services. */
const logged = (args: readonly string[], named: boolean) => {
  const file = join(scratch(), 'log');
  const descriptor = openSync(file, 'a');
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', bin, ...args], {
    stdio: ['ignore', descriptor, descriptor],
    env: { ...process.env, JOURNAL_STREAM: named ? `${dev}:${ino}` : '1:1' },
  });
  closeSync(descriptor);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  return { child, ended, lines: () => readFileSync(file, 'utf8').split('\n').filter(Boolean) };
};

const ask = (port: number, request: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', () => socket.destroy());
    socket.on('error', reject);
    socket.on('close', () => resolve());
  });

describe('in the journal', () => {
  it.each([
    [true, /^Switched/],
    [false, /^\d{4}-\d\d-\d\dT[\d:.]+Z Switched/],
  ])(
    'lines have an instant of their own only elsewhere (journal: %s)',
    { timeout: 150_000 },
    async (named, line) => {
      const port = await freePort();
      const { child, ended, lines } = logged(
        ['relay', '--port', String(port), '--own', '0', '--seller', '1'],
        named,
      );
      await vi.waitFor(() => expect(lines().join('\n')).toContain('Relay board'), { timeout: 100_000 });
      await ask(port, '{0: True, 1: True}');
      await vi.waitFor(() => expect(lines().some((one) => line.test(one))).toBe(true), { timeout: 100_000 });
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    },
  );

  it('every line of an error bears its level', { timeout: 150_000 }, async () => {
    const { ended, lines } = logged(['up', '-c', '/nowhere.yml'], true);
    expect(await ended).toBe(1);
    expect(lines().length).toBeGreaterThan(0);
    for (const line of lines()) expect(line).toMatch(/^<3>/);
  });

  it('is told by device and inode, and a closed stream is not it', () => {
    const { dev, ino } = fstatSync(0, { bigint: true });
    expect(isJournal(0, `${dev}:${ino}`)).toBe(true);
    expect(isJournal(0, `${dev}:${ino + 1n}`)).toBe(false);
    expect(isJournal(0, undefined)).toBe(false);
    expect(isJournal(9999, '1:1')).toBe(false);
  });
});
