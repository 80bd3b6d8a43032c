/** The Shelly driver against a real HTTP server that answers as Shelly documents it. */
import { Duration, Energy, Instant, Seconds, systemClock, VirtualClock, Watts } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import {
  type Absence,
  createShellyMeter,
  isAbsence,
  emptyCounter,
  followCounter,
  type MeterWarning,
  type Sample,
  type ShellyMeterOptions,
} from '../../src/index.ts';
import { EM, EM_DATA, SWITCH, startShelly } from './device.ts';

const START = Instant(Date.UTC(2026, 10, 22, 12, 0, 1));

const meterOf = (host: string, options: Partial<ShellyMeterOptions> = {}) => {
  const warnings: MeterWarning[] = [];
  const absences: Absence[] = [];
  const clock = new VirtualClock({ start: START });
  const meter = createShellyMeter({
    name: 'Node 1',
    host,
    clock,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  /** Samples until there are as many, with something done after each. */
  const collect = (count: number, after: (samples: readonly Sample[]) => Promise<void> | void = () => {}) =>
    clock.task(async () => {
      const stop = new AbortController();
      const samples: Sample[] = [];
      for await (const told of meter.samples(stop.signal)) {
        if (isAbsence(told)) absences.push(told);
        else samples.push(told);
        await after(samples);
        if (samples.length === count) stop.abort();
      }
      return samples;
    });
  return { clock, meter, warnings, absences, collect, kinds: () => warnings.map(({ kind }) => kind) };
};

describe('a meter that polls a Shelly', () => {
  it('gives the power and the counters of a clamp meter, at once and then on the multiples of its period', async () => {
    await using shelly = await startShelly({ 'em:0': EM, 'emdata:0': EM_DATA });
    const { collect, warnings } = meterOf(shelly.host, { component: 'em:0', sign: 'signed' });
    const samples = await collect(3);
    expect(samples.map(({ at }) => at - START)).toEqual([0, 7000, 15_000]);
    expect(samples[0]).toEqual({
      at: START,
      power: 2484.782,
      counter: 300_750_000n,
      exportedCounter: 7_500_000n,
    });
    expect(shelly.requests.slice(0, 2)).toEqual(['/rpc/EM.GetStatus?id=0', '/rpc/EMData.GetStatus?id=0']);
    expect(warnings).toEqual([]);
  });

  it('goes without the counters of a device that gives none', async () => {
    await using shelly = await startShelly({ 'em:0': EM });
    const { collect, kinds } = meterOf(shelly.host, { component: 'em:0' });
    expect((await collect(2))[1]).toEqual({ at: START + 7000, power: 2484.782 });
    expect(kinds()).toEqual(['garbage']);
  });

  it('makes a register that no restart of the device’s counter at zero lowers, and that has no spike', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const totals = [500, 510, 520, 0.5, 10, 20, 30];
    shelly.interfere = (_request, response) => {
      response.end(
        JSON.stringify({ ...SWITCH, aenergy: { total: totals.shift() }, ret_aenergy: { total: 0 } }),
      );
      return true;
    };
    const { collect } = meterOf(shelly.host, { component: 'switch:0', period: Seconds(60) });
    let state = emptyCounter;
    const registers = (await collect(7)).map(({ at, counter }) => {
      if (counter === undefined) throw new TypeError('a counter');
      ({ state } = followCounter(
        state,
        { at, counter },
        { highestPower: Watts(3680), tolerance: Energy(1000n) },
      ));
      return Number(state.register) / 1e6;
    });
    expect(registers).toEqual([0, 10, 20, 20, 30, 40, 50]);
  });

  it('gives one conductor of three', async () => {
    await using shelly = await startShelly({ 'em:0': EM, 'emdata:0': EM_DATA });
    const [sample] = await meterOf(shelly.host, { component: 'em:0', phase: 'c' }).collect(1);
    expect(sample).toMatchObject({ power: 1533.582, counter: 200_250_000n });
  });

  it('gives the power of a switch, and what was consumed apart from what was returned', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const [sample] = await meterOf(shelly.host, { component: 'switch:0', sign: 'signed' }).collect(1);
    expect(sample).toEqual({ at: START, power: 8.9, counter: 6_000_000n, exportedCounter: 532_000n });
  });

  it('turns a producer round for a source meter', async () => {
    const producer = { ...SWITCH, apower: -412.5, aenergy: { total: 50 }, ret_aenergy: { total: 49.5 } };
    await using shelly = await startShelly({ 'switch:0': producer });
    const options = { component: 'switch:0', sign: 'source', invert: true } as const;
    const [sample] = await meterOf(shelly.host, options).collect(1);
    expect(sample).toEqual({ at: START, power: 412.5, counter: 49_500_000n });
  });

  it('finds the component that measures by itself, and guesses nothing where there are two', async () => {
    await using shelly = await startShelly({
      'em:0': EM,
      'emdata:0': EM_DATA,
      'switch:0': { id: 0, output: true },
    });
    const [sample] = await meterOf(shelly.host).collect(1);
    expect(sample?.power).toBe(2484.782);
    shelly.components['switch:0'] = SWITCH;
    await expect(meterOf(shelly.host).meter.read?.()).rejects.toThrow(
      /em:0 and switch:0: expected one component/,
    );
    shelly.components['em:0'] = { id: 0 };
    delete shelly.components['switch:0'];
    await expect(meterOf(shelly.host).meter.read?.()).rejects.toThrow(/nothing that measures/);
  });

  it('logs in as admin by digest, with one challenge for many requests', async () => {
    await using shelly = await startShelly({ 'em:0': EM, 'emdata:0': EM_DATA }, 'mysecretpassword');
    const { collect, warnings } = meterOf(shelly.host, { component: 'em:0', password: 'mysecretpassword' });
    await collect(3);
    expect(shelly.requests).toHaveLength(7);
    shelly.forgetNonces();
    await collect(1);
    expect(shelly.requests).toHaveLength(7 + 3);
    expect(warnings).toEqual([]);
  });

  it('says that a password is wrong or missing, and asks less often', async () => {
    await using shelly = await startShelly({ 'em:0': EM, 'emdata:0': EM_DATA }, 'right');
    await expect(meterOf(shelly.host, { component: 'em:0' }).meter.read?.()).rejects.toThrow(
      /refuses the login: it has a password and none is set/,
    );
    const { clock, meter, warnings } = meterOf(shelly.host, { component: 'em:0', password: 'wrong' });
    const stop = new AbortController();
    await Promise.all([
      clock.task(async () => {
        for await (const _ of meter.samples(stop.signal)) stop.abort();
      }),
      clock.task(async () => {
        await clock.sleep(Seconds(150));
        stop.abort();
      }),
    ]);
    expect(warnings).toMatchObject([{ kind: 'refused', count: 1 }]);
    expect(warnings[0]?.message).toMatch(/set the password of its user admin.*again in 60 s/);
    expect(shelly.requests).toHaveLength(1 + 3 * 2);
  });

  it('goes on when the device was away and is back, whose counter kept the energy', async () => {
    await using shelly = await startShelly({ 'em:0': EM, 'emdata:0': EM_DATA });
    const { clock, collect, warnings, kinds } = meterOf(shelly.host, { component: 'em:0' });
    const back = clock.task(async () => {
      await clock.sleep(Seconds(100));
      shelly.components['emdata:0'] = { ...EM_DATA, total_act: 370 };
      await shelly.comeBack();
    });
    const samples = await collect(3, async ({ length }) => {
      if (length === 1) await shelly.leave();
    });
    await back;
    expect(samples.map(({ at }) => (at - START) / 1000)).toEqual([0, 103, 111]);
    expect(samples.map(({ counter }) => counter)).toEqual([300_750_000n, 370_000_000n, 370_000_000n]);
    // The 1st and the 10th time of twelve.
    expect(kinds()).toEqual(['unreachable', 'unreachable']);
    expect(warnings[0]?.message).toMatch(
      /^Meter Node 1: The Shelly at 127\.0\.0\.1:\d+ gives no answer \(.*ECONNREFUSED.*\): check that it is on, and its address\. Asking again in 8 s\.$/,
    );
  });

  it('is absent since its last answer when it was asked in vain twice, and not for one lost answer', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const { clock, collect, absences } = meterOf(shelly.host, { component: 'switch:0' });
    const away = async (from: number, to: number) => {
      await clock.sleep(Seconds(from));
      await shelly.leave();
      await clock.sleep(Seconds(to - from));
      await shelly.comeBack();
    };
    const leaving = [clock.task(() => away(10, 16)), clock.task(() => away(24, 90))];
    const samples = await collect(5);
    await Promise.all(leaving);
    // Readings fall on 7, 15, 23… s after the start: the one of 15 s is lost, then those of 31 to 87 s.
    expect(samples.map(({ at }) => (at - START) / 1000)).toEqual([0, 7, 23, 95, 103]);
    expect(absences).toEqual([{ at: START + 23_001, absent: 'unreachable' }]);
  });

  it('does not wait for a device that takes the question and never answers, or stops in the middle', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const { collect, warnings, kinds } = meterOf(shelly.host, {
      component: 'switch:0',
      timeout: Duration(100),
    });
    let asked = 0;
    shelly.interfere = (_request, response) => {
      asked += 1;
      if (asked === 2) response.write('{"id":0,"apow');
      if (asked === 3) response.destroy();
      return asked <= 3;
    };
    expect(await collect(1)).toHaveLength(1);
    expect(kinds()).toEqual(['unreachable']);
    expect(warnings[0]?.message).toContain('none within 0.1 s');
    expect(asked).toBe(4);
  });

  it('survives garbage, half answers and answers of something else, and says so', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const { collect, kinds, warnings } = meterOf(shelly.host, { component: 'switch:0' });
    const bodies = [
      '{"id":0,"apow',
      '<html>',
      '[]',
      '{"apower":null}',
      '{"apower":1e9}',
      '{"apower":"8"}',
      `"${'x'.repeat(10_000_000)}"`,
    ];
    shelly.interfere = (_request, response) => {
      const body = bodies.shift();
      if (body !== undefined) response.end(body);
      return body !== undefined;
    };
    expect(await collect(1)).toMatchObject([{ power: 8.9 }]);
    expect(kinds()).toEqual(['garbage']);
    expect(warnings[0]?.message).toMatch(/answered \/rpc\/Switch\.GetStatus\?id=0 with 200 "\{\\"id\\":0,/);
  });

  it('says which component a device does not have', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const read = (component: string) => meterOf(shelly.host, { component }).meter.read?.();
    await expect(read('em:0')).rejects.toThrow(/404 No handler for EM\.GetStatus/);
    await expect(read('switch:3')).rejects.toThrow(/500 Argument 'id', value 3 not found!/);
    await expect(read('lamp:0')).rejects.toThrow(/a component of em, em1, switch/);
  });

  it('can be asked for one reading now, and says what is wrong by an error', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const { meter } = meterOf(shelly.host, { component: 'switch:0' });
    expect(await meter.read?.()).toMatchObject({ at: START, power: 8.9 });
    await shelly.leave();
    await expect(meter.read?.()).rejects.toMatchObject({ code: 'meter.shelly-unreachable', retryable: true });
  });

  it('ends at once when it is stopped while it waits for an answer', async () => {
    await using shelly = await startShelly({ 'switch:0': SWITCH });
    const stop = new AbortController();
    shelly.interfere = () => {
      stop.abort();
      return true;
    };
    const meter = createShellyMeter({
      name: 'Node 1',
      host: shelly.host,
      component: 'switch:0',
      clock: systemClock,
      timeout: Seconds(3600),
    });
    for await (const _ of meter.samples(stop.signal)) expect.unreachable();
  });
});
