import { describe, expect, it } from 'vitest';
import { Duration, Instant, pacedClock, SleepAborted, steadyNow, VirtualClock } from '../src/index.ts';

describe('paced clock', () => {
  it('shows its own time, as many times as fast as the machine', async () => {
    const machine = new VirtualClock({ start: Instant(1000) });
    const clock = pacedClock({ real: Instant(1000), instant: Instant(5_000_000), speed: 20, machine });
    const seen = await clock.task(async () => {
      const before = clock.now();
      await clock.sleep(Duration(8000));
      return [before, clock.now(), machine.now()];
    });
    expect(seen).toEqual([5_000_000, 5_008_000, 1400]);
  });

  it('is set on and back without changing what sleeps', async () => {
    const machine = new VirtualClock({ start: Instant(0) });
    let step = Duration(0);
    const clock = pacedClock({
      real: Instant(0),
      instant: Instant(0),
      speed: 10,
      step: () => step,
      machine,
    });
    await clock.task(async () => {
      const slept = clock.sleep(Duration(1000));
      step = Duration(-3_600_000);
      expect(clock.now()).toBe(-3_600_000);
      expect(steadyNow(clock)).toBe(0);
      await slept;
      expect(machine.now()).toBe(100);
      expect(clock.now()).toBe(1000 - 3_600_000);
      expect(steadyNow(clock)).toBe(1000);
    });
  });

  it('ends a sleep with its signal', async () => {
    const clock = pacedClock({ real: Instant(Date.now()), instant: Instant(0), speed: 2 });
    const ended = new AbortController();
    const slept = clock.sleep(Duration(3_600_000), ended.signal);
    ended.abort();
    await expect(slept).rejects.toThrow(SleepAborted);
  });
});
