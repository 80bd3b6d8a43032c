/** The real thing: seven processes, the twin, a minute of faults from a fixed seed, the books closed at the end. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');
/** Real ms; a busy machine takes its time, the campaign itself has bounds on everything that it waits for. */
const LONG = 10 * 60_000;

interface Table {
  readonly type: string;
  readonly violations?: number;
  readonly isWhole?: boolean;
  readonly looks?: number;
  readonly rows?: readonly { readonly struck: number }[];
}

describe('a campaign of a minute', () => {
  it('ends with no law broken', { timeout: LONG }, async () => {
    const words = [
      '--disable-warning=ExperimentalWarning',
      MAIN,
      '--minutes',
      '1',
      '--seed',
      '2026',
      '--json',
    ];
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      maxBuffer: 64 * 1024 * 1024,
      timeout: LONG,
    }).catch((error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? '' }));
    const records = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Table);
    expect(records.filter(({ type }) => type === 'violation')).toEqual([]);
    const table = records.find(({ type }) => type === 'table');
    expect(table, stdout.slice(-3000)).toMatchObject({ violations: 0, isWhole: true });
    expect(table?.looks).toBeGreaterThan(10);
    expect(table?.rows?.reduce((sum, { struck }) => sum + struck, 0)).toBeGreaterThan(2);
  });
});
