import { join } from 'node:path';
import { type Duration, Seconds } from '@daisee/units';
import { Command, Option } from 'commander';
import { commandClock } from '../command-clock.ts';
import { duration, hostNames, port } from '../options.ts';
import { startChain } from '../parts/chain.ts';
import { homeDirectory } from '../settings/translate.ts';
import { type CommonOptions, service } from './run.ts';

interface ChainOptions extends CommonOptions {
  readonly host: string;
  readonly port: number;
  readonly hosts?: readonly string[];
  readonly blockTime: Duration;
  readonly data?: string;
}

export const chainCommand = (): Command =>
  new Command('chain')
    .description('Run the embedded chain: one node, free of fees, kept on disk.')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on', port, 8545)
    .option('--hosts <names>', 'names to answer to besides its own: of a proxy in front of it', hostNames)
    .addOption(
      new Option('--block-time <time>', 'time between blocks').argParser(duration).default(Seconds(5), '5s'),
    )
    .option('--data <directory>', 'where the chain is kept (default ~/.daisee/chain)')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee chain --port 8545 --block-time 5 --data ./chain')
    .action(
      service<ChainOptions>(async (options, output, lifecycle) => {
        await startChain({
          clock: commandClock(),
          output,
          lifecycle,
          host: options.host,
          port: options.port,
          hosts: options.hosts,
          blockTime: options.blockTime,
          directory: options.data ?? join(homeDirectory(), 'chain'),
        });
      }),
    );
