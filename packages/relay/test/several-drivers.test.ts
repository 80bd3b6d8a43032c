import { describe, expect, it } from 'vitest';
import {
  createCompositeDriver,
  createShellyDriver,
  createSimulatedDriver,
  InvalidWiring,
  type Wiring,
} from '../src/index.ts';
import { boardOn, shellyOn } from './support/devices.ts';
import { createFailingDriver } from './support/failing-driver.ts';
import { startShelly } from './support/shelly.ts';

describe('a board on several drivers', () => {
  const two: Wiring = {
    loads: [
      { name: 'home', own: [0], sellers: [{ name: 'east', channels: [1] }] },
      { name: 'shed', own: [2], sellers: [{ name: 'east', channels: [3] }] },
    ],
  };

  it('numbers their channels one after the other, under one interlock', async () => {
    await using shelly = await startShelly();
    const local = createSimulatedDriver({ channels: 2 });
    await using bench = await boardOn(createCompositeDriver([local, shellyOn(shelly.host)]), two);
    await bench.board.order(
      new Map([
        [0, true],
        [1, true],
        [2, true],
        [3, true],
      ]),
    );
    expect([await local.read(), shelly.outputs.map(({ output }) => output)]).toEqual([
      [true, true],
      [true, true],
    ]);
    await expect(bench.board.order(new Map([[2, false]]))).rejects.toMatchObject({
      code: 'relay.two-sources',
    });
    expect(bench.board.report().operations).toEqual([1, 1, 1, 1]);
  });

  it('brings to rest what answers when one of them does not', async () => {
    const local = createFailingDriver(2);
    const remote = createFailingDriver(2);
    await using bench = await boardOn(createCompositeDriver([remote, local]), two);
    await bench.board.order(
      new Map([
        [2, true],
        [3, true],
      ]),
    );
    remote.failures = Array.from({ length: 20 }, () => 'refuse');
    await expect(bench.board.rest('test')).rejects.toMatchObject({ code: 'relay.driver-failed' });
    expect(await local.read()).toEqual([false, false]);
  });

  it('does not start where a crash could leave a load on two sources', async () => {
    await using shelly = await startShelly();
    const crossed: Wiring = {
      loads: [{ name: 'home', own: [0], sellers: [{ name: 'east', channels: [2] }] }],
    };
    const driver = () =>
      createCompositeDriver([createSimulatedDriver({ channels: 2 }), shellyOn(shelly.host)]);
    await expect(boardOn(driver(), crossed)).rejects.toThrow(InvalidWiring);
    const equal = createShellyDriver({ host: shelly.host, outputs: [{ id: 0 }, { id: 1 }] });
    await expect(boardOn(equal)).rejects.toThrow(/the own source's device the longer lease/);
  });
});
