import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@daisee/units';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClockUnreadable, clockOf } from '../src/command-clock.ts';

let folder: string;
let file: string;
const describeClock = (steps: Record<string, number>) =>
  writeFileSync(
    file,
    JSON.stringify({ real: Date.now(), instant: Date.UTC(2026, 5, 21, 9), speed: 1000, steps }),
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daisee-clock-'));
  file = join(folder, 'clock.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the clock of a command', () => {
  it("is the machine's unless the environment says otherwise", () => {
    expect(clockOf(undefined)).toBe(systemClock);
    expect(clockOf('')).toBe(systemClock);
  });

  it('runs as the file says, set on by the step of its own name', () => {
    describeClock({ agent1: 3_600_000, relay: -1 });
    const start = Date.UTC(2026, 5, 21, 10);
    expect(clockOf(`${file}#agent1`).now()).toBeGreaterThanOrEqual(start);
    expect(clockOf(file).now()).toBeLessThan(start);
  });

  it('sees a step that comes while it runs', async () => {
    describeClock({});
    const clock = clockOf(`${file}#relay`);
    const before = clock.now();
    describeClock({ relay: -7_200_000_000 });
    await vi.waitFor(() => expect(clock.now()).toBeLessThan(before), { timeout: 20_000 });
  });

  it('goes on when its file is gone, and refuses one that describes no clock', async () => {
    describeClock({ relay: 5 });
    const clock = clockOf(`${file}#relay`);
    const before = clock.now();
    rmSync(file);
    await vi.waitFor(() => expect(clock.now()).toBeGreaterThan(before + 100_000), { timeout: 20_000 });
    expect(() => clockOf(`${file}#relay`)).toThrow(ClockUnreadable);
    writeFileSync(file, '{"speed": 0}');
    expect(() => clockOf(file)).toThrow(/describes no clock/);
  });
});
