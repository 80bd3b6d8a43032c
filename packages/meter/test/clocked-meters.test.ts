import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Instant, Seconds, VirtualClock, Watts } from '@daisee/units';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReplayMeter, createSimulatedMeter, isAbsence, type Meter, type Sample } from '../src/index.ts';

const collect = (clock: VirtualClock, meter: Meter, count: number): Promise<Sample[]> =>
  clock.task(async () => {
    const stop = new AbortController();
    const samples: Sample[] = [];
    for await (const told of meter.samples(stop.signal)) {
      if (!isAbsence(told)) samples.push(told);
      if (samples.length === count) stop.abort();
    }
    return samples;
  });

describe('a simulated meter', () => {
  const start = Instant(1_700_000_003_000);

  it('is read at once and then on the multiples of its period', async () => {
    const clock = new VirtualClock({ start });
    const read = (at: Instant) => ({ at, power: Watts(5) });
    const meter = createSimulatedMeter({ name: 'ACS712', sign: 'load', clock, period: Seconds(8), read });
    const samples = await collect(clock, meter, 3);
    expect(samples.map((sample) => sample.at)).toEqual([start, 1_700_000_008_000, 1_700_000_016_000]);
  });

  it('can be asked for one reading now', async () => {
    const clock = new VirtualClock({ start });
    const read = async (at: Instant) => ({ at, power: Watts(5) });
    const meter = createSimulatedMeter({ name: 'ACS712', sign: 'load', clock, period: Seconds(8), read });
    expect(await meter.read?.()).toEqual({ at: start, power: 5 });
  });

  it('ends when it is stopped in the middle of a wait', async () => {
    const clock = new VirtualClock({ start, speed: 1 });
    const read = (at: Instant) => ({ at, power: Watts(5) });
    const meter = createSimulatedMeter({ name: 'ACS712', sign: 'load', clock, period: Seconds(3600), read });
    const stop = new AbortController();
    const ended = clock.task(async () => {
      for await (const _ of meter.samples(stop.signal)) setImmediate(() => stop.abort());
      return 'ended';
    });
    expect(await ended).toBe('ended');
  });
});

describe('a replayed meter', () => {
  let directory = '';
  let file = '';
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'daisee-replay-'));
    file = path.join(directory, 'power.csv');
    await writeFile(file, 'timestamp,watts\n1000,10\n1060,20\n1120,30\n');
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('gives its rows at their own instants, those of the past at once', async () => {
    const clock = new VirtualClock({ start: Instant(1_070_000) });
    const meter = createReplayMeter({ name: 'house', file, clock });
    expect(await collect(clock, meter, 9)).toEqual([
      { at: 1_000_000, power: 10 },
      { at: 1_060_000, power: 20 },
      { at: 1_120_000, power: 30 },
    ]);
    expect(clock.now()).toBe(1_120_000);
  });

  it('can be moved to now, and loops one step after its last row', async () => {
    const clock = new VirtualClock({ start: Instant(5_000_000) });
    const meter = createReplayMeter({ name: 'house', file, clock, loop: true, start: 'now' });
    expect((await collect(clock, meter, 5)).map(({ at, power }) => [at, power])).toEqual([
      [5_000_000, 10],
      [5_060_000, 20],
      [5_120_000, 30],
      [5_180_000, 10],
      [5_240_000, 20],
    ]);
  });

  it('rejects with the file and line of a bad row', async () => {
    const bad = path.join(directory, 'bad.csv');
    await writeFile(bad, '1000,ten\n');
    const clock = new VirtualClock({ start: Instant(0) });
    const meter = createReplayMeter({ name: 'house', file: bad, clock });
    await expect(collect(clock, meter, 1)).rejects.toThrow(/bad\.csv, line 1: found "ten" as the power/);
  });
});
