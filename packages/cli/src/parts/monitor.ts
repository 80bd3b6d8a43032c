/** A monitor with its store, its meters and its HTTP server. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Meter } from '@daisee/meter';
import { createMonitor, openDirectory, openStore } from '@daisee/monitor';
import type { Clock } from '@daisee/units';
import type { Lifecycle } from '../lifecycle.ts';
import type { Output } from '../output.ts';

export interface MonitorPartOptions {
  readonly clock: Clock;
  readonly output: Output;
  readonly lifecycle: Lifecycle;
  readonly host: string;
  readonly port: number;
  readonly directory: string;
  readonly login?: string;
  readonly password?: string;
  readonly sensorName: string;
  readonly meter?: Meter;
}

/** Starts a monitor with one sensor (number 1 in a new store). */
export const startMonitor = async (options: MonitorPartOptions): Promise<void> => {
  const { clock, output, lifecycle, directory, meter } = options;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'monitor.sqlite');
  const store = openStore({ file });
  lifecycle.started({ name: 'the store of the monitor', stop: async () => store.close() });
  const names = openDirectory({ file });
  lifecycle.started({ name: 'the names and tokens of the monitor', stop: async () => names.close() });
  const sensor =
    store.sensors()[0] ?? store.addSensor({ name: options.sensorName, sign: meter?.sign ?? 'load' });
  const monitor = createMonitor({
    store,
    directory: names,
    clock,
    host: options.host,
    port: options.port,
    ...(options.login === undefined ? {} : { login: options.login }),
    ...(options.password === undefined ? {} : { password: options.password }),
    meters: meter ? [{ sensorId: sensor.id, meter }] : [],
    onWarning: (warning) => output.note(warning.message),
  });
  await monitor.start(lifecycle.signal);
  lifecycle.started({ name: 'the monitor', stop: () => monitor.stop() });
  output.result(
    `Monitor on ${monitor.url}, sensor ${sensor.id} "${sensor.name}"${meter ? `, fed by ${meter.name}` : ''}, kept in ${directory}.`,
    {
      type: 'listening',
      url: monitor.url,
      sensor: sensor.id,
      directory,
    },
  );
};
