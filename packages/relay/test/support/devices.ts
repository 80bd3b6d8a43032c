/** A board with an own source and a seller, on devices that are played. */
import { Duration, Seconds, systemClock } from '@daisee/units';
import {
  type Board,
  createBoard,
  createShellyDriver,
  ownLease,
  type RelayDriver,
  type Wiring,
} from '../../src/index.ts';

const wiring: Wiring = {
  loads: [{ name: 'home', own: [0], sellers: [{ name: 'east', channels: [1] }] }],
};
export const toEast = new Map([
  [0, true],
  [1, true],
]);
const lease = Seconds(30);
const timeout = Seconds(2);
export const leases = [ownLease(lease, timeout), lease] as const;

export const shellyOn = (host: string, more: { password?: string; timeout?: Duration } = {}) =>
  createShellyDriver({
    host,
    outputs: [
      { id: 0, lease: leases[0] },
      { id: 1, lease: leases[1] },
    ],
    ...more,
  });

/** A board on a driver, stopped at the end whatever its driver says. */
export const boardOn = async (driver: RelayDriver, loads: Wiring = wiring) => {
  const faults: string[] = [];
  const board = createBoard({
    driver,
    clock: systemClock,
    wiring: loads,
    breakTime: Duration(2),
    onEvent: (event) => {
      if (event.type === 'fault') faults.push(event.error.message);
    },
  });
  await board.start();
  return { board, faults, [Symbol.asyncDispose]: () => board.stop().catch(() => undefined) };
};
export const shown = (board: Board) => [...board.states().values()];
