/** Clocks that are wrong, or are set: the host's, which stamps what meters bring, and those of who sends samples. */
import { createSimulatedMeter, type Sample } from '@daisee/meter';
import { type Clock, Instant, Seconds, VirtualClock, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import { createMonitor, type MonitorStore, openStore } from '../../src/index.ts';
import { type Kept, NDJSON, serveKept } from '../kept.ts';
import { NOW } from '../served.ts';

const MAX = Instant(Number.MAX_SAFE_INTEGER);
const HOUR = Seconds(3600);
const DAY = Seconds(86_400);

/** A clock that can be set while time goes on. */
const settable = (start: Instant) => {
  const inner = new VirtualClock({ start });
  let shift = 0;
  const clock: Clock & { set(by: number): void } = {
    now: () => Instant(inner.now() + shift),
    sleep: (duration, signal) => inner.sleep(duration, signal),
    task: (work) => inner.task(work),
    aside: (wait) => inner.aside(wait),
    set: (by) => {
      shift += by;
    },
  };
  return clock;
};

describe('a monitor on a machine whose clock is set', () => {
  const ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  const setUp = async (clock: Clock, power: () => number, before: readonly Sample[] = []) => {
    const store = openStore({ file: ':memory:' });
    const { id } = store.addSensor({ name: 'CitizenWatt', sign: 'load' });
    store.append(id, before);
    const warnings: string[] = [];
    const monitor = createMonitor({
      store,
      clock,
      port: 0,
      meters: [
        {
          sensorId: id,
          meter: createSimulatedMeter({
            name: 'sim',
            sign: 'load',
            clock,
            period: Seconds(8),
            read: (now) => ({ at: now, power: Watts(power()) }),
          }),
        },
      ],
      onWarning: ({ message }) => warnings.push(message),
    });
    ends.push(
      () => store.close(),
      () => monitor.stop(),
    );
    return { store, monitor, warnings };
  };
  const wattHours = (store: MonitorStore, from: number, to: number): number =>
    Number(store.energy(1, Instant(from), Instant(to))) / 1e6;
  const start = Instant(Date.UTC(2026, 10, 22, 12));

  it('forward by an hour records the gap and invents no energy', async () => {
    const clock = settable(start);
    const { store, monitor, warnings } = await setUp(clock, () => 360);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(804));
      clock.set(HOUR);
      await clock.sleep(Seconds(804));
      await monitor.stop();
    });
    const [gap, ...more] = store.gaps(1, Instant(0), MAX);
    expect(more).toEqual([]);
    expect((gap?.to ?? 0) - (gap?.from ?? 0)).toBeGreaterThanOrEqual(HOUR);
    const measured = 2 * 804 - ((gap?.to ?? 0) - (gap?.from ?? 0) - HOUR) / 1000;
    expect(wattHours(store, 0, MAX)).toBeCloseTo(measured / 10, 5);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['an hour, to instants that are there', 3600],
    ['an hour and some, to between those that are there', 3605.25],
  ])(
    'back by %s: counts that time once, and all that is measured after it, and says so',
    async (_what, seconds) => {
      const clock = settable(start);
      let power = 360;
      const { store, monitor, warnings } = await setUp(clock, () => power);
      const back = Seconds(seconds);
      await clock.task(async () => {
        await monitor.start();
        await clock.sleep(Seconds(7204));
        clock.set(-Number(back));
        power = 720;
        await clock.sleep(Seconds(7204));
        await monitor.stop();
      });
      const set = start + 7200_000;
      // The first hour and a bit as ever, the repeated one between the two loads, then the new load to the end.
      expect(wattHours(store, start, set - back - 8000)).toBeCloseTo(
        0.1 * ((set - back - 8000 - start) / 1000),
        5,
      );
      const repeated = wattHours(store, set - back, set);
      expect(repeated).toBeGreaterThan(0.1 * (seconds - 16));
      expect(repeated).toBeLessThan(0.2 * (seconds + 16));
      const end = store.last(1)?.at ?? 0;
      expect(end).toBe(start + 2 * 7204_000 - back);
      expect(wattHours(store, set + 16_000, end)).toBeCloseTo(0.2 * ((end - set - 16_000) / 1000), 5);
      const instants = store.samples(1, Instant(0), MAX).map(({ at }) => Number(at));
      expect(new Set(instants).size).toBe(instants.length);
      expect(store.gaps(1, Instant(0), MAX)).toEqual([]);
      expect(warnings).toEqual([
        expect.stringMatching(/^The clock of meter sim was set back by 3\d{3} s: until 2026-11-22T14:0/),
      ]);
    },
  );

  it('that starts in 1970 stores what it measured until then when it is set, where it belongs, and rewrites nothing', async () => {
    const before: readonly Sample[] = [0, 8].map((s) => ({
      at: Instant(start + s * 1000),
      power: Watts(360),
    }));
    const clock = settable(Instant(1000));
    const { store, monitor, warnings } = await setUp(clock, () => 360, before);
    const known = store.samples(1, Instant(0), MAX);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(42));
      expect(store.samples(1, Instant(0), MAX)).toEqual(known);
      const health = await fetch(`${monitor.url}/api/v1/health`);
      expect(await health.json()).toMatchObject({ status: 'degraded', waiting: 6 });
      clock.set(start + DAY);
      await clock.sleep(Seconds(16));
      await monitor.stop();
    });
    const stored = store.samples(1, Instant(start + 8001), MAX);
    expect(stored.length).toBeGreaterThanOrEqual(8);
    const widest = Math.max(...stored.slice(1).map(({ at }, i) => at - (stored[i]?.at ?? at)));
    expect(widest).toBeLessThanOrEqual(8000);
    expect(store.gaps(1, Instant(0), MAX)).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(/^This machine's clock shows 1970-01-01T00:00:01.000Z and the newest sample/),
      expect.stringMatching(/^The clock was set: 6 samples of meter sim that waited for it are stored/),
    ]);
  });

  it('leaves out what its meters stamp more than a day ahead, and says so now and then', async () => {
    const clock = settable(start);
    const store = openStore({ file: ':memory:' });
    ends.push(() => store.close());
    const { id } = store.addSensor({ name: 'a', sign: 'load' });
    const warnings: string[] = [];
    const monitor = createMonitor({
      store,
      clock,
      port: 0,
      meters: [
        {
          sensorId: id,
          meter: {
            name: 'wrong',
            sign: 'load',
            samples: async function* () {
              yield { at: start, power: Watts(1) };
              for (let i = 1; i <= 12; i++) yield { at: Instant(start + DAY + i), power: Watts(1) };
              yield { at: Instant(start + DAY), power: Watts(1) };
            },
          },
        },
      ],
      onWarning: ({ message }) => warnings.push(message),
    });
    await monitor.start();
    await clock.task(() => clock.sleep(Seconds(1)));
    await monitor.stop();
    expect(store.samples(id, Instant(0), MAX).map(({ at }) => at)).toEqual([start, start + DAY]);
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toMatch(
      /^Meter wrong: a sample of 2026-11-23T12:00:00.010Z is left out \(10 so far\)/,
    );
  });
});

describe('samples that are sent with stamps', () => {
  let kept: Kept;
  afterEach(() => kept.end());
  const post = async (samples: readonly { at: number; power: number }[]) =>
    await kept.ask('POST /sensors/1/samples', samples);
  const registers = () =>
    kept.store.samples(1, Instant(Number.MIN_SAFE_INTEGER), MAX).map(({ at, register }) => [at, register]);

  it('late by a day, out of order and twice end in the registers of those in order', async () => {
    kept = await serveKept();
    const samples = Array.from({ length: 2000 }, (_, i) => ({
      at: NOW - DAY + i * 8000,
      power: (i * 37) % 900,
    }));
    await post(samples);
    const inOrder = registers();
    await kept.end();

    kept = await serveKept();
    // The newest first, then the day before it in batches from its end, each with some that are there already.
    await post(samples.slice(-100));
    for (let end = 1900; end > 0; end -= 190) {
      const batch = samples
        .slice(end - 190, end + 10)
        .toSorted((a, b) => ((a.at * 7) % 11) - ((b.at * 7) % 11));
      expect((await post(batch)).body).toEqual({ stored: 190, repeated: 10 });
    }
    expect(registers()).toEqual(inOrder);
  });

  it('are taken up to a day ahead of the clock, and refused by name beyond', async () => {
    kept = await serveKept();
    expect((await post([{ at: NOW + DAY, power: 1 }])).status).toBe(200);
    const { status, body } = await post([
      { at: NOW, power: 1 },
      { at: NOW + DAY + 1000, power: 1 },
    ]);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: 'monitor.samples',
      detail: expect.stringMatching(
        /sample 1: at is more than a day ahead of the monitor's clock, which shows 2026-11-22T/,
      ) as string,
      errors: [{ index: 1, path: 'at' }],
    });
    expect(registers()).toHaveLength(1);
    const lines = `{"at": ${NOW}, "power": 1}\n{"at": 4102444800000, "power": 1}`;
    expect(await kept.ask('POST /sensors/1/samples', lines, NDJSON)).toMatchObject({
      status: 400,
      body: { errors: [{ line: 2 }] },
    });
    const csv = await kept.ask('POST /sensors/1/samples.csv', `at,power\n2100-01-01T00:00:00Z,1`, {
      'Content-Type': 'text/csv',
    });
    expect(csv.text).toMatch(/"done":false.*line 2: at is more than a day ahead/);
    expect(registers()).toHaveLength(1);
  });

  it.each([
    ['shows 1970, since it was not set yet', 1000, []],
    ['shows less than the newest sample there is', NOW, [NOW + 2 * DAY]],
  ])('are taken when the monitor’s own clock %s', async (_what, now, before) => {
    kept = await serveKept({
      clock: new VirtualClock({ start: Instant(now) }),
      before: (store) =>
        void store.append(
          1,
          before.map((at) => ({ at: Instant(at), power: Watts(1) })),
        ),
    });
    expect((await post([{ at: NOW + 3 * DAY, power: 1 }])).status).toBe(200);
  });
});
