/** What time it is for a sensor, whatever this machine's clock is set to. */
import { Duration, Instant, Seconds, VirtualClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createSensorTime } from '../src/sensor-time.ts';

const START = Instant(Date.UTC(2026, 5, 21, 9));
const HOUR = Seconds(3600);

/** Samples that are sent each 8 s, by a sender whose clock is ahead by so much. */
const scene = (ahead = 0, way = 0) => {
  const clock = new VirtualClock({ start: START });
  const sensorTime = createSensorTime(clock);
  const sender = { ahead };
  /** Of the sender's clock: what its samples would be stamped with now. */
  const theirs = () => Instant(START + clock.monotonic() - START + sender.ahead);
  const arrive = (late = 0) => sensorTime.arrived(1, Instant(theirs() - way - late));
  return {
    clock,
    sender,
    arrive,
    /** How far off the time told is from the sender's. */
    error: () => sensorTime.now(1) - theirs(),
    pass: (seconds: number, sends = true) =>
      clock.task(async () => {
        for (let left = seconds; left > 0; left -= 8) {
          await clock.sleep(Seconds(Math.min(8, left)));
          if (sends) arrive();
        }
      }),
  };
};

describe("a sensor's time", () => {
  it("is this machine's until a sample came", () => {
    const { error } = scene();
    expect(error()).toBe(0);
  });

  it.each([
    ['an hour on', HOUR],
    ['half a minute on', Seconds(30)],
    ['an hour back', Duration(0 - HOUR)],
    ['a year on', Seconds(365 * 86_400)],
  ])("is the sender's while this machine's clock is set %s for some minutes, and back", async (_what, by) => {
    const { clock, arrive, error, pass } = scene();
    arrive();
    await pass(80);
    clock.step(by);
    expect(Math.abs(error())).toBeLessThanOrEqual(8000);
    await pass(240);
    expect(error()).toBe(0);
    clock.step(Duration(0 - by));
    await pass(80);
    expect(error()).toBe(0);
  });

  it.each([
    ['an hour on', HOUR],
    ['an hour back', Duration(0 - HOUR)],
    ['ten seconds back', Seconds(-10)],
  ])("follows a sender's clock that is set %s, within a minute", async (_what, by) => {
    const { sender, arrive, error, pass } = scene();
    arrive();
    await pass(80);
    sender.ahead += by;
    await pass(72);
    expect(error()).toBe(0);
  });

  it('is not held back by samples that come late', async () => {
    const { arrive, error, pass } = scene();
    arrive();
    await pass(80);
    for (const late of [20_000, 40_000, 3_600_000]) arrive(late);
    expect(error()).toBe(0);
    await pass(120, false);
    arrive(120_000);
    expect(error()).toBe(0);
  });

  it('knows how long samples are on their way, where the clocks agree', async () => {
    const { arrive, error, pass } = scene(0, 7000);
    arrive();
    expect(error()).toBe(0);
    await pass(80);
    expect(error()).toBe(0);
  });

  it('of a sender whose clock is wrong is that of its stamps', async () => {
    const { arrive, error, pass } = scene(0 - HOUR);
    arrive();
    await pass(80);
    expect(error()).toBe(0);
  });
});
