import { join } from 'node:path';
import { Seconds, systemClock } from '@daisee/units';
import { Command, InvalidArgumentError } from 'commander';
import { commandClock } from '../command-clock.ts';
import { lockAgent } from '../lock/node-locks.ts';
import { list } from '../options.ts';
import { startAgent } from '../parts/agent.ts';
import { startBoard } from '../parts/board.ts';
import { startChain } from '../parts/chain.ts';
import { startMonitor } from '../parts/monitor.ts';
import { openAppDoor, tryNodeApp } from '../parts/node-app.ts';
import { monitorFrom } from '../settings/monitoring.ts';
import { SettingsError } from '../settings/problems.ts';
import { readSettings } from '../settings/read.ts';
import { boardOptions, homeDirectory, need } from '../settings/translate.ts';
import { type CommonOptions, service } from './run.ts';

interface UpOptions extends CommonOptions {
  readonly config: string;
  readonly without?: Part[];
}

const parts = ['chain', 'relay', 'monitor', 'agent', 'app'] as const;
type Part = (typeof parts)[number];

const partNames = (text: string): Part[] =>
  list(text).map((name) => {
    const part = parts.find((known) => known === name);
    if (!part) throw new InvalidArgumentError(`It needs names of parts: ${parts.join(', ')}.`);
    return part;
  });

export const upCommand = (): Command =>
  new Command('up')
    .description(
      'Run whatever the settings describe on this machine: the node, and its chain, board or monitor if asked.',
    )
    .option('-c, --config <file>', 'settings', 'parameters.yml')
    .option(
      '--without <parts>',
      'parts that another service runs: chain, relay, monitor, agent (with its App), app',
      partNames,
    )
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee up -c parameters.yml')
    .action(
      service<UpOptions>(async (options, output, lifecycle) => {
        const file = options.config;
        const settings = readSettings(file);
        const runs = (part: Part) => !options.without?.includes(part);
        const { chain, relay, monitor, node } = settings;
        if (!chain && !relay?.serve && !monitor && !node)
          throw new SettingsError(file, [
            'describes nothing to run: it needs a section node, monitor, chain, or relay with serve: true',
          ]);
        const common = { clock: commandClock(), output, lifecycle };
        // Before anything is opened, switched or sent: a second one must find all as the first one left it.
        if (node && runs('agent')) {
          const contracts = need(
            settings,
            file,
            'contracts',
            'it says where the chain and the contracts are',
          );
          await lockAgent(node, contracts, systemClock.now(), lifecycle);
        }
        // First of all, so that somebody who looks is told what is awaited, and a port that is taken shows at once.
        const app =
          node && runs('agent') && runs('app') && settings.app !== false
            ? { node, door: await openAppDoor({ settings, node, ...common }) }
            : undefined;
        if (chain && runs('chain'))
          await startChain({
            ...common,
            host: '127.0.0.1',
            port: chain.port ?? 8545,
            hosts: chain.hosts,
            blockTime: chain.blockTime ?? Seconds(5),
            directory: chain.data ?? join(homeDirectory(), 'chain'),
          });
        if (relay?.serve && runs('relay')) {
          const board = boardOptions(settings, file, output.note);
          await startBoard({ ...common, ...board, host: relay.host, port: relay.port ?? 15555 });
        }
        if (monitor && runs('monitor')) await startMonitor({ ...common, ...monitorFrom(monitor, settings) });
        if (!node || !runs('agent')) return;
        const agent = await startAgent({ ...common, settings, file });
        if (app) await tryNodeApp({ settings, node: app.node, ...common }, app.door, agent);
      }),
    );
