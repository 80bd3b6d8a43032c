import { type Duration, type Energy, sleepOrStop } from '@daisee/units';
import { Command, Option } from 'commander';
import { duration, energyTextOption, hostNames, numberBetween, port, wholeBetween } from '../options.ts';
import { type CommonOptions, service } from './run.ts';

interface DemoOptions extends CommonOptions {
  readonly speed: number;
  readonly duration?: Duration;
  readonly seed: number;
  readonly load?: string;
  readonly solar?: string;
  readonly batteryWh?: number;
  readonly limit?: number;
  readonly delta?: Energy;
  readonly report: Duration;
  readonly blockTime: Duration;
  readonly data?: string;
  readonly app: boolean;
  readonly appPort: number;
  readonly appHosts?: readonly string[];
}

export const demoCommand = (): Command =>
  new Command('demo')
    .description('Run the lab: two nodes, a relay and a chain, real parts on a simulated bench.')
    .option('--speed <times>', 'lab seconds per second', numberBetween(0.01, 1_000_000, 'a speed'), 60)
    .option('--duration <time>', 'end after this much lab time, like 30m or 2h (default: Ctrl-C)', duration)
    .option('--seed <number>', 'of clouds and sensor noise', wholeBetween(0, 2 ** 32 - 1, 'a seed'), 1)
    .option('--load <file>', "CSV of measured watts for Node 1's load")
    .option('--solar <file>', "CSV of measured watts for Node 2's panel")
    .option(
      '--battery-wh <wh>',
      "capacity of Node 1's battery (default: two hours of its load)",
      numberBetween(0.01, 1e9, 'watt-hours'),
    )
    .option(
      '--limit <percent>',
      'state of charge below which Node 1 buys (default 20)',
      numberBetween(0, 90, 'a percentage'),
    )
    .option(
      '--delta <wh>',
      'energy it has in hand after a purchase (default: six minutes of its load)',
      energyTextOption,
    )
    .addOption(
      new Option('--report <time>', 'lab time between reports to the chain')
        .argParser(duration)
        .default(duration('16s'), '16s'),
    )
    .addOption(
      new Option('--block-time <time>', 'lab time between blocks of its chain')
        .argParser(duration)
        .default(duration('5s'), '5s'),
    )
    .option('--data <directory>', 'keep the lab here and go on with it next time (default: a temporary one)')
    .option('--app-port <number>', "port of Node 1's App; Node 2's is the next one", port, 8000)
    .option('--app-hosts <names>', 'names that the Apps answer to besides their own: of a proxy', hostNames)
    .option('--no-app', 'without the Apps')
    .option('--json', 'one JSON object a line, at the end a summary')
    .addHelpText('after', '\nExample: daisee demo --speed 200 --duration 2h --json')
    .action(
      service<DemoOptions>(async (options, output, lifecycle) => {
        const { openLabDirectory } = await import('../demo/directory.ts');
        const { startLab } = await import('../demo/lab.ts');
        const { createNarrator } = await import('../demo/narrator.ts');
        const { setUpLab } = await import('../demo/setup.ts');
        const { summarise, summaryLines } = await import('../demo/summary.ts');
        const { worldOf } = await import('../demo/world.ts');

        const world = await worldOf(options);
        const directory = openLabDirectory(options.data);
        lifecycle.started({ name: "the lab's folder", stop: async () => directory.close() });
        const { openLabFronts, startLabApps } = await import('../demo/apps.ts');
        const fronts = options.app
          ? await openLabFronts({ directory, port: options.appPort, hosts: options.appHosts, lifecycle })
          : undefined;
        if (fronts) {
          const { node1: one, node2: two, password } = fronts;
          output.result(
            `DAISEE App: ${one.url} (Node 1), ${two.url} (Node 2). To act there, log in with the password ${password}`,
            { type: 'apps', node1: one.url, node2: two.url, password },
          );
        }
        const kept = directory.record();
        if (!kept) output.line('Setting the lab up: keys, chain, contracts, nodes, coins …');
        const record = kept ?? (await setUpLab(directory, world, lifecycle.signal));
        const { node1, node2 } = record;
        const names = new Map<string, string>([
          [node1, 'Node 1'],
          [node2, 'Node 2'],
        ]);
        const narrator = createNarrator({ output, node1, node2, names, blockTime: options.blockTime });
        const lab = await startLab({
          directory,
          record,
          world,
          speed: options.speed,
          report: options.report,
          blockTime: options.blockTime,
          lifecycle,
          onAgent: narrator.agent,
          onTrouble: narrator.trouble,
        });
        // In a task of the clock, so that no time of the lab passes and its story is the same with and without.
        if (fronts)
          await lab.clock.task(() =>
            startLabApps({
              lab,
              fronts,
              directory,
              names,
              speed: options.speed,
              lifecycle,
              onTrouble: narrator.trouble,
            }),
          );
        narrator.introduce(lab, world, options.speed);
        const telling = narrator.follow(lab);

        await lab.clock.task(async () => {
          if (options.duration === undefined) await lab.clock.aside(() => lifecycle.stopped());
          else await sleepOrStop(lab.clock, options.duration, lifecycle.signal);
        });
        const truth = await lab.finish();
        await telling.end();
        const summary = await summarise({
          ledger: lab.ledger,
          node1,
          node2,
          truth,
          before: record.before,
          gaps: lab.gaps(),
        });
        output.record({ ...summary });
        for (const line of summaryLines(summary, names)) output.line(line);
        lifecycle.end();
      }),
    );
