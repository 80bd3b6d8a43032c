import { Command } from 'commander';
import { commandClock } from '../command-clock.ts';
import { startAgent } from '../parts/agent.ts';
import { readSettings } from '../settings/read.ts';
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
        await startAgent({
          settings: readSettings(options.config),
          file: options.config,
          clock: commandClock(),
          output,
          lifecycle,
        });
      }),
    );
