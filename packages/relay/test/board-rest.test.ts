import { Instant, Seconds, VirtualClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import {
  type BoardEvent,
  BoardNotRunning,
  createBoard,
  DriverFailed,
  ReadBackDiffers,
  type RelayDriver,
  StateUnknown,
} from '../src/index.ts';
import { bench, off, on, started, trace, twoSellers } from './support/bench.ts';
import { createFailingDriver } from './support/failing-driver.ts';

describe('rest', () => {
  it('is where a start leads, by a break, whatever the contacts show', async () => {
    const { board, driver, events } = bench({}, on(0, 1, 2, 3));
    await board.start();
    expect(trace(driver)).toEqual(['1111', '1101', '1100', '-', '0100', '0000']);
    expect(events).toMatchObject([
      { type: 'rested', reason: 'start', sources: [{ source: { kind: 'own' } }] },
    ]);
    await board.stop();
  });

  it('is where a stop leads, also in the middle of an order, which closes nothing more', async () => {
    const { board, driver, events } = await started();
    const order = board.order(on(0, 1, 2, 3));
    const refused = expect(order).rejects.toThrow(BoardNotRunning);
    while (driver.steps.length < 2) await Promise.resolve();
    await board.stop();
    await refused;
    expect(trace(driver)).toEqual(['1000', '1100', '-', '0100', '0000']);
    expect(events).toMatchObject([{ type: 'rested', reason: 'stop' }]);
    await board.stop();
  });

  it('is where an aborted signal leads, and the board can be started again', async () => {
    const { board, driver } = bench();
    const aborting = new AbortController();
    await board.start(aborting.signal);
    await board.order(on(0, 1, 2, 3));
    aborting.abort();
    await board.stop();
    expect(trace(driver).at(-1)).toBe('0000');
    await expect(board.start(aborting.signal)).rejects.toThrow(BoardNotRunning);
    await board.start();
    await board.order(on(0, 1));
    await board.stop();
    expect(trace(driver).at(-1)).toBe('0000');
  });

  it('is reached when asked for, with the reason told', async () => {
    const { board, driver, events } = await started();
    await board.order(on(0, 1, 2, 3));
    await board.rest('the agent left');
    expect(trace(driver).at(-1)).toBe('0000');
    expect(events.at(-1)).toMatchObject({ type: 'rested', reason: 'the agent left' });
  });

  it('is where a stop during the start leads', async () => {
    const { board, driver } = bench({}, on(0, 1, 2, 3));
    const starting = expect(board.start()).rejects.toThrow(BoardNotRunning);
    await board.stop();
    await starting;
    expect(trace(driver).at(-1)).toBe('0000');
    await expect(board.order(on(0))).rejects.toThrow(BoardNotRunning);
  });
});

describe('a driver that fails', () => {
  it('ends an order with the board at rest and the fault told', async () => {
    const { board, driver, events } = await started();
    driver.failures = ['none', 'none', 'none', 'half'];
    await expect(board.order(on(0, 1, 2, 3))).rejects.toThrow(DriverFailed);
    expect(trace(driver)).toEqual(['1000', '1100', '-', '1110', '1100', '-', '0100', '0000']);
    expect(events).toMatchObject([
      { type: 'fault', error: { code: 'relay.driver-failed', retryable: true } },
      { type: 'rested', reason: 'fault' },
    ]);
    await board.order(on(0, 1));
  });

  it('is found out by the read-back before anything is closed', async () => {
    const { board, driver } = await started();
    driver.failures = ['none', 'ignoreFirst'];
    await expect(board.order(on(0, 1, 2, 3))).rejects.toThrow('channel 0 off instead of on');
    expect(trace(driver)).toEqual(['0100', '0000']);
  });

  it('is found out when something else moved a contact', async () => {
    const { board, driver } = await started();
    await board.order(on(0, 1));
    await driver.write(off(0));
    await expect(board.order(on(2, 3))).rejects.toThrow(ReadBackDiffers);
    expect(trace(driver).at(-1)).toBe('0000');
  });

  it('by losing what was on is not told to close a seller beside the own source', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const driver = createFailingDriver(4);
      const renewing: RelayDriver = {
        ...driver,
        refreshEvery: Seconds(20),
        refresh: (states) => driver.write(new Map([...states].filter(([, isOn]) => isOn))),
      };
      // The seller's contact has the lower number: told again first, it would close beside the own source.
      const wiring = { loads: [{ name: 'home', own: [1], sellers: [{ name: 'east', channels: [0] }] }] };
      const events: BoardEvent[] = [];
      const board = createBoard({
        driver: renewing,
        wiring,
        clock,
        pause: driver.pause,
        onEvent: (event) => events.push(event),
      });
      await board.start();
      await board.order(on(0, 1));
      await clock.sleep(Seconds(50));
      expect(trace(driver).at(-1)).toBe('1100');
      // Its power was gone for a moment.
      await driver.write(off(0));
      await driver.write(off(1));
      driver.steps.length = 0;
      await clock.sleep(Seconds(20));
      expect(trace(driver)).toEqual([]);
      expect(events.slice(-2)).toMatchObject([
        { type: 'fault', error: { code: 'relay.read-back-differs' } },
        { type: 'rested', reason: 'fault' },
      ]);
      await board.stop();
    });
  });

  it('leaves a load on a seller that does not open, rather than on two sources', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const { board, driver, events } = await started({ clock, wiring: twoSellers });
      await board.order(on(0, 1, 3));
      driver.stuck.add(1);
      await expect(board.order(off(0, 1))).rejects.toThrow('channel 1 on instead of off');
      expect(trace(driver).at(-1)).toBe('1100');
      expect(events.slice(-2)).toMatchObject([{ type: 'fault' }, { type: 'restFailed', reason: 'fault' }]);
      await clock.sleep(Seconds(20));
      expect(trace(driver).at(-1)).toBe('1100');
      driver.stuck.clear();
      await clock.sleep(Seconds(60));
      expect(trace(driver).slice(-3)).toEqual(['1000', '-', '0000']);
      expect(events.at(-1)).toMatchObject({ type: 'rested', reason: 'fault' });
      await board.stop();
    });
  });

  it('leaves the states unknown until it can be read again, and orders wait for rest', async () => {
    const { board, driver } = await started();
    await board.order(on(0, 1, 2, 3));
    driver.failures = Array.from({ length: 40 }, () => 'refuse' as const);
    await expect(board.order(off(2, 3))).rejects.toThrow(DriverFailed);
    expect(() => board.states()).toThrow(StateUnknown);
    await expect(board.order(off(2, 3))).rejects.toThrow(DriverFailed);
    driver.failures = [];
    await board.order(on(0, 1));
    expect(trace(driver).slice(-4)).toEqual(['0100', '0000', '1000', '1100']);
    await board.stop();
  });

  it('does not start a board, and is let go of', async () => {
    const { board, driver } = bench();
    driver.failures = Array.from({ length: 40 }, () => 'refuse' as const);
    await expect(board.start()).rejects.toThrow(DriverFailed);
    driver.failures = [];
    await board.start();
    await board.stop();
  });

  it('is told at the stop when rest cannot be confirmed', async () => {
    const { board, driver, events } = await started();
    await board.order(on(0, 1, 2, 3));
    driver.stuck.add(2);
    await expect(board.stop()).rejects.toThrow(ReadBackDiffers);
    expect(events.at(-1)).toMatchObject({ type: 'restFailed', reason: 'stop' });
    expect(trace(driver).at(-1)).toBe('1110');
  });
});
