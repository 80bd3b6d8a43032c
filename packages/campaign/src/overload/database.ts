import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CommunityBroken } from './processes.ts';

/** A PostgreSQL server, a process of its own; it ends with us, however that comes. @throws CommunityBroken */
export const startDatabase = async (): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const program = fileURLToPath(new URL('../../../monitor/bench/postgres.ts', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit');
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    ended.then(() => undefined),
  ]);
  if (first === undefined) throw new CommunityBroken('PostgreSQL', 'did not start: its words are above', []);
  return {
    url: first,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
};
