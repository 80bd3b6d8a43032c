/**
 * A relay service as `daisee relay` is one: GPIO driver, guard, board, v0.2 port. Its options come as JSON; it says
 * `ready` when it listens. SIGUSR2 sends it into an endless loop.
 */
import { flushCompileCache } from 'node:module';
import {
  createBoard,
  createGpioDriver,
  createRelayServer,
  type GpioDriverOptions,
  type Wiring,
} from '../../../../packages/relay/src/index.ts';
import { Duration, messageOf, systemClock } from '../../../../packages/units/src/index.ts';

export interface ServiceOptions {
  readonly driver: GpioDriverOptions;
  readonly wiring: Wiring;
  readonly port: number;
  readonly breakTime: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions;
const driver = createGpioDriver(options.driver);
const board = createBoard({
  driver,
  wiring: options.wiring,
  clock: systemClock,
  breakTime: Duration(options.breakTime),
  onEvent: (event) => console.log('error' in event ? `${event.type}: ${event.error.message}` : event.type),
});
const server = createRelayServer({ board, clock: systemClock, port: options.port, lease: Duration(0) });
process.on('SIGUSR2', () => {
  for (;;);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    server
      .stop()
      .then(() => board.stop())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.log(messageOf(error));
          process.exit(1);
        },
      );
  });
try {
  await board.start();
  await server.start();
  console.log(
    `ready guards=${driver.guardPids.join()} start=${Math.round(process.uptime() * 1000)} memory=${Math.round(process.memoryUsage.rss() / 1e6)}`,
  );
  flushCompileCache(); // as every service of the command does
} catch (error) {
  console.log(`refused: ${messageOf(error)}`);
  process.exit(1);
}
