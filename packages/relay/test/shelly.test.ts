import { Duration, Seconds } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import { createShellyDriver } from '../src/index.ts';
import { boardOn, shellyOn, shown, toEast } from './support/devices.ts';
import { until } from './support/http.ts';
import { startShelly } from './support/shelly.ts';

describe('a Shelly', () => {
  it('is switched and read back, each time it goes on with a timer that switches it off', async () => {
    await using shelly = await startShelly();
    await using bench = await boardOn(shellyOn(shelly.host));
    shelly.requests.length = 0;
    await bench.board.order(toEast);
    expect(shown(bench.board)).toEqual([true, true]);
    const get = '/rpc/Switch.GetStatus?id=';
    expect(shelly.requests).toEqual([
      `${get}0`,
      `${get}1`,
      '/rpc/Switch.Set?id=0&on=true&toggle_after=54',
      `${get}0`,
      `${get}1`,
      '/rpc/Switch.Set?id=1&on=true&toggle_after=30',
      `${get}0`,
      `${get}1`,
    ]);
    await bench.board.rest('test');
    expect(shelly.outputs.map(({ output, timer }) => [output, timer])).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
  });

  it('with a password is logged in to, again when its nonce is too old', async () => {
    await using shelly = await startShelly(2, 'geheim');
    await using bench = await boardOn(shellyOn(shelly.host, { password: 'geheim' }));
    shelly.forgetNonces();
    await bench.board.order(toEast);
    expect(shelly.outputs.map(({ output }) => output)).toEqual([true, true]);
    for (const wrong of [{ password: 'other' }, {}])
      await expect(shellyOn(shelly.host, wrong).open()).rejects.toMatchObject({ code: 'relay.shelly-login' });
  });

  it('that is not told again ends at rest by itself', async () => {
    await using shelly = await startShelly();
    const driver = createShellyDriver({ host: shelly.host, outputs: [{ id: 0, lease: Seconds(1) }] });
    await driver.open();
    await driver.write(new Map([[0, true]]));
    expect(await driver.read()).toEqual([true]);
    await until(() => shelly.outputs[0]?.output === false);
    await driver.close();
  });

  it('is told again by a board that lives, for as long as it should be on', async () => {
    await using shelly = await startShelly();
    const outputs = [
      { id: 0, lease: Seconds(20) },
      { id: 1, lease: Seconds(3) },
    ];
    await using bench = await boardOn(createShellyDriver({ host: shelly.host, outputs }));
    await bench.board.order(toEast);
    const again = () => shelly.requests.filter((url) => url.includes('toggle_after')).length;
    await until(() => again() >= 6);
    expect(again() % 2).toBe(0);
  });

  it('that gives no answer is a fault, and rest is tried until it is confirmed', async () => {
    await using shelly = await startShelly();
    await using bench = await boardOn(shellyOn(shelly.host, { timeout: Duration(100) }));
    shelly.mood = 'silent';
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ code: 'relay.driver-failed' });
    expect(bench.faults[0]).toMatch(/gives no answer \(none within 0.1 s\)/);
    expect(bench.board.report()).toMatchObject({ states: undefined, isAtRest: false });
    shelly.mood = 'works';
    await until(() => bench.board.report().isAtRest);
  });

  it('that acknowledges and does not move is found out by the read-back', async () => {
    await using shelly = await startShelly();
    await using bench = await boardOn(shellyOn(shelly.host));
    shelly.mood = 'stuck';
    await expect(bench.board.order(toEast)).rejects.toMatchObject({ code: 'relay.read-back-differs' });
  });

  it('that could switch on by itself is refused, with what to set', async () => {
    await using shelly = await startShelly();
    const [output] = shelly.outputs;
    if (!output) throw new TypeError('an output');
    output.config = { initial_state: 'restore_last', auto_on: false };
    await expect(shellyOn(shelly.host).open()).rejects.toThrow(/set its state after power on to off/);
    output.config = { initial_state: 'off', auto_on: true };
    await expect(shellyOn(shelly.host).open()).rejects.toThrow(/turn its auto on timer off/);
    output.config = { initial_state: 'off', auto_on: false, in_mode: 'follow' };
    await expect(shellyOn(shelly.host).open()).rejects.toThrow(/set the mode of its input to detached/);
    output.config = { initial_state: 'off', auto_on: false };
    await shellyOn(shelly.host).open();
    await expect(createShellyDriver({ host: shelly.host, outputs: [{ id: 7 }] }).open()).rejects.toThrow(
      /value 7 not found/,
    );
  });
});

describe('a board that looks at its devices', () => {
  it('finds out what somebody else switched, and goes to rest', async () => {
    await using shelly = await startShelly();
    const outputs = [
      { id: 0, lease: Seconds(20) },
      { id: 1, lease: Seconds(3) },
    ];
    await using bench = await boardOn(createShellyDriver({ host: shelly.host, outputs }));
    const [, seller] = shelly.outputs;
    if (seller) seller.output = true;
    await until(() => bench.faults.length > 0 && bench.board.report().isAtRest);
    expect(bench.faults[0]).toMatch(/channel 1 on instead of off/);
    expect(seller?.output).toBe(false);
  });

  it('does so within seconds, whatever their leases', () => {
    expect(shellyOn('192.0.2.1').refreshEvery).toBeLessThanOrEqual(5000);
  });
});
