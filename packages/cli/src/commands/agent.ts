import { systemClock } from '@daisee/units';
import { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import { lockAgent } from '../lock/node-locks.ts';
import { startAgent } from '../parts/agent.ts';
import { readSettings } from '../settings/read.ts';
import { need } from '../settings/translate.ts';
import { type CommonOptions, service } from './run.ts';

interface AgentOptions extends CommonOptions {
  readonly config: string;
}

export const agentCommand = (): Command =>
  new Command('agent')
    .description("Run a node's agent alone: it reports, buys and switches as the settings say.")
    .option('-c, --config <file>', 'settings of the node', 'parameters.yml')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee agent -c parameters.yml')
    .action(
      service<AgentOptions>(async (options, output, lifecycle) => {
        const file = options.config;
        const settings = readSettings(file);
        const node = need(settings, file, 'node', 'it says which node this is');
        const contracts = need(settings, file, 'contracts', 'it says where the chain and the contracts are');
        await lockAgent(node, contracts, systemClock.now(), lifecycle);
        await startAgent({
          settings,
          file,
          clock: commandClock(),
          output,
          lifecycle,
        });
      }),
    );
