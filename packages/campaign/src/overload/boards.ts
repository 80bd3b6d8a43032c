/** The board set: every consumer's two contacts on one interlock, served by the v0.2 protocol. */
import { createBoard, createRelayServer, createSimulatedDriver } from '@daisee/relay';
import { Duration, pacedClock, Seconds } from '@daisee/units';
import type { FromBoards, ToBoards } from './plan.ts';

const send = (message: FromBoards): void => {
  process.send?.(message);
};

const begin = async ({ time, channels }: ToBoards): Promise<void> => {
  const clock = pacedClock(time);
  const board = createBoard({
    driver: createSimulatedDriver({ channels, onChange: (states) => send({ type: 'contacts', states }) }),
    wiring: {
      loads: Array.from({ length: channels / 2 }, (_, load) => ({
        name: `load ${load + 1}`,
        own: [2 * load],
        sellers: [{ name: `seller ${load + 1}`, channels: [2 * load + 1] }],
      })),
    },
    clock,
    lease: Seconds(120),
    // Contacts need real time to move; at many times real speed it would be most of a period.
    breakTime: Duration(50 / time.speed),
  });
  await board.start();
  const server = createRelayServer({ board, clock, port: 0 });
  await server.start();
  send({ type: 'ready', port: server.address.port });
};

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToBoards) => {
  begin(message).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
