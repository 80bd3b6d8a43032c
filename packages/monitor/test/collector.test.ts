/** Samples from meters into the store, whatever the meters and the store do. */
import type { Measurement, Meter, Sample } from '@daisee/meter';
import { createSimulatedMeter } from '@daisee/meter';
import { DaiseeError, Duration, Instant, Seconds, sleepOrStop, VirtualClock, Watts } from '@daisee/units';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createMonitor,
  type MonitorStore,
  type MonitorWarning,
  openStore,
  StoreError,
} from '../src/index.ts';

class Broken extends DaiseeError {
  constructor(message = 'the wire is off.') {
    super({ code: 'test.broken', message, retryable: true });
  }
}

const MAX = Instant(Number.MAX_SAFE_INTEGER);

describe('a monitor that collects', () => {
  const ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  const setUp = (meters: readonly Meter[], clock: VirtualClock, wrap = (store: MonitorStore) => store) => {
    const store = openStore({ file: ':memory:' });
    const warnings: MonitorWarning[] = [];
    const monitor = createMonitor({
      store: wrap(store),
      clock,
      port: 0,
      meters: meters.map((meter, i) => ({
        sensorId: store.addSensor({ name: `s${i}`, sign: meter.sign }).id,
        meter,
      })),
      onWarning: (warning) => warnings.push(warning),
    });
    ends.push(
      () => store.close(),
      () => monitor.stop(),
    );
    return { store, monitor, warnings };
  };
  const at0 = () => new VirtualClock({ start: Instant(0) });
  const simulated = (clock: VirtualClock, period = Seconds(8), power = (now: number) => now / 1000): Meter =>
    createSimulatedMeter({
      name: 'sim',
      sign: 'load',
      clock,
      period,
      read: (now) => ({ at: now, power: Watts(power(now)) }),
    });
  const instants = (store: MonitorStore, id = 1) =>
    store.samples(id, Instant(-1), MAX).map(({ at }) => at / 1000);

  it('stores every sample of every meter on a virtual clock, and a last reading at stop', async () => {
    const clock = at0();
    const { store, monitor, warnings } = setUp([simulated(clock), simulated(clock, Seconds(16))], clock);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(43));
      await monitor.stop();
    });
    expect(instants(store)).toEqual([0, 8, 16, 24, 32, 40, 43]);
    expect(instants(store, 2)).toEqual([0, 16, 32, 43]);
    // ∫ t dt: the trapezoid is exact on a straight line.
    expect(store.registerAt(1, Instant(43_000))).toBe(256_805n);
    expect(store.registerAt(2, Instant(43_000))).toBe(256_805n);
    expect(warnings).toEqual([]);
  });

  it('takes a reading when asked, before the last reports of an agent', async () => {
    const clock = at0();
    const { store, monitor } = setUp([simulated(clock)], clock);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(3));
      await monitor.readMeters();
      expect(instants(store)).toEqual([0, 3]);
    });
  });

  it('tells its listeners of each sample right after it was stored, and goes on when one fails', async () => {
    const clock = at0();
    const { store, monitor, warnings } = setUp([simulated(clock)], clock);
    const heard: number[] = [];
    monitor.onSample(() => {
      throw new Broken();
    });
    const off = monitor.onSample(({ sensorId, sample }) => {
      expect(store.last(sensorId)).toEqual(sample);
      heard.push(sample.at);
    });
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(9));
      off();
      await clock.sleep(Seconds(8));
    });
    expect(heard).toEqual([0, 8000]);
    expect(warnings.length).toBeGreaterThan(0);
  });

  it('counts nothing from when a meter says that it has no value, records the gap and says so', async () => {
    const clock = at0();
    const told: readonly Measurement[] = [
      { at: Instant(0), power: Watts(3600) },
      { at: Instant(5000), absent: 'unavailable' },
      { at: Instant(6000), absent: 'offline' },
      { at: Instant(95_000), power: Watts(3600) },
      { at: Instant(100_000), power: Watts(3600) },
      { at: Instant(101_000), absent: 'null' },
      { at: Instant(112_000), power: Watts(0) },
      { at: Instant(113_000), absent: 'null' },
      { at: Instant(114_000), power: Watts(0) },
      { at: Instant(115_000), absent: 'null' },
    ];
    const meter: Meter = {
      name: 'plug',
      sign: 'load',
      samples: async function* (signal) {
        for (const one of told) {
          await sleepOrStop(clock, Duration(one.at - clock.now()), signal);
          yield one;
        }
      },
    };
    const { store, monitor, warnings } = setUp([meter], clock);
    const heard: number[] = [];
    monitor.onSample(({ sample }) => heard.push(sample.at / 1000));
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(50));
      expect(store.gaps(1, Instant(0), MAX)).toEqual([{ from: 5000, reason: 'unavailable' }]);
      await clock.sleep(Seconds(70));
      await monitor.stop();
    });
    expect(heard).toEqual([0, 95, 100, 112, 114]);
    expect(store.last(1)?.register).toBe(11_000_000n);
    expect(store.gaps(1, Instant(0), MAX)).toEqual([
      { from: 5000, to: 95_000, reason: 'unavailable' },
      { from: 101_000, to: 112_000, reason: 'null' },
      { from: 113_000, to: 114_000, reason: 'null' },
      { from: 115_000, reason: 'null' },
    ]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'Meter plug has had no value since 1970-01-01T00:00:05.000Z (unavailable): nothing is counted until it has one again.',
      'Meter plug has values again.',
      'Meter plug had no value from 1970-01-01T00:01:41.000Z to 1970-01-01T00:01:52.000Z (null): nothing is counted for it (1 times so far).',
    ]);
  });

  it('asks a meter that failed again after pauses that grow, and says so each time', async () => {
    const clock = at0();
    let opened = 0;
    const flaky: Meter = {
      name: 'flaky',
      sign: 'load',
      samples: async function* (signal) {
        opened++;
        if (opened % 4 !== 0) throw new Broken();
        yield { at: clock.now(), power: Watts(1) };
        await sleepOrStop(clock, Seconds(1), signal);
        throw new Broken();
      },
    };
    const { store, monitor, warnings } = setUp([flaky, simulated(clock)], clock);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(25));
    });
    // Pauses of 1, 2 and 4 s, a sample, then from 8 s on again 1, 2, 4 and 8 s.
    expect(instants(store)).toEqual([7, 23]);
    expect(instants(store, 2)).toEqual([0, 8, 16, 24]);
    expect(warnings[0]).toMatchObject({
      kind: 'meter',
      message: 'Meter flaky failed: the wire is off. It is asked again in 1 s.',
    });
  });

  it('leaves a meter alone whose samples are at an end', async () => {
    const clock = at0();
    let opened = 0;
    const finite: Meter = {
      name: 'finite',
      sign: 'load',
      samples: async function* () {
        opened++;
        yield { at: Instant(1), power: Watts(1) };
      },
    };
    const { store, monitor, warnings } = setUp([finite], clock);
    await monitor.start();
    await clock.task(() => clock.sleep(Seconds(1000)));
    await monitor.stop();
    expect([opened, instants(store), warnings]).toEqual([1, [0.001], []]);
  });

  it('leaves out a sample that no store can hold, and only that one', async () => {
    const clock = at0();
    const meter = simulated(clock, Seconds(8), (now) => (now === 8000 ? 1e9 : 1));
    const { store, monitor, warnings } = setUp([meter], clock);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(17));
    });
    await monitor.stop();
    expect(instants(store)).toEqual([0, 16, 17]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toMatch(/Meter sim: A sample's power cannot be 1000000000/);
  });

  it('keeps samples while the store fails and stores them when it works again, losing none', async () => {
    const clock = at0();
    let failing = false;
    const batches: number[] = [];
    const { store, monitor, warnings } = setUp([simulated(clock)], clock, (store) => ({
      ...store,
      append: (...args) => {
        if (failing)
          throw new StoreError({
            code: 'monitor.store-full',
            message: 'The disk is full.',
            retryable: false,
          });
        batches.push(args[1].length);
        return store.append(...args);
      },
    }));
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(9));
      failing = true;
      await clock.sleep(Seconds(24));
      const health = await fetch(`${monitor.url}/api/v1/health`);
      expect(await health.json()).toMatchObject({ status: 'degraded', waiting: 3 });
      failing = false;
      await clock.sleep(Seconds(16));
    });
    expect(instants(store)).toEqual([0, 8, 16, 24, 32, 40, 48]);
    // What waited went in one transaction.
    expect(batches).toEqual([1, 1, 4, 1]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'Samples of meter sim wait, since they could not be stored: The disk is full.',
      'Samples of meter sim are being stored again.',
    ]);
  });

  it('says what was lost when the store still fails at stop, and stops', async () => {
    const clock = at0();
    const { monitor, warnings } = setUp([simulated(clock)], clock, (store) => ({
      ...store,
      append: () => {
        throw new StoreError({ code: 'monitor.store-full', message: 'The disk is full.', retryable: false });
      },
    }));
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(9));
    });
    await monitor.stop();
    expect(warnings.at(-1)?.message).toMatch(/^3 samples of meter sim were never stored/);
  });

  it('stops when the last reading fails, and says so', async () => {
    const clock = at0();
    const meter: Meter = { ...simulated(clock), read: () => Promise.reject(new Broken()) };
    const { store, monitor, warnings } = setUp([meter], clock);
    await clock.task(async () => {
      await monitor.start();
      await clock.sleep(Seconds(9));
    });
    await monitor.stop();
    expect(instants(store)).toEqual([0, 8]);
    expect(warnings.map(({ message }) => message)).toEqual(['No reading of meter sim: the wire is off.']);
  });

  it('records a gap past the longest it was told to bridge', async () => {
    const clock = at0();
    const store = openStore({ file: ':memory:' });
    ends.push(() => store.close());
    const { id } = store.addSensor({ name: 'a', sign: 'load' });
    const given: readonly Sample[] = [0, 10, 50].map((s) => ({ at: Instant(s * 1000), power: Watts(360) }));
    const meter: Meter = {
      name: 'm',
      sign: 'load',
      samples: async function* () {
        yield* given;
      },
    };
    const monitor = createMonitor({
      store,
      clock,
      port: 0,
      meters: [{ sensorId: id, meter }],
      maxGap: Duration(20_000),
    });
    await monitor.start();
    await clock.task(() => clock.sleep(Seconds(1)));
    await monitor.stop();
    expect(store.gaps(id, Instant(0), MAX)).toEqual([{ from: 10_000, to: 50_000 }]);
    expect(store.last(id)?.register).toBe(1_000_000n);
  });

  it('does not start with a sensor that is not there or counts by another sign', async () => {
    const clock = at0();
    const store = openStore({ file: ':memory:' });
    ends.push(() => store.close());
    store.addSensor({ name: 'Panel', sign: 'source' });
    const withSensor = (sensorId: number) =>
      createMonitor({ store, clock, port: 0, meters: [{ sensorId, meter: simulated(clock) }] });
    await expect(withSensor(2).start()).rejects.toMatchObject({ code: 'monitor.unknown-sensor' });
    await expect(withSensor(1).start()).rejects.toMatchObject({ code: 'monitor.sign-differs' });
  });
});
