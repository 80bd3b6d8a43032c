import type { Wiring } from '@daisee/relay';
import { Duration, Seconds } from '@daisee/units';
import { Command, Option } from 'commander';
import { commandClock } from '../command-clock.ts';
import { channels, hostNames, list, numberBetween, port, UsageError, wholeBetween } from '../options.ts';
import { startBoard } from '../parts/board.ts';
import { readSettings } from '../settings/read.ts';
import type { RelayHttpSettings } from '../settings/relay.ts';
import { tokensInForce } from '../settings/relay-tokens.ts';
import { boardOptions } from '../settings/translate.ts';
import { relayRestCommand } from './relay-rest.ts';
import { relayTokenCommand } from './relay-token.ts';
import { type CommonOptions, service } from './run.ts';

interface RelayOptions extends CommonOptions {
  readonly config?: string;
  readonly driver?: 'simulated' | 'gpio';
  readonly host?: string;
  readonly port?: number;
  readonly allow?: string[];
  readonly channels?: number;
  readonly own?: number[];
  readonly seller?: number[][];
  readonly pins?: number[];
  readonly activeLow?: boolean;
  readonly breakTime?: number;
  readonly dwell?: number;
  readonly data?: string;
  readonly http?: boolean;
  readonly httpHost?: string;
  readonly httpPort?: number;
  readonly httpHosts?: readonly string[];
  readonly tokens?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly lease?: number;
}

/** HTTP by the options or the settings, or none. */
const httpOf = (options: RelayOptions, set: RelayHttpSettings | undefined): RelayHttpSettings | undefined => {
  const { http, httpHost, httpPort, httpHosts, tokens, cert, key } = options;
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('Give --cert and --key together.');
  if (
    !set &&
    !http &&
    httpHost === undefined &&
    httpPort === undefined &&
    httpHosts === undefined &&
    tokens === undefined &&
    cert === undefined
  )
    return undefined;
  return {
    ...set,
    ...(httpHost === undefined ? {} : { host: httpHost }),
    ...(httpPort === undefined ? {} : { port: httpPort }),
    ...(httpHosts === undefined ? {} : { hosts: [...httpHosts] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
};

export const relayCommand = (): Command =>
  new Command('relay')
    .description('Serve a relay board on the v0.2 protocol, and over HTTP if asked.')
    .addCommand(relayTokenCommand())
    .addCommand(relayRestCommand())
    // An option after `token` or `rest` is theirs.
    .enablePositionalOptions()
    .option('-c, --config <file>', 'take the board from the settings (relay, node.channel, sellers)')
    .addOption(
      new Option('--driver <name>', 'what carries the contacts (default simulated)').choices([
        'simulated',
        'gpio',
      ]),
    )
    .option('--pins <list>', 'BCM pins by channel, for gpio (default 17,18,27,22)', channels)
    .option('--active-low', 'relays are on while their pin is low')
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
    .option(
      '--dwell <seconds>',
      'shortest time from one switch of a load to the next, but for rest (default 0)',
      numberBetween(0, 86_400, 'seconds'),
    )
    .option('--data <directory>', 'keep history and counts of operations there')
    .option('--http', 'serve HTTP too, with /api/v1 and /metrics')
    .option('--http-host <address>', 'address for HTTP (default 127.0.0.1)')
    .option('--http-port <number>', 'port for HTTP (default 15556)', port)
    .option(
      '--http-hosts <names>',
      'names that HTTP answers to besides its own: of a proxy in front of it',
      hostNames,
    )
    .option('--tokens <file>', 'tokens that HTTP asks for, as "daisee relay token" writes them')
    .option('--cert <file>', 'certificate (PEM), for HTTPS')
    .option('--key <file>', 'key of the certificate (PEM)')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExample: daisee relay --driver simulated --port 15555 --own 0 --seller 1 --allow 127.0.0.1,192.168.0.0/24',
    )
    .action(
      service<RelayOptions>(async (options, output, lifecycle) => {
        const fromFile = options.config
          ? boardOptions(readSettings(options.config), options.config, output.note)
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
        const http = httpOf(options, fromFile?.http);
        const tokens =
          options.tokens === undefined ? fromFile?.tokens : tokensInForce(options.tokens, output.note);
        await startBoard({
          ...fromFile,
          ...(options.driver ? { driver: options.driver } : {}),
          ...(options.pins ? { pins: options.pins } : {}),
          ...(options.activeLow === undefined ? {} : { activeLow: options.activeLow }),
          ...(options.dwell === undefined ? {} : { dwell: Seconds(options.dwell) }),
          ...(options.data === undefined ? {} : { data: options.data }),
          ...(http ? { http } : {}),
          ...(tokens ? { tokens } : {}),
          clock: commandClock(),
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
