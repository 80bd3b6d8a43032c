/**
 * The server of the benchmark in a process of its own: a simulated board with a load for each client (own source and
 * seller on a channel each), the v0.2 port and HTTP. Says where it listens, and when asked what it used and when its
 * lines changed.
 */
import { Duration, systemClock } from '@daisee/units';
import {
  createBoard,
  createRelayHttpServer,
  createRelayServer,
  createSimulatedDriver,
  hashOf,
} from '../src/index.ts';

/** What the benchmark asks. */
export type Ask = 'usage' | 'stop';

/** What it is told. */
export type Told =
  | { readonly type: 'listening'; readonly port: number; readonly url: string }
  | {
      readonly type: 'usage';
      /** Since the start, µs. */
      readonly cpu: number;
      /** Resident memory, bytes. */
      readonly memory: number;
      /** When each channel changed since it was last asked, in µs of the machine's monotonic clock. */
      readonly changes: readonly (readonly number[])[];
    };

const [loads = '1', breakTime = '0', token = ''] = process.argv.slice(2);
const channels = 2 * Number(loads);
const driver = createSimulatedDriver({ channels });
let changes: number[][] = Array.from({ length: channels }, () => []);
const now = (): number => Number(process.hrtime.bigint() / 1000n);

const board = createBoard({
  driver: {
    ...driver,
    write: async (states) => {
      await driver.write(states);
      const at = now();
      for (const channel of states.keys()) changes[channel]?.push(at);
    },
  },
  clock: systemClock,
  breakTime: Duration(Number(breakTime)),
  wiring: {
    loads: Array.from({ length: Number(loads) }, (_, load) => ({
      name: `load ${load}`,
      own: [2 * load],
      sellers: [{ name: 'seller', channels: [2 * load + 1] }],
    })),
  },
});
const server = createRelayServer({ board, clock: systemClock, port: 0 });
const http = createRelayHttpServer({
  board,
  clock: systemClock,
  port: 0,
  tokens: [{ name: 'bench', scopes: ['read', 'switch'], hash: hashOf(token) }],
});

const tell = (told: Told): void => {
  process.send?.(told);
};

const stop = async (): Promise<void> => {
  await http.stop();
  await server.stop();
  await board.stop();
  process.disconnect?.();
};

process.on('message', (ask: Ask) => {
  if (ask === 'stop') {
    void stop();
    return;
  }
  const { user, system } = process.cpuUsage();
  tell({ type: 'usage', cpu: user + system, memory: process.memoryUsage.rss(), changes });
  changes = Array.from({ length: channels }, () => []);
});
// Whoever asks is gone: nothing is left running.
process.on('disconnect', () => process.exit(0));

await board.start();
changes = Array.from({ length: channels }, () => []);
await server.start();
await http.start();
tell({ type: 'listening', port: server.address.port, url: http.url });
