/** A board on a driver that can be made to fail, and short forms for what tests of it say. */
import { systemClock } from '@daisee/units';
import { type BoardEvent, type BoardOptions, createBoard, type Wiring } from '../../src/index.ts';
import { createFailingDriver, type FailingDriver } from './failing-driver.ts';

export const on = (...channels: number[]) => new Map(channels.map((channel) => [channel, true]));
export const off = (...channels: number[]) => new Map(channels.map((channel) => [channel, false]));
export const both = (...maps: ReadonlyMap<number, boolean>[]) => new Map(maps.flatMap((map) => [...map]));

/** What the contacts did, compactly: `0` and `1` a channel, and `-` for a break. */
export const trace = (driver: FailingDriver): string[] =>
  driver.steps.map((step) => (step.type === 'pause' ? '-' : step.states.map(Number).join('')));

export const twoSellers: Wiring = {
  loads: [
    {
      name: 'home',
      own: [0],
      sellers: [
        { name: 'east', channels: [1] },
        { name: 'west', channels: [2] },
      ],
    },
  ],
};

interface Bench {
  readonly driver: FailingDriver;
  readonly board: ReturnType<typeof createBoard>;
  readonly events: BoardEvent[];
}

export const bench = (options: Partial<BoardOptions> = {}, initial?: ReadonlyMap<number, boolean>): Bench => {
  const driver = createFailingDriver(4, initial);
  const events: BoardEvent[] = [];
  const board = createBoard({
    driver,
    clock: systemClock,
    pause: driver.pause,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { driver, board, events };
};

export const started = async (options: Partial<BoardOptions> = {}): Promise<Bench> => {
  const made = bench(options);
  await made.board.start();
  made.driver.steps.length = 0;
  made.events.length = 0;
  return made;
};
