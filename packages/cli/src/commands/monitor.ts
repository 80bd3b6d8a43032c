import { join } from 'node:path';
import { systemClock } from '@daisee/units';
import { Command } from 'commander';
import { port, UsageError } from '../options.ts';
import { type MeterSettings, meterFrom } from '../parts/meter.ts';
import { startMonitor } from '../parts/monitor.ts';
import { secretFrom } from '../settings/secrets.ts';
import { homeDirectory } from '../settings/translate.ts';
import { type CommonOptions, service } from './run.ts';

interface MonitorOptions extends CommonOptions {
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly login?: string;
  readonly password?: string;
  readonly passwordFile?: string;
  readonly name: string;
  readonly serial?: string;
  readonly replay?: string;
}

const meterSettings = (options: MonitorOptions): MeterSettings | undefined => {
  if (options.serial && options.replay)
    throw new UsageError('A sensor has one source: give --serial or --replay, not both.');
  if (options.serial) return { driver: 'serial', path: options.serial };
  if (options.replay) return { driver: 'replay', file: options.replay };
  return undefined;
};

export const monitorCommand = (): Command =>
  new Command('monitor')
    .description('Take samples from a meter, keep them, and serve the CitizenWatt API.')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', port, 8080)
    .option('--data <directory>', 'where samples are kept (default ~/.daisee/monitor)')
    .option('--login <name>', 'login that clients use')
    .option('--password <password>', 'password that clients use (rather: --password-file or DAISEE_PASSWORD)')
    .option('--password-file <file>', 'file with the password')
    .option('--name <name>', 'name of the sensor', 'CitizenWatt')
    .option('--serial <device>', 'read an Arduino on a serial port, like /dev/ttyACM0')
    .option('--replay <file>', 'replay a CSV of timestamp and watts')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExample: daisee monitor --serial /dev/ttyACM0 --data ./monitor --login user --password-file ./password',
    )
    .action(
      service<MonitorOptions>(async (options, output, lifecycle) => {
        const password =
          options.password ??
          (options.passwordFile ? secretFrom(options.passwordFile) : process.env['DAISEE_PASSWORD']);
        const settings = meterSettings(options);
        const meter = settings && meterFrom(settings, options.name, systemClock, output.note);
        await startMonitor({
          clock: systemClock,
          output,
          lifecycle,
          host: options.host,
          port: options.port,
          directory: options.data ?? join(homeDirectory(), 'monitor'),
          sensorName: options.name,
          ...(options.login === undefined ? {} : { login: options.login }),
          ...(password === undefined ? {} : { password }),
          ...(meter ? { meter } : {}),
        });
      }),
    );
