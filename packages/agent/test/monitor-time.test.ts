import { Duration, Instant, Seconds, VirtualClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createMonitorTime } from '../src/metering.ts';

const START = Instant(Date.UTC(2026, 5, 21, 9));

/** A monitor whose clock is ahead by so much, and whose answer takes so long each way. */
const scene = () => {
  const clock = new VirtualClock({ start: START });
  const state = { ahead: 0, there: Duration(0), back: Duration(0) };
  const monitor = {
    samples: async () => [],
    time: async () => {
      await clock.sleep(state.there);
      const read = Instant(clock.now() + state.ahead);
      await clock.sleep(state.back);
      return read;
    },
  };
  const time = createMonitorTime(clock, monitor);
  const measured = (change: Partial<typeof state>): Promise<number> =>
    clock.task(async () => {
      Object.assign(state, change);
      await time.measure();
      return time.now() - clock.now();
    });
  return { measured };
};

describe("the monitor's time", () => {
  it('is taken over where it differs', async () => {
    const { measured } = scene();
    expect(await measured({ ahead: 3_600_000 })).toBe(3_600_000);
    expect(await measured({ ahead: -4000 })).toBe(-4000);
    expect(await measured({ ahead: 200 })).toBe(0);
  });

  it('is not moved by an answer that took long on its way', async () => {
    const { measured } = scene();
    expect(await measured({ there: Seconds(1), back: Seconds(40) })).toBe(0);
    expect(await measured({ there: Seconds(40), back: Seconds(1) })).toBe(0);
  });

  it('is kept as it was known while slow answers agree with it', async () => {
    const { measured } = scene();
    await measured({ ahead: 60_000 });
    expect(await measured({ there: Seconds(30) })).toBe(60_000);
    expect(await measured({ ahead: -3_600_000 })).toBeCloseTo(-3_600_000 + 15_000, -5);
  });
});
