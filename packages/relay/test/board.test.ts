import { Duration, Instant, Seconds, systemClock, VirtualClock } from '@daisee/units';
import { describe, expect, it } from 'vitest';
import {
  BoardNotRunning,
  createBoard,
  createSimulatedDriver,
  DwellNotOver,
  defaultWiring,
  InvalidWiring,
  TwoSources,
  UnknownChannel,
  type Wiring,
} from '../src/index.ts';
import { bench, both, off, on, started, trace, twoSellers } from './support/bench.ts';
import { pageWiring } from './support/lab.ts';

describe('an order', () => {
  it('to a seller opens the own source, waits, and closes the seller', async () => {
    const { board, driver, events } = await started();
    await board.order(on(2, 3, 0, 1));
    expect(trace(driver)).toEqual(['1000', '1100', '-', '1110', '1111']);
    expect([...board.states()]).toEqual([...on(0, 1, 2, 3)]);
    expect(events).toMatchObject([
      { type: 'switched', sources: [{ load: 'consumer', source: { kind: 'seller', name: 'seller' } }] },
    ]);
  });

  it('back opens the seller, waits, and closes the own source', async () => {
    const { board, driver, events } = await started();
    await board.order(on(0, 1, 2, 3));
    driver.steps.length = 0;
    await board.order(off(0, 1, 2, 3));
    expect(trace(driver)).toEqual(['1101', '1100', '-', '0100', '0000']);
    expect(events.at(-1)).toMatchObject({ sources: [{ source: { kind: 'own' } }] });
  });

  it('from one seller to another opens, waits, and closes', async () => {
    const { board, driver } = await started({ wiring: twoSellers });
    await board.order(on(0, 1));
    driver.steps.length = 0;
    await board.order(both(on(2), off(1)));
    expect(trace(driver)).toEqual(['1000', '-', '1010']);
  });

  it('that leaves a load without any source is carried out without a break', async () => {
    const { board, driver, events } = await started();
    await board.order(on(0, 1));
    expect(trace(driver)).toEqual(['1000', '1100']);
    expect(events).toMatchObject([{ sources: [{ load: 'consumer', source: undefined }] }]);
  });

  it('that closes what an earlier order left open waits for its contacts too', async () => {
    const { board, driver } = await started();
    await board.order(on(0, 1));
    await board.order(on(2, 3));
    expect(trace(driver)).toEqual(['1000', '1100', '-', '1110', '1111']);
  });

  it('takes a channel that no load is wired to as it comes', async () => {
    const { board, driver } = await started({ wiring: pageWiring });
    await board.order(on(3, 2));
    await board.order(off(3));
    expect(trace(driver)).toEqual(['0001', '0011', '0010']);
  });

  it('that changes nothing moves nothing and tells nobody', async () => {
    const { board, driver, events } = await started();
    await board.order(off(0, 1, 2, 3));
    await board.order(new Map());
    expect([trace(driver), events]).toEqual([[], []]);
  });

  it.each([
    ['an own source half open', on(0, 2, 3)],
    ['an own source closed', on(2)],
    ['half a seller', on(3)],
  ])('that would let two sources feed a load (%s) is refused whole', async (_, changes) => {
    const { board, driver } = await started();
    await expect(board.order(changes)).rejects.toThrow(TwoSources);
    expect(trace(driver)).toEqual([]);
  });

  it('for a channel that is not there is refused whole', async () => {
    const { board, driver } = await started();
    await expect(board.order(on(0, 1, 9))).rejects.toThrow(UnknownChannel);
    await expect(board.order(on(-1))).rejects.toThrow(
      'no channel -1; nothing was changed. Its channels are 0 to 3',
    );
    expect(() => board.renew([4])).toThrow(UnknownChannel);
    expect(trace(driver)).toEqual([]);
  });

  it('waits for the one before it', async () => {
    const { board, driver } = await started({ wiring: twoSellers });
    await Promise.all([board.order(on(0, 1)), board.order(both(off(1), on(2))), board.order(off(0, 2))]);
    expect(trace(driver)).toEqual(['1000', '-', '1100', '1000', '-', '1010', '1000', '-', '0000']);
  });

  it('is refused before the start and after the stop', async () => {
    const { board } = bench();
    await expect(board.order(on(0))).rejects.toThrow(BoardNotRunning);
    await expect(board.rest('test')).rejects.toThrow(BoardNotRunning);
    await board.start();
    await board.stop();
    await expect(board.order(on(0))).rejects.toThrow(BoardNotRunning);
  });
});

describe('the dwell time', () => {
  it('keeps a load where it is, but always lets it go to rest', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const { board } = await started({ clock, wiring: twoSellers, dwell: Seconds(60) });
      await board.order(on(0, 1));
      await clock.sleep(Seconds(59));
      await expect(board.order(both(off(1), on(2)))).rejects.toThrow(DwellNotOver);
      await board.order(on(3));
      await board.order(off(0, 1));
      await expect(board.order(on(0, 1))).rejects.toThrow('home was switched less than its dwell time ago');
      await clock.sleep(Seconds(60));
      await board.order(on(0, 1));
      await clock.sleep(Seconds(60));
      await board.order(both(off(1), on(2)));
      expect([...board.states().values()]).toEqual([true, false, true, true]);
      await board.stop();
    });
  });
});

describe('a lease', () => {
  it('that is not renewed brings its load, and no other, to rest', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const { board, events } = await started({ clock, wiring: pageWiring, lease: Seconds(120) });
      await board.order(on(0, 1));
      await board.order(on(2), { lease: Duration(0) });
      await clock.sleep(Seconds(119));
      expect(board.states().get(1)).toBe(true);
      await clock.sleep(Seconds(2));
      expect([...board.states().values()]).toEqual([false, false, true, false]);
      expect(events.at(-1)).toMatchObject({
        type: 'rested',
        at: 120_000,
        reason: 'lease',
        loads: ['node 1'],
      });
      await board.stop();
    });
  });

  it('is renewed by its channels and replaced by the next order', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const { board } = await started({ clock, wiring: pageWiring });
      await board.order(on(0, 1), { lease: Seconds(20) });
      for (let times = 0; times < 10; times++) {
        await clock.sleep(Seconds(16));
        board.renew([2, 1]);
      }
      expect(board.states().get(1)).toBe(true);
      await board.order(on(0, 1), { lease: Seconds(5) });
      await clock.sleep(Seconds(6));
      expect(board.states().get(1)).toBe(false);
      await board.order(on(0, 1), { lease: Seconds(5) });
      await board.order(on(0, 1));
      await clock.sleep(Seconds(1000));
      expect(board.states().get(1)).toBe(true);
      await board.stop();
    });
  });

  it('that ends before one given earlier is not waited for in its order', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const { board, events } = await started({ clock, wiring: pageWiring });
      await board.order(on(0, 1), { lease: Seconds(100) });
      await board.order(on(3), { lease: Seconds(5) });
      await clock.sleep(Seconds(99));
      expect(events.at(-1)).toMatchObject({ type: 'rested', at: 5000, loads: ['Channel 3'] });
      await board.stop();
    });
  });

  it('that ends while an order without one is under way does not undo it', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    let go = (): void => undefined;
    let pause = (): Promise<void> => Promise.resolve();
    await clock.task(async () => {
      const { board } = await started({ clock, wiring: twoSellers, pause: () => pause() });
      await board.order(on(0, 1), { lease: Seconds(5) });
      pause = () =>
        new Promise((resolve) => {
          go = resolve;
        });
      const order = board.order(both(off(1), on(2)));
      setTimeout(() => go(), 20);
      await clock.sleep(Seconds(6));
      await order;
      expect([...board.states().values()]).toEqual([true, false, true, false]);
      pause = () => Promise.resolve();
      await board.stop();
    });
  });

  it('holds no clock and leaves nothing running after the stop', async () => {
    const clock = new VirtualClock({ start: Instant(0) });
    await clock.task(async () => {
      const { board } = await started({ clock, lease: Seconds(120) });
      await board.order(on(0, 1));
      await board.stop();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(clock.now()).toBe(0);
  });
});

describe('a wiring', () => {
  it.each<[string, Wiring, string]>([
    ['a channel that is not there', { loads: [{ name: 'a', own: [4], sellers: [] }] }, 'on channel 4'],
    [
      'a channel twice',
      { loads: [{ name: 'a', own: [1], sellers: [{ name: 's', channels: [1] }] }] },
      'channel 1',
    ],
    [
      'a seller without channels',
      { loads: [{ name: 'a', own: [1], sellers: [{ name: 's', channels: [] }] }] },
      's of a',
    ],
    [
      'a load twice',
      {
        loads: [
          { name: 'a', own: [1], sellers: [] },
          { name: 'a', own: [2], sellers: [] },
        ],
      },
      'loads a',
    ],
    [
      'a seller twice',
      {
        loads: [
          {
            name: 'a',
            own: [1],
            sellers: [
              { name: 's', channels: [2] },
              { name: 's', channels: [3] },
            ],
          },
        ],
      },
      'sellers of a s',
    ],
  ])('with %s is refused at the start', async (_, wiring, text) => {
    const { board } = bench({ wiring });
    await expect(board.start()).rejects.toThrow(InvalidWiring);
    await expect(board.start()).rejects.toThrow(text);
  });

  it('of a bare board is the lab of v0.2, as far as its channels go', async () => {
    expect(defaultWiring(8).loads).toMatchObject([{ own: [0, 1], sellers: [{ channels: [2, 3] }] }]);
    expect(defaultWiring(2).loads).toMatchObject([{ own: [0], sellers: [{ channels: [1] }] }]);
    expect(defaultWiring(1).loads).toEqual([]);
    const board = createBoard({ driver: createSimulatedDriver({ channels: 1 }), clock: systemClock });
    await board.start();
    await board.order(on(0));
    await board.stop();
  });
});

describe('the simulated driver', () => {
  it('tells every single contact that moves', async () => {
    const seen: string[] = [];
    const driver = createSimulatedDriver({ onChange: (states) => seen.push(states.map(Number).join('')) });
    await driver.open();
    await driver.write(both(on(3, 1), off(0)));
    expect(seen).toEqual(['0001', '0101']);
    expect(await driver.read()).toEqual([false, true, false, true]);
    await expect(driver.write(on(1, 4))).rejects.toThrow('has no channel 4: it has 0 to 3');
    await driver.close();
    await expect(driver.read()).rejects.toThrow('before it is opened');
  });
});
