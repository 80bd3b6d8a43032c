import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { emptyIntegration, integrate } from '@daisee/meter';
import { Instant } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MAX_GAP, openStore } from '../src/index.ts';

const WRITER = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));
const ROUNDS = 8;

/** Lets a writer run for a while after its first acknowledgement and kills it; returns what it acknowledged. */
const killedAfter = async (file: string, milliseconds: number): Promise<readonly number[]> => {
  const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  await delay(milliseconds);
  child.kill('SIGKILL');
  await ended;
  // A line cut short by the kill was acknowledged in part only.
  return said.split('\n').slice(0, -1).map(Number);
};

describe('a monitor that is killed', () => {
  it('has every sample that was acknowledged, once, with true registers, each time it was killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'daisee-kill-'));
    const file = join(directory, 'monitor.sqlite');
    try {
      const acknowledged: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        acknowledged.push(...(await killedAfter(file, Math.random() * 80)));
        const store = openStore({ file });
        const stored = store.samples(1, Instant(-1e6), Instant(1e15));
        store.close();
        const instants = stored.map(({ at }) => Number(at));
        expect(new Set(instants).size).toBe(instants.length);
        const there = new Set(instants);
        expect(acknowledged.filter((at) => !there.has(at))).toEqual([]);
        let state = emptyIntegration;
        const untrue = stored.filter((sample) => {
          state = integrate(state, sample, { sign: 'load', maxGap: DEFAULT_MAX_GAP }).state;
          return sample.register !== state.register;
        });
        expect(untrue).toEqual([]);
      }
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
      expect(acknowledged.length).toBeGreaterThan(ROUNDS);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 60_000);
});
