import { type Duration, Seconds } from '@daisee/units';
import { Command, Option } from 'commander';
import { commandClock } from '../command-clock.ts';
import { type Check, failed, type Report, runChecks } from '../doctor/check.ts';
import { checksOf } from '../doctor/checks.ts';
import { useHomeOf } from '../install/plan.ts';
import { duration } from '../options.ts';
import { SettingsError } from '../settings/problems.ts';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { action, type CommonOptions } from './run.ts';

interface DoctorOptions extends CommonOptions {
  readonly config: string;
  readonly limit: Duration;
}

/** All checks run at once, so this is how long the whole may take. */
const LIMIT = Seconds(10);

const unreadable = (problems: readonly string[], file: string): Check => ({
  name: 'settings',
  look: async () => problems.map((problem) => failed(`${file}: ${problem}`)),
});

const lineOf = ({ state, name, text, mend }: Report): string =>
  `${state.padEnd(7)}  ${name}: ${text}${mend ? ` → ${mend}` : ''}`;

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description(
      'Check this machine and every connection in the settings, and say how to mend what is wrong.',
    )
    .option('-c, --config <file>', 'settings', 'parameters.yml')
    .addOption(
      new Option('--limit <time>', 'longest wait for an answer').argParser(duration).default(LIMIT, '10s'),
    )
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample: daisee doctor -c /etc/daisee/parameters.yml')
    .action(
      action<DoctorOptions>(async (options, output) => {
        const file = options.config;
        useHomeOf(file);
        let settings: Settings = {};
        let first: Check | undefined;
        try {
          settings = readSettings(file);
        } catch (error) {
          if (!(error instanceof SettingsError)) throw error;
          first = unreadable(error.problems, file);
        }
        const checks = checksOf({ settings, file, clock: commandClock() });
        const reports = await runChecks(first ? [first, ...checks.slice(1)] : checks, options.limit);
        for (const report of reports) output.result(lineOf(report), { type: 'check', ...report });
        const count = (state: Report['state']) => reports.filter((report) => report.state === state).length;
        const [good, doubtful, bad] = [count('ok'), count('warning'), count('failed')];
        output.result(`\n${good} ok, ${doubtful} ${doubtful === 1 ? 'warning' : 'warnings'}, ${bad} failed`, {
          type: 'doctor',
          ok: good,
          warnings: doubtful,
          failed: bad,
        });
        if (bad > 0) process.exitCode = 1;
      }),
    );
