import { setTimeout as realDelay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Instant, steadyNow, systemClock } from '../src/index.ts';

/** What the machine says of the time since its start, beyond the truth: as after a sleep. */
let slept = 0;
vi.mock('node:os', async (original) => {
  const os = await original<typeof import('node:os')>();
  return { ...os, uptime: () => os.uptime() + slept };
});
afterEach(() => {
  slept = 0;
  vi.useRealTimers();
});

describe("the machine's clock", () => {
  it('goes on steadily while what it shows is set an hour on and a year back', async () => {
    const before = steadyNow(systemClock);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    const on = steadyNow(systemClock);
    vi.setSystemTime(Date.now() - 365 * 86_400_000);
    const back = steadyNow(systemClock);
    expect(on - before).toBeLessThan(1000);
    expect(back - on).toBeLessThan(1000);
    expect(back).toBeGreaterThanOrEqual(on);
  });

  it('counts the time that the machine slept, which Node does not', async () => {
    const before = steadyNow(systemClock);
    slept = 7200;
    const after = steadyNow(systemClock);
    expect(after - before).toBeGreaterThanOrEqual(7_200_000 - 20);
    expect(after - before).toBeLessThan(7_201_000);
    // Hundredths of a second that come and go are no sleep.
    slept = 7199.99;
    expect(steadyNow(systemClock)).toBeGreaterThanOrEqual(after);
  });

  it('goes as fast as a machine does', async () => {
    const begin = [systemClock.now(), steadyNow(systemClock)] as const;
    await realDelay(60);
    expect(Math.abs(systemClock.now() - begin[0] - (steadyNow(systemClock) - begin[1]))).toBeLessThan(20);
  });

  it('of which only the time is known is taken at its word', () => {
    expect(steadyNow({ now: () => Instant(5) })).toBe(5);
  });
});
