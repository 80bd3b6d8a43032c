/** What `SECURITY.md` promises is shown by tests that exist, and leads to places that exist. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../../..');
const text = readFileSync(join(root, 'SECURITY.md'), 'utf8');
const links = [...text.matchAll(/\[[^\]]+\]\(([^\s)]+)(?: "([^"]+)")?\)/g)].map(
  ([, target = '', title]) => [target, title] as const,
);

describe('SECURITY.md', () => {
  it.each(links.filter(([, title]) => title !== undefined))('leads to %s, to "%s"', (file, title) => {
    expect(readFileSync(join(root, file), 'utf8')).toContain(title);
  });

  it('leads to files that are there', () => {
    const files = links.map(([target]) => target.split('#')[0] ?? '');
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('has a test for nearly each thing that somebody cannot do', () => {
    const rows = [...text.matchAll(/^\| (?!cannot|-)(.+?) +\| (.+) \|$/gm)];
    const without = rows
      .filter(([, , because = '']) => !/ "[^"]+"\)/.test(because))
      .map(([, cannot]) => cannot);
    expect(rows.length).toBeGreaterThan(25);
    // Two are of what is not there: a key that is never sent, a hole that counts nothing (law 1 has its own tests).
    expect(without).toHaveLength(2);
  });
});
