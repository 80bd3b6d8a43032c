/** `npm run overload`: 200 nodes on one board set, one PostgreSQL monitor and one chain, faster and faster. */
import { messageOf } from '@daisee/units';
import { Command, InvalidArgumentError } from 'commander';
import { startDatabase } from './database.ts';
import { runStep, type StepResult } from './step.ts';
import { tables } from './table.ts';

const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It needs a number above zero.');
  return value;
};
const speeds = (text: string): readonly number[] => text.split(',').map(positive);

interface Options {
  readonly agents: number;
  readonly speeds: readonly number[];
  readonly seconds: number;
  readonly workers: number;
  readonly database?: string;
  readonly json?: boolean;
}

const run = async (options: Options): Promise<boolean> => {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Error('stopped'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const show = process.stderr.isTTY ? '\r\u001b[2K' : '';
  const onProgress = (what: string): void => {
    if (show) process.stderr.write(`${show}${what}`);
  };
  const steps: StepResult[] = [];
  try {
    for (const speed of options.speeds) {
      // A server for each step: none pays for the rows of those before.
      const own = options.database === undefined ? await startDatabase() : undefined;
      try {
        const { agents, seconds, workers } = options;
        const { signal } = stopping;
        const database = own?.url ?? options.database ?? '';
        const step = await runStep({ agents, seconds, workers, speed, database, signal, onProgress });
        steps.push(step);
        if (options.json) console.log(JSON.stringify(step));
        for (const wrong of step.wrong) process.stderr.write(`${show}${speed}×: WRONG: ${wrong}\n`);
        for (const [code, count] of Object.entries(step.told.troubles))
          process.stderr.write(`${show}${speed}×: ${code} ${count} times\n`);
      } finally {
        await own?.stop();
      }
    }
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  }
  if (show) process.stderr.write(show);
  if (!options.json && steps.length > 0) console.log(tables(steps));
  return !stopping.signal.aborted && steps.every(({ wrong }) => wrong.length === 0);
};

const command = new Command('overload')
  .description(
    'Run a community of many nodes on one board set, one PostgreSQL monitor and one chain, faster and faster, and say how late it becomes and whether its books are right.',
  )
  .option('--agents <number>', 'nodes, half of them consumers', positive, 200)
  .option('--speeds <list>', 'times real speed, one step each', speeds, [1, 2, 4, 8])
  .option('--seconds <number>', 'real seconds of load in a step', positive, 60)
  .option('--workers <number>', 'processes that the agents are spread over', positive, 4)
  .option('--database <url>', 'a PostgreSQL database, emptied by nobody (default: a server of its own)')
  .option('--json', 'one JSON object a step')
  .addHelpText('after', '\nExample: npm run overload -- --agents 50 --speeds 1,4 --seconds 30')
  .action(async (options: Options) => {
    if (!(await run(options))) process.exitCode = 1;
  });

try {
  await command.parseAsync();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
