import { join } from 'node:path';
import { Seconds, systemClock } from '@daisee/units';
import { Command } from 'commander';
import { startAgent } from '../parts/agent.ts';
import { startBoard } from '../parts/board.ts';
import { startChain } from '../parts/chain.ts';
import { meterFrom } from '../parts/meter.ts';
import { startMonitor } from '../parts/monitor.ts';
import { SettingsError } from '../settings/problems.ts';
import { readSettings } from '../settings/read.ts';
import { monitorPassword } from '../settings/secrets.ts';
import { boardOptions, homeDirectory } from '../settings/translate.ts';
import { type CommonOptions, service } from './run.ts';

interface UpOptions extends CommonOptions {
  readonly config: string;
}

export const upCommand = (): Command =>
  new Command('up')
    .description(
      'Run whatever the settings describe on this machine: the node, and its chain, board or monitor if asked.',
    )
    .option('-c, --config <file>', 'settings', 'parameters.yml')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee up -c parameters.yml')
    .action(
      service<UpOptions>(async (options, output, lifecycle) => {
        const file = options.config;
        const settings = readSettings(file);
        const { chain, relay, monitor, node } = settings;
        if (!chain && !relay?.serve && !monitor && !node)
          throw new SettingsError(file, [
            'describes nothing to run: it needs a section node, monitor, chain, or relay with serve: true',
          ]);
        const common = { clock: systemClock, output, lifecycle };
        if (chain)
          await startChain({
            ...common,
            host: '127.0.0.1',
            port: chain.port ?? 8545,
            blockTime: chain.blockTime ?? Seconds(5),
            directory: chain.data ?? join(homeDirectory(), 'chain'),
          });
        if (relay?.serve) {
          const board = boardOptions(settings, file);
          await startBoard({ ...common, ...board, host: relay.host, port: relay.port ?? 15555 });
        }
        if (monitor) {
          const name = monitor.name ?? 'CitizenWatt';
          await startMonitor({
            ...common,
            host: monitor.host ?? '127.0.0.1',
            port: monitor.port ?? 8080,
            directory: monitor.data ?? join(homeDirectory(), 'monitor'),
            sensorName: name,
            ...(node ? { login: node.login, password: monitorPassword(node) } : {}),
            ...(monitor.meter ? { meter: meterFrom(monitor.meter, name, systemClock, output.note) } : {}),
          });
        }
        if (node) await startAgent({ ...common, settings, file });
      }),
    );
