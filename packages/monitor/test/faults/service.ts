/** A monitor in a process of its own, for what only a process can suffer. Its parent tells it what to do by messages. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Meter } from '@daisee/meter';
import { Seconds, sleepOrStop, systemClock, Watts } from '@daisee/units';
import {
  createMonitor,
  type MonitorWarning,
  openDirectory,
  openPostgresStore,
  openStore,
} from '../../src/index.ts';
import type { Order, Report, ServiceOptions } from './process.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ServiceOptions;
const { folder, postgres, patience, metered = false, holds } = options;
const file = join(folder, 'monitor.sqlite');
const store =
  postgres === undefined
    ? openStore({ file, ...(holds === undefined ? {} : { hold: { directory: holds } }) })
    : await openPostgresStore({ url: postgres });
const directory = postgres === undefined ? openDirectory({ file }) : undefined;
const { id } = await store.addSensor({ name: 'CitizenWatt', sign: 'load' });

/** A sample ten times a second, or 200; its power is its number. */
let number = 0;
const meter: Meter = {
  name: 'steady',
  sign: 'load',
  samples: async function* (signal) {
    do yield { at: systemClock.now(), power: Watts(number++) };
    while (await sleepOrStop(systemClock, Seconds(holds === undefined ? 0.1 : 0.005), signal));
  },
};
const meters = metered
  ? [{ sensorId: (await store.addSensor({ name: 'Metered', sign: 'load' })).id, meter }]
  : [];
const warnings: MonitorWarning[] = [];
const monitor = createMonitor({
  store,
  clock: systemClock,
  port: 0,
  meters,
  holdFor: Seconds(0.5),
  ...(directory ? { directory } : {}),
  ...(patience === undefined ? {} : { patience: Seconds(patience) }),
  onWarning: (warning) => warnings.push(warning),
});
await monitor.start();

const report = (about: Report): void => void process.send?.(about);
const filler = join(folder, 'filler');

/** Writes until the disk has no byte left. */
const fill = (): void => {
  const descriptor = openSync(filler, 'w');
  try {
    for (let size = 65_536; size >= 1; )
      try {
        writeSync(descriptor, Buffer.alloc(size));
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
  } finally {
    closeSync(descriptor);
  }
};

const carryOut = async (order: Order): Promise<void> => {
  if (order === 'fill') fill();
  if (order === 'free') rmSync(filler);
  if (order === 'stop') {
    await monitor.stop();
    directory?.close();
    await store.close();
    process.disconnect?.();
    return;
  }
  report({
    url: monitor.url,
    sensor: id,
    warnings: warnings.map(({ message }) => message),
    connections: process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length,
  });
};

process.on('message', (order: Order) => void carryOut(order));
// Ends with the tests, whatever becomes of them.
process.on('disconnect', () => setImmediate(() => process.exit()));
await carryOut('report');
