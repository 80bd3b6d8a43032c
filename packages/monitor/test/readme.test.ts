/** What the README says to type does what it says. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LOGIN, PASSWORD, serve } from './served.ts';

it('curl alone, following the README, stores a sample and reads its energy back', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const script = /```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const says = /The last answer is `(.*?)`/.exec(readme)?.[1];
  const served = await serve();
  try {
    const { stdout } = await promisify(execFile)('sh', ['-ec', script], {
      env: { PATH: process.env['PATH'], MONITOR: served.url, LOGIN: `${LOGIN}:${PASSWORD}` },
    });
    expect(stdout).toContain('{"stored":2,"repeated":0}');
    expect(stdout.endsWith(says ?? 'nothing said')).toBe(true);
  } finally {
    await served.end();
  }
});
