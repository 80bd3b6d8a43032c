import { setTimeout as realDelay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Duration, Instant, SleepAborted, VirtualClock } from '../src/index.ts';

describe('virtual clock', () => {
  it('stands still while a task does real work and then goes to the earliest sleeper', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    const seen: string[] = [];
    const stepper = (name: string, period: number, work: number) =>
      clock.task(async () => {
        for (let i = 0; i < 3; i++) {
          await realDelay(work);
          seen.push(`${name}@${clock.now()}`);
          await clock.sleep(Duration(period));
        }
      });
    await Promise.all([stepper('a', 10, 7), stepper('b', 15, 1)]);
    expect(seen.toSorted()).toEqual(['a@0', 'a@10', 'a@20', 'b@0', 'b@15', 'b@30']);
  });

  it('lets a task wait aside for another one', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    const slow = clock.task(() => clock.sleep(Duration(50)));
    const at = await clock.task(async () => {
      await clock.aside(() => slow);
      return clock.now();
    });
    expect(at).toBe(50);
  });

  it('does not take the hold of the task that waits for a handler outside', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    let handled = -1;
    // A handler outside any task sleeps 5 while a task holds the clock: time must not move before the task sleeps.
    const handler = clock.sleep(Duration(5)).then(() => {
      handled = clock.now();
    });
    await clock.task(async () => {
      await realDelay(20);
      expect(clock.now()).toBe(0);
      expect(handled).toBe(-1);
    });
    await handler;
    expect(handled).toBe(5);
  });

  it('paces itself against real time and reports how far it lags', async () => {
    const clock = new VirtualClock({ start: Instant(0), speed: 100 });
    const begin = performance.now();
    await clock.task(() => clock.sleep(Duration(5000)));
    expect(performance.now() - begin).toBeGreaterThanOrEqual(45);
    expect(clock.now()).toBe(5000);
  });

  it('stops pacing itself when told to hurry, even in the middle of a wait', async () => {
    const clock = new VirtualClock({ start: Instant(0), speed: 1 });
    const done = clock.task(() => clock.sleep(Duration(3_600_000)));
    await realDelay(5);
    clock.hurry();
    await done;
    expect(clock.now()).toBe(3_600_000);
  });

  it('ends a sleep when its signal aborts, and the task holds the clock again', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    const stop = new AbortController();
    const other = clock.task(async () => {
      await clock.sleep(Duration(10));
      stop.abort();
      await clock.sleep(Duration(1000));
    });
    await clock.task(async () => {
      await expect(clock.sleep(Duration(500), stop.signal)).rejects.toThrow(SleepAborted);
      expect(clock.now()).toBe(10);
      await expect(clock.sleep(Duration(500), stop.signal)).rejects.toThrow(SleepAborted);
    });
    await other;
  });

  it('is set on and back without changing what sleeps, nor how far it has gone on', async () => {
    const clock = new VirtualClock({ start: Instant(5000) });
    await clock.task(async () => {
      const slept = clock.sleep(Duration(1000));
      clock.step(Duration(3_600_000));
      expect([clock.now(), clock.monotonic()]).toEqual([3_605_000, 5000]);
      clock.step(Duration(-3_700_000));
      await slept;
      expect([clock.now(), clock.monotonic()]).toEqual([-94_000, 6000]);
    });
  });
});
