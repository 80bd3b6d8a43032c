import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { descendantsOf, lives } from '../../src/stage/signals.ts';
import { startWatcher } from '../../src/stage/watcher.ts';

const generous = { timeout: 20_000 };
/** A shell in a group of its own, with a child. */
const group = () => spawn('/bin/sh', ['-c', 'sleep 600 & wait'], { stdio: 'ignore', detached: true });

describe('the watcher of the lab', () => {
  it('ends every group that it knows when its pipe closes, with all that is in it', async () => {
    const watcher = startWatcher();
    const [watched, forgotten] = [group(), group()];
    onTestFinished(() => {
      for (const one of [watched, forgotten])
        if (lives(one.pid ?? 0)) process.kill(-(one.pid ?? 0), 'SIGKILL');
    });
    const pids = [watched.pid ?? 0, forgotten.pid ?? 0] as const;
    await vi.waitFor(() => expect(descendantsOf(pids[0])).toHaveLength(1), generous);
    const [child = 0] = descendantsOf(pids[0]);
    watcher.watch(pids[0]);
    watcher.watch(pids[1]);
    watcher.forget(pids[1]);
    const ended = once(watched, 'exit');
    await watcher.close();
    await watcher.close();
    await ended;
    await vi.waitFor(() => expect(lives(child)).toBe(false), generous);
    expect(lives(pids[1])).toBe(true);
    process.kill(-pids[1], 'SIGKILL');
    await once(forgotten, 'exit');
  });
});
