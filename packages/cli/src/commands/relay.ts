import type { Wiring } from '@daisee/relay';
import { Duration, Seconds, systemClock } from '@daisee/units';
import { Command } from 'commander';
import { channels, list, numberBetween, port, wholeBetween } from '../options.ts';
import { startBoard } from '../parts/board.ts';
import { readSettings } from '../settings/read.ts';
import { boardOptions } from '../settings/translate.ts';
import { type CommonOptions, service } from './run.ts';

interface RelayOptions extends CommonOptions {
  readonly config?: string;
  readonly driver?: 'simulated';
  readonly host?: string;
  readonly port?: number;
  readonly allow?: string[];
  readonly channels?: number;
  readonly own?: number[];
  readonly seller?: number[][];
  readonly breakTime?: number;
  readonly lease?: number;
}

export const relayCommand = (): Command =>
  new Command('relay')
    .description('Serve a relay board on the v0.2 protocol.')
    .option('-c, --config <file>', 'take the board from the settings (relay, node.channel, sellers)')
    .option('--driver <name>', 'what carries the contacts: simulated')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <number>', 'port to listen on (default 15555)', port)
    .option(
      '--allow <addresses>',
      'addresses and networks that may call, with commas (default 127.0.0.1,::1)',
      list,
    )
    .option(
      '--channels <number>',
      'contacts of the board (default 4)',
      wholeBetween(1, 64, 'a number of channels'),
    )
    .option(
      '--own <channels>',
      "contacts of the consumer's own source, normally closed (default 0,1)",
      channels,
    )
    .option(
      '--seller <channels>',
      "contacts of a seller's source, normally open; once per seller (default 2,3)",
      (text: string, all: number[][] | undefined) => [...(all ?? []), channels(text)],
    )
    .option(
      '--break-time <ms>',
      'pause between opening one source and closing another (default 50)',
      numberBetween(0, 10_000, 'milliseconds'),
    )
    .option(
      '--lease <seconds>',
      'rest when nobody has asked for that long; 0 never (default 120)',
      numberBetween(0, 86_400, 'seconds'),
    )
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExample: daisee relay --driver simulated --port 15555 --own 0 --seller 1 --allow 127.0.0.1,192.168.0.0/24',
    )
    .action(
      service<RelayOptions>(async (options, output, lifecycle) => {
        const fromFile = options.config
          ? boardOptions(readSettings(options.config), options.config)
          : undefined;
        const wiring: Wiring | undefined =
          options.own || options.seller
            ? {
                loads: [
                  {
                    name: 'consumer',
                    own: options.own ?? [0],
                    sellers: (options.seller ?? [[1]]).map((channels, index) => ({
                      name: `seller${index + 1}`,
                      channels,
                    })),
                  },
                ],
              }
            : fromFile?.wiring;
        await startBoard({
          ...fromFile,
          clock: systemClock,
          output,
          lifecycle,
          host: options.host ?? fromFile?.host ?? '127.0.0.1',
          port: options.port ?? fromFile?.port ?? 15555,
          ...(options.allow ? { allow: options.allow } : {}),
          ...(options.channels ? { channels: options.channels } : {}),
          ...(wiring ? { wiring } : {}),
          ...(options.breakTime === undefined ? {} : { breakTime: Duration(options.breakTime) }),
          ...(options.lease === undefined ? {} : { lease: Seconds(options.lease) }),
        });
      }),
    );
